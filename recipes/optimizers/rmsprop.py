"""RMSProp: plain, with momentum, or with Nesterov momentum; the momentum is live."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import InvalidArgument, check_bool, check_number
from ..catalogue import Entry, Range
from .base import Live, Optimizer, cast, handles, is_fusible

__all__ = ["ENTRIES", "RMSProp"]


@keras.saving.register_keras_serializable(package="recipes")
class RMSProp(Optimizer):
    """RMSProp: each weight's step divided by a running root mean square of its gradient.

    With average r and velocity v (zero at first), decay rho, rate e, momentum a and gradient g::

        r <- rho r + (1 - rho) g^2
        step = e g / sqrt(delta + r)
        w <- w - step                      (momentum None)
        v <- a v - step;  w <- w + v       (momentum)
        v <- a v - step;  w <- w + a v - step    (Nesterov, with the v just computed)

    The Nesterov form is the usual rewriting of "the gradient at w + a v" in terms of the point at which the gradient is
    taken. The rule is that of Keras' ``RMSprop``, but the momentum is live: ``optimizer.momentum`` may be assigned at
    any time. PyTorch has the rate outside the velocity and the constant outside the root.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.001.
        rho: in [0, 1). Default 0.9.
        momentum: a in [0, 1), live; or None (default) for no momentum and no memory for velocities.
        nesterov: whether to use Nesterov's form, which needs a momentum. Default False.
        epsilon: delta > 0. Default 1e-7, as in Keras; Goodfellow et al. 2016, algorithm 8.5, have 1e-6.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Hinton 2012, lecture 6e; with Nesterov momentum: Goodfellow, Bengio and Courville 2016, algorithm 8.6.

    Example:
        >>> RMSProp(0.001).live_hyperparameters, RMSProp(0.001, momentum=0.9).live_hyperparameters
        ((), ('momentum',))
    """

    momentum = Live()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float | None = None,
        nesterov: bool = False,
        epsilon: float = 1e-7,
        name: str = "rmsprop",
        **options: Any,
    ):
        nesterov = check_bool("nesterov", nesterov)
        if nesterov and momentum is None:
            raise InvalidArgument("momentum", momentum, "a number >= 0 and < 1 with nesterov=True")
        super().__init__(learning_rate, name=name, **options)
        self.rho = check_number("rho", rho, low=0, below=1)
        self.epsilon = check_number("epsilon", epsilon, above=0)
        self.nesterov = nesterov
        if momentum is not None:
            self.add_live("momentum", momentum)

    @property
    def live_hyperparameters(self) -> tuple[str, ...]:
        """("momentum",) with momentum, else ()."""
        return ("momentum",) if hasattr(self, "_momentum") else ()

    def build(self, variables: list[Any]) -> None:
        """Creates one mean square, and with momentum one velocity, for each variable."""
        if self.built:
            return
        super().build(variables)
        self.squares = self.add_optimizer_variables(variables, "squares")
        self.velocities = self.add_optimizer_variables(variables, "velocity") if self.live_hyperparameters else []

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        index = self.index_of(variable)
        squares = self.squares[index]
        gradient, rate, rho, epsilon = cast(variable.dtype, gradient, learning_rate, self.rho, self.epsilon)
        momentum = self.once("momentum", variable.dtype, lambda: self.momentum) if self.velocities else None
        if self.velocities and is_fusible(gradient, variable):
            import tensorflow as tf

            velocity = self.velocities[index]  # holds -v, here and below
            ahead = ops.multiply(velocity, momentum) if self.nesterov else None
            var, ms, mom = handles(variable, squares, velocity)
            tf.raw_ops.ResourceApplyRMSProp(
                var=var, ms=ms, mom=mom, lr=rate, rho=rho, momentum=momentum, epsilon=epsilon, grad=gradient
            )
            if self.nesterov:  # from w + v to Nesterov's w + v + (a v - a v_before)
                self.assign_sub(variable, ops.subtract(ops.multiply(velocity, momentum), ahead))
            return
        self.assign_add(squares, ops.multiply(ops.square(gradient) - squares, 1.0 - self.rho))
        step = ops.multiply(gradient, rate) * ops.rsqrt(squares + epsilon)
        if not self.velocities:
            self.assign_sub(variable, step)
            return
        velocity = self.velocities[index]
        self.assign(velocity, ops.add(ops.multiply(velocity, momentum), step))
        self.assign_sub(variable, ops.add(ops.multiply(velocity, momentum), step) if self.nesterov else velocity)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with the momentum as a float."""
        return {**super().get_config(), "rho": self.rho, "nesterov": self.nesterov, "epsilon": self.epsilon}


ENTRIES = (
    Entry(
        "rmsprop",
        RMSProp,
        "Each weight's step divided by a running root mean square of its gradient.",
        "Hinton 2012, lecture 6e",
        (Range("learning_rate", 1e-4, 1e-2, 1e-3),),
        when="For recurrent networks and reinforcement learning, where gradients keep changing in size. "
        "Elsewhere adam, which adds momentum and corrects the start.",
    ),
    Entry(
        "rmsprop_nesterov",
        functools.partial(RMSProp, momentum=0.9, nesterov=True, name="rmsprop_nesterov"),
        "RMSProp with Nesterov momentum.",
        "Goodfellow et al. 2016, algorithm 8.6",
        (Range("learning_rate", 1e-5, 1e-3, 1e-4),),
        when="Where rmsprop works but is slow: ahead of it on MNIST here. Not where memory allows one "
        "number a weight only.",
    ),
)
