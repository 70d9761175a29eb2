"""WeightDecay: weights that shrink by themselves, apart from the gradient."""

from __future__ import annotations

from typing import Any

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Regularizer

__all__ = ["ENTRIES", "WeightDecay"]


class WeightDecay(Regularizer):
    """Decoupled weight decay: ``w <- w - rate strength w`` at every step, before the optimizer's own.

    With plain SGD that is L2 of the same strength, step for step. With momentum L2's pull goes through the velocity,
    which makes it 1 / (1 - momentum) times as strong, ten times at 0.9. With Adam and other adaptive rates L2 is
    something else: its gradient ``strength w`` is divided, with the rest of the gradient, by its running root mean
    square, so that the weights that have large gradients are hardly regularized, and small ones strongly. Decoupled
    decay shrinks all alike. ``scripts/measure/measure_weight_decay.py`` compares them.

    It acts in the optimizer: kernels decay, biases and normalization do not. Keras' own optimizers decay all of them.
    It moves with the learning rate, so a schedule moves it too. Optimizers that find their own step refuse it.

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
    ),
)
