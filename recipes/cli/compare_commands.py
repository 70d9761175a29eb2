"""Commands that compare: `recipes search`, `watch` and `report`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .app import app
from .console import console, load, say
from .options import (
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
    optimizer: Optimizer = "momentum",
    regularizer: Regularizer = "early_stopping",
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
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run again what failed when this search was run before.")
    ] = False,
    seed: Seed = 0,
    batch_size: BatchSize = None,
    validation: Validation = None,
    directory: Annotated[str | None, typer.Option(help="Where to write. Default: searches/DATASET.")] = None,
) -> None:
    """Compare choices on a dataset, fairly: which wins, by how much, how surely.

    Give the names to compare, with commas: --optimizers momentum,adam
    --activations elu,relu. Whatever is not compared is as --optimizer, --model,
    ... say. With nothing given, five optimizers are compared with five
    regularizers.
    """
    from ..recipe import Recipe
    from ..tuning.checking import check_search
    from ..tuning.search import search

    told = choices(target, task, features, exclude, image_size)
    base = Recipe(
        optimizer=optimizer,
        regularizer=regularizer,
        model=model,
        activation=activation,
        initializer=initializer,
        normalization=normalization,
        schedule=schedule,
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
    data = load(dataset, data_dir=data_dir, batch_size=batch_size, validation=validation, seed=seed, **told)
    command = shlex.join(["recipes", *sys.argv[1:]])
    found = search(data, recipe=base, command=command, retry_failed=retry_failed, **compared, **options)
    _show(found)
    winner = found.directory / "best" / "saved_model"
    end = f";\nthe winner, ready to serve, in {winner}" if winner.is_dir() else ""
    say("", f"Everything is in {found.directory}: report.html, plots/, summary.csv, trials.csv, epochs.csv{end}")
    if not winner.is_dir():
        raise typer.Exit(1)  # no arm has a score, as the verdict says


@app.command()
def watch(
    directory: Annotated[Path, typer.Argument(help="A directory that `recipes search` is writing to.")],
    every: Annotated[float, typer.Option(help="Seconds between two looks.")] = 1.0,
) -> None:
    """Show how far a search has come, and its arms so far, until it is done."""
    from ...callbacks.checks import check_number
    from ..tuning.watching import watch

    check_number("every", every, above=0)
    watch(directory, every=every, console=console())


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="A directory that `recipes search` has written.")],
    to: Annotated[Path | None, typer.Option(help="The page to write. Default: report.html in that directory.")] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="A new directory for TensorBoard: curves, and its HParams view.")
    ] = None,
) -> None:
    """Show a finished search again, and write its tables, plots and page."""
    from ..files import check_new_directory, check_new_file
    from ..tuning.comparison import Comparison
    from ..tuning.ledger import SETTINGS

    if to is not None:
        check_new_file(to, name="to")
    found = Comparison.load(directory)
    if to is None:
        check_new_directory(directory, marker=SETTINGS, overwrite=True)
    if tensorboard is not None:
        check_new_directory(tensorboard, marker="hparams", name="tensorboard")
    if to is not None:
        found.report(to)
    else:
        found.write()
    _show(found)
    say("", f"page: {to or directory / 'report.html'}")
    if tensorboard is not None:
        say(f"TensorBoard: `tensorboard --logdir {found.tensorboard(tensorboard)}`")


def _show(found: Any) -> None:
    from ..report import main_effects_table, rich_table

    say(rich_table(found.results, width=console().width), main_effects_table(found.results), "", *found.verdict)
