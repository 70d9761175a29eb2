"""From the training values of one input to its Feature: statistics, vocabulary, and what stands for a missing value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .feature import MISSING, Feature
from .moments import chunks, moments

__all__ = ["ABSENT", "describe", "missing_values"]

SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0)
"""What datasets write for a missing number, if all other values are larger and either none of them is negative or the
sentinel is a fifth of all."""
ABSENT = frozenset({"", "?", "na", "n/a", "nan", "none", "null", "unknown", "missing"})
"""What datasets write for a missing string, in lower case. It is a category like any other."""

WORDS = 20_000
"""The most words of a text's vocabulary."""
LONGEST = 256
"""The most words of a text that are read."""
VALUES = 1_000
"""The most values of a category; rarer ones are taken together."""
ALL_VALUES = 32
"""Up to so many values a category keeps all; of more, those seen at least twice."""


def describe(name: str, kind: str, values: Any, *, classes: int = 0, sole: bool = False) -> Feature | None:
    """What a model has to know about one input.

    Args:
        name: of the input.
        kind: "number", "category", "text", "vector", "sequence", "image", or "string": a category or a text, whatever
            its values look like.
        values: of the training split, all finite but for missing numbers.
        classes: of a category of whole numbers, how many there are: 0..classes-1; 0 to look.
        sole: whether it is the only input; then strings are texts.

    Returns:
        The Feature; None for strings of which hardly two are equal and that are no texts: nothing can be learned there.
    """
    dtype = "string" if values.dtype == object else values.dtype.name
    if kind == "string":
        kind = "text" if sole or _are_texts(values) else "category"
    if kind == "text":
        words = np.concatenate([[len(str(text).split()) for text in part] for part in chunks(values)])
        length = int(min(max(np.ceil(np.percentile(words, 95)), 1), LONGEST))
        return Feature(name, "text", dtype=dtype, vocabulary=_words(values), length=length)
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
        largest = max((float(part.max()) for part in chunks(values)), default=0.0)
        high = largest if largest > 0 else (255.0 if values.dtype == np.uint8 else 1.0)
    return Feature(name, kind, shape, dtype, mean, variance, high=high)


def missing_values(feature: Feature, values: np.ndarray) -> int:
    """How many of the values are missing: those that the Feature says, or strings that mean it."""
    if feature.missing is not None:
        missing = np.isnan(values) if feature.missing == MISSING else values == feature.missing
        return int(missing.sum())
    if feature.kind == "category" and feature.dtype == "string":
        return sum(str(value).strip().lower() in ABSENT for value in values)
    return 0


def _number(name: str, values: np.ndarray, dtype: str) -> Feature:
    numbers = np.asarray(values).astype(np.float64)
    absent = np.isnan(numbers)
    missing: float | str | None = MISSING if absent.any() else None
    if missing is None and dtype != "bool" and len(numbers):
        lowest = float(numbers.min())
        if lowest in SENTINELS:
            absent = numbers == lowest
            usual = numbers[~absent].min(initial=np.inf) >= 0 or absent.mean() >= 0.2
            if absent.sum() > 1 and not absent.all() and usual:
                missing = lowest
            else:
                absent[:] = False
    present = numbers[~absent]
    if not len(present):
        present = np.zeros(1)
    mean, variance = moments(present[:, np.newaxis])
    return Feature(name, "number", (), dtype, mean, variance, missing=missing)


def _are_texts(values: Any) -> bool:
    """Whether the strings are sentences: hardly two are equal, and most have several words."""
    some = [str(value) for value in values[: min(len(values), 5000)]]
    several = np.mean([len(each.split()) for each in some])
    return bool(several >= 3 and len(set(some)) > len(some) / 2)


def _values(values: Any) -> tuple[Any, ...]:
    """The values of a category, most frequent first."""
    counts: Counter[Any] = Counter()
    for part in chunks(values):
        counts.update(part.tolist())
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    if len(ordered) > ALL_VALUES:
        ordered = [value for value in ordered if counts[value] > 1][:VALUES]
    if ordered and isinstance(ordered[0], (bool, float)):
        ordered = [int(value) for value in ordered if not (isinstance(value, float) and math.isnan(value))]
    return tuple(ordered)


def _words(values: Any) -> tuple[str, ...]:
    """The words of texts as Keras splits them, most frequent first."""
    import keras
    import tensorflow as tf

    layer = keras.layers.TextVectorization(max_tokens=WORDS)

    def parts() -> Iterator[np.ndarray]:
        for part in chunks(values):
            yield part.astype(str)

    layer.adapt(tf.data.Dataset.from_generator(parts, output_signature=tf.TensorSpec((None,), tf.string)))
    words = layer.get_vocabulary(include_special_tokens=False)
    if not words:
        raise InvalidArgument("features", "text", "with words in it: all texts of the training split are empty")
    return tuple(str(word) for word in words)
