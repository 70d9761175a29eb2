"""batches: raw inputs in parts whose memory is bounded."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..data.named_arrays import apply, items, length

__all__ = ["batches"]

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
