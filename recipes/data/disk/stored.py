"""Stored: an array in a file that is read row by row, on demand; Writer: writes such a file."""

from __future__ import annotations

import array
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Stored", "Writer"]

TOGETHER = 1_024
"""Rows that are read at once when a view is iterated over."""
NEAR = 2**23
"""Rows that lie within this number of bytes are read at once, with those between them."""


class Stored:
    """Rows of an array in a file, read when indexed. It holds no data itself.

    Args:
        path: a file written by :class:`Writer`.
        shape: shape of the whole array; the first size is the number of rows in the file.
        dtype: type of the values; ``object`` for strings, whose ends are in a second file, ``path`` + ".ends".
        rows: the rows of this view, in order; None for all.

    Attributes:
        category: whether strings are categories, also if they look like numbers or dates.
        dates: whether strings are known to be dates, so that no warning has to say so.
        fraction: the first time of a column with fractions of a second, which are not stored; "" if there is none.

    Example:
        >>> writer = Writer("/tmp/example.bin", np.dtype("uint8"))
        >>> writer.write(np.arange(12, dtype="uint8").reshape(6, 2))
        >>> stored = writer.close()
        >>> stored[np.array([4, 0])].tolist()
        [[8, 9], [0, 1]]
    """

    category = False
    dates = False
    fraction = ""

    def __init__(
        self, path: str | os.PathLike[str], shape: tuple[int, ...], dtype: Any, rows: np.ndarray | None = None
    ):
        self.path, self._row, self.dtype = Path(path), tuple(shape[1:]), np.dtype(dtype)
        self._file_dtype = self.dtype
        self._rows = _all_rows(shape[0]) if rows is None else rows
        self._ends = np.fromfile(_ends(self.path), np.int64) if self.dtype == object else None
        self._file: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, *shape of a row)."""
        return (len(self._rows), *self._row)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return 1 + len(self._row)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> np.ndarray:
        """The rows of the file that this view has, in order."""
        return self._rows

    def select(self, indices: np.ndarray) -> Stored:
        """A view of the rows at ``indices``; nothing is read."""
        return self.with_rows(self._rows[indices])

    def with_rows(self, rows: np.ndarray) -> Stored:
        """A view of these rows of the file, which may be shared with other views; nothing is read."""
        return self._view(_rows=rows)

    def _view(self, **attributes: Any) -> Stored:
        view = type(self).__new__(type(self))
        view.__dict__.update({**self.__dict__, "_file": None, **attributes})
        return view

    def astype(self, dtype: Any, copy: bool = False) -> Stored:
        """A view of the same numbers, converted to another type when they are read; ``copy`` changes nothing."""
        return self._view(dtype=np.dtype(dtype))

    def as_table(self) -> Stored:
        """A view of numbers of shape (n,) as a table of one column, shape (n, 1)."""
        return self._view(_row=(1,))

    def joined(self, second: Stored) -> Stored:
        """A view of these rows followed by those of another view of the same file."""
        return self.with_rows(np.concatenate([self._rows, second._rows]))

    def __getitem__(self, key: Any) -> np.ndarray:
        rows = self._rows[key]
        if np.ndim(rows) == 0:
            return self._read(np.array([rows]))[0]
        return self._read(rows)

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), TOGETHER):
            yield from self[start : start + TOGETHER]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self._read(self._rows)
        return whole if dtype is None else whole.astype(dtype)

    def _descriptor(self) -> int:
        if self._file is None or self._file[0] != os.getpid():
            self._file = (os.getpid(), os.open(self.path, os.O_RDONLY))
        return self._file[1]

    def __del__(self) -> None:
        if self._file is not None and self._file[0] == os.getpid():
            os.close(self._file[1])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}

    def _read(self, rows: np.ndarray) -> np.ndarray:
        if self._ends is not None:
            ends = self._ends[rows]
            starts = np.where(rows > 0, self._ends[rows - 1], 0)
            places = list(zip(starts.tolist(), ends.tolist(), strict=True))
            texts = [os.pread(self._descriptor(), b - a, a) for a, b in places]
            for row, text, (a, b) in zip(rows, texts, places, strict=True):
                if len(text) < b - a:
                    raise self._cut(row)
            return np.array([text.decode() for text in texts] or [], dtype=object)
        out = np.empty((len(rows), *self._row), self._file_dtype)
        width = int(np.prod(self._row, dtype=np.int64)) * self._file_dtype.itemsize
        if not width or not len(rows):
            return out.astype(self.dtype, copy=False)
        runs = np.flatnonzero(np.diff(rows, prepend=-2) != 1)  # adjacent rows are read at once
        low, span = int(rows[0]), int(rows[-1] - rows[0]) + 1
        if len(runs) > 1 and (np.diff(rows) > 0).all() and span * width <= max(2 * len(rows) * width, NEAR):
            between = np.empty((span, *self._row), self._file_dtype)
            self._fill(between, low * width, rows[-1])
            return between[rows - low].astype(self.dtype, copy=False)
        for first, last in zip(runs.tolist(), [*runs[1:].tolist(), len(rows)], strict=True):
            self._fill(out[first:last], int(rows[first]) * width, rows[last - 1])
        return out.astype(self.dtype, copy=False)

    def _fill(self, out: np.ndarray, position: int, row: Any) -> None:
        """Reads bytes of the file from this position on into an array, whose last row is ``row``."""
        view, at = memoryview(out.reshape(-1).view(np.uint8).data), 0
        while at < len(view):
            count = os.preadv(self._descriptor(), [view[at:]], position + at)
            if not count:
                raise self._cut(row)
            at += count

    def _cut(self, row: Any) -> OSError:
        return OSError(f"{self.path} ended before row {int(row)}: it was cut or removed")


class Writer:
    """Writes an array chunk by chunk.

    Args:
        path: a new file.
        dtype: type of the values; ``object`` for strings.

    Example: see :class:`Stored`.
    """

    def __init__(self, path: str | os.PathLike[str], dtype: np.dtype):
        self._path, self._dtype = Path(path), np.dtype(dtype)
        self._file = open(self._path, "wb")  # noqa: SIM115  # closed by close()
        self._count, self._end, self._ends = 0, 0, array.array("q")
        self._row: tuple[int, ...] = ()

    def write(self, rows: np.ndarray) -> None:
        """Appends rows of the same shape as all before."""
        self._count += len(rows)
        self._row = rows.shape[1:]
        if self._dtype.hasobject:
            for text in rows:
                self._end += self._file.write(str(text).encode())
                self._ends.append(self._end)
        else:
            self._file.write(np.ascontiguousarray(rows, self._dtype).data)

    def close(self) -> Stored:
        """Closes the file and returns its rows."""
        self._file.close()
        if self._dtype.hasobject:
            np.frombuffer(self._ends, np.int64).tofile(_ends(self._path))
        return Stored(self._path, (self._count, *self._row), self._dtype)


def _ends(path: Path) -> Path:
    return path.with_name(path.name + ".ends")


_ALL: weakref.WeakValueDictionary[int, np.ndarray] = weakref.WeakValueDictionary()


def _all_rows(count: int) -> np.ndarray:
    """The numbers of all rows, one array for all files of as many rows."""
    rows = _ALL.get(count)
    if rows is None:
        _ALL[count] = rows = np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)
        rows.flags.writeable = False
    return rows
