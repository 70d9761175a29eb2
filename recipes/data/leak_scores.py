"""How well one column and the target predict each other, by tables of their values."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["alone", "codes_of", "from_target", "known_alone"]

BINS = 32
CHANCE = 1e-6
"""The known values of a column decide the target only where chance would do as well less often than this."""


def alone(values: Any, y: np.ndarray, *, classes: bool) -> float:
    """How well one column predicts the target: a table of its values, fitted on every other example.

    Args:
        values: shape (n,).
        y: shape (n,), classes or numbers.
        classes: whether y holds classes.

    Returns:
        On the other half: the accuracy of predicting the most frequent class of each value, or the share of variance
        explained by the mean of each value. Numbers with more than 32 values are also put into bins of equal size; the
        better of the two scores counts.

    Example:
        >>> alone(np.arange(8) // 2 % 2, np.arange(8) // 2 % 2, classes=True)
        1.0
    """
    codes = codes_of(values)
    scores = [_score(codes, y, classes)]
    if values.dtype != object and codes.max() >= BINS:
        numbers = np.asarray(values, np.float64)
        known = ~np.isnan(numbers)
        edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BINS + 1)[1:-1]))
        scores.append(_score(np.where(known, np.searchsorted(edges, numbers) + 1, 0), y, classes))
    return max(scores)


def known_alone(values: Any, missing: np.ndarray, y: np.ndarray, *, classes: bool) -> float:
    """The same among the examples in which the column is known; 0 where they are no better than chance.

    Args:
        values, missing: shape (n,).
        y: shape (n,), classes or numbers.
        classes: whether y holds classes.

    Returns:
        The score of :func:`alone` among the known ones, or the share of their commonest class if that is higher. For
        classes it has to be so good that as many right answers would be luck in less than 1 of a million cases, were
        the commonest class as frequent as among all examples.

    Example:
        >>> y = np.arange(100) % 2
        >>> known_alone(np.where(np.arange(100) % 4 == 1, 7.0, np.nan), np.arange(100) % 4 != 1, y, classes=True)
        1.0
    """
    from scipy.stats import binom

    known = ~missing
    score = alone(values[known], y[known], classes=classes)
    if not classes:
        return score
    sizes = np.bincount(y[known])
    chance = float(np.bincount(y)[sizes.argmax()] / len(y))
    same = float(sizes.max() / sizes.sum())  # all of one class, whatever the value
    score, count = (same, int(sizes.sum())) if same >= score else (score, int(sizes.sum()) // 2)
    luck = binom.sf(round(score * count) - 1, count, chance)
    return score if luck < CHANCE and 1 - score <= (1 - chance) / 4 else 0.0


def from_target(values: Any, y: np.ndarray) -> tuple[float, int, float]:
    """How well the class predicts the value of a column.

    Args:
        values: shape (n,), a category or whole numbers.
        y: shape (n,), classes.

    Returns:
        (accuracy on every other example, number of different values, share of the commonest value).

    Example:
        >>> accuracy, different, share = from_target(np.arange(12) % 6 // 2, np.arange(12) % 6)
        >>> accuracy, different, round(share, 2)
        (1.0, 3, 0.33)
    """
    codes = codes_of(values)
    sizes = np.bincount(codes)
    return _score(y, codes, classes=True), len(sizes), float(sizes.max() / len(codes))


def codes_of(values: Any) -> np.ndarray:
    """The positions of the values among the sorted different ones; missing numbers share one.

    Example:
        >>> codes_of(np.array([2.5, np.nan, 1.0, np.nan])).tolist()
        [1, 2, 0, 2]
    """
    return np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)[1]


def _score(codes: np.ndarray, y: np.ndarray, classes: bool) -> float:
    learn, judge = slice(0, None, 2), slice(1, None, 2)
    if classes:
        answers = _commonest(codes, y)
        return float((answers[judge] == y[judge]).mean())
    size = np.bincount(codes[learn], minlength=codes.max() + 1)
    total = np.bincount(codes[learn], weights=y[learn], minlength=codes.max() + 1)
    means = np.where(size > 0, total / np.maximum(size, 1), y[learn].mean())
    spread = float(np.var(y[judge]))
    return 1.0 - float(np.mean((means[codes[judge]] - y[judge]) ** 2)) / spread if spread > 0 else 0.0


def _commonest(codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each example, the most frequent class of its code among every other example; the least of equally many."""
    width = int(y.max()) + 1
    pairs, counts = np.unique(codes[::2].astype(np.int64) * width + y[::2], return_counts=True)
    answers = np.full(int(codes.max()) + 1, np.bincount(y[::2]).argmax())
    order = np.lexsort((-pairs, counts))  # the last of a code wins
    answers[pairs[order] // width] = pairs[order] % width
    return answers[codes]
