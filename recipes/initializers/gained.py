"""Gained: a Keras initializer whose weights can be multiplied by a gain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from ...callbacks.checks import check_number

__all__ = ["Gained"]


@dataclass(frozen=True)
class Gained:
    """Makes an initializer of variance ``gain^2 scale / m`` for m inputs, or m the mean of inputs and outputs.

    Args:
        function: makes Keras' own initializer, that of gain 1.
        scale, mode, distribution: those of ``keras.initializers.VarianceScaling`` that are the same.

    Example:
        >>> he = Gained(keras.initializers.HeNormal, 2.0, "fan_in", "truncated_normal")
        >>> type(he()).__name__, he(gain=0.5).scale
        ('HeNormal', 0.5)
    """

    function: Callable[..., keras.initializers.Initializer]
    scale: float
    mode: str
    distribution: str

    def __call__(self, gain: float = 1.0, **options: Any) -> keras.initializers.Initializer:
        """A new initializer.

        Args:
            gain: multiplies the weights, > 0. Default 1.
            **options: ``seed``.

        Raises:
            InvalidArgument: for a gain that is not above 0.
        """
        gain = check_number("gain", gain, above=0)
        if gain == 1.0:
            return self.function(**options)
        scaled = {"scale": self.scale * gain**2, "mode": self.mode, "distribution": self.distribution}
        return keras.initializers.VarianceScaling(**scaled, **options)
