"""The command line: `recipes search DATASET` and its companions. Errors are one line, with exit status 2."""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from recipes.cli_options import (
    Activation,
    BatchSize,
    Compared,
    DataDir,
    Dataset,
    Epochs,
    Exclude,
    Features,
    ImageSize,
    Initializer,
    Model,
    Normalization,
    Optimizer,
    Regularizer,
    Schedule,
    Seed,
    Target,
    Task,
    Validation,
    choices,
    names,
)

app = typer.Typer(
    name="recipes",
    help="Keras training recipes: good defaults, fair comparisons, and a model ready to serve.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

USAGE_ERROR: Any = typer.BadParameter.__base__
"""What typer raises for a wrong option; some versions of typer import it from click, others bring their own."""

KINDS = (
    "models",
    "optimizers",
    "regularizers",
    "transformations",
    "schedules",
    "callbacks",
    "initializers",
    "activations",
    "datasets",
)


def _console() -> Any:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def _print(*lines: Any) -> None:
    console = _console()
    for line in lines:
        if isinstance(line, str):
            console.print(line, markup=False, soft_wrap=True)
        else:
            console.print(line)


def _load(dataset: str, **options: Any) -> Any:
    import recipes

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        data = recipes.load(dataset, **options)
    for each in said:
        if issubclass(each.category, UserWarning):
            print(f"recipes: warning: {each.message}", file=sys.stderr)
    return data


@app.command()
def search(
    dataset: Dataset,
    data_dir: DataDir = None,
    target: Target = None,
    task: Task = None,
    features: Features = None,
    exclude: Exclude = "",
    image_size: ImageSize = None,
    optimizers: Compared = None,
    regularizers: Annotated[str | None, typer.Option(help="The same; several together joined by +.")] = None,
    schedules: Compared = None,
    initializers: Compared = None,
    activations: Compared = None,
    normalizations: Compared = None,
    models: Compared = None,
    design: Annotated[str, typer.Option(help='"crossed": all combinations; or "one_at_a_time".')] = "crossed",
    model: Model = "auto",
    activation: Activation = "elu",
    initializer: Initializer = "he_normal",
    normalization: Normalization = "auto",
    schedule: Schedule = "auto",
    epochs: Epochs = 10,
    trials: Annotated[int, typer.Option(help="Settings of learning rate and strength tried for each arm.")] = 4,
    seeds: Annotated[int, typer.Option(help="Fresh seeds for the best setting of each arm.")] = 3,
    prune: Annotated[
        str, typer.Option(help='Stop settings that do worse than others early: "none", "asha" or "median".')
    ] = "none",
    widen: Annotated[
        bool, typer.Option("--widen", help="Try more rates beyond a range at whose end the best one lies.")
    ] = False,
    confidence: Annotated[float | None, typer.Option(help="Of the intervals. Default: 0.95.")] = None,
    budget: Annotated[int | None, typer.Option(help="The most trainings to run.")] = None,
    workers: Annotated[int, typer.Option(help="Trainings at a time, each in a process of its own.")] = 1,
    memory_limit: Annotated[float | None, typer.Option(help="What such a process may use, in GiB.")] = None,
    ray: Annotated[
        str | None, typer.Option(help='Train on a Ray cluster: HOST:PORT, ray://HOST:PORT, "auto" or "local".')
    ] = None,
    cores: Annotated[float, typer.Option(help="Cores that a training takes on the cluster.")] = 1,
    gpus: Annotated[float, typer.Option(help="GPUs that a training takes on the cluster.")] = 0,
    seed: Seed = 0,
    batch_size: BatchSize = None,
    validation: Validation = None,
    directory: Annotated[str | None, typer.Option(help="Where to write. Default: searches/DATASET.")] = None,
) -> None:
    """Compare choices on a dataset, fairly: which wins, by how much, how surely.

    Give the names to compare, with commas: --optimizers momentum,adam
    --activations elu,relu. Whatever is not compared is as --model, --schedule,
    ... say. With nothing given, five optimizers are compared with five
    regularizers.
    """
    from recipes.recipe import Recipe
    from recipes.tuning.search import check_search, search

    told = choices(target, task, features, exclude, image_size)
    base = Recipe(
        model=model, activation=activation, initializer=initializer, normalization=normalization, schedule=schedule
    )
    given = {
        "optimizers": optimizers,
        "regularizers": regularizers,
        "schedules": schedules,
        "initializers": initializers,
        "activations": activations,
        "normalizations": normalizations,
        "models": models,
    }
    compared: dict[str, Any] = {factor: None if text is None else names(text) for factor, text in given.items()}
    options: dict[str, Any] = {
        "design": design,
        "epochs": epochs,
        "trials": trials,
        "seeds": seeds,
        "seed": seed,
        "prune": prune,
        "widen": widen,
        "confidence": confidence,
        "budget": budget,
        "workers": workers,
        "memory_limit": memory_limit,
        "ray": ray,
        "cores": cores,
        "gpus": gpus,
        "directory": directory or os.path.join("searches", dataset.replace("/", "_").replace(":", "_")),
    }
    check_search(base, compared, **options)
    data = _load(dataset, data_dir=data_dir, batch_size=batch_size, validation=validation, seed=seed, **told)
    found = search(data, recipe=base, command=shlex.join(["recipes", *sys.argv[1:]]), **compared, **options)
    _show(found)
    _print("", f"Everything is in {found.directory}: report.html, plots/, summary.csv, trials.csv, epochs.csv;")
    _print(f"the winner, ready to serve, in {found.directory / 'best' / 'saved_model'}")


def _show(found: Any) -> None:
    from recipes.report import main_effects_table, rich_table

    _print(rich_table(found.results, width=_console().width), main_effects_table(found.results), "", *found.verdict)


@app.command()
def train(
    dataset: Dataset,
    data_dir: DataDir = None,
    target: Target = None,
    task: Task = None,
    features: Features = None,
    exclude: Exclude = "",
    image_size: ImageSize = None,
    model: Model = "auto",
    optimizer: Optimizer = "momentum",
    regularizer: Regularizer = "early_stopping",
    activation: Activation = "elu",
    initializer: Initializer = "he_normal",
    normalization: Normalization = "auto",
    schedule: Schedule = "auto",
    learning_rate: Annotated[
        float | None, typer.Option(help="The (peak) rate. Default: found by a range test.")
    ] = None,
    epochs: Epochs = 10,
    batch_size: BatchSize = None,
    validation: Validation = None,
    seed: Seed = 0,
    directory: Annotated[
        str | None, typer.Option(help="Checkpoints, an epoch each: a training that was killed goes on from there.")
    ] = None,
    save: Annotated[str | None, typer.Option(help="A new directory for the run, for `recipes export`.")] = None,
) -> None:
    """Train one recipe on a dataset and evaluate it on the test split."""
    from callbacks.checks import check_integer
    from recipes.files import check_new_directory
    from recipes.recipe import Recipe

    told = choices(target, task, features, exclude, image_size)
    recipe = Recipe(
        model=model,
        optimizer=optimizer,
        regularization=regularizer,
        activation=activation,
        initializer=initializer,
        normalization=normalization,
        schedule=schedule,
        learning_rate=learning_rate,
    )
    check_integer("epochs", epochs, low=1)
    check_integer("seed", seed, low=0)
    if save is not None:
        check_new_directory(save, marker="run.json", name="save")
    data = _load(dataset, data_dir=data_dir, batch_size=batch_size, validation=validation, seed=seed, **told)

    from recipes.report.inference import in_a_line
    from recipes.training import fit

    _print(in_a_line(data) if model == "auto" else in_a_line(data).rpartition(";")[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a training that diverged: said below, in one line
        shown = 2 if not sys.stdout.isatty() else 1
        run = fit(data, recipe, epochs=epochs, seed=seed, directory=directory, verbose=shown)
    if run.diverged:
        raise SystemExit(_fail(f"training stopped: {run.message}", status=1))
    if run.range_test is not None:
        batches = len(run.range_test.losses)
        _print(f"learning rate {run.recipe.learning_rate:.4g}, found by a range test of {batches} batches")
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in run.evaluate().items())
    _print(f"test {scores}  (best epoch {run.best_epoch} of {epochs}, {run.seconds:.1f} s)")
    _print(*map(str, run.read_curves()))
    if save is not None:
        run.save(save)
        _print(f"saved in {save}: `recipes export {save} --to NEW_DIRECTORY` makes it ready to serve")


@app.command()
def describe(
    dataset: Dataset,
    data_dir: DataDir = None,
    target: Target = None,
    task: Task = None,
    features: Features = None,
    exclude: Exclude = "",
    image_size: ImageSize = None,
    validation: Validation = None,
    seed: Seed = 0,
) -> None:
    """Say what is inferred from a dataset: inputs, target, task, splits, and the model that suits it."""
    from recipes.report.inference import inference_table

    told = choices(target, task, features, exclude, image_size)
    _print(inference_table(_load(dataset, data_dir=data_dir, validation=validation, seed=seed, **told)))


@app.command("lr-find")
def lr_find(
    dataset: Dataset,
    data_dir: DataDir = None,
    target: Target = None,
    task: Task = None,
    features: Features = None,
    exclude: Exclude = "",
    image_size: ImageSize = None,
    model: Model = "auto",
    optimizer: Optimizer = "momentum",
    regularizer: Regularizer = "none",
    normalization: Normalization = "auto",
    low: Annotated[float, typer.Option(help="First rate.")] = 1e-5,
    high: Annotated[float, typer.Option(help="Last rate.")] = 10.0,
    steps: Annotated[int, typer.Option(help="Batches in the sweep.")] = 300,
    batch_size: BatchSize = None,
    seed: Seed = 0,
    plot: Annotated[str, typer.Option(help="The picture to write (PNG).")] = "lr_find.png",
) -> None:
    """Sweep the learning rate over a short run and suggest a peak for 1cycle.

    The rate grows by the same factor from batch to batch; it ends early once
    the loss has diverged. Prints what four rules read from the curve,
    "peak" being the one that `recipes train` takes, and draws it. No model is
    kept, and a picture that is there is not overwritten. Refused for an
    optimizer that finds its own step, such as "newton".

    Source: Smith 2017, arXiv:1506.01186.
    """
    from callbacks.hyperparameters import check_takes_a_rate
    from callbacks.lr_finder import LRFinder
    from callbacks.suggestions import RULES
    from recipes.files import PICTURES, check_new_file, write_figure
    from recipes.recipe import Recipe

    told = choices(target, task, features, exclude, image_size)
    finder = LRFinder(low, high, steps)
    recipe = Recipe(model=model, optimizer=optimizer, regularization=regularizer, normalization=normalization)
    check_takes_a_rate(recipe.build_optimizer())
    check_new_file(plot, name="plot", suffixes=PICTURES)
    data = _load(dataset, data_dir=data_dir, batch_size=batch_size, seed=seed, **told)

    from recipes.training import Trainer

    Trainer(data, recipe, seed=seed).range_test(seed, finder)
    for rule in RULES:
        _print(f"{rule:>9}: {finder.suggest(rule):.4g}" + ("   (what `recipes train` takes)" if rule == "peak" else ""))
    write_figure(plot, finder.plot())
    _print(f"curve in {plot}")


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="A directory that `recipes search` has written.")],
    to: Annotated[Path | None, typer.Option(help="The page to write. Default: report.html in that directory.")] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="A new directory for TensorBoard: curves, and its HParams view.")
    ] = None,
) -> None:
    """Show a finished search again, and write its tables, plots and page."""
    from recipes.files import check_new_directory
    from recipes.tuning.comparison import Comparison

    found = Comparison.load(directory)
    if tensorboard is not None:
        check_new_directory(tensorboard, marker="hparams", name="tensorboard")
    if to is not None:
        found.report(to)
    else:
        found.write()
    _show(found)
    _print("", f"page: {to or directory / 'report.html'}")
    if tensorboard is not None:
        _print(f"TensorBoard: `tensorboard --logdir {found.tensorboard(tensorboard)}`")


