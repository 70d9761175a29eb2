"""read_pipeline: the inputs, targets and weights of a tf.data pipeline, read once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_bool, check_number
from ..files import cache_folder
from .disk.on_disk import Chunk, available_memory, size_of, stored_contents
from .elements import ACCEPTED, Parts, check_components, is_batched, parts_of
from .image_sizes import are_images, checked_size, resized_images
from .input_arrays import as_inputs

__all__ = ["read_pipeline", "read_pipelines"]

CHUNK = 1024
"""Examples of an unbatched pipeline to read at a time."""


def read_pipelines(pipelines: Mapping[str, Any], **reading: Any) -> dict[str, Any]:
    """The arguments of :meth:`recipes.Data.from_arrays` with what pipelines yield.

    Args:
        pipelines: split -> dataset; of "validation" and "test" also the fraction to hold out, or None.
        **reading: see :func:`read_pipeline`.

    Raises:
        InvalidArgument: see :func:`read_pipeline`.
    """
    check_number("memory", reading["memory"], low=0, high=1)
    if reading["batched"] is not None:
        check_bool("batched", reading["batched"])
    size = checked_size(reading["image_size"])
    arguments: dict[str, Any] = {}
    for split, pipeline in pipelines.items():
        if split != "train" and (pipeline is None or isinstance(pipeline, float)):
            arguments[split] = pipeline
            continue
        suffix = "" if split == "train" else f"_{split}"
        x, y, weight = read_pipeline(split, pipeline, **{**reading, "image_size": size})
        arguments |= {f"x{suffix}": x, f"y{suffix}": y}
        if weight is not None:
            arguments[f"sample_weight{suffix}"] = weight
    names = getattr(pipelines["train"], "class_names", None)
    return {**arguments, "image_size": size, **({} if names is None else {"class_names": names})}


def read_pipeline(
    argument: str,
    dataset: Any,
    *,
    target: str | None = None,
    batched: bool | None = None,
    image_size: tuple[int, int] | None = None,
    memory: float = 0.5,
) -> tuple[Any, Any, Any]:
    """What a finite ``tf.data.Dataset`` yields in one pass, as :meth:`recipes.Data.from_arrays` takes it.

    Args:
        argument: name of the pipeline, for messages.
        dataset, target, batched, image_size, memory: see :meth:`recipes.Data.from_pipeline`.

    Returns:
        (x, y, weight): arrays, or lists where examples differ in size; x is a dictionary for records, and its images,
        vectors and strings are on disk if x is larger than the share of the memory; weight may be None.

    Raises:
        InvalidArgument: for anything else than such a dataset, an endless or an empty one, one that fails, and batches
            of different sizes.

    Example:
        >>> import tensorflow as tf
        >>> read_pipeline("train", tf.data.Dataset.from_tensor_slices(([[1.0], [2.0]], [0, 1])))
        (array([[1.],
               [2.]], dtype=float32), array([0, 1], dtype=int32), None)
    """
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        fraction = "" if argument == "train" else ", or a fraction in (0, 1)"
        raise InvalidArgument(argument, dataset, f"{ACCEPTED}{fraction}")
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise InvalidArgument(argument, "endless", "finite: leave out .repeat(), or use .take(number) or num_epochs=1")
    specs = parts_of(argument, dataset.element_spec, target)
    check_components(argument, specs)
    if batched is None:
        batched = is_batched(argument, _of_known_rank(argument, dataset, specs, target))
    targets: list[Any] = []
    weights: list[Any] = []

    def inputs() -> Iterator[Chunk]:
        for parts in _chunks(argument, dataset, target, batched):
            targets.append(parts.y)
            weights.append(parts.weight)
            yield {name: _resized(argument, values, image_size) for name, values in parts.x.items()}

    x = _collected(argument, inputs(), memory * available_memory())
    if not targets:
        raise InvalidArgument(argument, "no examples", "a dataset with examples")
    weight = None if weights[0] is None else _joined(weights)
    single = list(x) == [""] or (target is not None and len(x) == 1 and not _is_column(*x.values()))
    return (next(iter(x.values())) if single else x), _joined(targets), weight


def _of_known_rank(argument: str, dataset: Any, specs: Parts, target: str | None) -> Parts:
    """The specs or, if a rank is unknown, the components of the first element."""
    if all(spec.shape.rank is not None for _, spec in specs.items()):
        return specs
    for element in dataset.take(1):
        return parts_of(argument, element, target)
    raise InvalidArgument(argument, "no examples", "a dataset with examples")


def _chunks(argument: str, dataset: Any, target: str | None, batched: bool) -> Iterator[Parts]:
    """The examples chunk by chunk: arrays, or lists where examples differ in size."""
    import tensorflow as tf

    specs = [spec for _, spec in parts_of(argument, dataset.element_spec, target).items()]
    if not batched and all(isinstance(spec, tf.TensorSpec) and spec.shape.is_fully_defined() for spec in specs):
        dataset, batched = dataset.batch(CHUNK), True
    rows: list[Parts] = []
    shapes: dict[str, Any] = {}
    count = 0
    try:
        for element in dataset:
            parts = parts_of(argument, element, target)
            if batched:
                batch = _applied(_values, parts)
                _check_batched(argument, batch)
                _check_shapes(argument, batch, shapes)
                count += len(batch.y)
                yield batch
                continue
            rows.append(_applied(lambda tensor: _values(tensor, single=True), parts))
            count += 1
            if len(rows) == CHUNK:
                yield _stacked(rows)
                rows = []
    except tf.errors.OpError as error:
        message = re.sub(r"\{\{.*?\}\}", "", str(error.message)).strip()
        reason = (message.splitlines() or [type(error).__name__])[0][:200]
        raise InvalidArgument(
            argument, reason, f"a dataset that can be read, but it fails after {count:,} examples"
        ) from error
    if rows:
        yield _stacked(rows)


def _check_shapes(argument: str, batch: Parts, known: dict[str, Any]) -> None:
    """Refuses batches of arrays that differ in more than the number of examples: padding would be taken for data."""
    for name, values in batch.items():
        if isinstance(values, list) or are_images(values):
            continue
        shape = known.setdefault(name, values.shape[1:])
        if values.shape[1:] != shape:
            accepted = "batches of one shape but for their first size; pass the dataset as it is before .padded_batch()"
            shown = f"{name} of shapes {(None, *shape)} and {(None, *values.shape[1:])}"
            raise InvalidArgument(argument, shown, accepted)


def _check_batched(argument: str, batch: Parts) -> None:
    """Refuses single examples where batches were announced: a number is not one of several."""
    single = [name for name, values in batch.items() if not isinstance(values, list) and np.ndim(values) == 0]
    if single:
        accepted = f"False or left out: {single[0]} of {argument} is a single value, not a batch"
        raise InvalidArgument("batched", True, accepted)


def _applied(function: Any, parts: Parts) -> Parts:
    weight = None if parts.weight is None else function(parts.weight)
    return Parts({name: function(value) for name, value in parts.x.items()}, function(parts.y), weight)


def _values(tensor: Any, single: bool = False) -> Any:
    """A tensor as an array; a ragged batch as a list of arrays."""
    import tensorflow as tf

    if not isinstance(tensor, tf.RaggedTensor) or single:
        return tensor.numpy()
    rows = [row.numpy() for row in tensor]
    return [[text.decode("utf-8", "replace") for text in row] if row.dtype == object else row for row in rows]


def _stacked(rows: list[Parts]) -> Parts:
    """Examples as one chunk."""
    x = {name: _alike([row.x[name] for row in rows]) for name in rows[0].x}
    weight = None if rows[0].weight is None else _alike([row.weight for row in rows])
    return Parts(x, _alike([row.y for row in rows]), weight)


def _alike(values: list[Any]) -> Any:
    """An array of values of one shape, else the list."""
    if isinstance(values[0], bytes):
        return np.array(values, object)
    return np.stack(values) if len({np.shape(value) for value in values}) == 1 else values


def _resized(argument: str, values: Any, size: tuple[int, int] | None) -> Any:
    return values if size is None or not are_images(values) else resized_images(argument, values, size)


def _collected(argument: str, parts: Iterator[Chunk], limit: float) -> Chunk:
    """All chunks together, on disk if they are larger than the limit, in bytes."""
    held: list[Chunk] = []
    size = 0
    for chunk in parts:
        held.append(chunk)
        size += size_of(chunk)
        if size > limit:
            return stored_contents(cache_folder() / "decoded", "pipeline", _checked(argument, held, parts))
    return {name: _joined([chunk.pop(name) for chunk in held]) for name in list(held[0])} if held else {}


def _checked(argument: str, held: list[Chunk], rest: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks as arrays of the types that models take; frees those that are held."""
    while held:
        yield _as_inputs(argument, held.pop(0))
    for chunk in rest:
        yield _as_inputs(argument, chunk)


def _as_inputs(argument: str, chunk: Chunk) -> Chunk:
    if list(chunk) == [""]:
        return {"": as_inputs(argument, argument, chunk[""])}
    return as_inputs(argument, argument, chunk)


def _joined(chunks: list[Any]) -> Any:
    """Chunks of arrays as one array, or as a list where examples differ in size."""
    if not any(isinstance(values, list) for values in chunks):
        shapes = {values.shape[1:] for values in chunks}
        if len(shapes) == 1:
            whole = np.concatenate(chunks)
            whole.flags.writeable = False  # so that it is not copied
            return whole
    return [row for values in chunks for row in values]


def _is_column(values: Any) -> bool:
    """Whether the values are numbers, one an example."""
    return not isinstance(values, list) and values.ndim == 1 and values.dtype != object
