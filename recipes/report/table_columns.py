"""The columns of the tables: heading, text and sort key, for the terminal and the page alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..metric import Metric
from . import formatting
from .results import Results, as_float
from .window import strip, window

__all__ = [
    "BEST_MARK",
    "EDGE_MARK",
    "NO_SCORE",
    "REFERENCE_MARK",
    "Column",
    "effect_columns",
    "notes",
    "summary_columns",
    "verdict_of",
]

LOST = ("diverged", "failed", "pruned")
"""The statuses of trainings that did not finish."""

NO_SCORE = ("diverged", "failed")
"""The verdicts on arms and levels without a score."""

BEST_MARK, REFERENCE_MARK, EDGE_MARK = "★", "◆", "*"

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: its identifier in code.
        heading: the text above it.
        cell: maps a row to the text shown.
        value: maps a row to its sort key; NaN and "" come last.
        numeric: whether it is right-aligned. Default True.
        keep: priority; a narrow terminal drops the columns with the lowest first. Default 100.
    """

    name: str
    heading: str
    cell: Callable[[Row], str]
    value: Callable[[Row], Any]
    numeric: bool = True
    keep: int = 100


def verdict_of(row: Row) -> str:
    """The verdict on an arm or level: "failed" or "diverged" if it has no score, ``MISSING`` if there is no verdict."""
    verdict = row["verdict"]
    if not math.isfinite(as_float(row["test_mean"])) and verdict not in NO_SCORE:  # the reference, for one
        return "failed" if as_float(row.get("failed")) > 0 else "diverged"
    return verdict if isinstance(verdict, str) and verdict else formatting.MISSING


def summary_columns(results: Results) -> list[Column]:
    """The columns of the table of arms, in order; they take rows of ``results.summary``."""
    metric, winner = results.metric, results.winner
    reference = _reference(results)
    trainings = results.trials["arm"].value_counts().to_dict()
    lossy = [name for name in LOST if results.summary[name].sum() > 0]

    def marks(row: Row) -> str:
        return BEST_MARK * (row["arm"] == winner) + REFERENCE_MARK * (row["arm"] == results.reference)

    def rate(row: Row) -> str:
        return formatting.learning_rate(row["learning_rate"]) + EDGE_MARK * _at_edge(row)

    def strengths(row: Row) -> str:
        present = [(name, row[name]) for name in results.strengths if math.isfinite(as_float(row[name]))]
        prefix = f"{row['regularizer']}."
        return ", ".join(f"{name.removeprefix(prefix)} {formatting.strength(value)}" for name, value in present)

    def diverged(row: Row) -> str:
        counts = {name: as_float(row[name]) for name in lossy}
        lost = [f"{count:.0f} {name}" if len(lossy) > 1 else f"{count:.0f}" for name, count in counts.items() if count]
        return f"{', '.join(lost)} of {trainings.get(row['arm'], 0)}" if lost else "0"

    def sensitivity(row: Row) -> str:
        value = as_float(row["sensitivity"])
        return formatting.difference(-value if results.metric.higher_is_better else value, metric, reference=reference)

    def to_reference(row: Row) -> str:
        value = as_float(row["epochs_to_default"])
        return f"{value:.1f}" if math.isfinite(value) else "never"

    def difference(row: Row) -> str:
        if row["arm"] == results.reference:
            return ""
        bounds = row["difference_low"], row["difference_high"]
        return formatting.difference(row["difference"], metric, *bounds, reference=reference)

    def number(name: str) -> Callable[[Row], float]:
        return lambda row: as_float(row[name])

    examples = results.test_examples
    counted = metric.resolution(examples) > 0

    def in_examples(row: Row) -> str:
        return "" if row["arm"] == results.reference else formatting.in_examples(row["difference"], examples)

    unit = " (%)" if metric.percentage else ""
    return [
        Column("marks", "", marks, marks, numeric=False, keep=95),
        Column("arm", "arm", lambda row: str(row["arm"]), lambda row: str(row["arm"]), numeric=False),
        Column(
            "test",
            f"test {metric.label}{formatting.beside(metric, results.base_rate)}",
            lambda row: formatting.spread(row["test_mean"], row["test_sd"], metric),
            number("test_mean"),
            keep=80,
        ),
        *(_further(one, results.base_rate) for one in results.further_metrics),
        Column("repeats", *_repeats(results), number("test_mean"), keep=81),
        Column(
            "difference", f"difference{unit}, {results.confidence} interval", difference, number("difference"), keep=82
        ),
        *([Column("examples", f"= of {examples:,} examples", in_examples, number("difference"), keep=77)] * counted),
        Column(
            "p_value",
            "p",
            lambda row: "" if row["arm"] == results.reference else formatting.p_value(row["p_value"]),
            number("p_value"),
            keep=40,
        ),
        Column("verdict", "verdict", verdict_of, verdict_of, numeric=False, keep=90),
        Column("learning_rate", "learning rate", rate, number("learning_rate"), keep=70),
        Column("strengths", "strengths", strengths, strengths, numeric=False, keep=60),
        Column(
            "validation",
            f"validation {metric.label}",
            lambda row: formatting.spread(row["validation_mean"], row["validation_sd"], metric),
            number("validation_mean"),
            keep=96,
        ),
        Column("sensitivity", f"sensitivity{unit}", sensitivity, number("sensitivity"), keep=25),
        Column("epochs_to_default", "epochs to reference", to_reference, number("epochs_to_default"), keep=20),
        Column(
            "diverged",
            " or ".join(lossy) or "diverged",
            diverged,
            lambda row: sum(as_float(row[name]) for name in lossy),
            keep=30,
        ),
        Column(
            "seconds", "time per training", lambda row: formatting.duration(row["seconds"]), number("seconds"), keep=50
        ),
    ]


