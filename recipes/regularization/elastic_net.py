"""ElasticNet: the sum of the L1 and L2 penalties."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "ElasticNet"]


class ElasticNet(Regularizer):
    """Adds ``l1 * sum |w| + l2 / 2 * sum w^2`` over the kernels to the loss; biases and normalization are left out.

    It is the sum of "l1" and "l2" at these strengths. Keras' ``L1L2(a, b)`` has no 1/2, so ``ElasticNet(a, b)`` here is
    ``keras.regularizers.L1L2(a, b / 2)``.

    Args:
        l1: >= 0. Default 1e-5.
        l2: >= 0. Default 1e-4.

    Raises:
        InvalidArgument: for a negative strength.

    Source: Zou and Hastie 2005.

    Example:
        >>> recipes.Recipe(regularizer={"name": "elastic_net", "l1": 1e-5, "l2": 1e-3})   # doctest: +SKIP
    """

    name = "elastic_net"

    def __init__(self, l1: float = 1e-5, l2: float = 1e-4):
        self.l1, self.l2 = check_number("l1", l1, low=0), check_number("l2", l2, low=0)

    def kernel_regularizer(self) -> keras.regularizers.Regularizer:
        """Keras' L1L2, with half the strength for the squares (see above)."""
        return keras.regularizers.L1L2(self.l1, self.l2 / 2)


ENTRIES = (
    Entry(
        "elastic_net",
        ElasticNet,
        "l1 * sum of absolute kernel weights + l2/2 * sum of their squares, added to the loss.",
        "Zou and Hastie 2005",
        (Range("l1", 1e-6, 1e-3, 1e-5), Range("l2", 1e-5, 1e-2, 1e-4)),
        when="For many correlated inputs of which few matter: L2 keeps groups together, L1 drops the "
        "rest. With trials for one strength only take l1 or l2.",
    ),
)
