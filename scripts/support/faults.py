"""failing: calls of the file system that raise an error."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["Calls", "failing"]

CHANGES = ("mkdir", "rename", "replace", "unlink", "rmdir")
"""Functions of ``os`` that change a folder."""


class Calls:
    """Counts the calls of the file system that change something below a folder; one of them may fail.

    Attributes:
        folder: how paths below it begin.
        count: the calls so far.
    """

    def __init__(self, folder: Path, number: int, after: int | None):
        self.folder, self._number, self._after = f"{folder}{os.sep}", number, after
        self.count = 0

    def check(self, path: Any) -> None:
        """Counts a call; raises if it is the one that fails."""
        if isinstance(path, (str, os.PathLike)) and str(path).startswith(self.folder):
            self.count += 1
            if self._after is not None and self.count == self._after + 1:
                raise OSError(self._number, os.strerror(self._number), str(path))


@contextlib.contextmanager
def failing(folder: Path, number: int = 0, after: int | None = None) -> Iterator[Calls]:
    """A context in which one call that changes something below a folder fails: opening to write, syncing, renaming, ...

    Args:
        folder: an absolute path.
        number: of the error, as in ``errno``.
        after: how many calls come before it; None (default) for none that fails.

    Example:
        >>> with failing(tmp_path, errno.ENOSPC, after=3) as calls:          # doctest: +SKIP
        ...     write_text(tmp_path / "a", "a")
    """
    calls = Calls(folder, number, after)

    def checked(function: Callable[..., Any], changes: Callable[..., bool]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **options: Any) -> Any:
            if changes(*arguments, **options):
                calls.check(path)
            return function(path, *arguments, **options)

        return call

    def synced(file: int) -> None:
        calls.check(calls.folder)
        sync(file)

    sync, opened = os.fsync, builtins.open
    replacements: list[tuple[Any, str, Any]] = [
        (builtins, "open", checked(opened, _opens_to_write)),
        (io, "open", checked(opened, _opens_to_write)),
        (os, "open", checked(os.open, _flags_to_write)),
        (os, "fsync", synced),
        *((os, name, checked(getattr(os, name), lambda *_, **__: True)) for name in CHANGES),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in replacements]
    for owner, name, value in replacements:
        setattr(owner, name, value)
    try:
        yield calls
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _opens_to_write(mode: Any = "r", *_: Any, **options: Any) -> bool:
    return any(letter in str(options.get("mode", mode)) for letter in "wax+")


def _flags_to_write(flags: int = 0, *_: Any, **__: Any) -> bool:
    return bool(flags & (os.O_WRONLY | os.O_RDWR))