def _further(metric: Metric, base_rate: float) -> Column:
    """The column of a metric that does not decide."""
    name = f"test_{metric.name}"
    return Column(
        name,
        f"test {metric.label}{formatting.beside(metric, base_rate)}",
        lambda row: formatting.spread(row[name], row[f"{name}_sd"], metric),
        lambda row: as_float(row[name]),
        keep=75,
    )


def effect_columns(results: Results) -> list[Column]:
    """The columns of the table of main effects, in order; they take rows of ``results.main_effects``.

    A main effect is the mean of a level, such as an optimizer, over all arms that have it.
    """
    metric = results.metric
    unit = " (%)" if metric.percentage else ""
    reference = _reference(results)

    def is_reference(row: Row) -> bool:
        return row["verdict"] == "reference"

    return [
        Column("factor", "factor", lambda row: str(row["factor"]), lambda row: str(row["factor"]), numeric=False),
        Column("level", "level", lambda row: str(row["level"]), lambda row: str(row["level"]), numeric=False),
        Column(
            "test",
            f"test {metric.label}",
            lambda row: formatting.spread(row["test_mean"], row["test_sd"], metric),
            lambda row: as_float(row["test_mean"]),
            keep=85,
        ),
        Column(
            "difference",
            f"difference{unit}",
            lambda row: (
                "" if is_reference(row) else formatting.difference(row["difference"], metric, reference=reference)
            ),
            lambda row: as_float(row["difference"]),
            keep=82,
        ),
        Column(
            "p_value",
            "p",
            lambda row: "" if is_reference(row) else formatting.p_value(row["p_value"]),
            lambda row: as_float(row["p_value"]),
            keep=40,
        ),
        Column("verdict", "verdict", verdict_of, verdict_of, numeric=False, keep=90),
    ]


def notes(results: Results) -> list[str]:
    """The legend of the table of arms: its marks and its measure of spread."""
    legend = [f"{BEST_MARK} decision", f"{REFERENCE_MARK} reference"]
    if any(_at_edge(row) for row in results.rows()):
        legend.append(f"{EDGE_MARK} at the edge of its range: a better rate may lie outside")
    if any(math.isfinite(as_float(row["test_sd"])) for row in results.rows()):
        legend.append("± standard deviation over repeats")
    return legend


def _repeats(results: Results) -> tuple[str, Callable[[Row], str]]:
    """The heading and the cells of the column with the test score of each repeat."""
    scored = results.stage("confirm")[["arm", "test_score"]].dropna()
    scores = {arm: group["test_score"].tolist() for arm, group in scored.groupby("arm")}
    ends = window(scored["test_score"], results.metric.higher_is_better, margin=0.0)
    if ends is None:
        return "repeats", lambda row: formatting.MISSING
    shown = " to ".join(formatting.score(end, results.metric) for end in ends)
    return f"repeats, {shown}", lambda row: strip(scores.get(row["arm"], ()), ends) or formatting.MISSING


def _reference(results: Results) -> float:
    """The score that sets the decimals of differences: the best arm's."""
    best = results.row(results.winner) if results.winner is not None else None
    return as_float(best["test_mean"]) if best else math.nan


def _at_edge(row: Row) -> bool:
    return as_float(row["at_edge"]) == 1.0
