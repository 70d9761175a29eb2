"""Commands that train once: `recipes describe`, `lr-find` and `train`."""

from __future__ import annotations

import re
import shlex
import sys
import warnings
from typing import Annotated, Any

import typer

from ...callbacks.checks import InvalidArgument
from .app import app
from .console import complain, load, say
from .options import (
    BatchSize,
    Choices,
    DataDir,
    Dataset,
    Reading,
    Seed,
    Validation,
    names,
)
from .value_options import value_options

LEFT_OUT = 0.25
"""Of more of the training examples than this part it is said that each epoch leaves them out."""


@app.command()
@value_options
def train(
    dataset: Dataset,
    reading: Reading,
    choices: Choices,
    data_dir: DataDir = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The (peak) rate. Default: suggested by a range test.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the training data. Default: 3,000 updates, 10 to 300 passes.")
    ] = None,
    batch_size: Annotated[
        str | None,
        typer.Option(
            help="Examples per batch; auto: as many as fit into the device's memory. Default: 32 below 10,000 examples,"
            " else 128."
        ),
    ] = None,
    validation: Validation = None,
    seed: Seed = 0,
    metrics: Annotated[
        str, typer.Option(help="More metrics to evaluate, separated by commas: see `recipes list metrics`.")
    ] = "",
    directory: Annotated[
        str | None, typer.Option(help="Where to write a checkpoint per epoch, from which a killed training resumes.")
    ] = None,
    save: Annotated[str | None, typer.Option(help="A new directory for the run, for `recipes export`.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in --save.")] = False,
) -> None:
    """Train one recipe on a dataset and evaluate it on the test split."""
    from ...callbacks.checks import check_integer
    from ..device_memory import AUTO, batch_sizes
    from ..files import check_new_directory

    options = reading.for_load()
    recipe = choices.recipe(learning_rate)
    if epochs is not None:
        epochs = check_integer("epochs", epochs, low=1)
    seed = check_integer("seed", seed, low=0)
    if save is not None:
        check_new_directory(save, marker="run.json", name="save", overwrite=overwrite)
    elif overwrite:
        raise InvalidArgument("overwrite", overwrite, "left out without --save")
    size = int(batch_size) if batch_size is not None and re.fullmatch(r"[+-]?[0-9]+", batch_size) else batch_size
    batch_sizes(size, 1, 1)  # raises before the data are read
    data = load(dataset, data_dir=data_dir, validation=validation, seed=seed, **options)

    from ..description import in_a_line, splits_in_a_line
    from ..metrics import find_metric
    from ..score_intervals import is_not_above_base_rate, score_intervals
    from ..scoring import BASE_RATE, check_scorable
    from ..training import fit
    from .epoch_lines import EpochLines

    more = names(metrics)
    check_scorable(data, [find_metric(name, data.spec.task) for name in more], "test")
    say(in_a_line(data) if recipe.model == "auto" else in_a_line(data).rpartition(";")[0], splits_in_a_line(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # about divergence, which is reported below in one line
        warnings.filterwarnings("ignore", "learning rate: ")  # likewise
        lines = None if sys.stdout.isatty() else EpochLines()
        shown: dict[str, Any] = {"verbose": 1} if lines is None else {"verbose": 0, "callbacks": [lines]}
        run = fit(data, recipe, epochs=epochs, seed=seed, batch_size=size, directory=directory, **shown)
        if lines is not None:
            lines.finish(run.best_epoch)
    for attempt in run.attempts:
        say(f"started again at a lower learning rate than {attempt.learning_rate:.4g}: {attempt.message}")
    if run.diverged:
        raise SystemExit(complain(f"training stopped: {run.message}", status=1))
    if size == AUTO:
        say(f"batches of {run.data.batch_size} examples, by --batch-size auto")
    examples, full = run.data.settings["counts"]["train"], run.data.steps_per_epoch * run.data.batch_size
    if examples - full > LEFT_OUT * examples:
        say(f"an epoch has {full} of {examples} examples, others each time, in full batches of {run.data.batch_size}")
    if run.range_test is not None:
        batches = len(run.range_test.losses)
        remark = f" ({run.remark})" if run.remark else ""
        say(f"learning rate {run.recipe.learning_rate:.4g}, found by a range test of {batches} batches{remark}")
    measured = run.evaluate(metrics=more)
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in measured.items())
    linear = "linear regression" if run.data.spec.task == "regression" else "logistic regression"
    kept = f"best epoch {run.best_epoch} of {run.epochs}" if run.best_epoch else f"{linear} alone"
    if 0 < run.linear_share < 1:
        kept += f", {run.linear_share:.0%} {linear}"
        together = run.evaluate("validation")
        together.pop(BASE_RATE, None)
        pairs = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in together.items())
        say(f"validation {pairs}  (network and {linear} together)")
    say(f"test {scores}  ({kept}, {run.seconds:.1f} s)")
    if BASE_RATE in measured and is_not_above_base_rate(measured, score_intervals(run.model, run.data, measured)):
        say("the test accuracy is not above the base rate, always the most frequent answer, by more than noise")
    say(*map(str, run.read()))
    if save is not None:
        run.save(save, overwrite=overwrite)
        command = shlex.join(["recipes", "export", save, "--to", "NEW_DIRECTORY"])
        say(f"saved in {save}: `{command}` makes it ready to serve")


