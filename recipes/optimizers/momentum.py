"""Momentum: classical and Nesterov momentum, in both conventions, with a live momentum."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_bool, check_number
from ..catalogue import Entry, Range
from .base import Live, Optimizer, cast, handles, is_fusible

__all__ = ["ENTRIES", "Momentum"]


@keras.saving.register_keras_serializable(package="recipes")
class Momentum(Optimizer):
    """Gradient descent with classical or Nesterov momentum, both live: rate and momentum may change at every step.

    With velocity v (zero at first), rate e, momentum mu, dampening d and gradient g::

        v <- mu v - e (1 - d) g
        w <- w + v                         (classical)
        w <- w + mu v - e (1 - d) g        (Nesterov, with the v just computed)

    and with ``rate_inside=False``::

        v <- mu v + (1 - d) g
        w <- w - e v                       (classical)
        w <- w - e (mu v + (1 - d) g)      (Nesterov)

    The Nesterov form is the usual rewriting of "the gradient at w + mu v" in terms of the point at which the gradient
    is taken. For a constant rate the two conventions agree. When the rate changes, the first keeps the velocity built
    up at the old rate; the second rescales it at once. The default is the first, that of Polyak, Keras' ``SGD`` and the
    papers on momentum; PyTorch and fastai use the second. PyTorch does not dampen the first gradient, and refuses
    dampening with Nesterov.

    Keras' ``SGD`` fixes its momentum at the first step. Here ``optimizer.momentum`` may be assigned at any time, so
    1cycle can vary it.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.01.
        momentum: mu in [0, 1). Default 0.9.
        nesterov: whether to use Nesterov's form. Default False.
        dampening: d in [0, 1): fraction of each gradient that is left out. With d = mu the velocity is an average of
            gradients rather than a sum. Default 0.
        rate_inside: whether the rate is part of the velocity (the first convention). Default True.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`: ``weight_decay``, ``clipnorm``, ...

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Polyak 1964; Nesterov 1983; Sutskever et al. 2013.

    Example:
        >>> optimizer = Momentum(0.1, momentum=0.9, nesterov=True)
        >>> optimizer.momentum = 0.85
        >>> round(float(optimizer.momentum), 2)
        0.85
    """

    momentum = Live()
    live_hyperparameters = ("momentum",)

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.9,
        nesterov: bool = False,
        dampening: float = 0.0,
        rate_inside: bool = True,
        name: str = "momentum",
        **options: Any,
    ):
        nesterov, rate_inside = check_bool("nesterov", nesterov), check_bool("rate_inside", rate_inside)
        super().__init__(learning_rate, name=name, **options)
        self.add_live("momentum", momentum)
        self.nesterov, self.rate_inside = nesterov, rate_inside
        self.dampening = check_number("dampening", dampening, low=0, below=1)

    def build(self, variables: list[Any]) -> None:
        """Creates one velocity, zero at first, for each variable."""
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        velocity = self.velocities[self.index_of(variable)]
        gradient, rate = cast(variable.dtype, gradient, learning_rate)
        momentum = self.once("momentum", variable.dtype, lambda: self.momentum)
        if self.dampening:
            gradient = ops.multiply(gradient, 1.0 - self.dampening)
        if is_fusible(gradient, variable):
            import tensorflow as tf

            kernel = tf.raw_ops.ResourceApplyKerasMomentum if self.rate_inside else tf.raw_ops.ResourceApplyMomentum
            var, accum = handles(variable, velocity)
            kernel(var=var, accum=accum, lr=rate, grad=gradient, momentum=momentum, use_nesterov=self.nesterov)
            return
        step = ops.multiply(gradient, -rate) if self.rate_inside else gradient
        self.assign(velocity, ops.add(ops.multiply(velocity, momentum), step))
        update = ops.add(ops.multiply(velocity, momentum), step) if self.nesterov else velocity
        self.assign_add(variable, update if self.rate_inside else ops.multiply(update, -rate))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with the momentum as a float."""
        options = {"nesterov": self.nesterov, "dampening": self.dampening, "rate_inside": self.rate_inside}
        return {**super().get_config(), **options}


ENTRIES = (
    Entry(
        "momentum",
        Momentum,
        "Gradient descent with classical momentum.",
        "Polyak 1964",
        (Range("learning_rate", 3e-3, 0.3, 0.01),),
        when="The default, for images and dense networks under 1cycle. Not at a guessed rate: it forgives "
        "less than Adam.",
    ),
    Entry(
        "nesterov",
        functools.partial(Momentum, nesterov=True, name="nesterov"),
        "Momentum with the gradient taken where the velocity leads.",
        "Nesterov 1983; Sutskever et al. 2013",
        (Range("learning_rate", 3e-3, 0.3, 0.01),),
        when="In place of momentum where the loss swings at momenta of 0.95 or more. Otherwise the two "
        "differ little, at the same rates.",
    ),
)
