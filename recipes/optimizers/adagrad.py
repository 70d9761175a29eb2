"""AdaGrad: each weight's step divided by the root of the sum of its squared gradients so far."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Optimizer, cast, handles, is_fusible

__all__ = ["ENTRIES", "AdaGrad"]


@keras.saving.register_keras_serializable(package="recipes")
class AdaGrad(Optimizer):
    """AdaGrad: small steps for weights with large or frequent gradients, large steps for the others.

    With r (``initial`` at first), rate e and gradient g::

        r <- r + g^2
        w <- w - e g / (delta + sqrt(r))

    The steps can only shrink. Keras' ``Adagrad`` starts r at 0.1 and adds the constant inside the root, so its first
    steps are smaller; PyTorch's is the same as here.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.01: the size of every weight's first step.
        initial: initial r, >= 0. Default 0.
        epsilon: delta > 0. Default 1e-7.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Duchi, Hazan and Singer 2011.

    Example:
        >>> AdaGrad(0.1).get_config()["initial"]
        0.0
    """

    range_test_divisor = 2.0  # its steps shrink from step to step

    def __init__(
        self,
        learning_rate: Any = 0.01,
        initial: float = 0.0,
        epsilon: float = 1e-7,
        name: str = "adagrad",
        **options: Any,
    ):
        super().__init__(learning_rate, name=name, **options)
        self.initial = check_number("initial", initial, low=0)
        self.epsilon = check_number("epsilon", epsilon, above=0)

    def build(self, variables: list[Any]) -> None:
        """Creates one sum of squares for each variable."""
        if self.built:
            return
        super().build(variables)
        start = keras.initializers.Constant(self.initial)
        self.squares = [
            self.add_variable_from_reference(variable, name="squares", initializer=start) for variable in variables
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        squares = self.squares[self.index_of(variable)]
        gradient, rate, epsilon = cast(variable.dtype, gradient, learning_rate, self.epsilon)
        if is_fusible(gradient, variable):
            import tensorflow as tf

            var, accum = handles(variable, squares)
            tf.raw_ops.ResourceApplyAdagradV2(var=var, accum=accum, lr=rate, epsilon=epsilon, grad=gradient)
            return
        self.assign_add(squares, ops.square(gradient))
        self.assign_sub(variable, rate * gradient / (ops.sqrt(squares) + epsilon))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        return {**super().get_config(), "initial": self.initial, "epsilon": self.epsilon}


ENTRIES = (
    Entry(
        "adagrad",
        AdaGrad,
        "Each weight's step divided by the root of the sum of all its squared gradients.",
        "Duchi et al. 2011",
        (Range("learning_rate", 3e-3, 0.3, 0.01),),
        when="For sparse features and shallow models; the first of eight on twelve small tables here. Not "
        "for long trainings of deep networks: its steps only shrink.",
    ),
)
