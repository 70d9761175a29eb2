"""Columns that alone predict the target almost perfectly: often they were recorded after the fact."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .named_arrays import Inputs
from .spec import Spec

__all__ = ["alone", "warn_of_leaks"]

ACCURACY = 0.97
"""A column that reaches this accuracy alone (or, for regression, share of variance explained) is suspect."""
BINS = 32
MOST = 20_000
"""Maximum number of examples to check."""
FEWEST = 20
"""Minimum number of examples to check. With fewer, a boolean column of noise would be suspect in more than 2 of 1000
cases; with 8, in 50."""


def warn_of_leaks(spec: Spec, x: Inputs, y: np.ndarray) -> None:
    """Warns of each number or category of a record that alone predicts the target almost perfectly.

    Args:
        spec: the Spec of the data.
        x, y: the training split.

    Example:
        >>> warn_of_leaks(spec, *data.arrays("train"))        # doctest: +SKIP
    """
    if y.ndim > 1 or len(y) < FEWEST:
        return
    chance = 0.0 if spec.task == "regression" else np.bincount(y[:MOST]).max() / len(y[:MOST])
    for feature in spec.features:
        if feature.kind not in ("number", "category"):
            continue
        score = alone(x[feature.name][:MOST], y[:MOST], classes=spec.task != "regression")
        if score >= ACCURACY and 1 - score <= (1 - chance) / 4:
            measure = "accuracy" if spec.task != "regression" else "share of the variance explained"
            warnings.warn(
                f"dataset {spec.name!r}: column {feature.name!r} alone predicts the target almost perfectly ({measure}"
                f" {score:.3f}); if it would not be known when predicting, leave it out: exclude=[{feature.name!r}]",
                UserWarning,
                stacklevel=6,
            )


def alone(values: Any, y: np.ndarray, *, classes: bool) -> float:
    """How well one column predicts the target: a table of its values, fitted on every other example.

    Args:
        values: shape (n,).
        y: shape (n,), classes or numbers.
        classes: whether y holds classes.

    Returns:
        On the other half: the accuracy of predicting the most frequent class of each value, or the share of variance
        explained by the mean of each value. Numbers with more than 32 values are binned into bins of equal size.

    Example:
        >>> alone(np.arange(8) // 2 % 2, np.arange(8) // 2 % 2, classes=True)
        1.0
    """
    if values.dtype != object and len(np.unique(values)) > BINS:
        numbers = np.asarray(values, np.float64)
        known = ~np.isnan(numbers)
        edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BINS + 1)[1:-1]))
        values = np.where(known, np.searchsorted(edges, numbers) + 1, 0)  # missing ones get a separate bin
    _, codes = np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)
    learn, judge = slice(0, None, 2), slice(1, None, 2)
    if classes:
        table = np.zeros((codes.max() + 1, y.max() + 1))
        np.add.at(table, (codes[learn], y[learn]), 1)
        unseen = np.bincount(y[learn]).argmax()
        answers = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), unseen)
        return float((answers[codes[judge]] == y[judge]).mean())
    size = np.bincount(codes[learn], minlength=codes.max() + 1)
    total = np.bincount(codes[learn], weights=y[learn], minlength=codes.max() + 1)
    answers = np.where(size > 0, total / np.maximum(size, 1), y[learn].mean())
    spread = float(np.var(y[judge]))
    return 1.0 - float(np.mean((answers[codes[judge]] - y[judge]) ** 2)) / spread if spread > 0 else 0.0
