"""Means, variances and checks of arrays, in float64, without a float64 copy of a whole image dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument

__all__ = ["check_finite", "chunks", "moments"]

CHUNK = 1024  # images at a time
ROWS = 65_536  # rows of a table at a time


def chunks(values: Any) -> Iterator[np.ndarray]:
    """The values piece by piece, whether they are in memory or on disk; at least one piece.

    Example:
        >>> [len(part) for part in chunks(np.zeros(70_000))]
        [65536, 4464]
    """
    size = CHUNK if values.ndim > 2 else ROWS
    for start in range(0, max(len(values), 1), size):
        yield values[start : start + size]


def moments(x: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Population mean and variance over all axes but the last: per channel of images, per column of a table.

    Args:
        x: numbers of shape (n, ..., size), in memory or :class:`~recipes.data.stored.Stored`.

    Returns:
        (means, variances) as Python floats. uint8 is summed as whole numbers, so without any rounding before the last
        division. The variance of a constant is given as 1.0, never 0.

    Example:
        >>> moments(np.array([[1.0, 5.0], [3.0, 5.0]], "float32"))
        ((2.0, 5.0), (1.0, 1.0))
    """
    width = x.shape[-1]
    if x.dtype == np.uint8:
        total = np.zeros(width, np.int64)
        squares = np.zeros(width, np.int64)
        for part in chunks(x):
            flat = part.reshape(-1, width)
            total += flat.sum(axis=0, dtype=np.int64)
            squares += (flat.astype(np.uint16) ** 2).sum(axis=0, dtype=np.int64)
        size = int(np.prod(x.shape[:-1], dtype=np.int64))
        mean = total / size
        variance = np.array([(size * int(s) - int(t) ** 2) / size**2 for s, t in zip(squares, total, strict=True)])
    else:
        mean, variance = _moments(lambda: (part.reshape(-1, width) for part in chunks(x)))
    variance = np.where(variance > 0, variance, 1.0)
    return tuple(mean.tolist()), tuple(variance.tolist())


def _moments(parts: Callable[[], Iterator[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """In two passes: of floats one pass loses digits where the mean is large."""
    means = [(len(part), part.mean(axis=0, dtype=np.float64)) for part in parts()]
    size = sum(count for count, _ in means)
    mean = means[0][1] if len(means) == 1 else sum(count * each for count, each in means) / size
    variance, low, high = np.zeros_like(mean), np.full_like(mean, np.inf), np.full_like(mean, -np.inf)
    for part in parts():
        if len(means) == 1:
            variance = part.var(axis=0, dtype=np.float64)
        else:
            variance = variance + ((part - mean) ** 2).sum(axis=0) / size
        low, high = np.minimum(low, part.min(axis=0)), np.maximum(high, part.max(axis=0))
    return mean, np.where(low == high, 0.0, variance)


def check_finite(argument: str, split: str, values: Any, names: Sequence[str] = (), where: str = "") -> None:
    """Refuses NaN and infinity.

    Args:
        argument: what the values are called, for the message.
        split: the split they belong to, for the message.
        values: shape (n,) or (n, columns).
        names: of the columns; their position is named where there are none.
        where: what the values are, e.g. "input 'sound'", instead of a column; for values of any shape (n, ...).

    Raises:
        InvalidArgument: naming the first column concerned, the split and how many of its values are not finite.

    Example:
        >>> check_finite("x", "train", np.array([[1.0], [np.nan]]), ["age"])
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: x must be finite: 1 of the 2 values of column 'age' in split 'train' is NaN or infinite. Received: x=[nan]
    """  # noqa: E501
    if all(_all_finite(part) for part in chunks(values)):  # no temporary array of the whole for the usual case
        return
    table = np.concatenate([part.reshape(len(part), -1) for part in chunks(values)])
    wrong = ~np.isfinite(table)
    if where:
        table, wrong = table.reshape(-1, 1), wrong.reshape(-1, 1)
    counts = wrong.sum(axis=0)
    column = int(np.flatnonzero(counts)[0])
    which = where or (f"column {names[column]!r}" if names else f"column {column}" if values.ndim > 1 else "the target")
    verb = "is" if counts[column] == 1 else "are"
    others = np.count_nonzero(counts) - 1
    more = f" (and so are some of {others} more column{'s' if others != 1 else ''})" if others else ""
    raise InvalidArgument(
        argument,
        table[wrong[:, column], column][:3].tolist(),
        f"finite: {counts[column]} of the {len(table)} values of {which} in split {split!r} {verb} NaN or"
        f" infinite{more}",
    )


def _all_finite(values: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)) or np.isfinite(values).all())
