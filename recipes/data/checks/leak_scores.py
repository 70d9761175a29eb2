"""How well one column and the target predict each other, by tables of their values."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["alone", "codes_of", "from_target", "halves", "known_alone"]

BINS = 32
CHANCE = 1e-6
"""The known values of a column decide the target only where chance would do as well less often than this."""


def alone(values: Any, y: np.ndarray, learn: np.ndarray, *, classes: bool) -> float:
    """How well one column predicts the target: a table of its values, fitted on half of the examples.

    Args:
        values: shape (n,).
        y: shape (n,), classes or numbers.
        learn: shape (n,), the half to fit it on: see :func:`halves`.
        classes: whether y holds classes.

    Returns:
        On the other half: the accuracy of predicting the most frequent class of each value, or the share of variance
        explained by the mean of each value. Numbers with more than 32 values are also put into bins of equal size; the
        better of the two scores counts.

    Example:
        >>> alone(np.arange(8) // 2 % 2, np.arange(8) // 2 % 2, halves(np.arange(8)), classes=True)
        1.0
    """
    codes = codes_of(values)
    scores = [_score(codes, y, learn, classes)]
    if values.dtype != object and codes.max() >= BINS:
        numbers = np.asarray(values, np.float64)
        known = ~np.isnan(numbers)
        edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BINS + 1)[1:-1]))
        scores.append(_score(np.where(known, np.searchsorted(edges, numbers) + 1, 0), y, learn, classes))
    return max(scores)


def known_alone(values: Any, missing: np.ndarray, y: np.ndarray, learn: np.ndarray, *, classes: bool) -> float:
    """The same among the examples in which the column is known; 0 where they are no better than chance.

    Args:
        values, missing: shape (n,).
        y: shape (n,), classes or numbers.
        learn: shape (n,), the half to fit a table on.
        classes: whether y holds classes.

    Returns:
        The score of :func:`alone` among the known ones, or the share of their commonest class if that is higher. For
        classes it has to be so good that as many right answers would be luck in less than 1 of a million cases, were
        the commonest class as frequent as among all examples.

    Example:
        >>> y, known, learn = np.arange(100) % 2, np.arange(100) % 4 == 1, halves(np.arange(100))
        >>> known_alone(np.where(known, 7.0, np.nan), ~known, y, learn, classes=True)
        1.0
    """
    from scipy.stats import binom

    known = ~missing
    score = alone(values[known], y[known], learn[known], classes=classes)
    if not classes:
        return score
    sizes = np.bincount(y[known])
    chance = float(np.bincount(y)[sizes.argmax()] / len(y))
    same = float(sizes.max() / sizes.sum())  # all of one class, whatever the value
    score, count = (same, int(sizes.sum())) if same >= score else (score, int((known & ~learn).sum()))
    luck = binom.sf(round(score * count) - 1, count, chance)
    return score if luck < CHANCE and 1 - score <= (1 - chance) / 4 else 0.0


def from_target(values: Any, y: np.ndarray, learn: np.ndarray) -> tuple[float, int, float]:
    """How well the class predicts the value of a column.

    Args:
        values: shape (n,), a category or whole numbers.
        y: shape (n,), classes.
        learn: shape (n,), the half to fit a table on.

    Returns:
        (accuracy on the other half, number of different values, share of the commonest value).

    Example:
        >>> accuracy, different, share = from_target(np.arange(24) % 6 // 2, np.arange(24) % 6, np.arange(24) < 12)
        >>> accuracy, different, round(share, 2)
        (1.0, 3, 0.33)
    """
    codes = codes_of(values)
    sizes = np.bincount(codes)
    return _score(y, codes, learn, True), len(sizes), float(sizes.max() / len(codes))


def codes_of(values: Any) -> np.ndarray:
    """The positions of the values among the sorted different ones; missing numbers share one.

    Example:
        >>> codes_of(np.array([2.5, np.nan, 1.0, np.nan])).tolist()
        [1, 2, 0, 2]
    """
    return np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)[1]


def halves(units: np.ndarray) -> np.ndarray:
    """Which examples a table is fitted on: every other one, or every other unit of those that belong together.

    Args:
        units: shape (n,), whole numbers, equal for examples that belong together.

    Example:
        >>> halves(np.array([7, 7, 2, 3, 2])).tolist()
        [True, True, True, False, True]
    """
    return np.unique(units, return_inverse=True)[1] % 2 == 0


def _score(codes: np.ndarray, y: np.ndarray, learn: np.ndarray, classes: bool) -> float:
    judge = ~learn
    if not learn.any() or not judge.any():
        return 0.0
    if classes:
        return float((_commonest(codes, y, learn)[judge] == y[judge]).mean())
    size = np.bincount(codes[learn], minlength=codes.max() + 1)
    total = np.bincount(codes[learn], weights=y[learn], minlength=codes.max() + 1)
    means = np.where(size > 0, total / np.maximum(size, 1), y[learn].mean())
    spread = float(np.var(y[judge]))
    return 1.0 - float(np.mean((means[codes[judge]] - y[judge]) ** 2)) / spread if spread > 0 else 0.0


def _commonest(codes: np.ndarray, y: np.ndarray, learn: np.ndarray) -> np.ndarray:
    """For each example, the most frequent class of its code among those to learn from; the least of equally many."""
    width = int(y.max()) + 1
    pairs, counts = np.unique(codes[learn].astype(np.int64) * width + y[learn], return_counts=True)
    answers = np.full(int(codes.max()) + 1, np.bincount(y[learn]).argmax())
    order = np.lexsort((-pairs, counts))  # the last of a code wins
    answers[pairs[order] // width] = pairs[order] % width
    return answers[codes]
