"""describe: the Feature of an input from its training values: statistics, vocabulary and missing values."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from .feature import MISSING, Feature
from .moments import chunks, moments
from .spread import median_and_spread
from .text_statistics import text_statistics
from .tokens import parts_of

__all__ = ["ABSENT", "describe", "missing_mask", "missing_values"]

SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0)
"""Numbers that may stand for a missing one: see :func:`_sentinel`."""
OTHERS = 10
"""Minimum number of other values of a column in which -1 means missing: with fewer, -1 is a step of a scale."""
ABSENT = frozenset({"", "?", "na", "n/a", "nan", "none", "null", "unknown", "missing"})
"""Strings that stand for a missing one, in lower case. They are categories like any other."""

VALUES = 1_000
"""Maximum number of values of a category; rarer ones share one code."""
ALL_VALUES = 32
"""A category of up to this many values keeps all of them; a larger one only those seen at least twice."""


def describe(name: str, kind: str, values: Any, *, classes: int = 0, sole: bool = False) -> Feature | None:
    """The Feature of one input.

    Args:
        name: name of the input.
        kind: "number", "category", "text", "vector", "sequence", "image", or "string": a category or a text, judged by
            its values.
        values: training values, all finite but for missing numbers.
        classes: number of values of a category of whole numbers 0..classes-1; 0 to read them from ``values``.
        sole: whether it is the only input; then strings are texts.

    Returns:
        The Feature; None for a category of more than 32 values that are all different: there is nothing to learn.
    """
    dtype = "string" if values.dtype == object else values.dtype.name
    if kind == "string":
        kind = "text" if sole or _are_texts(values) else "category"
    if kind == "text":
        return Feature(name, "text", dtype=dtype, **text_statistics(values))
    if kind == "category":
        if classes:
            return Feature(name, "category", dtype=dtype, vocabulary=tuple(range(classes)))
        vocabulary = _values(values)
        return Feature(name, "category", dtype=dtype, vocabulary=vocabulary) if vocabulary else None
    if kind == "number":
        return _number(name, values, dtype)
    shape: tuple[int | None, ...] = tuple(values.shape[1:])
    mean, variance = moments(values)
    high = None
    if kind == "image":
        largest = max((float(chunk.max()) for chunk in chunks(values)), default=0.0)
        high = largest if largest > 0 else (255.0 if values.dtype == np.uint8 else 1.0)
    median, spread = median_and_spread(values) if kind == "vector" else ((), ())
    return Feature(name, kind, shape, dtype, mean, variance, high=high, median=median, spread=spread)


def missing_values(feature: Feature, values: np.ndarray) -> int:
    """The number of missing values: see :func:`missing_mask`."""
    return int(missing_mask(feature, values).sum())


def missing_mask(feature: Feature, values: np.ndarray) -> np.ndarray:
    """Which values are missing: those equal to ``feature.missing``, or strings in :data:`ABSENT`."""
    if feature.missing is not None:
        return np.isnan(values) if feature.missing == MISSING else values == feature.missing
    if feature.kind == "category" and feature.dtype == "string":
        return np.array([str(value).strip().lower() in ABSENT for value in values], bool)
    return np.zeros(len(values), bool)


def _number(name: str, values: np.ndarray, dtype: str) -> Feature:
    numbers = np.asarray(values).astype(np.float64)
    absent = np.isnan(numbers)
    missing: float | str | None = MISSING if absent.any() else None
    if missing is None and dtype != "bool" and len(numbers):
        missing = _sentinel(numbers)
        absent = numbers == missing if missing is not None else absent
    exact = values if values.dtype == np.int64 else numbers
    present = (exact[~absent] if not absent.all() else np.zeros(1))[:, np.newaxis]
    mean, variance = moments(present)
    median, spread = median_and_spread(present)
    return Feature(name, "number", (), dtype, mean, variance, missing=missing, median=median, spread=spread)


def _sentinel(numbers: np.ndarray) -> float | None:
    """The number that stands for missing ones, or None.

    It is the smallest value, one of :data:`SENTINELS`, and there at least twice. -1 has to be the only negative number,
    beside 10 or more others, and at least twice as frequent as they usually are: it is no missing value in {-1, 0, 1},
    nor among degrees from -1 to 30. For the other sentinels, no other number is negative, or they are a fifth of all.
    """
    lowest = float(numbers.min())
    absent = numbers == lowest
    if lowest not in SENTINELS or absent.sum() < 2 or absent.all():
        return None
    others, counts = np.unique(numbers[~absent], return_counts=True)
    if lowest == -1:
        usual = others[0] >= 0 and len(others) >= OTHERS and absent.sum() >= 2 * np.median(counts)
    else:
        usual = others[0] >= 0 or absent.mean() >= 0.2
    return lowest if usual else None


def _are_texts(values: Any) -> bool:
    """Whether the strings are sentences: more than half are different, with 3 or more words on average."""
    sample = [str(value) for value in values[: min(len(values), 5000)]]
    words = np.mean([parts_of(text) for text in sample])
    return bool(words >= 3 and len(set(sample)) > len(sample) / 2)


def _values(values: Any) -> tuple[Any, ...]:
    """The values of a category, most frequent first."""
    counts: Counter[Any] = Counter()
    for chunk in chunks(values):
        counts.update(chunk.tolist())
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    if len(ordered) > ALL_VALUES:
        ordered = [value for value in ordered if counts[value] > 1][:VALUES]
    if ordered and isinstance(ordered[0], (bool, float)):
        ordered = [int(value) for value in ordered if not (isinstance(value, float) and math.isnan(value))]
    return tuple(ordered)
