"""A folder of checkpoints: plain values and arrays, one file each, written whole or not at all, the newest few kept.

A file damaged by a kill, a full disk or a bad disk is skipped in favour of the one before. No pickle: reading a file
from somebody else runs no code.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..checks import InvalidArgument
from ..inside.arrays import read_arrays

__all__ = ["Checkpoints", "is_plain"]

FORMAT = 3
NAME = re.compile(r"checkpoint-(\d{9})-(\d{9})\.npz")
PLAIN = (type(None), bool, int, float, str, bytes)
MAPPINGS: dict[str, Any] = {kind.__name__: kind for kind in (dict, Counter, OrderedDict, defaultdict)}
SEQUENCES: dict[str, Any] = {kind.__name__: kind for kind in (list, tuple, set, frozenset, deque)}


class Checkpoints:
    """The checkpoints in a folder, named by their position in a training: ``checkpoint-<epoch>-<batch>.npz``.

    Args:
        directory: created at the first write. Other files in it are left alone.
        keep: number of checkpoints to keep, >= 2, so that one remains if the newest is damaged.
        is_whole: whether a value has all that is needed; a file with another one counts as damaged. Default: any has.

    Example:
        >>> import tempfile
        >>> checkpoints = Checkpoints(tempfile.mkdtemp())
        >>> checkpoints.write((2, 0), {"weights": [np.ones(3)], "best": 0.5})
        >>> position, value = checkpoints.newest()
        >>> position, value["best"]
        ((2, 0), 0.5)
    """

    def __init__(
        self, directory: str | os.PathLike[str], keep: int = 2, is_whole: Callable[[Any], bool] = lambda value: True
    ):
        self.directory, self.keep, self._is_whole = Path(directory), keep, is_whole

    def positions(self) -> list[tuple[int, int]]:
        """(epoch, batch) of all files, newest first, whether they can be read or not."""
        if not self.directory.is_dir():
            return []
        matches = (NAME.fullmatch(name) for name in os.listdir(self.directory))
        return sorted(((int(match[1]), int(match[2])) for match in matches if match), reverse=True)

    def path(self, position: tuple[int, int]) -> Path:
        """The file of this position."""
        return self.directory / "checkpoint-{:09d}-{:09d}.npz".format(*position)

    def write(self, position: tuple[int, int], value: Any) -> None:
        """Writes a tree of containers, arrays and plain values, then removes files that are too old.

        Raises:
            InvalidArgument: if the folder cannot be written, or ``value`` holds anything else.
        """
        arrays: list[np.ndarray] = []
        tree = json.dumps({"format": FORMAT, "value": _pack(value, arrays)})
        path = self.path(position)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            with open(temporary, "xb") as file:  # never by a link that somebody else has left there
                contents = {f"a{k}": array for k, array in enumerate(arrays)}
                np.savez(file, tree=np.frombuffer(tree.encode(), np.uint8), **contents)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            accepted = f"a directory that can be written ({error.strerror or error})"
            raise InvalidArgument("directory", str(self.directory), accepted) from None
        for old in self.positions()[self.keep :]:
            with contextlib.suppress(OSError):
                self.path(old).unlink()

    def newest(self) -> tuple[tuple[int, int], Any] | None:
        """Position and value of the newest file that can be read, or None.

        Raises:
            InvalidArgument: if that file has the format of another version of this package.
        """
        for position in self.positions():
            with contextlib.suppress(Exception):  # reading damaged bytes can raise anything
                version, value = self._contents(position)
                break
        else:
            return None
        if version != FORMAT:
            accepted = f"one whose checkpoints have the format {FORMAT}, not {version} of another version"
            raise InvalidArgument("directory", str(self.directory), accepted)
        return position, value

    def _contents(self, position: tuple[int, int]) -> tuple[int, Any]:
        """The format and, if it is ours, the value of a file; every byte is checked against the file's checksums."""
        contents = read_arrays(self.path(position))
        header = json.loads(contents.pop("tree").tobytes().decode())
        arrays = [contents[f"a{k}"] for k in range(len(contents))]
        if header["format"] != FORMAT:
            return int(header["format"]), None
        value = _unpack(header["value"], arrays)
        if not self._is_whole(value):
            raise ValueError("a part is missing")
        return FORMAT, value

    def clean(self) -> None:
        """Removes the temporary files of writes that were killed."""
        if self.directory.is_dir():
            for path in self.directory.glob("checkpoint-*.tmp"):
                with contextlib.suppress(OSError):
                    path.unlink()


def is_plain(value: Any) -> bool:
    """Whether :meth:`Checkpoints.write` accepts a value.

    That is None, a boolean, a number, a string, bytes or an array, or a list, tuple, set, frozenset, deque, dict,
    ``Counter``, ``OrderedDict`` or ``defaultdict`` of such (of a ``defaultdict``, the factory is not saved).
    """
    if type(value) in SEQUENCES.values():
        return all(map(is_plain, value))
    if type(value) in MAPPINGS.values():
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "biufcSU" or _is_extension(value.dtype)
    return type(value) in PLAIN


def _is_extension(dtype: np.dtype[Any]) -> bool:
    """Whether a type is one of ml_dtypes, such as bfloat16, which NumPy's files do not support."""
    return dtype.kind == "V" and dtype.fields is None and dtype.name != f"void{8 * dtype.itemsize}"


def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    """What JSON can hold: plain values, lists of packed values, and {kind: content} for the rest."""
    kind = type(value).__name__
    if type(value) is bytes:
        return {kind: value.hex()}
    if type(value) in PLAIN:
        return value
    if isinstance(value, (np.ndarray, np.generic)) and is_plain(value):
        array = np.asarray(value)
        arrays.append(np.frombuffer(array.tobytes(), np.uint8) if _is_extension(array.dtype) else array)
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        return {kind: len(arrays) - 1, "dtype": array.dtype.name, "shape": list(array.shape)}
    if type(value) in SEQUENCES.values():
        items = sorted(value, key=lambda item: (type(item).__name__, repr(item))) if "set" in kind else value
        packed: dict[str, Any] = {kind: [_pack(item, arrays) for item in items]}
        return {**packed, "maxlen": value.maxlen} if isinstance(value, deque) else packed
    if type(value) in MAPPINGS.values():
        return {kind: [[_pack(key, arrays), _pack(item, arrays)] for key, item in value.items()]}
    raise InvalidArgument("value", value, "made of containers, arrays, numbers and strings")


def _unpack(value: Any, arrays: list[np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    kind, content = next(iter(value.items()))
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind in SEQUENCES:
        items = [_unpack(item, arrays) for item in content]
        return deque(items, value["maxlen"]) if kind == "deque" else SEQUENCES[kind](items)
    if kind in MAPPINGS:
        items = [(_unpack(key, arrays), _unpack(item, arrays)) for key, item in content]
        return defaultdict(None, items) if kind == "defaultdict" else MAPPINGS[kind](dict(items))
    array = arrays[content]
    if array.dtype.name != value["dtype"] and not array.dtype.name.startswith("str"):
        import ml_dtypes

        array = np.frombuffer(array.tobytes(), np.dtype(getattr(ml_dtypes, value["dtype"]))).reshape(value["shape"])
    return array if kind == "array" else array[()]
