"""Preprocessing inside the model, by Keras' layers: from raw values to zero mean and unit variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from ...callbacks.inside.layers import mask_of
from ..data.feature import Feature

__all__ = ["as_vector", "average", "normalization", "resized", "scaled_steps", "word_vectors"]


def normalization(mean: Sequence[float], variance: Sequence[float]) -> keras.layers.Layer:
    """A layer that normalizes the last axis to zero mean and unit variance.

    Always in float32: raw values would lose digits in half precision.
    """
    return keras.layers.Normalization(mean=list(mean), variance=list(variance), dtype="float32")


def resized(x: Any, height: int, width: int, *, dtype: str = "float32", name: str) -> Any:
    """Images of any size resized to (height, width).

    The layer is called with ``training=False``. Its default is True, which Keras passes on to all later layers: batch
    normalization would then use the batch's statistics in a model called without ``training``, as SavedModels are.
    """
    return keras.layers.Resizing(height, width, dtype=dtype, name=name)(x, training=False)


def word_vectors(feature: Feature, x: Any, size: int) -> Any:
    """The words of texts as learned vectors.

    Args:
        feature: of kind "text"; it provides the vocabulary and the number of words to read.
        x: strings, shape (batch,).
        size: of the vectors.

    Returns:
        A tensor of shape (batch, words, size), with a mask after the last word.
    """
    vocabulary = list(feature.vocabulary)
    split = keras.layers.TextVectorization(
        vocabulary=vocabulary, output_sequence_length=feature.length, name=f"{feature.key}_words"
    )
    # Small initial values: the vectors of rare words hardly change, and large ones would be noise to fit.
    start = keras.initializers.RandomUniform(-0.05, 0.05)
    return keras.layers.Embedding(
        len(vocabulary) + 2,
        size,
        mask_zero=True,
        embeddings_initializer=start,
        name=f"{feature.key}_embedding",
    )(split(x))


def scaled_steps(feature: Feature, x: Any) -> Any:
    """Sequences scaled to zero mean and unit variance, shape (batch, steps, size), with a mask for padded steps."""
    if feature.padding is not None:
        x = keras.layers.Masking(feature.padding, dtype="float32")(x)
    scale = [variance**-0.5 for variance in feature.variance]
    offset = [-mean * factor for mean, factor in zip(feature.mean, scale, strict=True)]
    return keras.layers.Rescaling(scale, offset, dtype="float32")(x)  # Normalization would drop the mask


def as_vector(x: Any) -> Any:
    """One vector per example: images and sequences of fixed length flattened, others averaged over their steps.

    Args:
        x: of shape (batch, ...). Masked steps do not count.
    """
    if len(x.shape) == 2:
        return x
    if len(x.shape) == 3 and (x.shape[1] is None or mask_of(x) is not None):
        return average(x)
    return keras.layers.Flatten()(x)


def average(x: Any) -> Any:
    """The mean over the unmasked steps; 0 if all are masked, where Keras' layer returns NaN."""
    mask = mask_of(x)
    if mask is None:
        return keras.layers.GlobalAveragePooling1D()(x)
    mask = keras.ops.cast(keras.ops.expand_dims(mask, -1), x.dtype)
    return keras.ops.sum(x * mask, axis=1) / keras.ops.maximum(keras.ops.sum(mask, axis=1), 1.0)
