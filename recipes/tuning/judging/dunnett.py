"""Dunnett's test with seeds as blocks: many arms against one control, compared seed by seed."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Difference", "compare_with", "critical_value", "family_error"]

LEVEL = 0.05
"""Family-wise error rate: the chance that any comparison calls a difference more than noise where there is none."""

NODES = 64
"""Nodes of the quadrature; with 64 the probabilities are exact to 1e-5."""


class Difference(NamedTuple):
    """A difference of means: its p value and its interval.

    The interval from ``low`` to ``high`` is simultaneous for all differences; ``p`` is corrected for their number. NaN
    where nothing can be said.
    """

    p: float
    low: float
    high: float


NOTHING = Difference(math.nan, math.nan, math.nan)


def compare_with(
    control: Sequence[float],
    samples: Sequence[Sequence[float]],
    level: float = LEVEL,
    resolution: float = 0.0,
) -> list[Difference]:
    """The difference of each sample from a control, all measured with the same seeds.

    The k-th values of all samples belong to the same seed, so the effect of a seed on every arm (an easy order of the
    data, say) cancels in the differences. The remaining noise is estimated from all arms together, with the means of
    seeds and arms removed (a randomized block design), so two or three seeds can be enough for many arms. An arm whose
    differences spread more than that is judged by its own spread. With one sample this is the paired t-test.

    Args:
        control: one value per seed.
        samples: of the same length as ``control``. A sample with a NaN gets NaN and is left out of the estimate.
        level: the chance that any of the intervals misses, between 0 and 1. Default 0.05.
        resolution: the step of the values, 1 / n for an accuracy on n examples. Differences that are equal by rounding
            do not prove that there is no noise: it is taken to be at least that of rounding. Default 0.

    Returns:
        A :class:`Difference` per sample; all NaN with fewer than two seeds, and where a difference other than 0 is the
        same to the last bit for every seed.

    Source: Dunnett 1955, "A multiple comparison procedure for comparing several treatments with a control".

    Example:
        >>> same, better = compare_with([0.90, 0.95, 0.93], [[0.91, 0.94, 0.93], [0.97, 1.02, 0.99]])
        >>> same.p > 0.9, better.p < 0.01
        (True, True)
    """
    usable = [k for k, sample in enumerate(samples) if np.isfinite(sample).all()]
    seeds = len(control)
    compared = [NOTHING] * len(samples)
    if not usable or seeds < 2 or not np.isfinite(control).all():
        return compared
    values = np.array([control, *(samples[k] for k in usable)], np.float64)
    arms = len(values)
    residuals = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    freedom = (arms - 1) * (seeds - 1)
    pooled = max(2.0 * float((residuals**2).sum()) / freedom, resolution**2 / 6.0)  # variance of a seed's difference
    critical = critical_value(arms - 1, freedom, level)
    for k, differences in zip(usable, values[1:] - values[0], strict=True):
        mean = float(differences.mean())
        error = math.sqrt(max(pooled, float(differences.var(ddof=1))) / seeds)
        if error > 1e-12 * max(1.0, abs(mean)):
            p = float(family_error(abs(mean) / error, arms - 1, freedom))
        elif abs(mean) <= 1e-12:  # the same trainings under two names
            p, error = 1.0, 0.0
        else:
            continue
        compared[k] = Difference(p, mean - critical * error, mean + critical * error)
    return compared


def family_error(t: float, comparisons: int, freedom: int) -> float:
    """The chance that the largest of several |t| with a common control exceeds ``t`` if nothing differs.

    Args:
        t: >= 0.
        comparisons: how many share the control, >= 1.
        freedom: degrees of freedom of the common variance, >= 1.

    Example:
        >>> round(float(family_error(2.228, comparisons=1, freedom=10)), 3)      # Student's t
        0.05
    """
    from scipy.special import ndtr

    z, weights = np.polynomial.hermite_e.hermegauss(NODES)  # the deviation of the control
    scale, scale_weights = _scales(freedom)
    bound = math.sqrt(2.0) * t * scale[:, None]
    inside = (ndtr(bound + z) - ndtr(z - bound)) ** comparisons
    return float(1.0 - scale_weights @ inside @ (weights / weights.sum()))


@functools.cache
def _scales(freedom: int) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of an estimated standard deviation in units of the true one, and their weights."""
    from scipy.stats import chi

    u, weights = np.polynomial.legendre.leggauss(NODES)
    return chi.ppf((u + 1.0) / 2.0, freedom) / math.sqrt(freedom), weights / 2.0


@functools.cache
def critical_value(comparisons: int, freedom: int, level: float = LEVEL) -> float:
    """The |t| that the largest of several exceeds with probability ``level`` if nothing differs.

    Example:
        >>> round(critical_value(3, 10), 2)      # Dunnett's table
        2.76
    """
    from scipy.optimize import brentq

    return float(brentq(lambda t: family_error(t, comparisons, freedom) - level, 0.0, 1e4, xtol=1e-6))
