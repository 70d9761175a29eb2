"""window: axis limits that leave out outliers; strip: numbers as dots in a line of text."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

__all__ = ["STRIP", "strip", "window"]

STRIP = 12
"""The characters of a :func:`strip`."""


def window(values: Iterable[float], higher_is_better: bool, margin: float = 0.06) -> tuple[float, float] | None:
    """Axis limits that leave out outliers, so that one failed arm does not squeeze all others together.

    Args:
        values: the numbers to show; those that are not finite are ignored.
        higher_is_better: outliers are dropped at the low end if True, else at the high end.
        margin: empty space at both ends, as a fraction of the range. Default 0.06.

    Returns:
        The lower and the upper limit. With five or more values, those further than three interquartile ranges beyond
        the worse quartile are left out. None if no value is finite.
    """
    finite = np.asarray([value for value in values if math.isfinite(value)], float)
    if not len(finite):
        return None
    low, high = finite.min(), finite.max()
    if len(finite) >= 5:
        first, third = np.quantile(finite, [0.25, 0.75])
        reach = 3 * max(third - first, 1e-3 * abs(third))
        low = max(low, first - reach) if higher_is_better else low
        high = high if higher_is_better else min(high, third + reach)
        inside = finite[(finite >= low) & (finite <= high)]
        low, high = inside.min(), inside.max()
    space = margin * (high - low) if high > low else max(0.01 * abs(high), 1e-6)
    return float(low - space), float(high + space)


def strip(values: Iterable[float], ends: tuple[float, float]) -> str:
    """Numbers as dots on a line of 12 characters from the lower to the upper limit; "" if none is finite.

    A small dot is one number, a large one several; an arrow at an end stands for numbers beyond it.

    Example:
        >>> strip([0.0, 0.5, 0.52, 2.0], (0.0, 1.0))
        '•·····●····▸'
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, high = ends
    places = [round((value - low) / (high - low) * (STRIP - 1)) for value in finite]
    line = ["·●•"[(places.count(place) == 1) + (places.count(place) > 0)] for place in range(STRIP)]
    if min(places) < 0:
        line[0] = "◂"
    if max(places) >= STRIP:
        line[-1] = "▸"
    return "".join(line)
