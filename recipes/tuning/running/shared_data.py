"""Data in files that several processes map, so that its arrays are in memory once."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...data import Data

__all__ = ["read_data", "write_data"]

ALIGNMENT = 64
"""The alignment of arrays in the file, in bytes, at which TensorFlow takes them without a copy."""


def write_data(data: Data, path: Path) -> None:
    """Writes data so that :func:`read_data` maps its arrays instead of reading them."""
    ranges: list[tuple[int, int]] = []
    with open(f"{path}.arrays", "wb") as file:

        def write_array(buffer: pickle.PickleBuffer) -> None:
            file.write(b"\0" * (-file.tell() % ALIGNMENT))
            start = file.tell()
            ranges.append((start, start + file.write(buffer.raw())))

        content = pickle.dumps(data, protocol=5, buffer_callback=write_array)
    path.write_bytes(pickle.dumps((content, ranges)))


def read_data(path: str | os.PathLike[str]) -> Any:
    """The data that :func:`write_data` wrote; its arrays are read-only and shared by all processes that map them."""
    content, ranges = pickle.loads(Path(path).read_bytes())
    arrays = np.memmap(f"{path}.arrays", np.uint8, "r") if os.path.getsize(f"{path}.arrays") else np.empty(0, np.uint8)
    return pickle.loads(content, buffers=[arrays[start:end] for start, end in ranges])
