"""Cutout: a square of each image filled with the mean colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from .dataset import Data

__all__ = ["Cutout"]


class Cutout:
    """A rectangle of each image, of this share of its height and width, filled with the training images' mean colour.

    Its middle is anywhere in the image, so that a part of it can be outside. The network sees zeros there, since its
    inputs are normalized. "erasing" fills rectangles of other shapes and sizes with random pixels.
    """

    def __init__(self, strength: float, data: Data):
        self._lengths = [max(1, round(strength * side)) for side in data.spec.input_shape[:2]]
        self._fill = np.asarray(data.spec.input_mean, np.float32)

    def __call__(self, images: Any, seeds: Any) -> Any:
        import tensorflow as tf

        inside = []
        for axis, length in enumerate(self._lengths, start=1):
            side = images.shape[axis]
            middle = keras.random.randint((tf.shape(images)[0], 1), 0, side, seed=seeds)
            first, places = middle - length // 2, tf.range(side)[None, :]
            inside.append((places >= first) & (places < first + length))
        cut = inside[0][:, :, None] & inside[1][:, None, :]
        return tf.where(cut[..., None], self._fill, images)
