"""Block: some raw inputs of a file with the columns to copy beside their scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from ..data.spec import Spec
from .number_columns import Where

__all__ = ["Block", "in_parts", "rows_of_block"]

ROWS = 4096
"""Maximum number of rows of a block."""

BYTES = 2**25
"""Approximate maximum size of the images and vectors of a block."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Block:
    """Some raw inputs.

    Args:
        inputs: as :class:`recipes.Predictor` takes them.
        count: their number.
        where: names a row, for messages.
        kept: name -> values of the columns to copy; a list, or an Arrow array of a Parquet file.
        read: the share of the file that has been read with this block, 0 to 1.
    """

    inputs: Any
    count: int
    where: Where
    kept: dict[str, Any] = field(default_factory=dict)
    read: float = 1.0


def rows_of_block(spec: Spec) -> int:
    """How many examples are read at a time.

    Example:
        >>> rows_of_block(spec)                                                      # doctest: +SKIP
        4096
    """
    shapes = [feature.shape for feature in spec.features] or [spec.input_shape]
    size = sum(8 * int(np.prod([side or 64 for side in shape])) for shape in shapes if shape)
    return max(1, min(ROWS, BYTES // max(size, 1)))


def in_parts(items: Iterator[Item], size: int | None) -> Iterator[tuple[list[Item], bool]]:
    """(some items, whether they are not all) until there are none; all at once without a size.

    Example:
        >>> list(in_parts(iter("abc"), 2)), list(in_parts(iter("ab"), 2))
        ([(['a', 'b'], True), (['c'], True)], [(['a', 'b'], False)])
    """
    part = list(islice(items, size))
    first = True
    while part:
        following = list(islice(items, size)) if size is not None else []
        yield part, not first or bool(following)
        part, first = following, False
