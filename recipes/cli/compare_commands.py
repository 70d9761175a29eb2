"""Commands that compare: `recipes search`, `watch`, `report` and `merge`."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..data.files.table_files import is_table_file
from ..data.folders import as_folder
from ..report.glossary import GLOSSARY
from ..tuning.protocol import Protocol
from ..tuning.running.where import Where
from .app import app
from .bench_command import report_bench
from .console import console, load, say, wrapped
from .options import BatchSize, Choices, Compared, DataDir, Dataset, Reading, Validation, names
from .value_options import value_options

WORST = 12
"""How many of the worst examples are shown unless ``--worst`` says otherwise."""

ARMS_SHOWN = 8
"""How many arms the terminal shows, besides the reference, the decision and those that are better: a screen."""


EXAMPLES = (
    "recipes search digits",
    "recipes search churn.csv --target Churn --optimizers momentum,adam --regularizers none,dropout",
    "recipes search digits --models mlp,cnn --repeats 5 --margin 1",
    "recipes search mnist --schedules one_cycle,constant --design one_at_a_time --workers 2",
)

WORDS = "\n\n".join(
    ["Examples:", *EXAMPLES, "Words:", *(f"{term}: {meaning}" for term, meaning in GLOSSARY.items())],
)
"""The end of the help of `recipes search`."""


@app.command(epilog=WORDS)
@value_options
def search(
    dataset: Dataset,
    compared: Compared,
    protocol: Protocol,
    choices: Choices,
    reading: Reading,
    where: Where,
    data_dir: DataDir = None,
    batch_size: BatchSize = None,
    validation: Validation = None,
    directory: Annotated[str | None, typer.Option(help="Where to write. Default: searches/DATASET.")] = None,
) -> None:
    """Compare choices on a dataset, fairly: which is better, worse or as good, and which to use.

    Separate the names to compare by commas: --optimizers momentum,adam
    --activations elu,relu. --optimizer, --model, ... set what is not compared.
    By default, five optimizers are compared with five regularizers. With more repeats,
    trials or names in the same directory a search is extended: no training runs twice.
    Its search.yaml has all its options: --config search.yaml --directory NEW repeats it.
    """
    from ..description import splits_in_a_line
    from ..files import folder_name
    from ..tuning.checking import check_search
    from ..tuning.run_search import run_search

    base, levels = choices.recipe(), compared.levels()
    folder = as_folder(dataset)
    name = folder.name if folder is not None else Path(dataset).stem if is_table_file(dataset) else dataset
    directory = directory or os.path.join("searches", folder_name(name))
    check_search(base, levels, protocol, where, directory)
    data = load(
        dataset,
        data_dir=data_dir,
        batch_size=batch_size,
        validation=validation,
        seed=protocol.seed,
        **reading.for_load(),
    )
    command = shlex.join(["recipes", *sys.argv[1:]])
    comparison = run_search(
        data, base, levels, protocol, where, directory=directory, command=command, data_dir=data_dir
    )
    say(wrapped(splits_in_a_line(data)))
    _show(comparison)
    winner = comparison.directory / "best"
    end = f";\nthe decision, ready to serve, in {winner}" if winner.is_dir() else ""
    say("", f"Everything is in {comparison.directory}: report.html, plots/, summary.csv, trials.csv, epochs.csv{end}")
    if not comparison.directory.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "it was removed or moved while the search ended", str(comparison.directory)
        )
    if not winner.is_dir():
        raise typer.Exit(1)  # no arm has a score, or a warning says why it was not exported


@app.command()
def watch(
    directory: Annotated[Path, typer.Argument(help="A directory that `recipes search` is writing to.")],
    every: Annotated[float, typer.Option(help="Seconds between updates.")] = 1.0,
) -> None:
    """Show the progress of a search, and its arms so far, until it is done."""
    from ...callbacks.checks import check_number
    from ..tuning.running.watching import watch

    every = check_number("every", every, above=0)
    watch(directory, every=every, console=console())


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="A directory that `recipes search` or `bench` has written.")],
    to: Annotated[Path | None, typer.Option(help="The page to write. Default: report.html in that directory.")] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="A new directory for TensorBoard: curves, and its HParams view.")
    ] = None,
    slices: Annotated[
        str | None,
        typer.Option(help="Columns, separated by commas: the decision's scores by their values; class: by the answer."),
    ] = None,
    worst: Annotated[
        int | None, typer.Option(help="Show so many of the worst test examples and of the most confused classes.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Show a search or a bench again, and write its tables, plots and page.

    Of an unfinished search, also one that is running, the progress is shown and
    the arms are compared whose trainings have all ended. --slices and --worst load
    the data again, and show where the decision errs.
    """
    from ...callbacks.checks import InvalidArgument, check_integer
    from ..files import check_new_directory, check_new_file
    from ..report.mistakes import mistake_tables
    from ..tuning.benchmark import BENCH
    from ..tuning.comparison import Comparison
    from ..tuning.running.watching import shown, standing
    from ..tuning.search_files import check_search_directory

    if to is not None:
        check_new_file(to, name="to")
    if worst is not None:
        worst = check_integer("worst", worst, low=1)
    if (directory / BENCH).is_file():
        for option, value in {"tensorboard": tensorboard, "slices": slices, "worst": worst}.items():
            if value is not None:
                raise InvalidArgument(option, str(value), "left out for a bench; each of its datasets is a search")
        report_bench(directory, to)
        return
    now = standing(directory)
    if now.finished < now.total:
        say(shown(now, ARMS_SHOWN), "")
    if not now.complete and to is None and tensorboard is None:
        say("No arm is complete: there is nothing to compare yet.", now.again)
        return
    comparison = Comparison.load(directory)
    if to is None:
        check_search_directory(directory)
    if tensorboard is not None:
        check_new_directory(tensorboard, marker="hparams", name="tensorboard")
    mistakes = None
    if slices is not None or worst is not None:
        data = comparison.data(data_dir)
        mistakes = comparison.mistakes(data, names(slices or ""), worst or WORST)
    if to is not None:
        comparison.report(to, mistakes)
    else:
        comparison.write(mistakes)
    _show(comparison)
    if mistakes is not None:
        say("", f"Mistakes of {mistakes.arm}, mean over {mistakes.repeats} repeat{'s' * (mistakes.repeats != 1)}")
        for table in mistake_tables(mistakes, comparison.results, width=console().width):
            say("", table)
    say("", f"page: {to or directory / 'report.html'}")
    if tensorboard is not None:
        say(f"TensorBoard: `{shlex.join(['tensorboard', '--logdir', comparison.tensorboard(tensorboard)])}`")


@app.command()
def merge(
    directories: Annotated[list[Path], typer.Argument(help="Directories that `recipes search` has written.")],
    to: Annotated[Path, typer.Option(help="A new directory.")],
) -> None:
    """Make one search of several with the same settings, run apart.

    They may differ in repeats, trials and the names that are compared. What the
    merged search lacks is trained by the same search in its directory.
    """
    from ..tuning.counted import count
    from ..tuning.ledger import read_records
    from ..tuning.merging import merge_searches
    from ..tuning.settings import plan_in, settings_in

    merge_searches(*directories, to=to)
    counted = count(plan_in(settings_in(to)), read_records(to)[0])
    say(f"{to}: {counted.state}.", f"To compare them: `{shlex.join(['recipes', 'report', str(to)])}`")


def _show(comparison: Any) -> None:
    from ..report import main_effects_table, rich_table

    say(
        main_effects_table(comparison.results, width=console().width),
        rich_table(comparison.results, limit=ARMS_SHOWN, width=console().width),
        "",
        *(wrapped(sentence) for sentence in comparison.verdict),
    )
