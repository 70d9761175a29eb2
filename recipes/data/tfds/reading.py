"""read, read_to_disk: decode the selected features of a prepared TFDS split once, into memory or onto disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ..disk.on_disk import stored_once
from ..image_sizes import resized
from ..named_arrays import Inputs
from .selection import Selection
from .sources import Source

__all__ = ["check_sizes", "needed_memory", "read", "read_to_disk"]

CHUNK = 1024
"""Examples decoded at a time."""
TEXT = 500
"""Assumed number of bytes of a text."""


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
        selection: from :func:`recipes.data.tfds.selection.select`.
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
    count = builder.info.splits[split].num_examples
    facts = [str(builder.data_path), split, repr(selection), repr(image_size), count]
    name = f"{builder.name}-{re.sub('[^a-z0-9_]+', '-', split)}"
    arrays = stored_once(folder, name, facts, needed, lambda: chunks(builder, selection, split, image_size))
    return _divided(selection, arrays)


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
