"""AdaptiveMoments: the base of Adam and its relatives, with two running averages and an exact bias correction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ...callbacks.checks import check_number
from ...callbacks.inside.backend import widest_float
from .base import Live, Optimizer, cast, handles, is_fusible

__all__ = ["LEAST", "AdaptiveMoments"]

LEAST = 2**14
"""The number of weights from which TensorFlow's kernel for Adam is faster: each call costs 30 us for its threads."""


class AdaptiveMoments(Optimizer):
    """Running averages of each weight's gradient and squared gradient, with a live ``beta_1``.

    With mean m and mean square v (zero at first)::

        m <- beta_1 m + (1 - beta_1) g
        v <- beta_2 v + (1 - beta_2) g^2

    An average that starts at zero is too small by the factor 1 - P, where P is the product of all beta_1 used so far.
    Keras uses beta_1^t for P, which is right only for a constant beta_1; here the product itself is stored.

    Subclasses define ``update_step``. ``momentum`` is another name for ``beta_1``, which 1cycle varies.

    Args:
        learning_rate: a number >= 0, or a Keras ``LearningRateSchedule``.
        beta_1: in [0, 1), live.
        beta_2: in [0, 1).
        epsilon: > 0.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.
    """

    beta_1 = Live()
    live_hyperparameters = ("momentum",)

    def __init__(self, learning_rate: Any, beta_1: float, beta_2: float, epsilon: float, **options: Any):
        super().__init__(learning_rate, **options)
        self.add_live("beta_1", beta_1)
        self.beta_2 = check_number("beta_2", beta_2, low=0, below=1)
        self.epsilon = check_number("epsilon", epsilon, above=0)
        with keras.name_scope(self.name, caller=self):
            self.product = self.add_variable(
                (), initializer="ones", aggregation="only_first_replica", name="beta_1_product"
            )

    @property
    def momentum(self) -> Any:
        """``beta_1`` under the name that callbacks use."""
        return self.beta_1

    @momentum.setter
    def momentum(self, value: Any) -> None:
        self.beta_1 = value

    def build(self, variables: list[Any]) -> None:
        """Creates one mean and one mean square for each variable."""
        if self.built:
            return
        super().build(variables)
        self.means = self.add_optimizer_variables(variables, "mean")
        self.squares = self.add_optimizer_variables(variables, "squares")

    def decay_of_mean(self) -> Any:
        """The factor by which this step reduces the weight of the zero start."""
        return self.beta_1

    def update(self, gradients: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        """Counts the step, then updates each variable."""
        self.assign(self.product, self.product * self.decay_of_mean())
        super().update(gradients, variables, learning_rate)

    def live_beta_1(self, dtype: Any) -> Any:
        """The beta_1 of this step, in this dtype."""
        return self.once("beta_1", dtype, lambda: self.beta_1)

    def step_number(self, dtype: Any) -> Any:
        """The number of this step, from 1, in this dtype."""
        return ops.cast(self.iterations + 1, dtype)

    def unbiased(self) -> Any:
        """1 - P: the factor by which the mean is still too small."""
        return 1.0 - ops.convert_to_tensor(self.product)

    def square_correction(self) -> Any:
        """1 - beta_2^t: the factor by which the mean square is still too small.

        Computed in double precision, where the backend has it, from beta_2 rounded to single precision, as the averages
        use it.
        """
        rounded = math.log(max(float(np.float32(self.beta_2)), 1e-300))  # beta_2 may be 0
        return -ops.expm1(ops.multiply(self.step_number(widest_float()), rounded))

    def advance(self, gradient: Any, variable: Any) -> tuple[Any, Any]:
        """Updates both averages of a variable by its gradient and returns them."""
        index = self.index_of(variable)
        mean, squares = self.means[index], self.squares[index]
        if is_fusible(gradient, variable, LEAST):
            self.fused_step(gradient, variable, 0.0)
        else:
            beta_1 = self.live_beta_1(variable.dtype)
            self.assign_add(mean, ops.multiply(gradient - mean, 1.0 - beta_1))
            self.assign_add(squares, ops.multiply(ops.square(gradient) - squares, 1.0 - self.beta_2))
        return mean, squares

    def fused_step(
        self, gradient: Any, variable: Any, rate: Any, epsilon: Any = None, largest: Sequence[Any] = ()
    ) -> None:
        """Updates both averages, then ``variable -= rate mean / (sqrt(squares) + epsilon)``, in one TensorFlow kernel.

        ``largest`` holds the largest mean squares of all variables: they are updated too, and their root divides.
        """
        import tensorflow as tf

        index = self.index_of(variable)
        names = ("var", "m", "v", "vhat") if largest else ("var", "m", "v")
        state = [slots[index] for slots in (self.means, self.squares, largest) if slots]
        kernel = tf.raw_ops.ResourceApplyAdamWithAmsgrad if largest else tf.raw_ops.ResourceApplyAdam
        epsilon = self.epsilon if epsilon is None else epsilon
        zero, rate, beta_2, epsilon = cast(variable.dtype, 0.0, rate, self.beta_2, epsilon)
        kernel(
            **dict(zip(names, handles(variable, *state), strict=True)),
            beta1_power=zero,  # the rate contains the corrections
            beta2_power=zero,
            lr=rate,
            beta1=self.live_beta_1(variable.dtype),
            beta2=beta_2,
            epsilon=epsilon,
            grad=gradient,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with ``beta_1`` as a float."""
        return {**super().get_config(), "beta_2": self.beta_2, "epsilon": self.epsilon}
