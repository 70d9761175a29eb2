"""Means, variances and checks of arrays, in float64, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from .deviations import as_number, deviations
from .spread import sample

__all__ = ["check_finite", "chunks", "moments"]

CHUNK = 1024  # images at a time, or fewer large ones
VALUES = 2**23  # of images at a time
ROWS = 65_536  # rows of a table at a time


def chunks(values: Any) -> Iterator[np.ndarray]:
    """Yields the values chunk by chunk, from memory or from disk; at least one chunk.

    Example:
        >>> [len(chunk) for chunk in chunks(np.zeros(70_000))]
        [65536, 4464]
    """
    size = max(1, min(CHUNK, VALUES // max(1, int(np.prod(values.shape[1:]))))) if values.ndim > 2 else ROWS
    for start in range(0, max(len(values), 1), size):
        yield values[start : start + size]


def moments(x: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Population mean and variance over all axes but the last: per channel of images, per column of a table.

    Args:
        x: numbers of shape (n, ..., size), in memory or :class:`~recipes.data.disk.stored.Stored`.

    Returns:
        (means, variances) as Python numbers. uint8 is summed as whole numbers, without rounding before the final
        division; float64 and int64 are summed as distances from a typical value, so that large values do not cost
        digits. The mean of whole numbers beyond 2^53 is rounded to a whole number. The variance of a constant is 1.0,
        never 0, and of a column whose values differ by no more than float64 rounds.

    Example:
        >>> moments(np.array([[1.0, 5.0], [3.0, 5.0]], "float32"))
        ((2.0, 5.0), (1.0, 1.0))
    """
    width = x.shape[-1]
    if x.dtype == np.uint8:
        mean, variance = _byte_moments(x, width)
    elif x.dtype.itemsize == 8 and len(x):
        return _wide_moments(x, width)
    else:
        mean, variance = _moments(lambda: (chunk.reshape(-1, width) for chunk in chunks(x)))
    return tuple(mean.tolist()), tuple(np.where(variance > 0, variance, 1.0).tolist())


def _byte_moments(x: Any, width: int) -> tuple[np.ndarray, np.ndarray]:
    total = np.zeros(width, np.int64)
    squares = np.zeros(width, np.int64)
    for chunk in chunks(x):
        flat = chunk.reshape(-1, width)
        total += flat.sum(axis=0, dtype=np.int64)
        squares += (flat.astype(np.uint16) ** 2).sum(axis=0, dtype=np.int64)
    size = int(np.prod(x.shape[:-1], dtype=np.int64))
    variance = np.array([(size * int(s) - int(t) ** 2) / size**2 for s, t in zip(squares, total, strict=True)])
    return total / size, variance


def _wide_moments(x: Any, width: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Moments of float64 and int64, as distances from a typical value."""
    rows = sample(x)
    origin = np.partition(rows, len(rows) // 2, axis=0)[len(rows) // 2]
    distance, variance = _moments(lambda: (deviations(chunk.reshape(-1, width), origin) for chunk in chunks(x)))
    if x.dtype.kind == "f":
        noise = np.finfo(np.float64).eps * np.abs(origin)
        variance = np.where(variance > noise**2, variance, 0.0)
    starts = [as_number(value) for value in origin]
    mean = [
        start + (round(shift) if isinstance(start, int) else shift)
        for start, shift in zip(starts, distance.tolist(), strict=True)
    ]
    return tuple(mean), tuple(np.where(variance > 0, variance, 1.0).tolist())


def _moments(read: Callable[[], Iterator[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance in two passes: one pass over floats loses digits if the mean is large."""
    means = [(len(chunk), chunk.mean(axis=0, dtype=np.float64)) for chunk in read()]
    size = sum(count for count, _ in means)
    mean = means[0][1] if len(means) == 1 else sum(count * chunk_mean for count, chunk_mean in means) / size
    variance, low, high = np.zeros_like(mean), np.full_like(mean, np.inf), np.full_like(mean, -np.inf)
    for chunk in read():
        if len(means) == 1:
            variance = chunk.var(axis=0, dtype=np.float64)
        else:
            variance = variance + ((chunk - mean) ** 2).sum(axis=0) / size
        low, high = np.minimum(low, chunk.min(axis=0)), np.maximum(high, chunk.max(axis=0))
    return mean, np.where(low == high, 0.0, variance)


def check_finite(
    argument: str,
    split: str,
    values: Any,
    names: Sequence[str] = (),
    where: str = "",
    *,
    rows: np.ndarray | None = None,
    hint: str = "",
) -> None:
    """Refuses NaN and infinity.

    Args:
        argument: name of the values, for the message.
        split: split of the values, for the message.
        values: shape (n,) or (n, columns).
        names: names of the columns; without them, the message has a column's position.
        where: a description of the values instead of a column, e.g. "input 'sound'"; for values of any shape (n, ...).
        rows: the positions of the values' examples, if that are not 0, 1, 2, ...
        hint: what to do about it, for the end of the message.

    Raises:
        InvalidArgument: naming the first such column, the split, the number of values that are not finite, and the
            first example with one.

    Example:
        >>> check_finite("x", "train", np.array([[1.0], [np.nan]]), ["age"])
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: x must be finite: 1 of the 2 values of column 'age' in split 'train' is NaN or infinite, the first in row 2. Received: x=[nan]
    """  # noqa: E501
    if all(_all_finite(chunk) for chunk in chunks(values)):  # the usual case, without a temporary copy of everything
        return
    table = np.concatenate([chunk.reshape(len(chunk), -1) for chunk in chunks(values)])
    wrong = ~np.isfinite(table)
    first = int(np.flatnonzero(wrong.any(axis=1))[0]) if where else None
    if where:
        table, wrong = table.reshape(-1, 1), wrong.reshape(-1, 1)
    counts = wrong.sum(axis=0)
    column = int(np.flatnonzero(counts)[0])
    which = where or (f"column {names[column]!r}" if names else f"column {column}" if values.ndim > 1 else "the target")
    verb = "is" if counts[column] == 1 else "are"
    others = np.count_nonzero(counts) - 1
    more = f" (and so are some of {others} more column{'s' if others != 1 else ''})" if others else ""
    place = int(np.flatnonzero(wrong[:, column])[0]) if first is None else first
    row = place if rows is None else int(rows[place])
    raise InvalidArgument(
        argument,
        table[wrong[:, column], column][:3].tolist(),
        f"finite: {counts[column]} of the {len(table)} values of {which} in split {split!r} {verb} NaN or"
        f" infinite, the first in row {row + 1}{more}{hint}",
    )


def _all_finite(values: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)) or np.isfinite(values).all())
