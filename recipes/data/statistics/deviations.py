"""deviations: distances from a point, without the rounding errors of large numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["EXACT", "as_number", "deviations"]

EXACT = 2.0**53
"""Whole numbers up to this size are exact in float64."""


def deviations(values: np.ndarray, origin: Any) -> np.ndarray:
    """``values - origin`` in float64.

    Args:
        values: numbers of any type. Whole numbers beyond 2^53 are subtracted as such: float64 would round them first.
        origin: of the type of ``values``, one number or one per column.

    Example:
        >>> deviations(np.array([2**60 + 1, 2**60 - 3]), 2**60).tolist()
        [1.0, -3.0]
    """
    distances = values.astype(np.float64) - np.asarray(origin).astype(np.float64)
    if values.dtype.kind not in "iu":
        return distances
    with np.errstate(over="ignore"):  # a difference that wraps around is not used
        near = values.astype(np.int64) - np.asarray(origin).astype(np.int64)
    return np.where(np.abs(distances) < EXACT, near.astype(np.float64), distances)


def as_number(value: Any) -> float:
    """A NumPy number as a float, or as an int where a float would round it.

    Example:
        >>> as_number(np.int64(3)), as_number(np.int64(2**53 + 1))
        (3.0, 9007199254740993)
    """
    number = value.item()
    return float(number) if float(number) == number else number
