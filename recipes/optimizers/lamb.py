"""LAMB: Adam's step, scaled layer by layer to the norm of the weights, with a live beta_1."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_choice
from ...callbacks.inside.weights import is_kernel
from ..catalogue import Entry, Range
from .adaptive_moments import AdaptiveMoments
from .base import cast

__all__ = ["ENTRIES", "Lamb"]


@keras.saving.register_keras_serializable(package="recipes")
class Lamb(AdaptiveMoments):
    """LAMB: every kernel moves by the same fraction of its own norm, in Adam's direction; for large batches.

    With rate e, gradient g, weight decay d, mean m and mean square v (zero at first) at step t, and P the product of
    all beta_1::

        m <- beta_1 m + (1 - beta_1) g
        v <- beta_2 v + (1 - beta_2) g^2
        u = m / (1 - P) / (sqrt(v / (1 - beta_2^t)) + eps) + d w
        w <- w - e |w| / |u| u             (1 in place of |w| / |u| where either is 0)

    As in the paper, the weight decay is part of u, and so of its norm; Keras' ``Lamb`` decays apart from it. As in the
    authors' code, biases and the scale and shift of normalization are not adapted: they take Adam's step. Keras adapts
    them too: a bias, which starts at 0, then moves by a fraction of its own tiny norm. ``beta_1`` (also called
    ``momentum``) may be assigned at any time, so 1cycle can vary it.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.003.
        beta_1: in [0, 1), live. Default 0.9.
        beta_2: in [0, 1). Default 0.999.
        epsilon: eps > 0. Default 1e-6, the paper's.
        adapted: the variables whose step is scaled to their norm: "kernels" (default: kernels and embeddings) or "all".
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: You et al. 2020, arXiv:1904.00962, algorithm 2.

    Example:
        >>> kernel = keras.Variable([[3.0, 4.0]], name="kernel")
        >>> Lamb(0.1).apply([ops.array([[1.0, -1.0]])], [kernel])
        >>> [round(float(weight), 3) for weight in kernel[0]]  # moved by a tenth of its norm of 5
        [2.646, 4.354]
    """

    def __init__(
        self,
        learning_rate: Any = 0.003,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-6,
        adapted: str = "kernels",
        name: str = "lamb",
        **options: Any,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **options)
        self.adapted = check_choice("adapted", adapted, ("kernels", "all"))

    def shrinks_before_step(self, variable: Any) -> bool:
        """False: the weight decay is part of the step."""
        return False

    def build(self, variables: list[Any]) -> None:
        """Creates the two averages of each variable and decides which steps are scaled."""
        if self.built:
            return
        super().build(variables)
        self._adapts = [self.adapted == "all" or is_kernel(variable) for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        dtype = variable.dtype
        gradient, rate = cast(dtype, gradient, learning_rate)
        mean, squares = self.advance(gradient, variable)
        unbiased = self.once("1 - P", dtype, self.unbiased)
        correction = self.once("1 - beta_2^t", dtype, self.square_correction)
        step = ops.divide(mean, unbiased) / (ops.sqrt(ops.divide(squares, correction)) + self.epsilon)
        if self.weight_decay and self.decays(variable):
            step = step + ops.multiply(variable, self.weight_decay)
        if self._adapts[self.index_of(variable)]:
            step = ops.multiply(step, ops.cast(_ratio(variable, step), dtype))
        self.assign_sub(variable, ops.multiply(step, rate))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with ``beta_1`` as a float."""
        return {**super().get_config(), "adapted": self.adapted}


def _ratio(variable: Any, step: Any) -> Any:
    """|w| / |u|, or 1 if either is 0; at least in single precision, in which squares have room."""
    wide = keras.backend.result_type(keras.backend.standardize_dtype(step.dtype), "float32")
    weights, steps = (ops.sqrt(ops.sum(ops.square(ops.cast(values, wide)))) for values in (variable, step))
    moves = ops.logical_and(weights > 0, steps > 0)
    return ops.where(moves, weights / ops.where(moves, steps, ops.ones_like(steps)), ops.ones_like(steps))


ENTRIES = (
    Entry(
        "lamb",
        Lamb,
        "Adam's step, scaled to the norm of each layer's weights; for large batches.",
        "You et al. 2020",
        (Range("learning_rate", 3e-4, 3e-2, 3e-3),),
        when="For batches of thousands, spread over accelerators. With batches of a few hundred adamw does as well.",
    ),
)
