"""The command that compares on several datasets: `recipes bench`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..tuning.bench_datasets import DIRECTORY
from ..tuning.protocol import Protocol
from ..tuning.running.where import Where
from .app import app
from .console import console, say, wrapped
from .options import BatchSize, Choices, Compared, DataDir, Reading, Validation
from .value_options import value_options

SHOWN = 12
"""How many arms the terminal shows."""


@app.command()
@value_options
def bench(
    datasets: Annotated[
        list[str],
        typer.Argument(help="Datasets as for `recipes search`; with options as in \"churn.csv(target='Churn')\"."),
    ],
    compared: Compared,
    protocol: Protocol,
    choices: Choices,
    reading: Reading,
    where: Where,
    data_dir: DataDir = None,
    batch_size: BatchSize = None,
    validation: Validation = None,
    directory: Annotated[str, typer.Option(help="Where to write; a folder for each dataset.")] = DIRECTORY,
) -> None:
    """Compare the same choices on several datasets: what holds across them.

    Each dataset is searched as by `recipes search` in its folder. A bench that was
    killed goes on when it is called again; a new dataset, more names, repeats or
    trials cost their own trainings only. Then: average ranks with critical
    differences, performance profiles, and how probable it is that one is better.
    """
    from ..tuning.bench import run_bench
    from ..tuning.bench_datasets import datasets_of

    typed = {name: value for name, value in vars(reading).items() if value != getattr(Reading(), name)}
    more: dict[str, Any] = {"data_dir": data_dir, "batch_size": batch_size, "validation": validation}
    more = {name: value for name, value in more.items() if value is not None}
    loading = {name: value for name, value in reading.for_load().items() if value} if typed else {}
    benchmark = run_bench(
        datasets_of(datasets),
        choices.recipe(),
        compared.levels(),
        protocol,
        where,
        directory=directory,
        loading={**loading, **more},
        typed={**typed, **more},
        command=shlex.join(["recipes", *sys.argv[1:]]),
    )
    show_bench(benchmark)
    say("", f"Everything is in {benchmark.directory}: report.html, scores.csv, ranks.csv, pairs.csv, profiles.csv")


def show_bench(benchmark: Any) -> None:
    """The tables of ranks and the verdict."""
    from ..report.bench_tables import rank_tables

    for table in rank_tables(benchmark.results, limit=SHOWN, width=console().width):
        say(table, "")
    say(*(wrapped(sentence) for sentence in benchmark.verdict))


def report_bench(directory: Path, to: Path | None) -> None:
    """Shows a bench again, and writes its tables and page, or the page alone to a new file."""
    from ..tuning.benchmark import Benchmark

    benchmark = Benchmark.load(directory)
    if to is not None:
        benchmark.report(to)
    else:
        benchmark.write()
    show_bench(benchmark)
    say("", f"page: {to or directory / 'report.html'}")
