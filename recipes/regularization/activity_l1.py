"""ActivityL1: a penalty on what the hidden layers put out."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "ActivityL1"]


class ActivityL1(Regularizer):
    """Adds ``strength * sum |h|`` to the loss, over the outputs h of all hidden layers for one example: sparse codes.

    The sum is the mean over the batch, as for the loss; after convolutions and recurrent layers it runs over all
    positions or steps. It is the L1 penalty of Keras' ``activity_regularizer``, in single precision in half-precision
    models too. ReLU can put out exact zeros; ELU, the default, only comes near.

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
        """Keras' own ActivityRegularization layer, which passes its input on; None at strength 0."""
        # Half precision ends at 65,504, which a sum over a batch of images exceeds.
        return keras.layers.ActivityRegularization(l1=self.strength, dtype="float32") if self.strength else None


ENTRIES = (
    Entry(
        "activity_l1",
        ActivityL1,
        "strength * sum of the absolute outputs of the hidden layers, added to the loss.",
        "Glorot et al. 2011",
        (Range("strength", 1e-6, 1e-3, 1e-5),),
    ),
)
