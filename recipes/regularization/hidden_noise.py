"""HiddenNoise: Gaussian noise on the outputs of hidden layers."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "HiddenNoise"]


class HiddenNoise(Regularizer):
    """Adds Gaussian noise to the outputs of each hidden layer during training; does nothing at inference.

    It is data augmentation at several levels of abstraction. The noise follows the activation, never the outputs of the
    network, and is independent at each step of a sequence and each pixel. With batch normalization, factories add it
    only after the last normalized layer, as dropout: the normalization would learn the variance with the noise.

    Args:
        stddev: standard deviation, in [0, 1]. Default 0.1. The outputs of a hidden layer have a variance near 1 at the
            start of the default setup, less with batch normalization.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Poole, Sohl-Dickstein and Ganguli 2014, arXiv:1406.1831; Goodfellow et al. 2016, section 7.4.

    Example:
        >>> recipes.Recipe(regularizer={"name": "hidden_noise", "stddev": 0.3})   # doctest: +SKIP
    """

    name = "hidden_noise"

    def __init__(self, stddev: float = 0.1):
        self.stddev = check_number("stddev", stddev, low=0, high=1)

    def after_activation(self, rank: int, *, normalized: bool = False) -> keras.layers.Layer | None:
        """Keras' GaussianNoise; None at 0, and before a batch normalization."""
        return keras.layers.GaussianNoise(self.stddev) if self.stddev and not normalized else None


ENTRIES = (
    Entry(
        "hidden_noise",
        HiddenNoise,
        "Gaussian noise on the outputs of hidden layers during training.",
        "Poole et al. 2014",
        (Range("stddev", 0.03, 1.0, 0.1),),
        when="For autoencoders and for networks so small that dropout starves them. Not with unbounded "
        "activations alone: large weights drown the noise.",
    ),
)
