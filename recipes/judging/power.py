"""Power: the chance that a comparison tells a difference, and the smallest one that it probably tells."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .dunnett import LEVEL, compare_with
from .noise import NO_NOISE, Noise
from .words import LIKELY

__all__ = ["differences_told", "power", "smallest_told"]

DRAWS = 1000
"""How many comparisons are simulated: the power is known to about 1.5 points."""

FREEDOM = 50.0
"""The degrees of freedom that the noise of the test examples is assumed to be known with."""


def differences_told(
    spread: float,
    repeats: int,
    comparisons: int = 1,
    level: float = LEVEL,
    *,
    of_examples: float = 0.0,
    tunings: Sequence[int] = (),
    overlap: float | None = None,
) -> np.ndarray:
    """Simulated comparisons of arms of which one is better: the differences from which on each of them says so.

    The comparisons are those of :func:`recipes.judging.dunnett.compare_with`, of normally distributed scores.

    Args:
        spread: the standard deviation between the repeats of an arm, without what all arms share.
        repeats: their number, >= 2.
        comparisons: the arms that are compared with the reference.
        level: the chance that any of their intervals misses. Default 0.05.
        of_examples: what the choice of the test examples adds to the variance of a difference; with ``overlap`` to that
            of a single repeat. Default 0.
        tunings, overlap: as for :func:`recipes.judging.dunnett.compare_with`.

    Returns:
        Shape (1000,), in ascending order; infinite where nothing can be told.
    """
    random, arms = np.random.default_rng(0), comparisons + 1
    noise = NO_NOISE if not of_examples else Noise(of_examples, of_examples**2 / FREEDOM)
    folds = 1 if overlap is None else round(1.0 / overlap) + 1
    turns = np.zeros(repeats, int) if overlap is None else np.arange(repeats) % folds
    told = []
    for _ in range(DRAWS):
        scores = spread * random.normal(size=(arms, repeats))
        scores += math.sqrt(of_examples / 2.0) * random.normal(size=(arms, folds))[:, turns]
        noises = [noise] * comparisons
        found = compare_with(scores[0], list(scores[1:]), level, 0.0, noises, tunings, overlap, wanted=1)[0]
        told.append(-found.low if math.isfinite(found.low) else math.inf)
    return np.sort(told)


def power(difference: float, told: np.ndarray) -> float:
    """The chance that an arm that is better by ``difference`` is called better.

    Example:
        >>> power(2.0, differences_told(spread=1.0, repeats=10)) > power(1.0, differences_told(spread=1.0, repeats=10))
        True
    """
    return float(np.searchsorted(told, difference) / len(told))


def smallest_told(told: np.ndarray) -> float:
    """The smallest difference that is told with a chance of 80 %.

    Example:
        >>> round(smallest_told(differences_told(spread=1.0, repeats=1000)), 2)  # 2.8 standard errors of a difference
        0.13
    """
    return float(told[math.ceil(LIKELY * len(told)) - 1])
