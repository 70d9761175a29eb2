"""Adam and AMSGrad, whose beta_1 can change during training."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_bool
from ..catalogue import Entry, Range
from .adaptive_moments import LEAST, AdaptiveMoments
from .base import cast, is_fusible

__all__ = ["ENTRIES", "Adam"]


@keras.saving.register_keras_serializable(package="recipes")
class Adam(AdaptiveMoments):
    """Adam, or with ``amsgrad=True`` AMSGrad: RMSProp and momentum together, both corrected for their start at zero.

    With rate e, gradient g, mean m and mean square v (zero at first) at step t, and P the product of all beta_1::

        m <- beta_1 m + (1 - beta_1) g
        v <- beta_2 v + (1 - beta_2) g^2
        u <- v                                  (Adam)
        u <- max(u, v)                          (AMSGrad)
        w <- w - e sqrt(1 - beta_2^t) / (1 - P)  m / (sqrt(u) + eps)

    The constant is added before the correction of the square, as in Keras and in the efficient form of the paper's
    section 2; PyTorch adds it after. ``beta_1`` (also called ``momentum``) may be assigned at any time, so 1cycle can
    vary it, and the correction stays exact; in Keras' ``Adam`` it is fixed at the first step.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.001.
        beta_1: in [0, 1), live. Default 0.9.
        beta_2: in [0, 1). Default 0.999.
        epsilon: eps > 0. Default 1e-7, as in Keras; the paper has 1e-8.
        amsgrad: whether to divide by the largest mean square so far. Default False.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`. With ``weight_decay`` this is AdamW,
            which has a name of its own.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Kingma and Ba 2015, arXiv:1412.6980; AMSGrad: Reddi, Kale and Kumar 2018, arXiv:1904.09237.

    Example:
        >>> optimizer = Adam(0.001, weight_decay=0.01)
        >>> optimizer.beta_1 = 0.85
        >>> round(float(optimizer.momentum), 2)
        0.85
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        name: str = "adam",
        **options: Any,
    ):
        amsgrad = check_bool("amsgrad", amsgrad)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **options)
        self.amsgrad = amsgrad

    def build(self, variables: list[Any]) -> None:
        """Creates the two averages of each variable, and for AMSGrad its largest mean square."""
        if self.built:
            return
        super().build(variables)
        self.largest = self.add_optimizer_variables(variables, "largest_squares") if self.amsgrad else []

    def _corrected_rate(self, learning_rate: Any) -> Any:
        correction = ops.sqrt(self.square_correction())
        return ops.cast(learning_rate, correction.dtype) * correction / ops.cast(self.unbiased(), correction.dtype)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        dtype = variable.dtype
        (gradient,) = cast(dtype, gradient)
        rate = self.once("rate", dtype, lambda: self._corrected_rate(learning_rate))
        if is_fusible(
            gradient, variable, LEAST // 2 if self.amsgrad else LEAST
        ):  # AMSGrad's kernel saves more operations
            self.fused_step(gradient, variable, rate, largest=self.largest)
            return
        mean, squares = self.advance(gradient, variable)
        if self.amsgrad:
            largest = self.largest[self.index_of(variable)]
            self.assign(largest, ops.maximum(largest, squares))
            squares = largest
        self.assign_sub(variable, ops.multiply(mean, rate) / (ops.sqrt(squares) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with ``beta_1`` as a float."""
        return {**super().get_config(), "amsgrad": self.amsgrad}


ENTRIES = (
    Entry(
        "adam",
        Adam,
        "RMSProp and momentum together, both corrected for their start at zero.",
        "Kingma and Ba 2015",
        (Range("learning_rate", 3e-4, 3e-2, 1e-3),),
        when="For texts, recurrent networks and results without much tuning. To penalize weights take "
        "adamw; momentum is a match for it on images once its rate is tuned.",
    ),
    Entry(
        "adamw",
        functools.partial(Adam, weight_decay=0.01, name="adamw"),
        "Adam with weight decay apart from the gradient, of kernels alone.",
        "Loshchilov and Hutter 2019",
        (Range("learning_rate", 3e-4, 3e-2, 1e-3), Range("weight_decay", 1e-4, 0.3, 0.01)),
        when="For Adam with a penalty of the weights, fine-tuning and attention. With weight_decay=0 it is adam.",
    ),
    Entry(
        "amsgrad",
        functools.partial(Adam, amsgrad=True, name="amsgrad"),
        "Adam that divides by the largest mean square so far.",
        "Reddi et al. 2018",
        (Range("learning_rate", 3e-4, 3e-2, 1e-3),),
        when="Where Adam at a constant rate does not settle, or diverges late. Under a falling rate there "
        "is little to gain over adam.",
    ),
)
