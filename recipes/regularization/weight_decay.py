"""WeightDecay: decoupled weight decay, apart from the gradient."""

from __future__ import annotations

from typing import Any

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "WeightDecay"]


class WeightDecay(Regularizer):
    """Decoupled weight decay: ``w <- w - rate strength w`` at every step, before the optimizer's update.

    With plain SGD it equals L2 of the same strength, step for step. With momentum, L2 acts through the velocity, which
    makes it 1 / (1 - momentum) times as strong, ten times at 0.9. With Adam and other adaptive rates L2 acts
    differently: its gradient ``strength w`` is divided, with the rest of the gradient, by the running root mean square,
    so weights with large gradients are hardly regularized and those with small gradients strongly. Decoupled decay
    shrinks all weights alike. ``scripts/measure/measure_weight_decay.py`` compares them.

    It acts in the optimizer: kernels decay, biases and normalization do not. Keras' optimizers decay all of them. The
    decay is proportional to the learning rate and follows its schedule. Optimizers that find their own step refuse it.

    Args:
        strength: >= 0. Default 0.01.

    Raises:
        InvalidArgument: for a negative strength.

    Source: Loshchilov and Hutter 2019, arXiv:1711.05101.

    Example:
        >>> recipes.Recipe(optimizer="adam", regularizer="weight_decay")   # doctest: +SKIP
    """

    name = "weight_decay"

    def __init__(self, strength: float = 0.01):
        self.strength = check_number("strength", strength, low=0)

    def optimizer_options(self) -> dict[str, Any]:
        """``weight_decay``, or nothing at strength 0."""
        return {"weight_decay": self.strength} if self.strength else {}


ENTRIES = (
    Entry(
        "weight_decay",
        WeightDecay,
        "Shrinks the kernels by rate * strength at every step, apart from the gradient.",
        "Loshchilov and Hutter 2019",
        (Range("strength", 1e-4, 1e-1, 1e-2),),
        when="The penalty for Adam, Lion and other adaptive optimizers; part of the default for tables "
        "and texts. Under SGD at a constant rate l2 ends at the same weights.",
    ),
)
