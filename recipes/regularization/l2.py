"""L2: a penalty on the squared weights."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "L2"]


class L2(Regularizer):
    """Adds ``strength / 2 * sum(w^2)`` over the kernels to the loss; biases and normalization are left out.

    With the factor 1/2 its gradient is ``strength * w``. Keras' ``regularizers.L2(x)`` has no such factor, so
    ``L2(strength)`` here is ``keras.regularizers.L2(strength / 2)``.

    Args:
        strength: >= 0. Default 1e-4.

    Raises:
        InvalidArgument: for a negative strength.

    Source: Krogh and Hertz 1992; Goodfellow et al. 2016, section 7.1.1.

    Example:
        >>> recipes.Recipe(regularizer={"name": "l2", "strength": 1e-3})   # doctest: +SKIP
    """

    name = "l2"

    def __init__(self, strength: float = 1e-4):
        self.strength = check_number("strength", strength, low=0)

    def kernel_regularizer(self) -> keras.regularizers.Regularizer:
        """Keras' L2, with half the strength (see above)."""
        return keras.regularizers.L2(self.strength / 2)


ENTRIES = (
    Entry(
        "l2",
        L2,
        "strength/2 * sum of squared kernel weights, added to the loss.",
        "Krogh and Hertz 1992",
        (Range("strength", 1e-5, 1e-2, 1e-4),),
        when="The first penalty to try with SGD or momentum. With Adam and its kin take weight_decay: "
        "dividing by the gradient's size distorts L2.",
    ),
)
