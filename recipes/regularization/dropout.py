"""Dropout: random zeros after each hidden activation, and in the input."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_bool, check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "Dropout"]

SPATIAL = {3: keras.layers.SpatialDropout1D, 4: keras.layers.SpatialDropout2D, 5: keras.layers.SpatialDropout3D}


class Dropout(Regularizer):
    """Sets a random fraction of each hidden layer's outputs to zero during training, and scales up the rest.

    It follows the activation, never the outputs of the network, and does nothing at inference.

    After convolutions whole channels are dropped (``spatial``): neighbouring pixels are nearly equal, so dropping
    single ones hides nothing. After recurrent layers a unit stays dropped for all steps of a sequence: a new mask at
    every step would average out. Dropout in the recurrence is an option of the model:
    ``recipes.rnn(recurrent_dropout=0.2)``.

    With batch normalization, factories drop only after the last normalized layer: the normalization would learn the
    variance with dropped units, and at inference none is dropped.

    Args:
        rate: fraction of the hidden units dropped, in [0, 1). Default 0.2. (A "keep probability" of 0.5 is a rate of
            0.5.)
        input_rate: fraction of the inputs dropped, in [0, 1). Default 0. (The classic "keep 0.8" is 0.2.) A search
            tunes it where its ``ranges`` have "dropout.input_rate".
        spatial: whether whole channels are dropped after convolutions. Default True.

    Raises:
        InvalidArgument: for a rate outside its range.

    Source: Srivastava et al. 2014; spatial: Tompson et al. 2015; the same units at all steps: Gal and Ghahramani
    2016; with batch normalization: Li et al. 2019, arXiv:1801.05134.

    Example:
        >>> recipes.Recipe(regularizer={"name": "dropout", "rate": 0.5, "input_rate": 0.2})   # doctest: +SKIP
    """

    name = "dropout"

    def __init__(self, rate: float = 0.2, input_rate: float = 0.0, spatial: bool = True):
        self.rate = check_number("rate", rate, low=0, below=1)
        self.input_rate = check_number("input_rate", input_rate, low=0, below=1)
        self.spatial = check_bool("spatial", spatial)

    def on_input(self, rank: int) -> keras.layers.Layer | None:
        """Keras' Dropout layer, or None at rate 0."""
        return keras.layers.Dropout(self.input_rate) if self.input_rate else None

    def after_activation(self, rank: int, *, normalized: bool = False) -> keras.layers.Layer | None:
        """Keras' Dropout or SpatialDropout layer; None at rate 0, and before a batch normalization."""
        if not self.rate or normalized:
            return None
        return SPATIAL[rank](self.rate) if self.spatial and rank in SPATIAL else keras.layers.Dropout(self.rate)


ENTRIES = (
    Entry(
        "dropout",
        Dropout,
        "Zeroes a random fraction of each hidden layer's outputs during training.",
        "Srivastava et al. 2014",
        (
            Range("rate", 0.05, 0.5, 0.2, log=False),
            Range("input_rate", 0.0, 0.3, 0.0, log=False, by_default=False),
        ),
        when="For wide dense layers that overfit, at rates of 0.1 to 0.5. Not in a few epochs on many "
        "data (it cost 0.4 points on MNIST here), nor just before batch normalization.",
    ),
)
