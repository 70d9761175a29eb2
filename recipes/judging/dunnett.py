"""Dunnett's test with seeds as blocks: many arms against one control, compared seed by seed."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .noise import NO_NOISE, Noise
from .tuning_luck import pooled_spread

__all__ = ["NOTHING", "SAME", "Difference", "compare_with", "critical_value", "family_error", "rounded"]

LEVEL = 0.05
"""Family-wise error rate: the chance that any comparison calls a difference more than noise where there is none."""

NODES = 64
"""Nodes of the quadrature; with 64 the probabilities are exact to 1e-5."""


class Difference(NamedTuple):
    """A difference of means: its p value, its interval and where its error comes from. NaN where nothing can be said.

    Args:
        p: corrected for the number of comparisons.
        low, high: the interval, simultaneous for all of them.
        of_repeats, of_examples: the two parts of its squared standard error.
        freedom: degrees of freedom of that error.
        comparisons: how many share the control.
    """

    p: float
    low: float
    high: float
    of_repeats: float = math.nan
    of_examples: float = math.nan
    freedom: float = math.nan
    comparisons: int = 1


NOTHING = Difference(math.nan, math.nan, math.nan)
SAME = Difference(1.0, 0.0, 0.0, 0.0, 0.0, math.inf)
"""The difference of two arms whose trainings are the same to the last bit."""


def compare_with(
    control: Sequence[float],
    samples: Sequence[Sequence[float]],
    level: float = LEVEL,
    resolution: float = 0.0,
    noises: Sequence[Noise] = (),
    tunings: Sequence[int] = (),
    overlap: float | None = None,
    comparisons: int | None = None,
    wanted: int | None = None,
) -> list[Difference]:
    """The difference of each sample from a control, all measured with the same seeds.

    The k-th values of all samples belong to the same seed, so the effect of a seed on every arm (an easy order of the
    data, say) cancels in the differences. The remaining noise is estimated from all arms together, with the means of
    seeds and arms removed (a randomized block design), so two or three seeds can be enough for many arms. An arm whose
    differences spread more than that is judged by its own spread, and by fewer degrees of freedom the more of its
    spread is its own (Satterthwaite). With one sample this is the paired t-test. The noise of a finite test split is
    added where it is known.

    Where each repeat has its own split of the same data, in folds, the spread between repeats holds the noise of their
    test examples, which is known from within the splits and averages out over the folds. What else differs between
    repeats is correlated, since their training sets overlap: its variance counts ``1 / K + n_test / n_train`` times
    rather than ``1 / K`` times (Nadeau and Bengio). That the same examples train and test adds to the noise of the
    examples, too; ``n_test / n_train`` of it is enough for least squares on exchangeable inputs, measured there.

    Args:
        control: one value per seed.
        samples: of the same length as ``control``. A sample with a NaN gets NaN and is left out of the estimate.
        level: the chance that any of the intervals misses, between 0 and 1. Default 0.05.
        resolution: the step of the values, 1 / n for an accuracy on n examples. Differences that are equal by rounding
            do not prove that there is no noise: it is taken to be at least that of rounding. Default 0.
        noises: what the choice of the test examples adds to the error of each sample's difference, from
            :func:`recipes.judging.noise.noise_of_examples`. Default: nothing. With ``overlap``, that of a single
            repeat.
        tunings: the number of the tuning that each repeat's setting comes from. Where repeats share tunings, the
            variance between tunings is estimated, too: see :func:`recipes.judging.tuning_luck.pooled_spread`.
            Default: all from the same, or each from its own.
        overlap: the test examples of a repeat over the others, where each has its own split. Default None: all have
            the same test split.
        comparisons: how many share the level, at least those that are given. Default: so many.
        wanted: how many of the samples to compare, from the first; the others only tell the noise. Default: all.

    Returns:
        A :class:`Difference` per sample; all NaN with fewer than two seeds, and where a difference other than 0 is the
        same to the last bit for every seed.

    Source: Dunnett 1955, "A multiple comparison procedure for comparing several treatments with a control";
    Satterthwaite 1946, "An approximate distribution of estimates of variance components"; Nadeau and Bengio 2003,
    "Inference for the generalization error".

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
    of_all = pooled_spread(residuals, tunings)
    pooled = max(2.0 * of_all.variance, resolution**2 / 6.0)  # variance of a repeat's difference
    together = arms - 1 if comparisons is None else comparisons
    differences = values[1:] - values[0]
    spreads = differences.var(axis=1, ddof=1)
    between, now, least = pooled, 0.0, 1.0  # what counts of the noise of the examples: that goes and that stays
    if overlap is not None:
        folds = round(1.0 / overlap) + 1
        between = max(0.0, pooled - float(np.mean([noises[k].variance for k in usable] if noises else 0.0)))
        least = (1.0 + overlap) / folds  # when all examples have been tested
        now = (1.0 + overlap) / min(seeds, folds) - least
    for k, mean, spread in zip(usable, differences.mean(axis=1).tolist(), spreads.tolist(), strict=True):
        if wanted is not None and k >= wanted:
            break
        own = max(spread, float(spreads.mean()))  # that of all is large where the control's is
        noise = noises[k] if noises else NO_NOISE
        excess = max(0.0, own - between - (0.0 if overlap is None else noise.variance))
        own = between + excess
        doubt = pooled * between / of_all.freedom + excess**2 / (seeds - 1)
        of_repeats, of_examples = own / seeds + now * noise.variance, own * (overlap or 0.0) + least * noise.variance
        doubt = doubt * (1.0 / seeds + (overlap or 0.0)) ** 2 + noise.doubt * (now + least) ** 2
        error = math.sqrt(of_repeats + of_examples)
        if error <= 1e-12 * max(1.0, abs(mean)):
            compared[k] = SAME if abs(mean) <= 1e-12 else NOTHING
            continue
        own_freedom = error**4 / doubt
        half = critical_value(together, own_freedom, level) * error
        p = family_error(abs(mean) / error, together, rounded(own_freedom))
        compared[k] = Difference(p, mean - half, mean + half, of_repeats, of_examples, own_freedom, together)
    return compared


