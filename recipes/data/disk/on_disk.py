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
from .stored import Stored, Writer

__all__ = ["Chunk", "available_memory", "size_of", "stored_contents", "stored_once"]

GIB = 2.0**30
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
    """The arrays of these facts, which are decoded only if no earlier call has done so.

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
    target = folder / f"{name}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"
    if not (target / "arrays.json").is_file():
        with _staging(folder) as staging:
            free = shutil.disk_usage(folder).free
            if needed > free:
                accepted = f"larger, or {needed / GIB:.2f} GiB free in {folder}, where {free / GIB:.2f} GiB are"
                raise InvalidArgument("memory", needed, accepted)
            _write(parts(), staging)
            _publish(staging, target)
    return _reopened(target)


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
        target = folder / f"{name}-{digest.hexdigest()[:12]}"
        _publish(staging, target)
    return _reopened(target)


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


def _publish(staging: Path, target: Path) -> None:
    try:
        os.rename(staging, target)
    except OSError:
        if not (target / "arrays.json").is_file():  # otherwise another process was faster
            raise


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
    (folder / "arrays.json").write_text(json.dumps(names))


def _reopened(folder: Path) -> dict[str, Any]:
    names = json.loads((folder / "arrays.json").read_text())
    arrays: dict[str, Any] = {}
    with np.load(folder / "small.npz") as small:
        for key, facts in names.items():
            if "file" in facts:
                arrays[key] = Stored(folder / facts["file"], tuple(facts["shape"]), facts["dtype"])
            elif facts["ragged"]:
                ends = np.cumsum(small[f"{facts['small']}_lengths"])
                arrays[key] = np.split(small[facts["small"]], ends[:-1])
            else:
                arrays[key] = small[facts["small"]]
    return arrays
