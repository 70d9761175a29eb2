"""ScheduleFreeAdamW: AdamW without a schedule, whose average of the weights is what is validated and exported."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_number
from ..catalogue import Entry, Range
from .base import Optimizer, cast, power_rest

__all__ = ["ENTRIES", "ScheduleFreeAdamW"]


@keras.saving.register_keras_serializable(package="recipes")
class ScheduleFreeAdamW(Optimizer):
    """AdamW that averages its weights instead of lowering its rate: it needs no schedule and no known length.

    Gradients are taken at y, between the average x and the weights z that Adam's steps move. With rate e, gradient g at
    y, weight decay d and mean square v (zero at first) at step t, all starting from the initial weights::

        v <- beta_2 v + (1 - beta_2) g^2
        z <- z - e (g / (sqrt(v / (1 - beta_2^t)) + eps) + d y)
        x <- (1 - c) x + c z           c = E^2 / (the sum of E^2 over the steps so far), E the largest rate so far
        y <- (1 - beta_1) z + beta_1 x

    **The model has y while it is trained, and x when it is used.** In recipes, :class:`callbacks.AveragedWeights` sees
    to it: validation, early stopping, checkpoints and the export see x, with statistics of batch normalization that
    belong to it. In a script of one's own, give that callback to ``fit``. At the end of a ``fit`` the model has x in
    any case; with the callback, a further one goes on from y. Keras' ``ScheduleFreeAdamW`` leaves y in the model;
    in Keras 3.15 on TensorFlow it also moves x with the new z in place of the old one, which is not an average.

    The rate may rise at first, as after a warm-up: such steps count little in the average. "auto" schedules are a
    constant rate after a warm-up of 5 %. A rate that falls would contradict the method, but is possible.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.0025.
        beta_1: how near to the average gradients are taken, in (0, 1). Default 0.9.
        beta_2: in [0, 1). Default 0.999.
        epsilon: eps > 0. Default 1e-7.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range, and for ``use_ema``: an average of y.

    Source: Defazio et al. 2024, arXiv:2405.15682, and the authors' code.

    Example:
        >>> weight = keras.Variable([1.0])
        >>> optimizer = ScheduleFreeAdamW(0.1)
        >>> for _ in range(3):
        ...     optimizer.apply([ops.array([1.0])], [weight])
        >>> round(float(weight[0]), 3)        # y
        0.79
        >>> optimizer.to_average()
        >>> round(float(weight[0]), 3)        # x, the mean of z = 0.9, 0.8 and 0.7
        0.8
    """

    needs_no_schedule = True
    """Whether a constant rate, after a warm-up, is what suits it."""

    averages_weights = follows_weights = True

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "schedule_free_adamw",
        **options: Any,
    ):
        super().__init__(learning_rate, name=name, **options)
        self.beta_1 = check_number("beta_1", beta_1, above=0, below=1)
        self.beta_2 = check_number("beta_2", beta_2, low=0, below=1)
        self.epsilon = check_number("epsilon", epsilon, above=0)
        with keras.name_scope(self.name, caller=self):
            scalar = {"aggregation": "only_first_replica", "dtype": "float32"}
            self.largest_rate = self.add_variable((), name="largest_rate", **scalar)
            self.sum_of_weights = self.add_variable((), name="sum_of_weights", **scalar)
            self.averaged = self.add_variable((), name="averaged", **scalar)

    def shrinks_before_step(self, variable: Any) -> bool:
        """False: the decay is part of the step, which moves z too."""
        return False

    def build(self, variables: list[Any]) -> None:
        """Creates z - y and the mean square of each variable."""
        if self.built:
            return
        super().build(variables)
        self.differences = self.add_optimizer_variables(variables, "difference")
        self.squares = self.add_optimizer_variables(variables, "squares")

    def to_average(self) -> None:
        """Gives the trained variables the values of x, if they have those of y."""
        self._move(-1.0 + ops.convert_to_tensor(self.averaged))
        self.averaged.assign(1.0)

    def to_trained(self) -> None:
        """Gives the trained variables the values of y, if they have those of x."""
        self._move(ops.convert_to_tensor(self.averaged))
        self.averaged.assign(0.0)

    def _move(self, times: Any) -> None:
        """Adds y - x so many times."""
        share = (1.0 - self.beta_1) / self.beta_1 * times
        for variable, difference in zip(self.trained_variables, self.differences, strict=True):
            variable.assign(variable + ops.multiply(difference, ops.cast(share, variable.dtype)))

    def finalize_variable_values(self, var_list: Any) -> None:
        """Called by Keras at the end of a ``fit``: the model has x then."""
        super().finalize_variable_values(var_list)
        if self.built:
            self.to_average()

    def update(self, gradients: Any, variables: Any, learning_rate: Any) -> None:
        """Weighs the step, then updates each variable."""
        rate = ops.maximum(ops.cast(learning_rate, "float32"), self.largest_rate)
        self.assign(self.largest_rate, rate)
        self.assign_add(self.sum_of_weights, ops.square(rate))
        super().update(gradients, variables, learning_rate)
        self.assign(self.averaged, ops.zeros(()))

    def _share(self) -> Any:
        """c: the weight of this step's z in the average."""
        weight, total = ops.square(self.largest_rate), ops.convert_to_tensor(self.sum_of_weights)
        return weight / ops.where(total > 0, total, ops.ones_like(total))

    def _correction(self) -> Any:
        """1 - beta_2^t: the factor by which the mean square is too small."""
        return power_rest(self.beta_2, self.iterations + 1)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        dtype = variable.dtype
        gradient, rate = cast(dtype, gradient, learning_rate)
        index = self.index_of(variable)
        difference, squares = self.differences[index], self.squares[index]
        back = self.once(
            "back", dtype, lambda: (1.0 - self.beta_1) / self.beta_1 * ops.convert_to_tensor(self.averaged)
        )
        here = variable + ops.multiply(difference, back)  # y, also if the variable has x
        self.assign_add(squares, ops.multiply(ops.square(gradient) - squares, 1.0 - self.beta_2))
        correction = self.once("1 - beta_2^t", dtype, self._correction)
        step = gradient / (ops.sqrt(ops.divide(squares, correction)) + self.epsilon)
        if self.weight_decay and self.decays(variable):
            step = step + self.weight_decay * here
        step = step * rate
        kept = self.once("1 - c", dtype, lambda: 1.0 - self._share())
        old = ops.convert_to_tensor(difference)
        new = (old - self.beta_1 * step) * kept  # z - y = beta_1 (z - x)
        self.assign(variable, here + old - step - new)
        self.assign(difference, new)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


ENTRIES = (
    Entry(
        "schedule_free_adamw",
        ScheduleFreeAdamW,
        "AdamW at a constant rate, with an average of the weights in place of a schedule.",
        "Defazio et al. 2024",
        (Range("learning_rate", 3e-4, 3e-2, 2.5e-3),),
        when="Where nobody knows beforehand how long the training will be. Not under a falling schedule: "
        "its average takes the place of one.",
    ),
)
