"""batches: raw inputs in parts whose memory is bounded, and the outputs of all in one array."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.named_arrays import apply, items, length

__all__ = ["batches", "joined"]

ROWS = 1024
"""Maximum number of examples in a batch."""

BYTES = 2**25
"""Maximum size of the inputs of a batch, unless a single example is larger."""


def batches(x: Any, rows: int = ROWS) -> Iterator[Any]:
    """The examples in order, in as few batches as the limits allow.

    Args:
        x: an array of shape (n, ...), or several by name.
        rows: maximum number of examples in a batch. Default 1024.

    Example:
        >>> [len(batch) for batch in batches(np.zeros((2500, 3)))]
        [1024, 1024, 452]
    """
    count = length(x)
    size = sum(np.asarray(array).nbytes for _, array in items(x)) // max(count, 1)
    step = max(1, min(rows, BYTES // max(size, 1)))
    for start in range(0, count, step):
        yield apply(operator.itemgetter(slice(start, start + step)), x)


def joined(outputs: Iterable[np.ndarray], count: int) -> np.ndarray:
    """The outputs of batches, one after another, in memory that is taken before the second is computed.

    Args:
        outputs: of each batch, shape (rows, ...).
        count: of the rows of all.

    Raises:
        InvalidArgument: if the outputs do not fit in memory.

    Example:
        >>> joined(iter([np.zeros((2, 3)), np.ones((1, 3))]), 3).shape
        (3, 3)
    """
    all_of_them, done = np.empty(0), 0
    for some in outputs:
        if not done:
            try:
                all_of_them = np.empty((count, *some.shape[1:]), some.dtype)
            except (MemoryError, ValueError):
                accepted = "fewer rows: the answers to these do not fit in memory (recipes predict FILES writes them)"
                raise InvalidArgument("inputs", f"{count} rows", accepted) from None
        all_of_them[done : done + len(some)] = some
        done += len(some)
    return all_of_them
