"""Nadam: Adam with Nesterov's momentum and a live beta_1."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .adaptive_moments import AdaptiveMoments
from .base import cast

__all__ = ["ENTRIES", "Nadam"]


@keras.saving.register_keras_serializable(package="recipes")
class Nadam(AdaptiveMoments):
    """Nadam: Adam with Nesterov's look-ahead, and a momentum mu_t that warms up from half of beta_1.

    With rate e, gradient g, mean m and mean square v (zero at first) at step t, and P the product of mu_1 to mu_t::

        mu_t = beta_1 (1 - 0.96^(d t) / 2)
        m <- beta_1 m + (1 - beta_1) g
        v <- beta_2 v + (1 - beta_2) g^2
        ahead = mu_(t+1) m / (1 - P mu_(t+1)) + (1 - mu_t) g / (1 - P)
        w <- w - e ahead / (sqrt(v / (1 - beta_2^t)) + eps)

    The rule is that of Keras' ``Nadam``, but ``beta_1`` (also called ``momentum``) may be assigned at any time, so
    1cycle can vary it; the product uses its actual values. In the paper and in PyTorch's ``NAdam`` d is 0.004, with
    which the momentum warms up over thousands of steps; Keras has 1, which takes a hundred.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.001.
        beta_1: in [0, 1), live. Default 0.9.
        beta_2: in [0, 1). Default 0.999.
        epsilon: eps > 0. Default 1e-7, as in Keras; the paper has 1e-8.
        momentum_decay: d >= 0. Default 1.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam".

    Example:
        >>> optimizer = Nadam(0.002)
        >>> optimizer.momentum = 0.95
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        momentum_decay: float = 1.0,
        name: str = "nadam",
        **options: Any,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **options)
        self.momentum_decay = check_number("momentum_decay", momentum_decay, low=0)

    def _momentum_at(self, step: Any) -> Any:
        warming_up = 0.5 * ops.exp(ops.multiply(step, self.momentum_decay * math.log(0.96)))
        return ops.multiply(ops.cast(self.beta_1, step.dtype), 1.0 - warming_up)

    def decay_of_mean(self) -> Any:
        """The momentum of this step."""
        return self._momentum_at(self.step_number(self.product.dtype))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        dtype = variable.dtype
        (gradient,) = cast(dtype, gradient)
        mean_factor = self.once("mean", dtype, lambda: self._factor("mean", learning_rate))
        gradient_factor = self.once("gradient", dtype, lambda: self._factor("gradient", learning_rate))
        root_factor = self.once("root", dtype, lambda: self._factor("root", learning_rate))
        mean, squares = self.advance(gradient, variable)
        ahead = ops.multiply(mean, mean_factor) + ops.multiply(gradient, gradient_factor)
        root = ops.multiply(ops.sqrt(squares), root_factor)
        self.assign_sub(variable, ahead / (root + self.epsilon))

    def _factor(self, term: str, learning_rate: Any) -> Any:
        """The factor on the mean, on the gradient, or on the root of the mean square."""
        if term == "root":
            return 1.0 / ops.sqrt(self.square_correction())
        product = ops.convert_to_tensor(self.product)
        step = self.step_number(product.dtype)
        rate, following = ops.cast(learning_rate, product.dtype), self._momentum_at(step + 1.0)
        if term == "mean":
            return rate * following / (1.0 - product * following)
        return rate * (1.0 - self._momentum_at(step)) / (1.0 - product)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with ``beta_1`` as a float."""
        return {**super().get_config(), "momentum_decay": self.momentum_decay}


ENTRIES = (
    Entry(
        "nadam",
        Nadam,
        "Adam with Nesterov's momentum.",
        "Dozat 2016",
        (Range("learning_rate", 3e-4, 3e-2, 1e-3),),
        when="In place of Adam where epochs are few; ahead of it, if only by little, on twelve small "
        "tables here. Not worth a change where Adam is tuned already.",
    ),
)
