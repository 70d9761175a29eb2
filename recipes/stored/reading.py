"""read_bytes, numbered_lines: the content of a file that may be anybody's, of bounded size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

__all__ = ["LARGEST", "LONGEST_LINE", "numbered_lines", "open_file", "read_bytes"]

LARGEST = 2**28
"""The most bytes that are read of a file at once, unless another limit is passed."""

LONGEST_LINE = 2**26
"""The most bytes of a line."""


def open_file(path: str | os.PathLike[str], limit: int | None = None) -> BufferedReader:
    """Opens a regular file for reading bytes.

    Args:
        path: the file. A pipe or a device is refused: reading it may never end.
        limit: the most bytes that it may have; None (default) for any number.

    Raises:
        OSError: if it cannot be opened.
        ValueError: if it is no file, or too large.
    """
    path = Path(path)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no file")
    if limit is not None and status.st_size > limit:
        raise ValueError(f"it has {status.st_size:,} bytes; at most {limit:,} are read")
    return open(path, "rb")


def read_bytes(path: str | os.PathLike[str], limit: int = LARGEST) -> bytes:
    """The content of a file of at most ``limit`` bytes.

    Raises:
        OSError, ValueError: as :func:`open_file`.

    Example:
        >>> read_bytes("/dev/zero")
        Traceback (most recent call last):
        ValueError: it is no file
    """
    with open_file(path, limit) as file:
        content = file.read(limit + 1)
    if len(content) > limit:  # it has grown, or its size is unknown, as in /proc
        raise ValueError(f"it has more than {limit:,} bytes")
    return content


def numbered_lines(path: str | os.PathLike[str], longest: int = LONGEST_LINE) -> Iterator[tuple[int, bytes]]:
    """(number, line) of each line of a file, from 1, with its end; the last one may have none.

    Raises:
        OSError, ValueError: as :func:`open_file`, and for a line of more than ``longest`` bytes.
    """
    with open_file(path) as file:
        number = 0
        while line := file.readline(longest + 1):
            number += 1
            if len(line) > longest:
                raise ValueError(f"line {number}: it has more than {longest:,} bytes")
            yield number, line
