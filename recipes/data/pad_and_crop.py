"""PadAndCrop: images moved by whole pixels, with what is beyond their edge mirrored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from .dataset import Data

__all__ = ["PadAndCrop"]


class PadAndCrop:
    """Each image moved up or down, and left or right, by whole pixels up to a share of each side, and at least by one.

    All moves are as likely. Unlike "translation", which moves by fractions of pixels, it blurs nothing, so that a
    network sees images as sharp as those that it is tested on. Mirrored without the edge itself.
    """

    def __init__(self, strength: float, data: Data):
        self._sides = data.spec.input_shape[:2]
        self._most = [min(max(1, round(strength * side)), side - 1) for side in self._sides]

    def __call__(self, images: Any, seeds: Any) -> Any:
        import tensorflow as tf

        for axis, (side, most) in enumerate(zip(self._sides, self._most, strict=True), start=1):
            padded = tf.pad(images, [[most, most] if each == axis else [0, 0] for each in range(4)], "REFLECT")
            first = keras.random.randint((tf.shape(images)[0], 1), 0, 2 * most + 1, seed=seeds)
            images = tf.gather(padded, first + tf.range(side)[None, :], axis=axis, batch_dims=1)
        return images
