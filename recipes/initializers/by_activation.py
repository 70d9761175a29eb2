"""initializer_for: the right initializer for an activation. glorot_factor: the factors of a textbook's table."""

from __future__ import annotations

import math

from ..activations import ACTIVATIONS

__all__ = ["glorot_factor", "initializer_for"]

RECTIFIERS = ("elu", "leaky_relu", "relu", "softplus", "gelu", "silu", "mish")
"""ReLU and its variants: the activations that pass about half of the signal."""


def initializer_for(activation: str) -> str:
    """The name of the initializer that preserves the variance of the signal under this activation.

    Args:
        activation: a name of ``recipes list activations``.

    Returns:
        "he_normal" for the ReLU family (ELU, leaky ReLU, ReLU, softplus, GELU, SiLU, Mish), "lecun_normal" for SELU,
        "glorot_uniform" for all others.

    Raises:
        UnknownName: for any other name.

    Source: He for the ReLU family, Glorot for logistic, tanh and linear units (He et al. 2015; Glorot and Bengio 2010;
    Géron 2019, table 11-1); LeCun for SELU (Klambauer et al. 2017).

    Example:
        >>> initializer_for("elu"), initializer_for("tanh")
        ('he_normal', 'glorot_uniform')
    """
    ACTIVATIONS[activation]
    if activation == "selu":
        return "lecun_normal"
    return "he_normal" if activation in RECTIFIERS else "glorot_uniform"


def glorot_factor(activation: str) -> float:
    """The factor by which Géron's table of 2017 multiplies Glorot's weights for this activation.

    The table has 1 for logistic, 4 for tanh and sqrt(2) for ReLU and its variants. Weights are drawn from U(-r, r) with
    r = factor sqrt(6/(m+n)), or from a normal distribution with standard deviation factor sqrt(2/(m+n)).

    :func:`initializer_for` does not use it. For ReLU the two agree where m = n: He's variance is 2/m, the table's
    4/(m+n). The table swaps the factors of tanh and logistic units: the 4 compensates for the slope of the logistic
    function, a quarter of that of tanh (Bengio 2012 has 1 for tanh and 4 for logistic units). With weights 4 times
    larger, nearly half of the tanh units start saturated, beyond 0.99.

    Args:
        activation: a name of ``recipes list activations``.

    Returns:
        The factor; 1 for an activation that is not in the table.

    Raises:
        UnknownName: for any other name.

    Source: Géron 2017, table 11-1.

    Example:
        >>> [round(glorot_factor(name), 3) for name in ("logistic", "tanh", "relu")]
        [1.0, 4.0, 1.414]
        >>> initializer = {"name": "variance_scaling", "mode": "fan_avg", "scale": glorot_factor("relu") ** 2}
        >>> recipe = recipes.Recipe(initializer=initializer)   # doctest: +SKIP
    """
    ACTIVATIONS[activation]
    if activation == "tanh":
        return 4.0
    return math.sqrt(2) if activation in RECTIFIERS else 1.0
