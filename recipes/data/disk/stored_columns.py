"""StoredColumn: a column of a table in a file, whose rows are read together; rows_of reads several columns at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .stored import Stored

__all__ = ["StoredColumn", "columns_at"]

SCAN = 4_096
"""From this many rows on, a column is read from its own file instead of the rows' one."""


class StoredColumn(Stored):
    """A column of a table of float64 in a file, read when indexed.

    The table is stored twice: row by row, for batches of random rows, and column by column, for statistics.

    Args:
        table: the rows, shape (n, columns).
        place: position of the column.
        column: the same column in a file of its own, shape (n, 1).
        dtype: type of the values; ``object`` for strings.
        strings: the strings that the numbers 0, 1, ... stand for; None for numbers.

    Example:
        >>> StoredColumn(table, 3, column, object, strings=np.array(["Ulm", "Bonn"], object))[:2]    # doctest: +SKIP
        array(['Bonn', 'Ulm'], dtype=object)
    """

    def __init__(self, table: Stored, place: int, column: Stored, dtype: Any, strings: np.ndarray | None = None):
        super().__init__(column.path, (len(table),), np.float64, table.rows)
        self.dtype = np.dtype(dtype)
        self.table, self.place, self._column, self._strings = table, place, column, strings

    def _read(self, rows: np.ndarray) -> np.ndarray:
        numbers = self._column[rows][:, 0] if len(rows) >= SCAN else self.table[rows][:, self.place]
        return self.values(numbers).reshape(len(rows), *self.shape[1:])

    def values(self, numbers: np.ndarray) -> np.ndarray:
        """The values that these numbers of the table stand for."""
        if self._strings is not None:
            return self._strings[numbers.astype(np.int64)]
        return numbers.astype(self.dtype, copy=False)


def columns_at(columns: Sequence[Stored], indices: np.ndarray) -> list[np.ndarray]:
    """The same examples of several stored arrays; the rows of a table are read once for all of its columns.

    Args:
        columns: views of the same examples.
        indices: integers of shape (k,).
    """
    read: dict[tuple[Any, int], np.ndarray] = {}
    values = []
    for column in columns:
        if not isinstance(column, StoredColumn) or len(indices) >= SCAN:
            values.append(column[indices])
            continue
        key = (column.table.path, id(column.rows))
        if key not in read:
            read[key] = column.table[column.rows[indices]]
        values.append(column.values(read[key][:, column.place]))
    return values
