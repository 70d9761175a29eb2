"""bias_for: the initial bias for an activation. bias_initializer: the Keras initializer for the user's choice."""

from __future__ import annotations

from typing import Any

import keras

from ..activations import ACTIVATIONS
from ..choice import AUTO, parse_number

__all__ = ["bias_for", "bias_initializer"]


def bias_for(activation: str) -> float:
    """The initial bias of layers with this activation: 0.1 for ReLU, 0 for all others.

    A ReLU unit that is negative for every example has no gradient and stays dead. With a small positive bias most units
    start alive; 0.01 is also common. No other activation of the catalogue has a slope of zero. Layers followed by batch
    normalization have no bias; the shift of the normalization starts at 0.

    Args:
        activation: a name of ``recipes list activations``.

    Raises:
        UnknownName: for any other name.

    Source: Goodfellow et al. 2016, section 8.4.

    Example:
        >>> bias_for("relu"), bias_for("elu")
        (0.1, 0.0)
    """
    ACTIVATIONS[activation]
    return 0.1 if activation == "relu" else 0.0


def bias_initializer(choice: Any, activation: str) -> keras.initializers.Initializer:
    """A new Keras initializer for the biases of a layer.

    Args:
        choice: a number, "auto" for :func:`bias_for`, or a Keras initializer, which is copied.
        activation: the layer's activation, by name.

    Returns:
        ``Zeros`` for 0, ``Constant`` for any other number.

    Raises:
        InvalidArgument: for any other choice or an unknown activation.

    Example:
        >>> bias_initializer("auto", "relu").value, type(bias_initializer(0.0, "relu")).__name__
        (0.1, 'Zeros')
    """
    usual = bias_for(activation)
    choice = parse_number("bias", choice, (AUTO,), keras.initializers.Initializer, "a Keras initializer")
    if isinstance(choice, keras.initializers.Initializer):
        return choice.clone()
    constant = usual if choice == AUTO else choice
    return keras.initializers.Constant(constant) if constant else keras.initializers.Zeros()
