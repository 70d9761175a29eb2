"""MaxNorm: a limit on the norm of the weights into each unit."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "MaxNorm"]


class MaxNorm(Regularizer):
    """After each step, rescales the incoming weights of every unit to a norm of at most ``limit``.

    The norm is that of all weights into one unit: a column of a dense kernel, a whole filter of a convolution. Biases
    and normalization are left out.

    Args:
        limit: > 0. Default 3.

    Raises:
        InvalidArgument: for a limit that is not positive.

    Source: Srebro and Shraibman 2005; Srivastava et al. 2014, section 5.1, who use it with dropout.

    Example:
        >>> recipes.Recipe(regularizer=["dropout", {"name": "max_norm", "limit": 2.0}])   # doctest: +SKIP
    """

    name = "max_norm"

    def __init__(self, limit: float = 3.0):
        self.limit = check_number("limit", limit, above=0)

    def kernel_constraint(self, rank: int) -> keras.constraints.Constraint:
        """Keras' MaxNorm, over all axes but the last, which is that of the units."""
        return keras.constraints.MaxNorm(self.limit, axis=list(range(rank - 1)))


ENTRIES = (
    Entry(
        "max_norm",
        MaxNorm,
        "Rescales the weights into each unit to a norm of at most limit, after each step.",
        "Srebro and Shraibman 2005",
        (Range("limit", 0.5, 4.0, 3.0),),
        when="Together with dropout and high rates, which it keeps from blowing up weights. Alone it "
        "gains little: 0.1 points on MNIST here.",
    ),
)
