"""Lion: steps by the sign of an interpolated momentum, with a live beta_1."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Live, Optimizer, cast

__all__ = ["ENTRIES", "Lion"]


@keras.saving.register_keras_serializable(package="recipes")
class Lion(Optimizer):
    """Lion: every step changes each weight by the learning rate, up or down.

    With rate e, gradient g and mean m (zero at first)::

        w <- w - e sign(beta_1 m + (1 - beta_1) g)
        m <- beta_2 m + (1 - beta_2) g

    The rule is that of Keras' ``Lion``, but ``beta_1`` (also called ``momentum``) may be assigned at any time, so
    1cycle can vary it. The step does not shrink with the gradient: use a learning rate 3 to 10 times smaller than
    Adam's, and a weight decay 3 to 10 times larger, since the two are multiplied. Its state is half of Adam's.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 1e-4.
        beta_1: weight of the mean in the step, in [0, 1), live. Default 0.9.
        beta_2: decay of the mean, in [0, 1). Default 0.99.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Chen et al. 2023, arXiv:2302.06675.

    Example:
        >>> optimizer = Lion(1e-4, weight_decay=0.1)
        >>> optimizer.momentum = 0.95
        >>> round(float(optimizer.beta_1), 2)
        0.95
    """

    beta_1 = Live()
    live_hyperparameters = ("momentum",)

    def __init__(
        self,
        learning_rate: Any = 1e-4,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        name: str = "lion",
        **options: Any,
    ):
        super().__init__(learning_rate, name=name, **options)
        self.add_live("beta_1", beta_1)
        self.beta_2 = check_number("beta_2", beta_2, low=0, below=1)

    @property
    def momentum(self) -> Any:
        """``beta_1`` under the name that callbacks use."""
        return self.beta_1

    @momentum.setter
    def momentum(self, value: Any) -> None:
        self.beta_1 = value

    def build(self, variables: list[Any]) -> None:
        """Creates one mean for each variable."""
        if self.built:
            return
        super().build(variables)
        self.means = self.add_optimizer_variables(variables, "mean")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        dtype = variable.dtype
        gradient, rate = cast(dtype, gradient, learning_rate)
        beta_1 = self.once("beta_1", dtype, lambda: self.beta_1)
        rest = self.once("1 - beta_1", dtype, lambda: 1.0 - ops.convert_to_tensor(self.beta_1))
        mean = self.means[self.index_of(variable)]
        direction = ops.sign(ops.multiply(mean, beta_1) + ops.multiply(gradient, rest))
        self.assign_sub(variable, ops.multiply(rate, direction))
        self.assign_add(mean, ops.multiply(gradient - mean, 1.0 - self.beta_2))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with ``beta_1`` as a float."""
        return {**super().get_config(), "beta_2": self.beta_2}


ENTRIES = (
    Entry(
        "lion",
        Lion,
        "Steps by the sign of averaged gradients: all weights change by the same amount.",
        "Chen et al. 2023",
        (Range("learning_rate", 1e-4, 1e-2, 1e-4),),
        when="For large models and batches, with half of Adam's memory, at a third to a tenth of its "
        "rate. Not for small batches: a sign makes a full step of any noise.",
    ),
)
