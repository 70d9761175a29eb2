"""Momentum: classical and Nesterov momentum whose momentum can change during training."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from callbacks.checks import InvalidArgument, check_number

__all__ = ["Momentum"]


@keras.saving.register_keras_serializable(package="recipes")
class Momentum(keras.optimizers.Optimizer):
    """Gradient descent with classical or Nesterov momentum, both live: rate and momentum may change at every step.

    With velocity v (zero at first), rate e, momentum mu and gradient g::

        v <- mu v - e g
        w <- w + v                 (classical)
        w <- w + mu v - e g        (Nesterov, with the v just computed)

    The Nesterov form is the usual rewriting of "the gradient at w + mu v" in terms of the point at which the gradient
    is taken. The rate stands inside the velocity, as in Keras' ``SGD``, and with constant values the two are the same
    to rounding. PyTorch and fastai keep it outside (v <- mu v + g; w <- w - e v): the same for a constant rate, another
    algorithm under a changing one. Unlike Keras' ``SGD``, whose momentum is fixed at the first step,
    ``optimizer.momentum`` can be assigned at any time, so 1cycle can move it.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.01.
        momentum: mu in [0, 1). Default 0.9.
        nesterov: whether to use Nesterov's form. Default False.
        name: the optimizer's name.
        **kwargs: of every Keras optimizer: ``weight_decay``, ``clipnorm``, ``clipvalue``, ``global_clipnorm``,
            ``use_ema``, ``ema_momentum``, ``ema_overwrite_frequency``, ``loss_scale_factor``,
            ``gradient_accumulation_steps``.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Polyak 1964; Nesterov 1983; Sutskever et al. 2013.

    Example:
        >>> optimizer = Momentum(0.1, momentum=0.9, nesterov=True)
        >>> optimizer.momentum = 0.85
        >>> round(float(optimizer.momentum), 2)
        0.85
    """

    live_hyperparameters = ("momentum",)

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.9,
        nesterov: bool = False,
        name: str = "momentum",
        **kwargs: Any,
    ):
        if not callable(learning_rate) and not isinstance(learning_rate, dict):
            learning_rate = check_number("learning_rate", learning_rate, low=0)
        check_number("momentum", momentum, low=0, below=1)
        if not isinstance(nesterov, bool):
            raise InvalidArgument("nesterov", nesterov, "True or False")
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        with keras.name_scope(self.name, caller=self):
            self._momentum = self.add_variable((), aggregation="only_first_replica", name="momentum_value")
        self._momentum.assign(momentum)
        self.nesterov = nesterov

    @property
    def momentum(self) -> Any:
        """The momentum in force, a Keras variable of shape (); assign a number in [0, 1) to change it."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: Any) -> None:
        if not hasattr(self, "_momentum"):  # Keras' bookkeeping of attributes, before there is a variable
            raise AttributeError("momentum")
        self._momentum.assign(check_number("momentum", value, low=0, below=1))

    def build(self, variables: list[Any]) -> None:
        """Makes one velocity, zero at first, for each variable."""
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        velocity = self.velocities[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, variable.dtype)
        momentum = ops.cast(self._momentum, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        if _is_dense_tensorflow(gradient, variable):
            _fused_step(variable, velocity, rate, gradient, momentum, self.nesterov)
            return
        step = ops.multiply(gradient, rate)
        self.assign(velocity, ops.subtract(ops.multiply(velocity, momentum), step))
        if self.nesterov:
            self.assign_add(variable, ops.subtract(ops.multiply(velocity, momentum), step))
        else:
            self.assign_add(variable, velocity)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to make this optimizer again; the momentum as a float."""
        momentum = float(str(np.asarray(self._momentum)))  # the shortest number that gives it again: 0.9
        return {**super().get_config(), "momentum": momentum, "nesterov": self.nesterov}


def _is_dense_tensorflow(gradient: Any, variable: Any) -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return isinstance(gradient, tf.Tensor) and hasattr(variable, "handle")


def _fused_step(variable: Any, velocity: Any, rate: Any, gradient: Any, momentum: Any, nesterov: bool) -> None:
    """The same update in TensorFlow's one kernel for it, instead of five operations and their intermediate tensors."""
    import tensorflow as tf

    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=velocity.value.handle,
        lr=rate,
        grad=gradient,
        momentum=momentum,
        use_nesterov=nesterov,
    )
