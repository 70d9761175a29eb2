"""The tables of a bench, for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import formatting
from .bench_results import BenchResults, Group
from .results import as_float, records
from .table_columns import Column
from .tables import columns_table

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["dataset_columns", "dataset_rows", "rank_columns", "rank_tables"]

Row = dict[str, Any]


def rank_columns(group: Group) -> list[Column]:
    """The columns of the table of candidates; they take rows of ``group.table``."""
    datasets = len(group.losses)

    def number(name: str) -> Callable[[Row], float]:
        return lambda row: as_float(row[name])

    def chance(name: str) -> Callable[[Row], str]:
        return lambda row: f"{row[name]:.0%}" if math.isfinite(row[name]) else ""

    def margins(name: str) -> Callable[[Row], str]:
        return lambda row: f"{row[name]:.1f}" if math.isfinite(row[name]) else "no score"

    def counted(name: str) -> Callable[[Row], str]:
        return lambda row: f"{row[name]} of {datasets}"

    def p_value(row: Row) -> str:
        return "" if row["verdict"] == "reference" else formatting.p_value(row["p_value"])

    heading = group.name.replace("_", " ")
    return [
        Column("level", heading, lambda row: str(row["level"]), lambda row: str(row["level"]), numeric=False),
        Column("rank", "average rank", lambda row: f"{row['rank']:.2f}", number("rank")),
        Column("near_best", "within the margin of the best", counted("near_best"), number("near_best"), keep=70),
        Column("behind", "margins behind the best, median", margins("behind"), number("behind"), keep=60),
        Column("most_behind", "at most", margins("most_behind"), number("most_behind"), keep=40),
        Column("better", "P(better)", chance("better"), number("better"), keep=90),
        Column("as_good", "P(as good)", chance("as_good"), number("as_good"), keep=85),
        Column("worse", "P(worse)", chance("worse"), number("worse"), keep=90),
        Column("p_value", "p of ranks", p_value, number("p_value"), keep=50),
        Column("verdict", "verdict", lambda row: str(row["verdict"]), lambda row: str(row["verdict"]), numeric=False),
    ]


def dataset_columns() -> list[Column]:
    """The columns of the table of datasets; they take the rows of :func:`dataset_rows`."""

    def text(name: str) -> Callable[[Row], str]:
        return lambda row: str(row[name])

    def number(name: str) -> Callable[[Row], str]:
        return lambda row: f"{row[name]:,}"

    return [
        Column("dataset", "dataset", text("dataset"), text("dataset"), numeric=False),
        Column("examples", "training examples", number("train"), lambda row: row["train"]),
        Column("test", "test examples", number("test"), lambda row: row["test"]),
        Column("metric", "metric", text("metric"), text("metric"), numeric=False),
        Column("margin", "margin", text("margin"), text("margin"), numeric=False),
        Column("best", "best arm", text("best"), text("best"), numeric=False),
        Column("score", "its test score", text("score"), lambda row: row["value"]),
        Column("reference", "the reference's", text("reference"), lambda row: row["reference_value"]),
    ]


def dataset_rows(results: BenchResults) -> list[Row]:
    """One row per dataset: its size, and the arm with the best mean test score beside the reference."""
    rows = []
    for label, outcome in results.datasets.items():
        metric = outcome.metric
        ranked = [row for row in outcome.rows() if math.isfinite(as_float(row["test_mean"]))]
        best = max(ranked, key=lambda row: metric.sign * row["test_mean"]) if ranked else {}
        reference = outcome.row(results.reference) or {}
        counts = outcome.settings.get("data", {}).get("counts", {})
        rows.append(
            {
                "dataset": label,
                "train": int(counts.get("train", 0)),
                "test": int(counts.get("test", 0)),
                "metric": metric.label,
                "margin": formatting.margin(outcome.margin, metric),
                "best": best.get("arm", formatting.MISSING),
                "score": formatting.spread(best.get("test_mean"), best.get("test_sd"), metric),
                "value": as_float(best.get("test_mean")),
                "reference": formatting.spread(reference.get("test_mean"), reference.get("test_sd"), metric),
                "reference_value": as_float(reference.get("test_mean")),
            }
        )
    return rows


def rank_tables(results: BenchResults, limit: int | None = None, width: int | None = None) -> list[Table]:
    """A table for ``rich.print`` of each group, best average rank first.

    Args:
        results: the bench.
        limit: the most candidates of a table; None (default) for all.
        width: characters per line; None (default) for the width of the terminal. Columns are left out to fit.
    """
    tables = []
    for group in results.groups.values():
        rows = records(group.table)
        more = f", the first {limit} of {len(rows)}" if limit is not None and len(rows) > limit else ""
        title = f"{group.name.replace('_', ' ').capitalize()}s over {len(results.datasets)} datasets{more}"
        tables.append(columns_table(rank_columns(group), rows[:limit], title, width))
    return tables
