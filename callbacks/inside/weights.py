"""What a weight is: its role in its layer, whether it multiplies inputs or shifts and scales them, and its size."""

from __future__ import annotations

import math
from collections.abc import Iterable

import keras
import numpy as np

__all__ = ["bytes_of", "is_kernel"]

OTHERS = ("bias", "beta", "gamma", "scale", "alpha")
"""The names that Keras' layers give to weights that are no kernels, whatever their rank: the scale and shift of a
normalization over several axes, the slopes of PReLU, the biases of GRU, have two dimensions and more."""


def is_kernel(weight: keras.Variable) -> bool:
    """Whether a weight is a kernel or an embedding: of two dimensions or more, and no bias, shift, scale or slope.

    Example:
        >>> layer = keras.layers.LayerNormalization(axis=(1, 2))
        >>> layer.build((None, 3, 4))
        >>> [(weight.name, weight.ndim, is_kernel(weight)) for weight in layer.weights]
        [('gamma', 2, False), ('beta', 2, False)]
    """
    name = weight.path.rsplit("/", 1)[-1]
    return len(weight.shape) > 1 and name not in OTHERS and not name.endswith("_bias")


def bytes_of(variables: Iterable[keras.Variable]) -> int:
    """The bytes that variables take.

    Example:
        >>> layer = keras.layers.Dense(3)
        >>> layer.build((None, 4))
        >>> bytes_of(layer.weights)
        60
    """
    return sum(math.prod(variable.shape) * np.dtype(variable.dtype).itemsize for variable in variables)
