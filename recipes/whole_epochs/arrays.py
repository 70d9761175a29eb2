"""EpochArrays: what a training on arrays needs, as tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from ..data.batching import gather_rows, steps_per_epoch
from ..data.named_arrays import Inputs, apply

__all__ = ["EpochArrays", "Split", "as_batch", "rows_of"]

Split = tuple[Inputs, tf.Tensor, "tf.Tensor | None"]
"""The x of a split, its y and its sample weights, or None."""


@dataclass
class EpochArrays:
    """The arrays and lengths of a training.

    Attributes:
        x: shape (n, ...): a tensor, or several by name.
        y: shape (n, ...).
        validation: what to evaluate after each epoch; or None.
        batch_size: examples per batch.
        evaluation_batch_size: examples per batch of an evaluation.
        seed: of the orders of the epochs; None for the order of the arrays.
        first_epoch, epochs: index of the first epoch, and of the one after the last.
        verbose: as for Keras' ``fit``.
        weights: sample weights, shape (n,); or None (default).
        drop_remainder: whether each epoch leaves out the examples after its last full batch. Default False.
    """

    x: Inputs
    y: tf.Tensor
    validation: Split | None
    batch_size: int
    evaluation_batch_size: int
    seed: int | None
    first_epoch: int
    epochs: int
    verbose: Any
    weights: tf.Tensor | None = None
    drop_remainder: bool = False

    @property
    def examples(self) -> int:
        """The number of training examples."""
        return int(self.y.shape[0])

    @property
    def size(self) -> int:
        """Examples per batch, of which there may be fewer in all."""
        return min(self.batch_size, self.examples)

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        if self.drop_remainder:
            return steps_per_epoch(self.examples, self.size)
        return math.ceil(self.examples / self.size)


def as_batch(x: Inputs, y: tf.Tensor, weights: tf.Tensor | None) -> tuple[Any, ...]:
    """What Keras' ``train_step`` takes: (x, y), or (x, y, weights)."""
    return (x, y) if weights is None else (x, y, weights)


def rows_of(
    split: Split, rows: tf.Tensor | None, start: tf.Tensor, size: int, *, whole: bool = False
) -> tuple[Any, ...]:
    """A batch of a split: the examples from position ``start`` on, at most ``size``.

    Args:
        split: x, y and weights.
        rows: the order of the examples, integers (n,); None for the order of the arrays.
        start: the first position.
        size: examples per batch.
        whole: whether there are ``size`` examples, so that the batch has a static shape. Default False.
    """
    x, y, weights = split
    if rows is None:
        pick = slice(start, start + size)
        taken = None if weights is None else weights[pick]
        return as_batch(apply(lambda array: array[pick], x), y[pick], taken)
    places = tf.slice(rows, [start], [size]) if whole else rows[start : start + size]
    return as_batch(
        gather_rows(x, places), tf.gather(y, places), None if weights is None else tf.gather(weights, places)
    )
