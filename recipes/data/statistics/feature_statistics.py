"""describe: the Feature of an input from its training values: statistics, vocabulary and missing values."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ..disk.stored import Stored
from ..feature import MISSING, Feature
from ..strings.date_strings import dates_in
from ..strings.number_strings import numbers_in
from ..strings.tokens import parts_of
from .column_statistics import column_statistics
from .moments import chunks, moments
from .spread import median_and_spread
from .text_statistics import text_statistics

__all__ = ["ABSENT", "describe", "measured", "missing_mask", "missing_values"]

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


def describe(
    name: str, kind: str, values: Any, *, classes: int = 0, sole: bool = False, format: str = ""
) -> Feature | None:
    """The Feature of one input.

    Args:
        name: name of the input.
        kind: "number", "category", "date", "text", "vector", "sequence", "image", or "string": a category or a text,
            judged by its values.
        values: training values, all finite but for missing numbers.
        classes: number of values of a category of whole numbers 0..classes-1; 0 to read them from ``values``.
        sole: whether it is the only input; then strings are texts.
        format: of strings that are numbers or dates; see :class:`~recipes.data.feature.Feature`.

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
        return _number(name, values, dtype, format)
    if kind == "date":
        return _date(name, values, format)
    shape: tuple[int | None, ...] = tuple(values.shape[1:])
    if kind == "vector":
        mean, variance, median, spread = column_statistics(values)
        return Feature(name, kind, shape, dtype, mean, variance, median=median, spread=spread)
    mean, variance = moments(values)
    low = high = None
    if kind == "image":
        largest = max((float(chunk.max()) for chunk in chunks(values)), default=0.0)
        low = min((float(chunk.min()) for chunk in chunks(values)), default=0.0)
        high = largest if largest > 0 else (255.0 if values.dtype == np.uint8 else 1.0)
    return Feature(name, kind, shape, dtype, mean, variance, low=low, high=high)


def measured(feature: Feature, values: Any) -> np.ndarray:
    """The values of a number or a date (in days since 1970) as numbers: float64 with NaN for strings without one."""
    if feature.dtype != "string":
        return np.asarray(values)
    parts = [chunk.tolist() for chunk in chunks(values)]
    if feature.kind == "number":
        return np.concatenate([numbers_in(texts, feature.format) for texts in parts])
    return np.concatenate([dates_in(texts, feature.format)[0] for texts in parts])


def missing_values(feature: Feature, values: np.ndarray) -> int:
    """The number of missing values: see :func:`missing_mask`."""
    return int(missing_mask(feature, values).sum())


def missing_mask(feature: Feature, values: np.ndarray) -> np.ndarray:
    """Which values are missing: those equal to ``feature.missing``, or strings in :data:`ABSENT`."""
    if feature.missing is not None:
        numbers = measured(feature, values)
        return np.isnan(numbers) if feature.missing == MISSING else numbers == feature.missing
    if feature.kind == "category" and feature.dtype == "string":
        return np.array([str(value).strip().lower() in ABSENT for value in values], bool)
    return np.zeros(len(values), bool)


def _number(name: str, values: Any, dtype: str, format: str) -> Feature:
    if isinstance(values, Stored) and not format:
        feature = _number_on_disk(name, values, dtype)
        if feature is not None:
            return feature
    texts = format and [numbers_in(chunk.tolist(), format) for chunk in chunks(values)]
    read = np.concatenate(texts) if texts else np.asarray(values)
    numbers = read.astype(np.float64)
    absent = np.isnan(numbers)
    missing: float | str | None = MISSING if absent.any() else None
    if missing is None and dtype != "bool" and len(numbers):
        missing = _sentinel(numbers)
        absent = numbers == missing if missing is not None else absent
    statistics = _statistics(_as_table((read if read.dtype == np.int64 else numbers)[~absent]))
    return Feature(name, "number", (), dtype, missing=missing, format=format, **statistics)


def _number_on_disk(name: str, values: Stored, dtype: str) -> Feature | None:
    """The Feature of numbers that are read in parts; None if the smallest may stand for a missing one."""
    absent = np.concatenate([np.isnan(chunk) for chunk in chunks(values)])
    present = values.select(np.flatnonzero(~absent)) if absent.any() else values
    if absent.all() or (present is values and dtype != "bool" and _lowest(values) in SENTINELS):
        return None
    column = (present if dtype == "int64" else present.astype(np.float64)).as_table()
    return Feature(name, "number", (), dtype, missing=MISSING if absent.any() else None, **_statistics(column))


def _lowest(values: Any) -> float:
    return float(min(chunk.min() for chunk in chunks(values)))


def _date(name: str, values: Any, format: str) -> Feature:
    read = [dates_in(chunk.tolist(), format) for chunk in chunks(values)]
    days = np.concatenate([some for some, _ in read])
    parts = {part: np.concatenate([some[part] for _, some in read]) for part in read[0][1]}
    absent = np.isnan(days)
    varying = [part for part, positions in parts.items() if _varies(part, positions[~absent])]
    missing = MISSING if absent.any() else None
    options: dict[str, Any] = {"missing": missing, "format": format, "parts": tuple(varying)}
    return Feature(name, "date", (), "string", **options, **_statistics(_as_table(days[~absent])))


def _varies(part: str, positions: np.ndarray) -> bool:
    """Whether a part of a date varies; days of a month are no other month."""
    steps = np.floor(positions * 12 + 1e-9) if part == "month" else positions
    return bool(len(steps) and (steps != steps[0]).any())


def _as_table(present: np.ndarray) -> np.ndarray:
    return (present if len(present) else np.zeros(1))[:, np.newaxis]


def _statistics(column: Any) -> dict[str, Any]:
    """The statistics of a number's Feature, of the values that are not missing, shape (n, 1)."""
    mean, variance = moments(column)
    median, spread = median_and_spread(column)
    return {"mean": mean, "variance": variance, "median": median, "spread": spread}


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
