"""digests_of, check_digests: whether the files of a directory are those that were written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from .reading import open_file
from .schema import Kind, Mapped

__all__ = ["DIGESTS", "check_digests", "digests_of"]

SHA256 = Kind("64 hexadecimal digits", lambda value: isinstance(value, str) and len(value) == 64)
DIGESTS = Mapped(of=SHA256)
"""Digests by the path of the file."""


def digests_of(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """The SHA-256 of files in a folder, by their path in it.

    Args:
        folder: the folder.
        names: of the files; None (default) for all, at any depth.
    """
    if names is None:
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: _digest(folder / name) for name in names}


def check_digests(folder: Path, digests: Mapping[str, str], names: Iterable[str] | None = None) -> None:
    """Raises unless files are those whose digests were noted.

    Args:
        folder: where the files are.
        digests: from :func:`digests_of`.
        names: of the files; None (default) for all that were noted.

    Raises:
        OSError: for a file that is missing.
        ValueError: for one that has changed.
    """
    for name in digests if names is None else names:
        if _digest(folder / name) != digests[name]:
            raise ValueError(f"{name} has changed since it was written")


def _digest(path: str | os.PathLike[str]) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
