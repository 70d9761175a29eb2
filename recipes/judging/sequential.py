"""Levels of tests that are repeated as data come in, so that together they err no more often than a single one."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_number

__all__ = ["looks_until", "nominal_levels"]

GROWTH = 1.5
"""The ratio of the numbers of repeats at one look and the next."""

GRID = 0.02
"""The distance of the points at which the distribution of the statistic is integrated, in standard deviations."""


def looks_until(first: int, most: int) -> list[int]:
    """The numbers of repeats after which a search looks at its results: each half as many again as the one before.

    Args:
        first: the repeats before the first look, >= 2.
        most: the repeats at the last one, >= ``first``.

    Example:
        >>> looks_until(3, 27)
        [3, 5, 8, 12, 18, 27]
    """
    looks = [first]
    while looks[-1] < most:
        looks.append(min(most, math.ceil(GROWTH * looks[-1])))
    return looks


def nominal_levels(shares: Sequence[float], level: float = 0.05) -> list[float]:
    """The level of the test at each look, so that the chance of any false finding over all looks is ``level``.

    The statistic is a mean of independent repeats over its standard error. Until a look
    ``level * log(1 + (e - 1) * share)`` is spent, about as much at each as Pocock's bounds do, so that neither the
    number nor the times of the looks need be fixed: where the search stops early, less is spent. The same levels hold,
    with a small error on the safe side, for statistics that are more strongly correlated from look to look, as where
    all repeats share a test split.

    Args:
        shares: the share of all repeats at each look, ascending, above 0 and at most 1.
        level: of all looks together, between 0 and 1.

    Returns:
        A two-sided level per look.

    Raises:
        InvalidArgument: for shares that do not ascend.

    Source: Lan and DeMets 1983, "Discrete sequential boundaries for clinical trials"; the recursion is that of
    Armitage, McPherson and Rowe 1969, "Repeated significance tests on accumulating data".

    Example:
        >>> [round(value, 3) for value in nominal_levels([0.2, 0.4, 0.6, 0.8, 1.0])]
        [0.015, 0.015, 0.016, 0.017, 0.017]
    """
    level = check_number("level", level, above=0, below=1)
    ends = [0.0, *shares]
    if any(after <= before for before, after in itertools.pairwise(ends)) or ends[-1] > 1.0:
        raise InvalidArgument("shares", list(shares), "ascending, above 0 and at most 1")
    return list(_nominal_levels(tuple(shares), level))


@functools.lru_cache(maxsize=256)
def _nominal_levels(shares: tuple[float, ...], level: float) -> tuple[float, ...]:
    """The levels, one look after another.

    ``density`` is that of the sum of the repeats (Brownian motion at time ``share``) where no look has found anything,
    at ``points``; the sums beyond the bound of a look are cut off.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr
    from scipy.stats import norm

    levels, spent, before = [], 0.0, 0.0
    points, density = np.zeros(1), np.ones(1)  # at the start the sum is 0
    for share in shares:
        step, target = math.sqrt(share - before), level * math.log(1.0 + (math.e - 1.0) * share) - spent

        def excess(bound: float, step: float = step, points: Any = points, density: Any = density) -> float:
            return float(density @ (ndtr((points - bound) / step) + ndtr((-bound - points) / step)))

        bound = brentq(lambda bound, excess=excess, target=target: excess(bound) - target, 0.0, 10.0 * math.sqrt(share))
        levels.append(2.0 * float(norm.sf(bound / math.sqrt(share))))
        spent, before = spent + target, share
        count = 2 * math.ceil(bound / (GRID * step)) + 1
        after, weights = np.linspace(-bound, bound, count), np.full(count, 2.0 * bound / (count - 1))
        weights[1:-1:2] *= 4.0 / 3.0  # Simpson's rule
        weights[2:-1:2] *= 2.0 / 3.0
        weights[[0, -1]] /= 3.0
        kernel = norm.pdf((after[:, None] - points) / step) / step
        points, density = after, weights * (kernel @ density)
    return tuple(levels)
