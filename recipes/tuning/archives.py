"""Arrays of a training, kept in a file of its own beside the records: in a folder of the search, by its key."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.inside.arrays import read_arrays
from ..files import write_bytes

__all__ = ["archive_file", "read_archive", "write_archive"]

Content = TypeVar("Content")


def archive_file(directory: str | os.PathLike[str], folder: str, key: str) -> Path:
    """The file of a training, by its key in the ledger, in a folder of the search.

    Example:
        >>> archive_file("digits", "outcomes", "adam+none/confirm/0").as_posix()
        'digits/outcomes/adam+none confirm 0.npz'
    """
    return Path(directory) / folder / f"{key.replace('/', ' ')}.npz"


def write_archive(path: Path, arrays: Mapping[str, np.ndarray], *, compressed: bool) -> None:
    """Writes arrays atomically."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)  # type: ignore[arg-type]
    path.parent.mkdir(exist_ok=True)  # not those above: a search that was removed stays so
    write_bytes(path, buffer.getvalue())


def read_archive(path: Path, read: Callable[[dict[str, np.ndarray]], Content], *, most: int) -> Content | None:
    """What arrays of a training say; None if there is no file.

    Args:
        path: as of :func:`archive_file`.
        read: makes something of the arrays, by name.
        most: the most bytes of all arrays.

    Raises:
        InvalidArgument: for a file that cannot be read.
    """
    if not path.is_file():
        return None
    try:
        return read(read_arrays(path, most))
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds
        reason = f"{path.parent.name}/{path.name}: {' '.join(str(error).split())[:200]}"
        directory = str(path.parent.parent)
        raise InvalidArgument("directory", directory, f"that of an undamaged search ({reason})") from None
