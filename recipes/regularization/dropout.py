"""Dropout after each hidden activation."""

from __future__ import annotations

import keras

from callbacks.checks import check_number
from recipes.regularization.base import Regularizer

__all__ = ["Dropout"]


class Dropout(Regularizer):
    """Sets a random share of each hidden layer's outputs to zero while training, and scales up the rest.

    It sits after the activation, never on the outputs of the network, and does nothing at inference.

    Args:
        rate: share of the units dropped, in [0, 1). Default 0.2. (The lectures' "keep 0.5" is a rate of 0.5.)

    Raises:
        InvalidArgument: for a rate outside its range.

    Source: Srivastava et al. 2014.

    Example:
        >>> recipes.Recipe(regularization={"name": "dropout", "rate": 0.3})   # doctest: +SKIP
    """

    name = "dropout"

    def __init__(self, rate: float = 0.2):
        self.rate = check_number("rate", rate, low=0, below=1)

    def after_activation(self) -> keras.layers.Layer | None:
        """Keras' own Dropout layer, or None at rate 0."""
        return keras.layers.Dropout(self.rate) if self.rate else None
