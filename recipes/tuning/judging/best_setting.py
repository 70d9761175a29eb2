"""best_setting: the values of an arm's best trial, at which the arm is confirmed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...metric import Metric
from ..record import Record

__all__ = ["best_setting"]


def best_setting(records: Sequence[Record], metric: Metric) -> dict[str, float]:
    """The values of the tuning record with the best validation score; the lowest validation loss breaks ties.

    Pruned trials count only if no trial was completed. If all trials diverged or failed, the one with the lowest
    learning rate is taken. A rate that was to be found, in a training that failed before, is left out.
    """
    sound = [record for record in records if math.isfinite(record.validation_score)]
    if not sound:
        lowest = min(records, key=lambda record: _or_infinite(record.values["learning_rate"]))
        return {name: value for name, value in lowest.values.items() if not math.isnan(value)}
    candidates = [record for record in sound if record.status != "pruned"] or sound
    best = min(candidates, key=lambda record: (-metric.sign * record.validation_score, record.validation_loss))
    return dict(best.values)


def _or_infinite(value: float) -> float:
    return math.inf if math.isnan(value) else value
