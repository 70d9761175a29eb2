"""Ranks over several datasets: average ranks, Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

__all__ = ["RankTest", "critical_difference", "rank_test"]


FEW = 10
"""Below so many datasets the p value is that of permutations."""

PERMUTATIONS = 10_000


@dataclass(frozen=True)
class RankTest:
    """Ranks of k candidates on N datasets, and what they tell.

    Attributes:
        ranks: shape (N, k), 1 for the best; equal losses share the mean of their ranks.
        average: their means over the datasets, shape (k,).
        chi_square: Friedman's statistic, corrected for ties.
        f: that of Iman and Davenport, which is less conservative.
        p_value: how likely such ranks are if no candidate is better than another: that of ``f``, or below 10 datasets
            that of random permutations. NaN for one dataset.
        difference: the critical difference of two average ranks.
    """

    ranks: np.ndarray
    average: np.ndarray
    chi_square: float
    f: float
    p_value: float
    difference: float

    def p_of(self, first: int, second: int) -> float:
        """Nemenyi's p value of two candidates, corrected for all pairs."""
        datasets, candidates = self.ranks.shape
        error = math.sqrt(candidates * (candidates + 1) / (6 * datasets))
        distance = abs(float(self.average[first] - self.average[second])) / error * math.sqrt(2)
        return float(stats.studentized_range.sf(distance, candidates, np.inf))


def rank_test(losses: Any, level: float = 0.05) -> RankTest:
    """Friedman's test of k candidates on N datasets, with ranks, and Nemenyi's critical difference.

    Args:
        losses: shape (N, k), k >= 2, lower is better; NaN where a candidate has none, which is the worst.
        level: of the critical difference. Default 0.05.

    Source: Demšar 2006, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7.

    Example:
        >>> test = rank_test([[0.1, 0.2, 0.3], [0.2, 0.1, 0.3], [0.1, 0.2, 0.3], [0.1, 0.3, 0.2]])
        >>> test.average.tolist(), round(test.chi_square, 2)
        ([1.25, 2.0, 2.75], 4.5)
    """
    losses = np.asarray(losses, float)
    ranks = stats.rankdata(np.where(np.isnan(losses), np.inf, losses), axis=1)
    datasets, candidates = ranks.shape
    average = ranks.mean(axis=0)
    chi_square = 12 * datasets / (candidates * (candidates + 1)) * np.sum((average - (candidates + 1) / 2) ** 2)
    ties = sum(int(count) ** 3 - int(count) for row in ranks for count in np.unique(row, return_counts=True)[1])
    untied = 1 - ties / (datasets * (candidates**3 - candidates))
    chi_square = float(chi_square / untied) if untied > 0 else 0.0
    rest = datasets * (candidates - 1) - chi_square
    f = (datasets - 1) * chi_square / rest if rest > 1e-9 else math.inf
    freedom = (candidates - 1, (candidates - 1) * (datasets - 1))
    if datasets < 2:
        p_value = math.nan
    elif datasets < FEW:
        p_value = _permuted(ranks)
    else:
        p_value = float(stats.f.sf(f, *freedom))
    return RankTest(ranks, average, chi_square, f, p_value, critical_difference(candidates, datasets, level))


def _permuted(ranks: np.ndarray) -> float:
    """The share of random permutations of the ranks on each dataset whose averages differ at least as much."""
    datasets, candidates = ranks.shape
    drawn = np.random.default_rng(0).permuted(np.broadcast_to(ranks, (PERMUTATIONS, datasets, candidates)), axis=2)
    spread = drawn.mean(axis=1).var(axis=1)
    return float((1 + np.sum(spread >= ranks.mean(axis=0).var() - 1e-12)) / (1 + PERMUTATIONS))


@functools.cache
def critical_difference(candidates: int, datasets: int, level: float = 0.05) -> float:
    """By how much two average ranks must differ so that it is not chance (Nemenyi), corrected for all pairs.

    Example:
        >>> round(critical_difference(5, 30), 2)
        1.11
    """
    quantile = stats.studentized_range.ppf(1 - level, candidates, np.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(candidates * (candidates + 1) / (6 * datasets)))