def family_error(t: float, comparisons: int, freedom: float) -> float:
    """The chance that the largest of several |t| with a common control exceeds ``t`` if nothing differs.

    Args:
        t: >= 0.
        comparisons: how many share the control, >= 1.
        freedom: degrees of freedom of the common variance, >= 1.

    Example:
        >>> round(float(family_error(2.228, comparisons=1, freedom=10)), 3)      # Student's t
        0.05
    """
    from scipy.special import ndtr, stdtr

    if comparisons == 1:  # Student's t
        return float(2.0 * stdtr(freedom, -t))
    z, weights = _deviations()
    scale, scale_weights = _scales(freedom)
    bound = math.sqrt(2.0) * t * scale[:, None]
    inside = (ndtr(bound + z) - ndtr(z - bound)) ** comparisons
    return float(1.0 - scale_weights @ inside @ (weights / weights.sum()))


_deviations = functools.cache(lambda: np.polynomial.hermite_e.hermegauss(NODES))
"""Deviations of the control's mean, and their weights."""

_shares = functools.cache(lambda: np.polynomial.legendre.leggauss(NODES))
"""Where quantiles are taken, between -1 and 1, and their weights."""


@functools.lru_cache(maxsize=1024)
def _scales(freedom: float) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of an estimated standard deviation in units of the true one, and their weights."""
    from scipy.stats import chi

    u, weights = _shares()
    return chi.ppf((u + 1.0) / 2.0, freedom) / math.sqrt(freedom), weights / 2.0


def rounded(freedom: float) -> float:
    """Degrees of freedom rounded down to two digits, at least 1 and at most 1,000, so that few values are computed."""
    freedom = min(max(freedom, 1.0), 1000.0)
    step = 10.0 ** (math.floor(math.log10(freedom)) - 1)
    return math.floor(freedom / step * (1 + 1e-9)) * step


def critical_value(comparisons: int, freedom: float, level: float = LEVEL) -> float:
    """The |t| that the largest of several exceeds with probability ``level`` if nothing differs.

    Example:
        >>> round(critical_value(3, 10), 2)      # Dunnett's table
        2.76
    """
    return _critical_value(comparisons, rounded(freedom), level)


@functools.lru_cache(maxsize=4096)
def _critical_value(comparisons: int, freedom: float, level: float) -> float:
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    low, high = stdtrit(freedom, 1.0 - level / 2.0), stdtrit(freedom, 1.0 - level / (2.0 * comparisons))
    if comparisons == 1:
        return float(low)
    # Between Student's t for one comparison and Bonferroni's bound; the quadrature is exact to 1e-5.
    return float(brentq(lambda t: family_error(t, comparisons, freedom) - level, 0.9 * low, 1.1 * high, rtol=1e-6))
