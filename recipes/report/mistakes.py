"""Mistakes: where a model errs, as tables for the page and the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from ..metric import Metric
from . import formatting
from .results import Results, as_float, records
from .table_columns import Column, Row
from .tables import columns_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Example", "Mistakes", "confused_columns", "example_columns", "mistake_tables", "slice_columns"]


@dataclass(frozen=True)
class Example:
    """A test example that is answered badly.

    Args:
        position: in the test split, from 0.
        truth: the right answer, in words.
        answers: what each repeat said, in words; "" if that is unknown.
        loss: the mean over the repeats.
        text: the inputs in words; "" of an image alone.
        picture: the image as the bytes of a PNG file; None without one.
    """

    position: int
    truth: str
    answers: str
    loss: float
    text: str = ""
    picture: bytes | None = None


@dataclass(frozen=True, eq=False)
class Mistakes:
    """Where the arm that was decided on errs.

    Args:
        arm, reference: their names.
        metric: of the slices: accuracy, or of regression the root mean squared error.
        repeats: how many trainings of the arm were looked at.
        slices: one row per slice, all examples first: "slice", "examples", "score", "low", "high", "reference",
            "difference", "difference_low", "difference_high", "verdict". Intervals are simultaneous for all slices.
        confused: one row per pair of a truth and a wrong answer, the commonest first: "truth", "answer", "examples"
            (with this truth), "wrong" (how many of these have this answer, the mean over the repeats), "share".
        worst: the examples with the largest loss, the mean over the repeats.
    """

    arm: str
    reference: str
    metric: Metric
    repeats: int
    slices: pd.DataFrame
    confused: pd.DataFrame
    worst: list[Example]


def slice_columns(mistakes: Mistakes, results: Results) -> list[Column]:
    """The columns of the table of slices."""
    metric, best = mistakes.metric, as_float(mistakes.slices["score"].iloc[0])
    unit = " (%)" if metric.percentage else ""

    def score(row: Row) -> str:
        shown = formatting.score(row["score"], metric)
        if formatting.MISSING in (shown, low := formatting.score(row["low"], metric)):
            return shown
        return f"{shown} [{low}, {formatting.score(row['high'], metric)}]"

    def difference(row: Row) -> str:
        bounds = row["difference_low"], row["difference_high"]
        return formatting.difference(row["difference"], metric, *bounds, reference=best)

    columns = [
        Column("slice", "examples where", _text("slice"), _text("slice"), numeric=False),
        Column("examples", "number", lambda row: f"{row['examples']:,}", _number("examples"), keep=85),
        Column("score", f"test {metric.label}, {results.confidence} interval", score, _number("score"), keep=90),
    ]
    if mistakes.arm != mistakes.reference:
        columns += [
            Column("difference", f"difference{unit} from reference", difference, _number("difference"), keep=80),
            Column("verdict", "verdict", _text("verdict"), _text("verdict"), numeric=False, keep=84),
        ]
    return columns


def confused_columns() -> list[Column]:
    """The columns of the table of confused classes."""
    return [
        Column("truth", "is", _text("truth"), _text("truth"), numeric=False),
        Column("answer", "was taken for", _text("answer"), _text("answer"), numeric=False),
        Column("wrong", "times", lambda row: f"{row['wrong']:.1f}", _number("wrong")),
        Column("examples", "of", lambda row: f"{row['examples']:,}", _number("examples")),
        Column("share", "share (%)", lambda row: f"{100 * row['share']:.1f}", _number("share")),
    ]


def example_columns(mistakes: Mistakes) -> list[Column]:
    """The columns of the table of the worst examples; images have no inputs in words."""
    inputs = [Column("text", "inputs", _text("text"), _text("text"), numeric=False, keep=80)]
    return [
        Column("position", "test example", lambda row: str(row["position"]), _number("position")),
        Column("truth", "is", _text("truth"), _text("truth"), numeric=False),
        Column("answers", "answers", _text("answers"), _text("answers"), numeric=False),
        Column("loss", "loss", lambda row: f"{row['loss']:.3g}", _number("loss")),
        *(inputs if any(example.text for example in mistakes.worst) else []),
    ]


def mistake_tables(mistakes: Mistakes, results: Results, width: int | None = None) -> list[Table]:
    """The tables for the terminal: slices if there are any, confused classes and the worst examples.

    Args:
        mistakes: of the comparison.
        results: the comparison.
        width: as for :func:`recipes.report.tables.rich_table`.
    """
    worst = [vars(example) for example in mistakes.worst]
    chosen: Sequence[tuple[str, list[Column], list[Row]]] = [
        ("Slices", slice_columns(mistakes, results), records(mistakes.slices) if len(mistakes.slices) > 1 else []),
        ("Most confused classes", confused_columns(), records(mistakes.confused)),
        ("Worst examples", example_columns(mistakes), worst),
    ]
    return [columns_table(columns, rows, title, width) for title, columns, rows in chosen if rows]


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])


def _number(name: str) -> Callable[[Row], float]:
    return lambda row: as_float(row[name])
