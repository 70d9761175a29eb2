"""A lock on a directory of checkpoints: two trainings that wrote into one would each go on with the other's."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path
from typing import Any

from ..checks import InvalidArgument
from ..warning import warn

__all__ = ["DirectoryLock"]

NAME = ".lock"

_held: dict[str, tuple[DirectoryLock, Any]] = {}
"""The locks of this process, each with its open file or None, by the directory's real path."""


class DirectoryLock:
    """Keeps other processes from training in a directory, until it is released or this process ends.

    In the same process a newer lock takes over: a notebook starts an interrupted cell again. Systems without such locks
    have none, and a file system without them is a warning.

    Args:
        directory: it is made if it does not exist.

    Raises:
        InvalidArgument: if another process trains in the directory, or the file of the lock cannot be written.
    """

    def __init__(self, directory: str | os.PathLike[str]):
        self._directory = os.fspath(directory)
        self._key = os.path.realpath(directory)
        _, file = _held[self._key] if self._key in _held else (None, _locked(Path(directory)))
        _held[self._key] = (self, file)

    def check(self) -> None:
        """Raises if another ``fit`` of this process has taken over."""
        if not self._is_held():
            raise InvalidArgument("directory", self._directory, "one in which no other fit of this process trains")

    def release(self) -> None:
        """Lets others train in the directory. A second call has no effect."""
        if self._is_held():
            _, file = _held.pop(self._key)
            if file is not None:
                with contextlib.suppress(OSError):
                    if _is_at(file, file.name):  # else it was removed, and another process may have made its own
                        os.unlink(file.name)
                file.close()

    def _is_held(self) -> bool:
        return _held.get(self._key, (None, None))[0] is self


def _locked(directory: Path) -> Any:
    """The open and locked file, or None where there are no locks."""
    path = directory / NAME
    try:
        import fcntl

        directory.mkdir(parents=True, exist_ok=True)
    except (ImportError, OSError):
        return None  # what cannot be written is said at the first write
    while True:
        try:
            file = open(path, "a+", encoding="utf-8", errors="replace", opener=_unlinked)  # noqa: SIM115  stays open
        except OSError as error:
            if error.errno == errno.ELOOP:  # the content of what it leads to would be lost
                accepted = f"one without symbolic links ({NAME!r} is one)"
                raise InvalidArgument("directory", str(directory), accepted) from None
            accepted = f"a directory that can be written ({NAME}: {error.strerror})"
            raise InvalidArgument("directory", str(directory), accepted) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(file, path):
                break
        except BlockingIOError:
            file.seek(0)
            who = file.read(100).strip() or "another process"
            file.close()
            raise InvalidArgument(
                "directory", str(directory), f"one in which no other process trains, but {who} does"
            ) from None
        except FileNotFoundError:
            pass
        except OSError as error:
            file.close()
            warn(f"{directory}: its file system has no locks ({error.strerror}): train there in one process at a time")
            return None
        file.close()  # the process that held it has removed it in between
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}")
    file.flush()
    return file


def _is_at(file: Any, path: str | os.PathLike[str]) -> bool:
    """Whether the open file is the one at the path."""
    return os.path.samestat(os.fstat(file.fileno()), os.stat(path))


def _unlinked(path: str, flags: int) -> int:
    """Opens a file that is no symbolic link."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _forget_in_child() -> None:
    """A forked process closes its copies: a lock must end with its owner."""
    for _, file in _held.values():
        if file is not None:
            file.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
