"""median_and_spread: statistics of columns that outliers do not move."""

from __future__ import annotations

from typing import Any

import numpy as np

from .deviations import as_number, deviations

__all__ = ["VALUES", "median_and_spread", "sample"]

VALUES = 4_000_000
"""Maximum number of values that are read for quantiles, but at least :data:`ROWS` rows."""

ROWS = 1_000

NORMAL = 1.349
"""The interquartile range of the standard normal distribution."""


def median_and_spread(x: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The median and the spread of each column.

    The spread is the interquartile range divided by 1.349: of normally distributed values, the standard deviation.
    Where more than a quarter of the values equal the median (a column of mostly zeros), it is at least the median
    distance of the others from the median.

    Args:
        x: numbers of shape (n, columns), finite, in memory or :class:`~recipes.data.disk.stored.Stored`. Of more than 4
            million values, a random sample of the rows is read, always the same one.

    Returns:
        (medians, spreads) as Python numbers. The median is one of the values. The spread of a constant is 1.0, never 0.

    Example:
        >>> median_and_spread(np.array([[1.0], [2.0], [3.0], [4.0], [1e9]]))
        ((3.0,), (1.4825796886582654,))
    """
    rows = sample(x)
    middle = np.partition(rows, len(rows) // 2, axis=0)[len(rows) // 2]
    distances = deviations(rows, middle)
    low, high = np.quantile(distances, [0.25, 0.75], axis=0)
    spread = (high - low) / NORMAL
    rounding = np.finfo(np.float64).eps * np.abs(middle.astype(np.float64)) * (rows.dtype.kind == "f")
    distances = np.abs(distances, out=distances)
    for column in np.flatnonzero((distances <= rounding).sum(axis=0) > len(rows) / 4):
        others = distances[distances[:, column] > rounding[column], column]
        spread[column] = max(spread[column], np.median(others) if len(others) else 1.0)
    return tuple(as_number(value) for value in middle), tuple(spread.tolist())


def sample(x: Any) -> np.ndarray:
    """At most :data:`VALUES` values of the columns, in whole rows drawn with a fixed seed; (rows, columns)."""
    width = x.shape[-1]
    most = max(ROWS, VALUES // width)
    if len(x) <= most:
        return np.asarray(x).reshape(-1, width)
    return np.asarray(x[np.sort(np.random.default_rng(0).choice(len(x), most, replace=False))]).reshape(-1, width)
