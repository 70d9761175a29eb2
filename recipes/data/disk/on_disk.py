"""stored_once, stored_contents: arrays decoded chunk by chunk into files of the cache folder."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ....callbacks.inside.arrays import read_arrays
from ...stored.digests import check_digests, digests_of
from ...stored.json_files import read_json, write_json
from .stored import Stored, Writer

__all__ = ["Chunk", "available_memory", "size_of", "stored_contents", "stored_once"]

GIB = 2.0**30
FORMAT, FACTS = 2, "arrays.json"
"""Of the files in a folder, where another number makes other folders; what they hold, with their digests."""
Chunk = dict[str, Any]
"""Name -> values of consecutive examples: an array, or a list of arrays of different lengths."""


def available_memory() -> int:
    """Bytes of memory available to this process, within the limit of its container (cgroup v2), if any."""
    import psutil

    available = int(psutil.virtual_memory().available)
    try:
        with open("/sys/fs/cgroup/memory.max") as limit, open("/sys/fs/cgroup/memory.current") as used:
            return min(available, max(int(limit.read()) - int(used.read()), 0))
    except (OSError, ValueError):  # no such file, or no limit ("max")
        return available


def size_of(chunk: Chunk) -> int:
    """The approximate number of bytes of a chunk.

    Example:
        >>> size_of({"x": np.zeros((10, 4), "float32"), "y": np.zeros(10, "int64")})
        240
    """
    return sum(_size(values) for values in chunk.values())


def stored_once(
    folder: Path, name: str, facts: Any, needed: int, parts: Callable[[], Iterator[Chunk]]
) -> dict[str, Any]:
    """The arrays of these facts, which are decoded only if no earlier call has done so, or its files are damaged.

    Images, vectors and strings go to files, one-dimensional numbers and lists stay in memory.

    Args:
        folder: the folder of decoded data. Files appear there complete and in one step.
        name: what the files' folder is named after.
        facts: everything that the arrays depend on, as plain values for JSON.
        needed: bytes of free space needed.
        parts: makes the chunks.

    Raises:
        InvalidArgument: if there is not enough space, or the folder is not writable.
    """
    target = folder / f"{name}-{hashlib.sha256(json.dumps([FORMAT, facts]).encode()).hexdigest()[:12]}"
    if (arrays := _reopened(target)) is not None:
        return arrays
    with _staging(folder) as staging:
        free = shutil.disk_usage(folder).free
        if needed > free:
            accepted = f"larger, or {needed / GIB:.2f} GiB free in {folder}, where {free / GIB:.2f} GiB are"
            raise InvalidArgument("memory", needed, accepted)
        _write(parts(), staging)
        return _published(staging, target)


def stored_contents(folder: Path, name: str, parts: Iterator[Chunk]) -> dict[str, Any]:
    """The arrays of these chunks; those of equal contents share one set of files.

    Args:
        folder, name, parts: see :func:`stored_once`.

    Raises:
        InvalidArgument: if there is not enough space, or the folder is not writable.
    """
    with _staging(folder) as staging:
        _write(parts, staging)
        digest = hashlib.sha256()
        for file in sorted(staging.iterdir()):
            with open(file, "rb") as content:
                digest.update(f"{file.name}:{hashlib.file_digest(content, 'sha256').hexdigest()};".encode())
        return _published(staging, folder / f"{name}-{digest.hexdigest()[:12]}")


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A folder to write into, which is removed afterwards unless it has been renamed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=".decoding-"))
    except OSError as error:
        raise InvalidArgument("memory", str(folder), f"larger, or the folder writable ({error.strerror})") from None
    try:
        yield staging
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise InvalidArgument("memory", str(folder), "larger, or more space free in the folder") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _published(staging: Path, target: Path) -> dict[str, Any]:
    """The arrays of a finished folder under its name, or those that another process put there first."""
    try:
        os.rename(staging, target)
    except OSError:
        if (arrays := _reopened(target)) is not None:
            return arrays
        if not os.path.lexists(target):
            raise
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)  # damaged
        else:
            target.unlink()
        os.rename(staging, target)
    return _opened(target, read_json(target / FACTS)["arrays"])


def _size(values: Any) -> int:
    if isinstance(values, list):
        return sum(map(_size, values))
    return sum(len(str(value)) + 50 for value in values.ravel()) if values.dtype.hasobject else int(values.nbytes)


def _write(parts: Iterator[Chunk], folder: Path) -> None:
    """Writes large arrays to one file each, and small ones and lists to one ``.npz``."""
    writers: dict[str, Writer] = {}
    small: dict[str, list[Any]] = {}
    numbers: dict[str, list[np.ndarray]] = {}
    names: dict[str, dict[str, Any]] = {}
    with contextlib.ExitStack() as files:
        for chunk in parts:
            for key, values in chunk.items():
                names.setdefault(key, {})  # in the order of the chunks
                if isinstance(values, list):
                    small.setdefault(key, []).extend(values)
                    continue
                if values.ndim == 1 and values.dtype != object:
                    numbers.setdefault(key, []).append(values)
                    continue
                if key not in writers:
                    names[key] = {"file": f"{len(writers)}.bin"}
                    writers[key] = Writer(folder / f"{len(writers)}.bin", values.dtype)
                    files.callback(writers[key].close)
                writers[key].write(values)
    for key, writer in writers.items():
        stored = writer.close()
        names[key] |= {"shape": list(stored.shape), "dtype": "object" if stored.dtype == object else stored.dtype.name}
    arrays: dict[str, Any] = {}
    for number, (key, rows) in enumerate((numbers | small).items()):
        ragged = key in small and isinstance(rows[0], np.ndarray)
        names[key] = {"small": str(number), "ragged": ragged}
        if key in numbers:
            arrays[f"{number}"] = np.concatenate(rows)
        elif ragged:
            arrays[f"{number}"] = np.concatenate(rows)
            arrays[f"{number}_lengths"] = np.array([len(row) for row in rows])
        else:
            arrays[f"{number}"] = np.array(rows)
    np.savez(folder / "small.npz", **arrays)
    write_json(folder / FACTS, {"arrays": names, "sha256": digests_of(folder)})


def _reopened(folder: Path) -> dict[str, Any] | None:
    """The arrays in a folder, or None if there are none or a file is not as it was written."""
    try:
        facts = read_json(folder / FACTS)
        check_digests(folder, facts["sha256"])
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, KeyError, TypeError):
        return None
    return _opened(folder, facts["arrays"])


def _opened(folder: Path, names: dict[str, dict[str, Any]]) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    small = read_arrays(folder / "small.npz")
    for key, facts in names.items():
        if "file" in facts:
            arrays[key] = Stored(folder / facts["file"], tuple(facts["shape"]), facts["dtype"])
        elif facts["ragged"]:
            ends = np.cumsum(small[f"{facts['small']}_lengths"])
            arrays[key] = np.split(small[facts["small"]], ends[:-1])
        else:
            arrays[key] = small[facts["small"]]
    return arrays