@app.command()
@value_options
def describe(
    dataset: Dataset,
    reading: Reading,
    data_dir: DataDir = None,
    validation: Validation = None,
    seed: Seed = 0,
) -> None:
    """Show what is inferred from a dataset: inputs, target, task, splits, and the model that suits it.

    For a file without --target it proposes one.
    """
    from ..data.files.table_files import is_table_file
    from ..data.table_columns import proposed_target
    from ..description import inference_table, splits_in_a_line

    options = reading.for_load()
    if is_table_file(dataset) and options["target"] is None:
        options["target"], reason = proposed_target(dataset, options)
        say(f"target {options['target']!r}, {reason} (another one: --target COLUMN)")
    data = load(dataset, data_dir=data_dir, validation=validation, seed=seed, **options)
    say(inference_table(data), splits_in_a_line(data))


@app.command("lr-find")
@value_options
def lr_find(
    dataset: Dataset,
    reading: Reading,
    choices: Choices,
    data_dir: DataDir = None,
    low: Annotated[float, typer.Option(help="First rate.")] = 1e-5,
    high: Annotated[float, typer.Option(help="Last rate.")] = 10.0,
    steps: Annotated[int, typer.Option(help="Batches in the sweep.")] = 300,
    batch_size: BatchSize = None,
    seed: Seed = 0,
    plot: Annotated[str, typer.Option(help="The picture to write (PNG).")] = "lr_find.png",
) -> None:
    """Sweep the learning rate over a short run and suggest a peak for 1cycle.

    The rate grows by a constant factor per batch; the sweep ends early once
    the loss has diverged. Prints the suggestions of four rules and the rate
    that `recipes train` takes with the same options, and draws the curve. No
    model is saved, and an existing picture is not overwritten. Optimizers that
    find their own step, such as "newton", are refused.

    Source: Smith 2017, arXiv:1506.01186.
    """
    from ...callbacks.inside.optimizer_values import check_takes_a_rate
    from ...callbacks.range_test.lr_finder import LRFinder
    from ...callbacks.range_test.suggestions import RULES
    from ..files import PICTURES, check_new_file, write_figure
    from ..learning_rate import found_rate, usual_peak

    options = reading.for_load()
    recipe = choices.recipe()
    finder = LRFinder(low, high, steps, usual=usual_peak(recipe))
    check_takes_a_rate(recipe.build_optimizer())
    check_new_file(plot, name="plot", suffixes=PICTURES)
    data = load(dataset, data_dir=data_dir, batch_size=batch_size, seed=seed, **options)

    from ..trainer import Trainer

    Trainer(data, recipe, seed=seed).range_test(seed, finder)
    for rule in RULES:
        say(f"{rule:>9}: {finder.suggest(rule):.4g}")
    rate, remark = found_rate(recipe, finder, data.settings["counts"]["train"])
    say(f"`recipes train` takes {rate:.4g}" + (f" ({remark})" if remark else ""))
    write_figure(plot, finder.plot())
    say(f"curve in {plot}")
