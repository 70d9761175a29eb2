"""draw_operations: an operation of Pillow for each image, and an amount for it, at random; amounts that grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

__all__ = ["Amount", "draw_operations", "signed", "unused"]

Amount = Callable[[Any, Any], Any]
"""From how far to go, in [0, 1], and a sign, -1 or 1, each of shape (batch,), to the amount of an operation."""


def signed(largest: float) -> Amount:
    """An amount from 0 to this, in either direction."""
    return lambda far, signs: signs * far * largest


def unused(far: Any, _: Any) -> Any:
    """For operations that take none."""
    return far


def draw_operations(count: Any, amounts: Sequence[Amount], far: Any, seeds: Any) -> tuple[Any, Any]:
    """For each of ``count`` images the place of its operation, all equally likely, and its amount.

    Args:
        count: of images, an integer tensor.
        amounts: of the operations.
        far: how far to go, in [0, 1]: a tensor of shape (batch,).
        seeds: a ``keras.random.SeedGenerator``.

    Returns:
        (places, int32; amounts, float32), each of shape (batch,).
    """
    import tensorflow as tf

    which = keras.random.randint((count,), 0, len(amounts), seed=seeds)
    signs = tf.where(keras.random.uniform((count,), seed=seeds) < 0.5, -1.0, 1.0)
    table = tf.stack([tf.broadcast_to(amount(far, signs), tf.shape(far)) for amount in amounts])
    return which, tf.gather(tf.transpose(table), which, batch_dims=1)
