"""Means over seeds with their spread, and the verdict on a difference of two means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...metric import Metric

__all__ = ["interval", "mean_sd", "word_of"]


def mean_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation. Both are NaN if a value is missing, the latter also for a single value.

    Example:
        >>> mean_sd([1.0, 2.0, 3.0])
        (2.0, 1.0)
    """
    array = np.asarray(values, float)
    if not len(array) or not np.isfinite(array).all():
        return math.nan, math.nan
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else math.nan


def interval(mean: float, sd: float, count: int, level: float) -> tuple[float, float]:
    """The interval of a mean by Student's t, which misses with probability ``level``; NaN for a single value."""
    if count < 2 or not math.isfinite(sd):
        return math.nan, math.nan
    from scipy.stats import t

    half = float(t.ppf(1.0 - level / 2.0, count - 1)) * sd / math.sqrt(count)
    return mean - half, mean + half


def word_of(difference: float, p: float, metric: Metric, level: float) -> str:
    """The verdict on a difference from the default: "better", "worse", "within noise" or "not tested".

    Args:
        difference: the difference of the scores.
        p: its p value; NaN if it could not be tested.
        metric: the metric of the scores.
        level: the p value from which a difference is noise, 0.05 for a confidence of 0.95.
    """
    if not math.isfinite(p):
        return "not tested"
    if p >= level:
        return "within noise"
    return "better" if difference * metric.sign > 0 else "worse"
