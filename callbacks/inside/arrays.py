"""Arrays from a file by ``np.savez``, of which every byte is checked."""

from __future__ import annotations

import io
import os
import zipfile
from typing import IO

import numpy as np

__all__ = ["read_arrays"]


END = 22
"""The bytes of the record at the end of a zip file, which has the number of its members."""

LARGEST = 2**36
"""The most bytes of all arrays of a file."""


def read_arrays(file: str | os.PathLike[str] | IO[bytes], limit: int = LARGEST) -> dict[str, np.ndarray]:
    """The arrays in a file by ``np.savez`` or ``np.savez_compressed``: name -> array, in their order. No pickles.

    ``np.load`` compares the checksum of an array only if it reads to the end of it. Where a damaged byte says that the
    array is shorter or of another type, it does not, and returns other numbers without a word.

    Args:
        file: a path, or a file that is open for reading bytes. A pipe or a device is refused.
        limit: the most bytes of all arrays, which a small file may say to hold. Default 64 GiB.

    Raises:
        Exception: for a damaged file; of which kind, is open: zipfile, zlib and NumPy raise a dozen.

    Example:
        >>> file = io.BytesIO()
        >>> np.savez(file, a=np.arange(3))
        >>> read_arrays(file)["a"]
        array([0, 1, 2])
    """
    if isinstance(file, (str, os.PathLike)) and not os.path.isfile(file):
        raise FileNotFoundError(file)
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > limit:
            raise ValueError(f"arrays of {size:,} bytes; at most {limit:,} are read")
        names = archive.namelist()
        archive.fp.seek(-END, os.SEEK_END)  # type: ignore[union-attr]
        count = int.from_bytes(archive.fp.read(END)[10:12], "little")  # type: ignore[union-attr]
        if len(set(names)) != count:  # a damaged length in the list swallows the next entries, without a word
            raise ValueError(f"{len(set(names))} of {count} arrays are listed")
        return {
            name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
            for name in names
        }
