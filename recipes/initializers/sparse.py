"""Sparse: each unit hears a few inputs, chosen at random."""

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
    """Each unit has exactly k incoming weights that are not zero, at random places, drawn from N(0, stddev^2).

    However many inputs there are, the variance of what goes into a unit is k stddev^2 times their mean square. Martens'
    choice, 15 times 1, makes up for the slope of his logistic units, 1/4 at most. To keep the variance through a deep
    network without normalization, take ``stddev = gain_for(activation) / sqrt(k)``: 0.32 for ELU, where 1 makes it grow
    about 7 times a layer.

    A unit is an entry of the kernel's last axis, and all other axes are its inputs: a column of a dense kernel
    (inputs, units), a filter of a convolution (height, width, channels, filters). PyTorch's ``sparse_`` is given the
    share of zeros instead of a number of connections.

    Args:
        connections: k >= 1; where a unit has fewer inputs, all of them. Default 15.
        stddev: > 0. Default 1.
        seed: an integer or a ``keras.random.SeedGenerator``; None (default): a new one, from Python's random numbers,
            as in Keras' own.

    Raises:
        InvalidArgument: for a value outside its range, and when called for a shape of fewer than two sizes.

    A saved model that has this initializer is loaded after ``import recipes``.

    Source: Martens 2010; the distribution as in Sutskever et al. 2013.

    Example:
        >>> kernel = Sparse(connections=3, seed=0)((100, 4))
        >>> (kernel.numpy() != 0).sum(axis=0)
        array([3, 3, 3, 3])
    """

    def __init__(self, connections: int = 15, stddev: float = 1.0, seed: Any = None):
        self.connections = check_integer("connections", connections, low=1)
        self.stddev = check_number("stddev", stddev, above=0)
        if seed is not None and not isinstance(seed, (keras.random.SeedGenerator, dict)):  # a dict is a written one
            seed = check_integer("seed", seed)
        self._normal = keras.initializers.RandomNormal(0.0, self.stddev, seed=seed)
        self.seed = self._normal.seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """A kernel of this shape; the same seed and shape give the same numbers."""
        shape = tuple(shape)
        if len(shape) < 2:
            raise InvalidArgument("shape", shape, "that of a kernel: its inputs, one size or more, and its units")
        # One draw, of which one half says where and the other half how much: two draws from one seed would agree, and
        # the largest weights be the ones to stay. In single precision always, since in half precision many are equal.
        order, weights = ops.unstack(self._normal((2, math.prod(shape[:-1]), shape[-1]), dtype="float32"), 2)
        places = ops.argsort(order, axis=0)  # for each unit the numbers 0, 1, ... of its inputs, shuffled
        kernel = ops.where(places < self.connections, weights, 0.0)
        return ops.cast(ops.reshape(kernel, shape), dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Everything needed to make this initializer again."""
        return {"connections": self.connections, "stddev": self.stddev, "seed": self._normal.get_config()["seed"]}
