"""column_statistics: mean, variance, median and spread of each column of a table, without missing values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .moments import chunks, moments
from .spread import median_and_spread

__all__ = ["column_statistics", "missing_columns"]

Statistics = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...]]


def column_statistics(x: Any) -> Statistics:
    """The statistics of each column.

    Args:
        x: numbers of shape (n, columns), in memory or on disk; NaN is a missing value.

    Returns:
        (means, variances, medians, spreads) as Python numbers: see :func:`~recipes.data.statistics.moments.moments` and
        :func:`~recipes.data.statistics.spread.median_and_spread`. Of a column without values, those of zeros.

    Example:
        >>> column_statistics(np.array([[1.0, np.nan], [3.0, 5.0]]))[:2]
        ((2.0, 5.0), (1.0, 1.0))
    """
    places = missing_columns(x)
    if not places:
        return (*moments(x), *median_and_spread(x))
    table = np.asarray(x)
    statistics = [list(values) for values in (*moments(_filled(table)), *median_and_spread(_filled(table)))]
    for place in places:
        column = table[:, place]
        present = column[~np.isnan(column)][:, np.newaxis]
        present = present if len(present) else np.zeros((1, 1), table.dtype)
        for values, (value,) in zip(statistics, (*moments(present), *median_and_spread(present)), strict=True):
            values[place] = value
    mean, variance, median, spread = map(tuple, statistics)
    return mean, variance, median, spread


def missing_columns(x: Any) -> tuple[int, ...]:
    """The positions of the columns with missing values, that is NaN; arrays on disk have none.

    Example:
        >>> missing_columns(np.array([[1.0, np.nan], [3.0, 5.0]])), missing_columns(np.ones((2, 2), int))
        ((1,), ())
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        return ()
    missing = np.any([np.isnan(chunk).any(axis=0) for chunk in chunks(x)], axis=0)
    return tuple(np.flatnonzero(missing).tolist())


def _filled(table: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(table), table.dtype.type(0), table)
