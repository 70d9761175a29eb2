"""linear_part: a linear layer beside the hidden ones of a network for tables, for a blend with linear regression."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["LINEAR_PART", "linear_part", "linear_part_of"]

LINEAR_PART = "linear_part"
"""The name of the layer."""


def linear_part(columns: Any, outputs: int) -> Any:
    """The output of a new linear layer on encoded columns, shape (batch, outputs): 0 until it is blended in.

    Its weights are not trained with the others: gradients find the weights of correlated columns slowly, a solver at
    once. See :func:`recipes.blend_with_linear`.

    Args:
        columns: of shape (batch, size), by an encoding that is not learned.
        outputs: of the model.

    Source: the wide part of Cheng et al. 2016, arXiv:1606.07792.
    """
    layer = keras.layers.Dense(outputs, kernel_initializer="zeros", dtype="float32", name=LINEAR_PART, trainable=False)
    return layer(columns)


def linear_part_of(model: keras.Model) -> keras.layers.Layer | None:
    """The linear part of a model, if it has one.

    Example:
        >>> linear_part_of(keras.Sequential([keras.layers.Dense(1)])) is None
        True
    """
    return next((layer for layer in getattr(model, "layers", ()) if layer.name == LINEAR_PART), None)