@app.command()
def watch(
    directory: Annotated[Path, typer.Argument(help="A directory that `recipes search` is writing to.")],
    every: Annotated[float, typer.Option(help="Seconds between two looks.")] = 1.0,
) -> None:
    """Show how far a search has come, and its arms so far, until it is done."""
    from callbacks.checks import check_number
    from recipes.tuning.watching import watch

    check_number("every", every, above=0)
    watch(directory, every=every, console=_console())


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A directory that `recipes train --save` has written.")],
    to: Annotated[Path, typer.Option(help="A new directory for the SavedModel.")],
    data_dir: DataDir = None,
) -> None:
    """Write a trained model as a SavedModel that takes raw inputs, and check it against the live one."""
    from recipes.files import check_new_directory

    check_new_directory(to, marker="export.json", name="to")
    from recipes.serving.export import export
    from recipes.serving.loading import load_run

    trained = load_run(run, data_dir=data_dir)
    export(trained, to)
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in trained.evaluate().items())
    _print(f"{to / 'saved_model'} agrees with the live model; test {scores}")


@app.command()
def predict(
    saved_model: Annotated[Path, typer.Argument(help="What `recipes export` or `recipes search` has written.")],
    input: Annotated[Path, typer.Argument(help="Raw inputs: .npy, .csv, .json, .jsonl, .txt or an image file.")],
) -> None:
    """Answer for raw inputs with an exported model: a line for each.

    Records are a CSV whose first line names the columns, or JSON objects;
    texts are a line each. Several classes, or several numbers, are on one
    line; "-" says that no class is likely.
    """
    from recipes.serving.loading import Predictor, load_inputs

    predictor = Predictor(saved_model)
    for answer in predictor(load_inputs(input, predictor.spec)):
        print(_in_a_line(answer))


