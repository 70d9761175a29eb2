"""read, read_to_disk: decode the selected features of a prepared TFDS split once, into memory or onto disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .named_arrays import Inputs
from .selection import Selection
from .sources import Source
from .stored import Stored, Writer

__all__ = ["available_memory", "check_sizes", "needed_memory", "read", "read_to_disk"]

CHUNK = 1024
"""Examples decoded at a time."""
TEXT = 500
"""Assumed number of bytes of a text."""
GIB = 2.0**30


def available_memory() -> int:
    """Bytes of memory available to this process, within the limit of its container (cgroup v2), if any."""
    import psutil

    available = int(psutil.virtual_memory().available)
    try:
        with open("/sys/fs/cgroup/memory.max") as limit, open("/sys/fs/cgroup/memory.current") as used:
            return min(available, max(int(limit.read()) - int(used.read()), 0))
    except (OSError, ValueError):  # no such file, or no limit ("max")
        return available


def needed_memory(info: Any, selection: Selection, splits: Sequence[str], image_size: tuple[int, int] | None) -> int:
    """The approximate number of bytes of these splits' arrays, from the numbers of examples and the shapes.

    Args:
        info: the builder's ``DatasetInfo``.
        selection: the features to read.
        splits: names of the splits in TFDS.
        image_size: (height, width) to resize images to; None to leave them.
    """
    per_example = 8 * len(selection.targets)
    for source in selection.inputs:
        shape = _shape(source, image_size)
        size = TEXT if source.kind == "string" else np.dtype(source.dtype).itemsize
        per_example += int(np.prod([100 if side is None else side for side in shape], dtype=np.int64)) * size
    return per_example * sum(info.splits[split].num_examples for split in splits)


def check_sizes(name: str, selection: Selection, image_size: tuple[int, int] | None) -> None:
    """Refuses images of varying size without a size to resize them to.

    Raises:
        InvalidArgument: naming the feature and its shape.
    """
    for source in selection.inputs:
        if source.kind == "image" and None in source.shape and (image_size is None or source.shape[2] is None):
            shown = f"{source.name!r} of {name!r} has the shape {source.shape}"
            raise InvalidArgument("image_size", image_size, f"(height, width), since images vary in size: {shown}")


def read(
    builder: Any, selection: Selection, split: str, image_size: tuple[int, int] | None = None
) -> tuple[Inputs, dict[str, Any]]:
    """Decodes a split into memory, in stored order.

    Args:
        builder: a prepared ``tfds.core.DatasetBuilder``.
        selection: from :func:`recipes.data.selection.select`.
        split: name of the split in TFDS.
        image_size: (height, width) to resize images to; None to leave them.

    Returns:
        (x, targets by name); x is a dictionary for records. Strings are object arrays of ``str``; sequences of varying
        length and lists of labels are lists of arrays.
    """
    count = builder.info.splits[split].num_examples
    arrays: dict[str, Any] = {}
    position = 0
    for chunk in chunks(builder, selection, split, image_size):
        size = 0
        for key, values in chunk.items():
            size = len(values)
            if isinstance(values, list):
                arrays.setdefault(key, []).extend(values)
                continue
            if key not in arrays:
                arrays[key] = np.empty((count, *values.shape[1:]), values.dtype)
            arrays[key][position : position + size] = values
        position += size
    return _divided(selection, arrays)


def read_to_disk(
    builder: Any,
    selection: Selection,
    split: str,
    image_size: tuple[int, int] | None,
    folder: Path,
    needed: int,
) -> tuple[Inputs, dict[str, Any]]:
    """Like :func:`read`, but images, vectors and strings go to files, which later calls reuse.

    Args:
        folder: the folder of decoded datasets. Files appear there complete and in one step.
        needed: bytes of free space needed.

    Raises:
        InvalidArgument: if there is not enough space, or the folder is not writable.
    """
    facts = [str(builder.data_path), split, repr(selection), repr(image_size), builder.info.splits[split].num_examples]
    target = folder / f"{builder.name}-{split}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"
    if not (target / "arrays.json").is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
            staging = Path(tempfile.mkdtemp(dir=folder, prefix=".decoding-"))
        except OSError as error:
            raise InvalidArgument("memory", str(folder), f"larger, or the folder writable ({error.strerror})") from None
        try:
            if needed > free:
                accepted = f"larger, or {needed / GIB:.2f} GiB free in {folder}, where {free / GIB:.2f} GiB are"
                raise InvalidArgument("memory", needed, accepted)
            _write(chunks(builder, selection, split, image_size), staging)
            try:
                os.rename(staging, target)
            except OSError:
                if not (target / "arrays.json").is_file():  # otherwise another process was faster
                    raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return _divided(selection, _reopened(target))


def _write(parts: Iterator[dict[str, Any]], folder: Path) -> None:
    """Writes large arrays to one file each, and small ones and lists to one ``.npz``."""
    writers: dict[str, Writer] = {}
    small: dict[str, list[Any]] = {}
    names: dict[str, dict[str, Any]] = {}
    with contextlib.ExitStack() as files:
        for chunk in parts:
            for key, values in chunk.items():
                if isinstance(values, list) or (values.ndim == 1 and values.dtype != object):
                    small.setdefault(key, []).extend(values)
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
    for number, (key, rows) in enumerate(small.items()):
        ragged = isinstance(rows[0], np.ndarray)
        names[key] = {"small": str(number), "ragged": ragged}
        if ragged:
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


def _divided(selection: Selection, arrays: Mapping[str, Any]) -> tuple[Inputs, dict[str, Any]]:
    targets = {source.name: arrays[source.name] for source in selection.targets}
    if not selection.record:
        return arrays[selection.inputs[0].name], targets
    return {source.name: arrays[source.name] for source in selection.inputs}, targets


def _shape(source: Source, image_size: tuple[int, int] | None) -> tuple[int | None, ...]:
    if source.kind == "image" and image_size is not None:
        return (*image_size, source.shape[2])
    return source.shape


def chunks(
    builder: Any, selection: Selection, split: str, image_size: tuple[int, int] | None
) -> Iterator[dict[str, Any]]:
    """Yields the split chunk by chunk: the values of the selected features by name."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    sources = (*selection.inputs, *selection.targets)
    wanted: dict[str, Any] = {}
    for source in sources:
        level = wanted
        for key in source.path[:-1]:
            level = level.setdefault(key, {})
        level[source.path[-1]] = True
    dataset = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(wanted),
        read_config=tfds.ReadConfig(try_autocache=False, num_parallel_calls_for_decode=os.cpu_count()),
    )

    def picked(example: Any) -> dict[str, tf.Tensor]:
        values = {}
        for source in sources:
            value = example
            for key in source.path:
                value = value[key]
            if source.kind == "image" and image_size is not None:
                value = resized(value, image_size)
            elif source.kind == "sequence":
                value = tf.cast(value, tf.float32)
                value = value[:, tf.newaxis] if len(value.shape) == 1 else value
            elif source.kind == "vector" and value.dtype not in (tf.float64, tf.int64):
                value = tf.cast(value, tf.float64 if value.dtype in (tf.int32, tf.uint32, tf.uint64) else tf.float32)
            values[source.name] = value
        return values

    varying = {source.name for source in sources if source.kind in ("sequence", "labels") and source.shape[0] is None}
    dataset = dataset.map(picked, num_parallel_calls=tf.data.AUTOTUNE)
    batched = dataset.ragged_batch(CHUNK) if varying else dataset.batch(CHUNK)
    for chunk in batched.prefetch(2):
        yield {name: _array(values) for name, values in chunk.items()}


def resized(image: Any, size: tuple[int, int]) -> Any:
    """Resizes as :class:`keras.layers.Resizing`, which the model applies to raw images."""
    import keras

    return keras.layers.Resizing(*size, dtype=image.dtype.name)(image)


def _array(values: Any) -> Any:
    import tensorflow as tf

    if isinstance(values, tf.RaggedTensor):
        ends = values.row_splits.numpy()
        flat = values.flat_values.numpy()
        return [flat[a:b] for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    array = values.numpy()
    if array.dtype == object:
        texts = np.empty(len(array), dtype=object)
        texts[:] = [text.decode("utf-8", "replace") for text in array.tolist()]
        return texts
    return array
