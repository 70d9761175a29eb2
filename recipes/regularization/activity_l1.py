"""ActivityL1: a penalty on the outputs of the hidden layers."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "ActivityL1"]


class ActivityL1(Regularizer):
    """Adds ``strength * sum |h|`` to the loss, over the outputs h of all hidden layers: sparse representations.

    The sum is taken per example and averaged over the batch, like the loss; after convolutions and recurrent layers it
    runs over all positions or steps. It is the L1 penalty of Keras' ``activity_regularizer``, always in single
    precision. ReLU outputs exact zeros; ELU, the default activation, only comes close.

    Args:
        strength: >= 0. Default 1e-5.

    Raises:
        InvalidArgument: for a negative strength.

    Source: Glorot, Bordes and Bengio 2011; Goodfellow et al. 2016, section 7.10.

    Example:
        >>> recipes.Recipe(activation="relu", regularizer={"name": "activity_l1", "strength": 1e-4})   # doctest: +SKIP
    """

    name = "activity_l1"

    def __init__(self, strength: float = 1e-5):
        self.strength = check_number("strength", strength, low=0)

    def after_activation(self, rank: int, *, normalized: bool = False) -> keras.layers.Layer | None:
        """Keras' ActivityRegularization layer, which passes its input through; None at strength 0."""
        # In float32: the largest half-precision number is 65,504, less than a sum over a batch of images.
        return keras.layers.ActivityRegularization(l1=self.strength, dtype="float32") if self.strength else None


ENTRIES = (
    Entry(
        "activity_l1",
        ActivityL1,
        "strength * sum of the absolute outputs of the hidden layers, added to the loss.",
        "Glorot et al. 2011",
        (Range("strength", 1e-6, 1e-3, 1e-5),),
        when="For sparse codes, as of an autoencoder: few units answer each example. To make weights sparse take l1.",
    ),
)
