"""SGD: plain stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import keras

from ..catalogue import Entry, Range
from .base import Optimizer

__all__ = ["ENTRIES", "SGD"]


@keras.saving.register_keras_serializable(package="recipes")
class SGD(Optimizer, keras.optimizers.SGD):
    """Keras' ``SGD`` without momentum: ``w <- w - e g``.

    Batch, minibatch and online learning are the same rule with all examples, some, or one in a batch, as set by
    ``batch_size``. For momentum use :class:`recipes.optimizers.Momentum`, whose momentum is live.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.01.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Robbins and Monro 1951.

    Example:
        >>> SGD(0.1).get_config()["weight_decay"] is None
        True
    """

    def __init__(self, learning_rate: Any = 0.01, name: str = "sgd", **options: Any):
        super().__init__(learning_rate, name=name, **options)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        config = super().get_config()
        return {key: value for key, value in config.items() if key not in ("momentum", "nesterov")}


ENTRIES = (
    Entry(
        "sgd",
        SGD,
        "Plain gradient descent on minibatches.",
        "Robbins and Monro 1951",
        (Range("learning_rate", 3e-2, 3.0, 0.01),),
        when="As a baseline, for convex problems and for online learning. Not for deep networks in few "
        "epochs: a point behind momentum on MNIST here.",
    ),
)
