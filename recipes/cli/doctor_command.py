"""The command that looks for trouble in a dataset: `recipes doctor`."""

from __future__ import annotations

import typer

from .app import app
from .console import say
from .option_words import in_options
from .options import DataDir, Dataset, Reading, Seed, Validation
from .value_options import value_options


@app.command()
@value_options
def doctor(
    dataset: Dataset,
    reading: Reading,
    data_dir: DataDir = None,
    validation: Validation = None,
    seed: Seed = 0,
) -> None:
    """Say what is in a dataset, what may go wrong with it, and what to do about it; nothing is trained.

    For a file without --target it proposes one. Exits with 0 if a model can
    be trained, with or without findings, and with 1 if training would be
    refused.
    """
    from rich import box
    from rich.table import Table

    from ..examination import examine

    options = {**reading.for_load(), "data_dir": data_dir, "validation": validation, "seed": seed}
    found = examine(dataset, **options)
    if found.title:
        say(*found.title.split("\n"))
    if found.columns:
        table = Table(box=box.SIMPLE_HEAD)
        headings = {
            "column": "name",
            "holds": "content",
            "missing": "missing",
            "used as": "use",
            "in training": "details",
        }
        filled = {
            heading: field for heading, field in headings.items() if any(vars(row)[field] for row in found.columns)
        }
        for heading in filled:
            table.add_column(heading)
        for row in found.columns:
            table.add_row(*(vars(row)[field] for field in filled.values()))
        say(table)
    if found.target:
        say(f"target: {found.target}")
    if found.refused is not None:
        say("", f"No model can be trained: {in_options(found.refused)}")
    count = len(found.findings)
    say("", f"{count} finding{'s' if count != 1 else ''}{':' if count else ''}")
    say(*(f"{number:>3}. {in_options(text)}" for number, text in enumerate(found.findings, start=1)))
    if found.refused is not None:
        raise typer.Exit(1)
