"""ScoresInRange: whether the scores of a record are those that the metrics of its search can have."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..metric import ACCURACY
from ..metrics import METRICS
from ..scoring import BASE_RATE
from ..stored.schema import Kind, Listing, number
from .record import Record
from .search_files import SETTINGS
from .settings import read_settings

__all__ = ["ScoresInRange"]

ROUNDING = 1e-5
"""How far a score in float32 may lie outside."""


@dataclass(frozen=True)
class ScoresInRange:
    """The scores that the records of a search may have.

    Args:
        metric: the name of the metric that decides; None if unknown.

    Example:
        >>> ScoresInRange("accuracy").check(record)                                  # doctest: +SKIP
        InvalidArgument: validation_score must be a number >= 0 and <= 1. Received: validation_score=5.0
    """

    metric: str | None

    @classmethod
    def of(cls, directory: str | os.PathLike[str]) -> ScoresInRange:
        """Of the records in the directory of a search."""
        present = (Path(directory) / SETTINGS).is_file()
        return cls(read_settings(directory).get("metric") if present else None)

    def check(self, record: Record) -> None:
        """Raises ``InvalidArgument`` for a score out of range, by the name of its field."""
        kind = _kind(self.metric)
        if kind is not None:
            kind.read("validation_score", record.validation_score)
            kind.read("test_score", record.test_score)
            scores = Listing(of=kind)
            scores.read("rungs", list(record.rungs))
            for curve in ("score", "val_score"):
                scores.read(f"history.{curve}", list(record.history[curve]))
        for name, value in record.scores.items():
            kind = _kind(ACCURACY.name if name == BASE_RATE else name)
            if kind is not None:
                kind.read(f"scores.{name}", value)


def _kind(metric: str | None) -> Kind | None:
    """The scores of a metric of this package; None for others."""
    if metric is None or metric not in METRICS or metric in METRICS.added:
        return None
    low, high = METRICS[metric].bounds
    return Kind(number(low, high).accepted, number(low - ROUNDING, high + ROUNDING).holds)
