"""gain_for: how much larger the kernels must be under an activation than in a linear layer."""

from __future__ import annotations

import math

from ..activations import ACTIVATIONS

__all__ = ["gain_for"]


def _below(x: float) -> float:
    """The standard normal distribution function at x."""
    return math.erfc(-x / math.sqrt(2)) / 2


_MEAN_SQUARES = {  # E[f(z)^2]; those without a formula by quadrature
    "elu": 1 + math.exp(2) * _below(-2) - 2 * math.exp(0.5) * _below(-1),
    "leaky_relu": (1 + 0.01**2) / 2,
    "relu": 1 / 2,
    "tanh": 0.39429449039784,
    "logistic": 0.29337903585809,
    "gelu": 0.4252214825702987,
    "silu": 0.3557755198173522,
    "mish": 0.4523421923758828,
    "selu": 1.0,
    "softplus": 0.92124590885930,
}


def gain_for(activation: str) -> float:
    """The gain at which a layer preserves the mean square of its input: ``1 / sqrt(E[f(z)^2])``, z standard normal.

    It multiplies an orthogonal kernel, or one of variance 1/m for m inputs: ReLU's gain of sqrt(2) gives 2/m, He's
    variance. The others: ELU 1.245, leaky ReLU 1.414, tanh 1.593, logistic 1.846, softplus 1.042,
    GELU 1.534, SiLU 1.677, Mish 1.487, SELU 1, by its construction.

    For ReLU, leaky ReLU and ELU the gradient then keeps its size too, to within 2 % per layer. For tanh it grows by 9 %
    per layer: Saxe et al. recommend a gain just above 1 for very deep tanh networks; PyTorch's ``calculate_gain``
    returns 5/3. For logistic and softplus units it shrinks to 39 and 56 % per layer, and so does the part of the signal
    that depends on the input: only the mean is preserved, and no gain prevents that.

    Args:
        activation: a name of ``recipes list activations``.

    Returns:
        The gain, > 0; 1 for any activation not listed above.

    Raises:
        UnknownName: for any other name.

    Source: Saxe et al. 2013; the argument for a general f follows He et al. 2015, section 2.2.

    Example:
        >>> round(gain_for("relu") ** 2, 6), round(gain_for("elu"), 3)
        (2.0, 1.245)
        >>> kernel = keras.initializers.Orthogonal(gain_for("elu"))((300, 100))   # doctest: +SKIP
    """
    ACTIVATIONS[activation]
    return 1 / math.sqrt(_MEAN_SQUARES.get(activation, 1.0))
