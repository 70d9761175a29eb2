"""Adadelta: steps in the units of the weights, from running averages of squared gradients and squared steps."""

from __future__ import annotations

from typing import Any

import keras

from ...callbacks.checks import check_number
from ...callbacks.inside.optimizer_base import KerasAdadelta
from ..catalogue import Entry, Range
from .base import Optimizer, cast, handles, is_fusible

__all__ = ["ENTRIES", "Adadelta"]


@keras.saving.register_keras_serializable(package="recipes")
class Adadelta(Optimizer, KerasAdadelta):
    """Keras' ``Adadelta`` with the paper's default of 1 for the rate.

    With averages r and s (zero at first), decay rho, rate e and gradient g::

        r <- rho r + (1 - rho) g^2
        step = sqrt(s + eps) / sqrt(r + eps) g
        s <- rho s + (1 - rho) step^2
        w <- w - e step

    Keras' default rate of 0.001 makes it a thousand times slower than the paper's.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 1, as in the paper.
        rho: in [0, 1). Default 0.95.
        epsilon: eps > 0; it sets the size of the first steps. Default 1e-6, as in the paper's experiments.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Zeiler 2012, arXiv:1212.5701.

    Example:
        >>> float(Adadelta().learning_rate)
        1.0
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        rho: float = 0.95,
        epsilon: float = 1e-6,
        name: str = "adadelta",
        **options: Any,
    ):
        rho = check_number("rho", rho, low=0, below=1)
        epsilon = check_number("epsilon", epsilon, above=0)
        super().__init__(learning_rate, rho=rho, epsilon=epsilon, name=name, **options)

    def update_step(self, grad: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        if not is_fusible(grad, variable):
            super().update_step(grad, variable, learning_rate)
            return
        import tensorflow as tf

        index = self.index_of(variable)
        var, squares, steps = handles(variable, self.squares[index], self.squared_steps[index])
        grad, rate, rho, epsilon = cast(variable.dtype, grad, learning_rate, self.rho, self.epsilon)
        tf.raw_ops.ResourceApplyAdadelta(
            var=var, accum=squares, accum_update=steps, lr=rate, rho=rho, epsilon=epsilon, grad=grad
        )


ENTRIES = (
    Entry(
        "adadelta",
        Adadelta,
        "Steps in the units of the weights; the learning rate needs no tuning.",
        "Zeiler 2012",
        (Range("learning_rate", 0.1, 10.0, 1.0),),
        when="Where no rate can be tuned: 1 mostly works. Not for the last tenths of a point: momentum "
        "and Adam, tuned, ended ahead of it on MNIST here.",
    ),
)
