"""DeltaBarDelta: a learning rate per weight, which grows while the gradient keeps its sign."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Optimizer

__all__ = ["ENTRIES", "DeltaBarDelta"]


@keras.saving.register_keras_serializable(package="recipes")
class DeltaBarDelta(Optimizer):
    """Gradient descent with a rate per weight, which grows while the gradient keeps its sign and else shrinks.

    For each weight, with gradient g(t), its average m (zero at first) and gain r (one at first), and rate e::

        r <- r + kappa         if m(t-1) g(t) > 0
        r <- r (1 - phi)       if m(t-1) g(t) < 0          (r stays where the product is zero)
        m(t) = (1 - theta) g(t) + theta m(t-1)
        w <- w - e r g(t)

    The weight's rate is e r: Jacobs' initial rate is ``learning_rate``, his kappa ``learning_rate * kappa``. So a
    schedule or a range test scales all rates together. With kappa = phi = 0 this is plain gradient descent. Rates grow
    linearly, so that none explodes, and shrink geometrically, so that they stay positive and fall quickly. Signs are
    only meaningful without noise: use the full batch, or one nearly as large. The state is two numbers per weight.

    Args:
        learning_rate: e >= 0, the initial rate of every weight, or a Keras ``LearningRateSchedule``. Default 0.01.
        kappa: growth of a gain per step, >= 0, in units of the initial rate. Default 0.1.
        phi: the fraction by which a gain shrinks, in [0, 1). Default 0.2.
        theta: decay of the gradient's average, in [0, 1). Default 0.7. 0 compares with the last gradient alone.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`: ``weight_decay``, ``clipnorm``, ...

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Jacobs 1988.

    Example:
        >>> weight = keras.Variable([1.0])
        >>> optimizer = DeltaBarDelta(0.1, kappa=0.5, phi=0.2)
        >>> for gradient in (1.0, 1.0, -1.0):
        ...     optimizer.apply([ops.array([gradient])], [weight])
        >>> round(float(optimizer.gains[0][0]), 4), round(float(weight[0]), 4)
        (1.2, 0.87)
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        kappa: float = 0.1,
        phi: float = 0.2,
        theta: float = 0.7,
        name: str = "delta_bar_delta",
        **options: Any,
    ):
        kappa = check_number("kappa", kappa, low=0)
        phi = check_number("phi", phi, low=0, below=1)
        theta = check_number("theta", theta, low=0, below=1)
        super().__init__(learning_rate, name=name, **options)
        self.kappa, self.phi, self.theta = float(kappa), float(phi), float(theta)

    def build(self, variables: list[Any]) -> None:
        """Creates one gain (initially 1) and one average (initially 0) for each variable."""
        if self.built:
            return
        super().build(variables)
        self.gains = self.add_optimizer_variables(variables, "gain", "ones")
        self.averages = self.add_optimizer_variables(variables, "average")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        index = self.index_of(variable)
        gain, average = self.gains[index], self.averages[index]
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.convert_to_tensor(ops.cast(gradient, variable.dtype))
        agreement = ops.sign(average) * ops.sign(gradient)  # of signs: the product of the values may underflow
        grown, shrunk = ops.add(gain, self.kappa), ops.multiply(gain, 1 - self.phi)
        same = ops.convert_to_tensor(gain)
        self.assign(gain, ops.where(agreement > 0, grown, ops.where(agreement < 0, shrunk, same)))
        self.assign(average, ops.add(ops.multiply(average, self.theta), ops.multiply(gradient, 1 - self.theta)))
        self.assign_sub(variable, ops.multiply(ops.multiply(gradient, rate), gain))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        return {**super().get_config(), "kappa": self.kappa, "phi": self.phi, "theta": self.theta}


ENTRIES = (
    Entry(
        "delta_bar_delta",
        DeltaBarDelta,
        "A rate per weight, which grows while the gradient keeps its sign; for full batches.",
        "Jacobs 1988",
        (Range("learning_rate", 1e-3, 0.1, 0.01),),
        when="For full batches of badly scaled problems, and to see how adaptive rates began. Not for "
        "minibatches, whose noise turns the signs that it counts.",
    ),
)
