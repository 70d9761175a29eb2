"""Results: the outcome of a comparison of training arms, as plain tables."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument
from ..metric import Metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Results", "as_float", "records"]

COLUMNS = {
    "trials": [
        *("stage", "arm", "optimizer", "regularizer", "trial", "seed", "learning_rate"),
        *("validation_loss", "validation_score", "test_loss", "test_score"),
        *("epochs_run", "best_epoch", "seconds", "diverged", "status", "message"),
    ],
    "epochs": ["stage", "arm", "trial", "seed", "epoch", "learning_rate", "loss", "score", "val_loss", "val_score"],
    "summary": [
        *("arm", "optimizer", "regularizer", "learning_rate", "trials", "pruned", "diverged", "failed", "repeats"),
        *("validation_mean", "validation_sd", "test_mean", "test_sd", "test_low", "test_high"),
        *("difference", "difference_low", "difference_high", "p_value", "verdict", "at_edge"),
        *("sensitivity", "epochs_to_default", "seconds_to_default", "seconds"),
        *("repeats_needed", "examples_needed", "both_needed", "against_best", "chosen"),
    ],
    "main_effects": [
        *("factor", "level", "test_mean", "test_sd", "difference", "difference_low", "difference_high"),
        *("p_value", "verdict"),
    ],
}
"""The required columns of each table; ``trials`` and ``summary`` also have one per strength, such as "l2.strength"."""


def as_float(value: Any) -> float:
    """``value`` as a float; NaN if it is missing (None, NaN, NA) or not a number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dicts, column -> value; missing numbers stay NaN."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a report shows.

    Args:
        settings: how it was measured. Required: ``metric`` ("accuracy", "root_mean_squared_error", ...), ``direction``
            ("max" or "min": which scores are better) and ``default_arm``. All other settings are shown too.
        trials: one row per training, of the stage "tune" or "confirm".
        epochs: one row per training and epoch, epochs counted from 1.
        summary: one row per arm, best first. Scores are fractions, even where they are shown as percentages.
        main_effects: one row per level of a factor ("optimizer", "regularizer", ...).
        verdict: the outcome in sentences, the decision last.

    Raises:
        InvalidArgument: if a setting or a column is missing.

    Trainings that diverged have NaN scores. Strengths are the columns with a dot in their name; an arm without that
    strength has NaN.
    """

    settings: dict[str, Any]
    trials: pd.DataFrame
    epochs: pd.DataFrame
    summary: pd.DataFrame
    main_effects: pd.DataFrame
    verdict: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("metric", "direction", "default_arm"):
            if name not in self.settings:
                raise InvalidArgument("settings", sorted(self.settings), f"a dict with the key {name!r}")
        Metric(str(self.settings["metric"]), self.settings["direction"])
        for table, columns in COLUMNS.items():
            missing = [column for column in columns if column not in getattr(self, table).columns]
            if missing:
                raise InvalidArgument(
                    table, list(getattr(self, table).columns), f"a table with the columns {', '.join(missing)} as well"
                )
        if not len(self.summary):
            raise InvalidArgument("summary", [], "a table with at least one arm")
        if self.summary["arm"].duplicated().any():
            raise InvalidArgument("summary", list(self.summary["arm"]), "a table with one row per arm")

    @property
    def metric(self) -> Metric:
        """What the scores are."""
        return Metric(str(self.settings["metric"]), self.settings["direction"])

    @property
    def reference(self) -> str:
        """The arm that the others are compared with: the default arm, unless it has no score."""
        return next((row["arm"] for row in self.rows() if row["verdict"] == "reference"), self.settings["default_arm"])

    @property
    def margin(self) -> float:
        """The size of a difference that does not matter, in units of the score; NaN if the reference has no score."""
        row = self.row(self.reference)
        return self.metric.margin(self.settings.get("margin"), as_float(row["test_mean"]) if row else math.nan)

    @property
    def further_metrics(self) -> list[Metric]:
        """The metrics that were recorded besides the one that decides."""
        listed = [Metric(str(one["name"]), one["direction"]) for one in self.settings.get("metrics", ())[1:]]
        return [metric for metric in listed if f"test_{metric.name}" in self.summary.columns]

    @property
    def base_rate(self) -> float:
        """The test accuracy of always answering what is most frequent; NaN where it is unknown."""
        return as_float(self.summary["test_base_rate"].mean()) if "test_base_rate" in self.summary.columns else math.nan

    @property
    def test_examples(self) -> int:
        """The number of test examples; 0 if it is unknown."""
        return int(self.settings.get("data", {}).get("counts", {}).get("test", 0))

    @property
    def confidence(self) -> str:
        """The confidence of the intervals as text: "95 %"."""
        return f"{100 * float(self.settings.get('confidence', 0.95)):g}\u00a0%"

    @property
    def winner(self) -> str | None:
        """The arm that was decided on; None if no arm has a score."""
        return next((row["arm"] for row in self.rows() if row["chosen"] != "no"), None)

    @property
    def strengths(self) -> list[str]:
        """The names of the strength columns of ``summary``, such as "l2.strength"."""
        factors = set(self.main_effects["factor"])
        return [column for column in self.summary.columns if "." in str(column) and column not in factors]

    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``summary`` as dicts, best first."""
        return records(self.summary)

    def row(self, arm: str) -> dict[str, Any] | None:
        """The row of ``summary`` for ``arm``; None if there is none."""
        return next((row for row in self.rows() if row["arm"] == arm), None)

    def stage(self, name: str) -> pd.DataFrame:
        """The rows of ``trials`` of the stage "tune" or "confirm"."""
        return self.trials[self.trials["stage"] == name]

    @property
    def crossed(self) -> tuple[str, str]:
        """The first two factors with several levels, completed by optimizer and regularizer where there are fewer."""
        several = [name for name in dict.fromkeys(self.main_effects["factor"]) if len(self.levels(name)) > 1]
        first, second = [*several, *(name for name in ("optimizer", "regularizer") if name not in several)][:2]
        return first, second

    def levels(self, factor: str) -> list[str]:
        """The levels of a factor among the arms, in the order of the settings if these list them."""
        present = list(dict.fromkeys(self.summary[factor]))
        listed = self.settings.get("factors", self.settings)
        wanted = listed.get(factor + "s", listed.get(factor))
        wanted = list(wanted) if isinstance(wanted, (list, tuple)) else []
        return [level for level in wanted if level in present] + [level for level in present if level not in wanted]
