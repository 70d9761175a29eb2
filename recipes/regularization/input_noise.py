"""InputNoise: Gaussian noise on the inputs."""

from __future__ import annotations

import keras

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "InputNoise"]


class InputNoise(Regularizer):
    """Adds Gaussian noise to the preprocessed input during training; does nothing at inference.

    The preprocessing scales every input to unit variance, so ``stddev`` is relative to the spread of the inputs. For
    small noise and a linear model with squared error it equals L2 of strength ``2 stddev^2``.

    Args:
        stddev: standard deviation, in [0, 1], in standard deviations of the inputs. Default 0.1.

    Raises:
        InvalidArgument: for a negative value.

    Source: Bishop 1995; Goodfellow et al. 2016, section 7.5.

    Example:
        >>> recipes.Recipe(regularizer={"name": "input_noise", "stddev": 0.3})   # doctest: +SKIP
    """

    name = "input_noise"

    def __init__(self, stddev: float = 0.1):
        self.stddev = check_number("stddev", stddev, low=0, high=1)

    def on_input(self, rank: int) -> keras.layers.Layer | None:
        """Keras' GaussianNoise, or None at 0."""
        return keras.layers.GaussianNoise(self.stddev) if self.stddev else None


ENTRIES = (
    Entry(
        "input_noise",
        InputNoise,
        "Gaussian noise on the normalized inputs during training.",
        "Bishop 1995",
        (Range("stddev", 0.03, 1.0, 0.1),),
        when="For measurements with known errors and for few labels: ahead of dropout with both MLPs "
        "here. Not where a small change of the input changes the label.",
    ),
)
