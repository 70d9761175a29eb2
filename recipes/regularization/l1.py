"""L1: a penalty on the absolute values of the weights."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "L1"]


class L1(Regularizer):
    """Adds ``strength * sum |w|`` over the kernels to the loss; biases and normalization are left out.

    It drives unimportant weights towards zero. (Not exactly to zero: gradient steps overshoot it.)

    Args:
        strength: >= 0. Default 1e-5.

    Raises:
        InvalidArgument: for a negative strength.

    Source: Tibshirani 1996; Goodfellow et al. 2016, section 7.1.2.

    Example:
        >>> recipes.Recipe(regularizer={"name": "l1", "strength": 1e-4})   # doctest: +SKIP
    """

    name = "l1"

    def __init__(self, strength: float = 1e-5):
        self.strength = check_number("strength", strength, low=0)

    def kernel_regularizer(self) -> keras.regularizers.Regularizer:
        """Keras' L1."""
        return keras.regularizers.L1(self.strength)


ENTRIES = (
    Entry(
        "l1",
        L1,
        "strength * sum of absolute kernel weights, added to the loss.",
        "Tibshirani 1996",
        (Range("strength", 1e-6, 1e-3, 1e-5),),
        when="Where most weights should be zero, to read the model or to shrink it. For accuracy alone l2 "
        "or dropout mostly do more.",
    ),
)
