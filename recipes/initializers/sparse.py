"""Sparse: an initializer that connects each unit to a few random inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import InvalidArgument, check_integer, check_number

__all__ = ["Sparse"]


@keras.saving.register_keras_serializable(package="recipes")
class Sparse(keras.initializers.Initializer):
    """Gives each unit exactly k nonzero incoming weights, at random positions, drawn from N(0, stddev^2).

    Whatever the number of inputs, the variance of a unit's input sum is k stddev^2 times the mean square of the inputs.
    Martens' choice, k = 15 and stddev = 1, compensates for the slope of his logistic units, at most 1/4. To preserve
    the variance through a deep network without normalization, use ``stddev = gain_for(activation) / sqrt(k)``: 0.32 for
    ELU, where a stddev of 1 multiplies the variance by about 7 per layer.

    The units lie along the kernel's last axis; all other axes are inputs: a unit is a column of a dense kernel
    (inputs, units) or a filter of a convolution (height, width, channels, filters). PyTorch's ``sparse_`` takes the
    fraction of zeros instead of a number of connections.

    Args:
        connections: k >= 1; a unit with fewer inputs has all of them. Default 15.
        stddev: > 0. Default 1.
        seed: an integer or a ``keras.random.SeedGenerator``; None (default) for a new one from Python's random numbers,
            as in Keras.

    Raises:
        InvalidArgument: for a value outside its range; when called, for a shape with fewer than two dimensions.

    Import ``recipes`` before you load a saved model with this initializer.

    Source: Martens 2010; the distribution as in Sutskever et al. 2013.

    Example:
        >>> kernel = Sparse(connections=3, seed=0)((100, 4))
        >>> (kernel.numpy() != 0).sum(axis=0)
        array([3, 3, 3, 3])
    """

    def __init__(self, connections: int = 15, stddev: float = 1.0, seed: Any = None):
        self.connections = check_integer("connections", connections, low=1)
        self.stddev = check_number("stddev", stddev, above=0)
        if seed is not None and not isinstance(seed, (keras.random.SeedGenerator, dict)):  # dict: a serialized one
            seed = check_integer("seed", seed)
        self._normal = keras.initializers.RandomNormal(0.0, self.stddev, seed=seed)
        self.seed = self._normal.seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """A kernel of this shape. The same seed and shape give the same numbers."""
        shape = tuple(shape)
        if len(shape) < 2:
            raise InvalidArgument("shape", shape, "that of a kernel: one or more input dimensions, then the units")
        # One draw for both positions and weights: two draws from the same seed would be equal, and the largest weights
        # would be the ones that stay. Always in single precision: in half precision many numbers are equal.
        order, weights = ops.unstack(self._normal((2, math.prod(shape[:-1]), shape[-1]), dtype="float32"), 2)
        permutation = ops.argsort(order, axis=0)  # for each unit a random permutation of its inputs
        kernel = ops.where(permutation < self.connections, weights, 0.0)
        return ops.cast(ops.reshape(kernel, shape), dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this initializer."""
        return {"connections": self.connections, "stddev": self.stddev, "seed": self._normal.get_config()["seed"]}