def _in_a_line(answer: dict[str, Any]) -> str:
    if "class" in answer:
        return f"{answer['class']}\t{answer['probability']:.4f}"
    if "classes" in answer:
        probabilities = ", ".join(f"{answer['probabilities'][name]:.4f}" for name in answer["classes"])
        return f"{', '.join(answer['classes'])}\t{probabilities}" if answer["classes"] else "-"
    values = answer["values"] if "values" in answer else [answer["value"]]
    return "\t".join(f"{value:.6g}" for value in values)


@app.command("list")
def list_names(
    kind: Annotated[str | None, typer.Argument(help=", ".join(KINDS) + ". Default: all.")] = None,
) -> None:
    """List what can be chosen by name, with its tunable hyperparameters and their ranges."""
    from callbacks.checks import check_choice
    from recipes.catalogues import catalogues
    from recipes.optimizers.traits import columns
    from recipes.report.listing import listing

    if kind is not None:
        check_choice("kind", kind, KINDS)
    found = catalogues()
    for name in KINDS if kind is None else (kind,):
        more = {"columns": columns} if name == "optimizers" else {}
        _print(listing(name, found[name], **more))
        if name == "models":
            from recipes.models import OTHER_MODELS

            _print(listing("models for scripts of your own: recipes.autoencoder(...), ...", OTHER_MODELS))
        if name == "regularizers":
            from recipes.methods import METHODS

            _print(listing("regularizers that are functions: recipes.refit(run), ...", METHODS))


def _fail(message: str, status: int = 2) -> int:
    print(f"recipes: {' '.join(message.split())}", file=sys.stderr)
    return status


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 asked for something impossible, 130 interrupted."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from recipes.quiet import quiet_import

    quiet_import("tensorflow", "keras")
    import absl.logging

    absl.logging.set_verbosity(absl.logging.ERROR)
    from callbacks.checks import InvalidArgument
    from callbacks.lr_finder import NoSuggestion

    interrupted = "interrupted; what was finished is kept, the same command goes on from there"
    try:
        status = app(args=arguments, standalone_mode=False, prog_name="recipes")
    except InvalidArgument as error:
        sys.exit(_fail(str(error)))
    except NoSuggestion as error:
        sys.exit(_fail(str(error), status=1))
    except USAGE_ERROR as error:
        sys.exit(_fail(error.format_message()))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(_fail(interrupted, status=130))
    if status == 130:  # some versions of typer turn Ctrl-C into a status
        _fail(interrupted)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
