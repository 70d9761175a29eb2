"""The command that looks for trouble in a dataset, a model or a run: `recipes doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...callbacks.checks import InvalidArgument, check_number
from .app import app
from .console import say
from .option_words import in_options
from .options import Choices, DataDir, Reading, Seed, Validation
from .value_options import value_options

if TYPE_CHECKING:
    from ..diagnosis import Diagnosis
    from ..examination import Examination

Subject = Annotated[
    str,
    typer.Argument(
        help="A dataset as for `recipes train`, or the directory of a run that `recipes train --save` has written.",
        metavar="DATASET|FILE|RUN",
    ),
]


@app.command()
@value_options
def doctor(
    dataset: Subject,
    reading: Reading,
    choices: Choices,
    data_dir: DataDir = None,
    validation: Validation = None,
    seed: Seed = 0,
    learning_rate: Annotated[
        float | None, typer.Option(help="The (peak) rate to judge. Default: the one that a training would find.")
    ] = None,
    data_only: Annotated[bool, typer.Option("--data-only", help="Look at the data alone; nothing is trained.")] = False,
    seconds: Annotated[float, typer.Option(help="About how long the trial trainings may take.")] = 30.0,
) -> None:
    """Say what is in a dataset, what may go wrong with a training, and what to do about it, in half a minute.

    The data are examined as they are read. Then the recipe's model, or that of
    a run, is examined on them: the first loss, gradients, dead and saturated
    units, whether one batch can be learned by heart, the learning rate, and
    whether the inputs tell the labels. Nothing of that is kept.

    For a file without --target it proposes one. Exits with 0 if a model can
    be trained, with or without findings, and with 1 if training would be
    refused.
    """
    from ..diagnosis import diagnose
    from ..examination import examine
    from ..run import load_run

    seconds = check_number("seconds", seconds, above=0)
    if (Path(dataset) / "run.json").is_file():
        if reading != Reading() or choices != Choices() or learning_rate is not None or data_only:
            raise InvalidArgument("dataset", dataset, "a dataset for these options: a run has its data and its recipe")
        diagnosis = diagnose(load_run(dataset, data_dir=data_dir), seconds=seconds)
        _say_findings([str(symptom) for symptom in diagnosis.symptoms], diagnosis)
        return
    recipe = choices.recipe(learning_rate)
    options = {**reading.for_load(), "data_dir": data_dir, "validation": validation, "seed": seed}
    examination = examine(dataset, **options)
    _say_data(examination)
    if examination.data is None:
        _say_findings(examination.findings)
        raise typer.Exit(1)
    if data_only:
        _say_findings(examination.findings)
        return
    diagnosis = diagnose(recipe, examination.data, seconds=seconds)
    known = ("column leaks", "constant input")  # the examination has named them
    symptoms = [str(symptom) for symptom in diagnosis.symptoms if symptom.name not in known]
    _say_findings([*examination.findings, *symptoms], diagnosis)


def _say_data(found: Examination) -> None:
    """What is in a dataset, column by column."""
    from rich import box
    from rich.table import Table

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


def _say_findings(findings: Sequence[str], diagnosis: Diagnosis | None = None) -> None:
    """The findings, numbered, and what was measured."""
    count = len(findings)
    say("", f"{count} finding{'s' if count != 1 else ''}{':' if count else ''}")
    say(*(f"{number:>3}. {in_options(text)}" for number, text in enumerate(findings, start=1)))
    if diagnosis is not None:
        say(*diagnosis.notes)
