"""Means, variances and checks of arrays, in float64, without a float64 copy of a whole image dataset."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from callbacks.checks import InvalidArgument

__all__ = ["check_finite", "moments"]

CHUNK = 1024  # images at a time


def moments(x: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Population mean and variance over all axes but the last: per channel of images, per column of a table.

    Args:
        x: uint8 of shape (n, height, width, channels), or floats of shape (n, features).

    Returns:
        (means, variances) as Python floats. uint8 is summed as whole numbers, so without any rounding before the last
        division. The variance of a constant is given as 1.0, never 0.

    Example:
        >>> moments(np.array([[1.0, 5.0], [3.0, 5.0]], "float32"))
        ((2.0, 5.0), (1.0, 1.0))
    """
    if x.dtype == np.uint8:
        total = np.zeros(x.shape[-1], np.int64)
        squares = np.zeros(x.shape[-1], np.int64)
        for start in range(0, len(x), CHUNK):
            flat = x[start : start + CHUNK].reshape(-1, x.shape[-1])
            total += flat.sum(axis=0, dtype=np.int64)
            squares += (flat.astype(np.uint16) ** 2).sum(axis=0, dtype=np.int64)
        size = x.size // x.shape[-1]
        mean = total / size
        variance = np.array([(size * int(s) - int(t) ** 2) / size**2 for s, t in zip(squares, total, strict=True)])
    else:
        mean = x.mean(axis=0, dtype=np.float64)
        variance = x.var(axis=0, dtype=np.float64)
        variance = np.where(x.min(axis=0) == x.max(axis=0), 0.0, variance)
    variance = np.where(variance > 0, variance, 1.0)
    return tuple(mean.tolist()), tuple(variance.tolist())


def check_finite(argument: str, split: str, values: np.ndarray, names: Sequence[str] = ()) -> None:
    """Refuses NaN and infinity.

    Args:
        argument: what the values are called, for the message.
        split: the split they belong to, for the message.
        values: shape (n,) or (n, columns).
        names: of the columns; their position is named where there are none.

    Raises:
        InvalidArgument: naming the first column concerned, the split and how many of its values are not finite.

    Example:
        >>> check_finite("x", "train", np.array([[1.0], [np.nan]]), ["age"])
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: x must be finite: 1 of the 2 values of column 'age' in split 'train' is NaN or infinite. Received: x=[nan]
    """  # noqa: E501
    with np.errstate(invalid="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)):  # one pass and no temporary array for the usual case
            return
    table = values.reshape(len(values), -1)
    wrong = ~np.isfinite(table)
    counts = wrong.sum(axis=0)
    if not counts.any():
        return
    column = int(np.flatnonzero(counts)[0])
    which = f"column {names[column]!r}" if names else f"column {column}" if values.ndim > 1 else "the target"
    verb = "is" if counts[column] == 1 else "are"
    others = np.count_nonzero(counts) - 1
    more = f" (and so are some of {others} more column{'s' if others != 1 else ''})" if others else ""
    raise InvalidArgument(
        argument,
        table[wrong[:, column], column][:3].tolist(),
        f"finite: {counts[column]} of the {len(table)} values of {which} in split {split!r} {verb} NaN or"
        f" infinite{more}",
    )
