"""tf.data pipelines over arrays in memory or on disk, which move whole batches and never single examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .disk.stored import Stored
from .disk.stored_columns import columns_at
from .named_arrays import Inputs, apply

__all__ = ["gather_rows", "in_order", "permutation", "shuffled", "steps_per_epoch"]


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """The number of batches of :func:`shuffled`: full ones only, or one smaller batch if none is full."""
    return max(examples // batch_size, 1)


def _on_disk(x: Inputs) -> bool:
    return any(isinstance(array, Stored) for array in (x.values() if isinstance(x, dict) else [x]))


def gather_rows(x: Inputs, indices: tf.Tensor) -> Any:
    """The examples at ``indices``, from memory or from disk, with the structure of ``x``.

    Args:
        x: shape (n, ...): a tensor, a :class:`recipes.data.disk.stored.Stored`, or a dictionary of these.
        indices: integers of shape (k,).

    Returns:
        Tensors of shape (k, ...).
    """

    if not isinstance(x, dict):
        return gather_rows({"": x}, indices)[""]
    stored = {name: array for name, array in x.items() if isinstance(array, Stored)}
    read: dict[str, tf.Tensor] = {}
    if stored:
        columns = list(stored.values())
        types = [tf.string if array.dtype == object else tf.as_dtype(array.dtype) for array in columns]
        rows = tf.numpy_function(lambda rows: columns_at(columns, rows), [indices], types, stateful=False)
        read = dict(zip(stored, rows, strict=True))
        for name, array in stored.items():
            read[name] = tf.ensure_shape(read[name], [indices.shape[0], *array.shape[1:]])
    return {name: read[name] if name in read else tf.gather(array, indices) for name, array in x.items()}


def permutation(count: int, seed: tf.Tensor) -> tf.Tensor:
    """The numbers 0 to ``count`` - 1 in an order that depends only on ``seed``, two integers."""
    return tf.random.experimental.stateless_shuffle(tf.range(count), seed=seed)


def _untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Disables autotuning, which runs a thread per iterator.

    There is nothing to tune here. When an iterator is dropped, TensorFlow (2.21) waits for that thread, which may sleep
    for as long as the iterator has lived, up to a minute.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def in_order(x: Inputs, y: tf.Tensor, batch_size: int, weights: tf.Tensor | None = None) -> tf.data.Dataset:
    """All examples in order; the last batch may be smaller.

    Args:
        x: shape (n, ...): a tensor, a :class:`recipes.data.disk.stored.Stored`, or a dictionary of these.
        y: shape (n, ...).
        batch_size: examples per batch.
        weights: shape (n,), or None (default).

    Returns:
        A dataset of (x, y) or (x, y, weights) of known cardinality. Every batch is a slice of the tensors; nothing is
        copied twice.

    Example:
        >>> [len(labels) for _, labels in in_order(tf.range(5), tf.range(5), 2)]
        [2, 2, 1]
    """
    count = int(y.shape[0])
    steps = -(-count // batch_size)
    disk = _on_disk(x)
    more = () if weights is None else (weights,)
    if steps == 1 and not disk:
        return _untuned(tf.data.Dataset.from_tensors((x, y, *more)))

    def batch(step: tf.Tensor) -> tuple[Any, ...]:
        start = step * batch_size
        labels, *rest = (array[start : start + batch_size] for array in (y, *more))
        if disk:
            rows = gather_rows(x, tf.range(start, start + tf.cast(tf.shape(labels)[0], tf.int64)))
        else:
            rows = apply(lambda array: array[start : start + batch_size], x)
        return (rows, labels, *rest)

    return _untuned(tf.data.Dataset.range(steps).map(batch).prefetch(2))


def shuffled(
    x: Inputs,
    y: tf.Tensor,
    batch_size: int,
    seed: int,
    *,
    first_epoch: int = 0,
    epochs: int | None = None,
    drop_remainder: bool = True,
    augment: Callable[[Any, Any], Any] | None = None,
    weights: tf.Tensor | None = None,
) -> tf.data.Dataset:
    """All examples, in a new order at every iteration.

    Iteration k of the dataset (an epoch) uses permutation ``first_epoch + k`` of ``seed``. It is fast because it draws
    once per epoch and gathers once per batch. The order depends on nothing else, TensorFlow's global seed included. A
    training resumed at epoch k with ``first_epoch=k`` sees the same batches as an uninterrupted one.

    Args:
        x: shape (n, ...): a tensor, a :class:`recipes.data.disk.stored.Stored`, or a dictionary of these.
        y: shape (n, ...).
        batch_size: examples per batch.
        seed: seed of the orders.
        first_epoch: number of the first permutation.
        epochs: number of epochs in one iteration, which then always starts at ``first_epoch``; None (default) for one
            epoch per iteration, as above.
        drop_remainder: whether to drop, in each epoch, the examples after the last full batch, so that all batches have
            the same static shape. Without any full batch, the only batch holds all n examples.
        augment: called with the x of a batch and two integers unique to the batch under this ``seed``; returns the x to
            train on.
        weights: shape (n,), or None (default).

    Returns:
        A dataset of (x, y) or (x, y, weights) of known cardinality.

    Example:
        >>> dataset = shuffled(tf.range(6), tf.range(6), 3, seed=0)
        >>> sorted(int(label) for _, labels in dataset for label in labels)
        [0, 1, 2, 3, 4, 5]
    """
    count = int(y.shape[0])
    disk = _on_disk(x)
    more = () if weights is None else (weights,)
    size = min(batch_size, count)
    steps = steps_per_epoch(count, size) if drop_remainder else -(-count // size)
    # Under tf.distribute's scopes a variable would be mirrored, which tf.data cannot capture; a table is not.
    counter = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, default_value=-1)
    key = tf.constant(0, tf.int64)
    counter.insert(key, tf.constant(first_epoch, tf.int64))

    def next_epoch(_: tf.Tensor) -> tf.Tensor:
        epoch = counter.lookup(key)
        counter.insert(key, epoch + 1)
        return epoch

    def batches(epoch: tf.Tensor) -> tf.data.Dataset:
        order = permutation(count, tf.stack([tf.constant(seed, tf.int64), epoch]))

        def batch(step: tf.Tensor) -> tuple[Any, ...]:
            start = step * size
            indices = tf.slice(order, [start], [size]) if drop_remainder else order[start : start + size]
            batch_x = gather_rows(x, indices)
            if augment is not None:
                batch_x = augment(batch_x, (seed, epoch * steps + step))
            return (batch_x, tf.gather(y, indices), *(tf.gather(array, indices) for array in more))

        return tf.data.Dataset.range(steps).map(batch, num_parallel_calls=tf.data.AUTOTUNE if augment or disk else None)

    if epochs is None:
        dataset = tf.data.Dataset.range(1).map(next_epoch).flat_map(batches)
    else:
        dataset = tf.data.Dataset.range(first_epoch, first_epoch + epochs).flat_map(batches)
    return _untuned(dataset.apply(tf.data.experimental.assert_cardinality(steps * (epochs or 1))).prefetch(2))
