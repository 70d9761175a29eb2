"""corrupt: records with parts from other records, for a network that learns to tell good records from bad ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["SHARE", "corrupt"]

TILES = 4
"""Images are cut into this many tiles across and down. Tiles are the parts that are exchanged."""

SHARE = 0.25
"""The default share of a bad record's parts that come from other records."""


def corrupt(x: Any, bad: Any, seed: Any, share: float = SHARE, padding: float | None = None) -> Any:
    """The records, with a share of the parts of bad records replaced by parts of other records in the batch.

    The values are realistic, but do not belong together. The parts are:

    - the columns of a table, the inputs of a record with several, 4 x 4 tiles of an image, and the steps of sequences
      of equal length. Each part comes from the same position of another record, drawn for each part.
    - the words of a text, and the steps of padded sequences before the padding. Each part comes from any position of
      the other records. Words are then separated by single spaces, in good texts too.

    A part may be equal in both records, such as the black corners of digits.

    Args:
        x: shape (n, columns), (n, steps, size), (n, height, width, channels), n strings, or a dictionary of arrays with
            n rows; n >= 2.
        bad: booleans of shape (n,).
        seed: two integers.
        share: the share of parts to replace, in (0, 1]; at least one part is replaced. Default 0.25.
        padding: the padding value of sequences; None (default) if all have the same length.

    Returns:
        Tensors with the structure of ``x``.

    Source: Collobert and Weston 2008, who replace a word of a sentence; the other parts are this package's choice.

    Example:
        >>> x = np.arange(12).reshape(3, 4)
        >>> corrupt(x, [False, True, False], (0, 0), share=0.5).numpy()      # doctest: +SKIP
        array([[ 0,  1,  2,  3],
               [ 4,  9, 10,  7],
               [ 8,  9, 10, 11]])
    """
    import tensorflow as tf

    bad = tf.convert_to_tensor(bad)
    if isinstance(x, dict):
        return _corrupt_inputs(x, bad, seed, share)
    x = tf.convert_to_tensor(x)
    if x.dtype == tf.string:
        words = tf.strings.split(x)
        mixed = _corrupt_ragged(words, bad, seed, share)
        return tf.ensure_shape(tf.strings.reduce_join(mixed, axis=-1, separator=" "), x.shape)
    if padding is not None:
        filled = tf.reduce_all(x == tf.cast(padding, x.dtype), axis=-1)
        steps = tf.ragged.boolean_mask(x, tf.logical_not(filled))
        mixed = _corrupt_ragged(steps, bad, seed, share).to_tensor(tf.cast(padding, x.dtype), shape=tf.shape(x))
        return tf.ensure_shape(mixed, x.shape)
    return _corrupt_array(x, bad, seed, share)


def _corrupt_inputs(x: dict[str, Any], bad: tf.Tensor, seed: Any, share: float) -> dict[str, tf.Tensor]:
    """Exchanges whole inputs of records."""
    import tensorflow as tf

    rows = tf.shape(next(iter(x.values())))[0]
    chosen, donors = _choose(rows, len(x), bad, seed, share)
    mixed = {}
    tensors = {name: tf.convert_to_tensor(value) for name, value in x.items()}
    for number, (name, value) in enumerate(tensors.items()):
        swapped = tf.reshape(chosen[:, number], (-1, *[1] * (len(value.shape) - 1)))
        mixed[name] = tf.where(swapped, tf.gather(value, donors[:, number]), value)
    return mixed


def _corrupt_array(x: tf.Tensor, bad: tf.Tensor, seed: Any, share: float) -> tf.Tensor:
    """Exchanges columns, steps or tiles at equal positions."""
    import tensorflow as tf

    shape = [int(size) for size in x.shape[1:]]
    parts = parts_of(shape)
    rows, positions = tf.shape(x)[0], len(parts)
    chosen, donors = _choose(rows, int(parts.max()) + 1, bad, seed, share)
    chosen, donors = tf.gather(chosen, parts, axis=1), tf.gather(donors, parts, axis=1)
    flat = tf.reshape(x, (rows * positions, -1))
    donated = tf.gather(flat, donors * positions + tf.range(positions))
    original = tf.reshape(x, tf.shape(donated))
    return tf.reshape(tf.where(chosen[..., None], donated, original), (-1, *shape))


def _choose(rows: Any, parts: int, bad: tf.Tensor, seed: Any, share: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Which parts are replaced, and the index of the donor record: two tensors of shape (rows, parts)."""
    import tensorflow as tf

    drawn = tf.random.stateless_uniform((2, rows, parts), seed)
    replaced = max(1, round(share * parts))
    chosen = drawn[0] >= tf.math.top_k(drawn[0], replaced).values[:, -1:]
    others = tf.cast(tf.maximum(rows - 1, 1), tf.float32)
    steps = tf.minimum(tf.cast(drawn[1] * others, tf.int32), rows - 2)
    donors = (tf.range(rows)[:, None] + 1 + steps) % rows
    return tf.logical_and(chosen, bad[:, None]), donors


def _corrupt_ragged(x: tf.RaggedTensor, bad: tf.Tensor, seed: Any, share: float) -> tf.RaggedTensor:
    """Replaces words or steps by any of the other records."""
    import tensorflow as tf

    values, owner = x.values, tf.cast(x.value_rowids(), tf.int32)
    starts, lengths = tf.cast(x.row_starts(), tf.int32), tf.cast(x.row_lengths(), tf.int32)
    count = tf.shape(values)[0]
    drawn = tf.random.stateless_uniform((2, count), seed, dtype=tf.float64)
    # In random order within each record: the first ones of each are replaced.
    order = tf.argsort(tf.cast(owner, tf.float64) + drawn[0])
    rank = tf.scatter_nd(order[:, None], tf.range(count), [count]) - tf.gather(starts, owner)
    replaced = tf.maximum(1, tf.cast(tf.round(share * tf.cast(lengths, tf.float64)), tf.int32))
    chosen = tf.logical_and(tf.gather(bad, owner), rank < tf.gather(replaced, owner))
    others = tf.gather(count - lengths, owner)
    steps = tf.cast(drawn[1] * tf.cast(others, tf.float64), tf.int32)
    donors = (tf.gather(starts + lengths, owner) + steps) % tf.maximum(count, 1)
    chosen = tf.logical_and(chosen, others > 0)
    chosen = tf.reshape(chosen, tf.concat([[count], tf.ones([tf.rank(values) - 1], tf.int32)], 0))
    return x.with_values(tf.where(chosen, tf.gather(values, donors), values))


def parts_of(shape: Sequence[int]) -> np.ndarray:
    """The part of each position of a record of this shape: a column, a step, or a pixel's tile.

    Example:
        >>> parts_of((3,)), int(parts_of((8, 8, 1)).max())
        (array([0, 1, 2], dtype=int32), 15)
    """
    if len(shape) < 3:
        return np.arange(shape[0], dtype="int32")
    height, width = shape[:2]
    down, across = min(TILES, height), min(TILES, width)
    rows, columns = np.arange(height) * down // height, np.arange(width) * across // width
    return (rows[:, None] * across + columns).reshape(-1).astype("int32")
