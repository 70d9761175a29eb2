"""signed_rank: the Bayesian signed-rank test, with a region of practical equivalence."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Chances", "signed_rank"]

SAMPLES = 10_000
PRIOR = 0.5
"""The weight of the prior, one difference of 0, where a dataset has the weight 1."""


class Chances(NamedTuple):
    """The probabilities that on a further dataset the first of two is more often better, as good or worse."""

    better: float
    as_good: float
    worse: float


def signed_rank(differences: Any, region: float, seed: int = 0) -> Chances:
    """How probable it is that the first of two candidates is better, as good or worse, from some datasets.

    Every pair of datasets votes by the mean of its two differences: better beyond the region on one side, worse beyond
    it on the other, else as good. The weights of the datasets are drawn from a Dirichlet distribution; a probability is
    the share of draws in which that answer has the most votes.

    Args:
        differences: by how much the first is better than the second, one for each dataset; infinite where one of them
            has no score.
        region: differences of at most this size do not matter, >= 0.
        seed: of the draws. Default 0.

    Source: Benavoli, Corani, Mangili, Zaffalon & Ruggeri 2014, A Bayesian Wilcoxon signed-rank test; Benavoli, Corani,
    Demšar & Zaffalon 2017, Time for a Change, JMLR 18.

    Example:
        >>> chances = signed_rank([0.1, 0.3, 2.0, 1.5, 3.0, 2.5], region=1.0)
        >>> chances.better > chances.as_good > chances.worse
        True
    """
    values = np.append(0.0, np.asarray(differences, float))
    finite = np.abs(values[np.isfinite(values)])
    far = 10 * max(float(finite.max()), region, 1.0)  # beyond any mean of the others
    values = np.clip(values, -far, far)
    sums = values[:, None] + values[None, :]
    above, below = _beyond(sums, 2 * region), _beyond(-sums, 2 * region)
    weights = _weights(len(values), seed)
    better = np.einsum("si,si->s", weights @ above, weights)
    worse = np.einsum("si,si->s", weights @ below, weights)
    votes = np.stack([better, 1 - better - worse, worse])
    if region == 0:
        votes[1] = -1
    winners = np.bincount(votes.argmax(axis=0), minlength=3) / votes.shape[1]
    return Chances(*map(float, winners))


def _beyond(sums: np.ndarray, end: float) -> np.ndarray:
    return (sums > end) + 0.5 * (sums == end)


@functools.cache
def _weights(count: int, seed: int) -> np.ndarray:
    """Draws of the weights of a difference of 0 and of ``count - 1`` datasets."""
    return np.random.default_rng(seed).dirichlet([PRIOR, *[1.0] * (count - 1)], SAMPLES)
