"""AdaMax: Adam with the largest recent gradient instead of the root mean square, and a live beta_1."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ..catalogue import Entry, Range
from .adaptive_moments import AdaptiveMoments
from .base import cast, handles, is_fusible

__all__ = ["ENTRIES", "AdaMax"]


@keras.saving.register_keras_serializable(package="recipes")
class AdaMax(AdaptiveMoments):
    """AdaMax: Adam in the infinity norm.

    With rate e, gradient g, mean m and norm u (zero at first), and P the product of all beta_1::

        m <- beta_1 m + (1 - beta_1) g
        u <- max(beta_2 u, |g|)
        w <- w - e / (1 - P)  m / (u + eps)

    The rule is that of Keras' ``Adamax``, but ``beta_1`` (also called ``momentum``) may be assigned at any time, so
    1cycle can vary it, and the correction stays exact. PyTorch adds its constant to |g| inside the maximum.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.001.
        beta_1: in [0, 1), live. Default 0.9.
        beta_2: in [0, 1). Default 0.999.
        epsilon: eps > 0. Default 1e-7.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 2.

    Example:
        >>> optimizer = AdaMax(0.002)
        >>> optimizer.momentum = 0.95
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "adamax",
        **options: Any,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **options)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable. The norms are in the base class's ``squares``."""
        index = self.index_of(variable)
        mean, norm = self.means[index], self.squares[index]
        dtype = variable.dtype
        gradient, rate, beta_2, epsilon = cast(dtype, gradient, learning_rate, self.beta_2, self.epsilon)
        beta_1, product = self.live_beta_1(dtype), self.once("product", dtype, lambda: self.product)
        if is_fusible(gradient, variable):
            import tensorflow as tf

            var, m, v = handles(variable, mean, norm)
            tf.raw_ops.ResourceApplyAdaMax(
                var=var,
                m=m,
                v=v,
                beta1_power=product,
                lr=rate,
                beta1=beta_1,
                beta2=beta_2,
                epsilon=epsilon,
                grad=gradient,
            )
            return
        self.assign_add(mean, ops.multiply(gradient - mean, 1.0 - beta_1))
        self.assign(norm, ops.maximum(ops.multiply(norm, beta_2), ops.abs(gradient)))
        self.assign_sub(variable, ops.multiply(mean, rate / (1.0 - product)) / (norm + epsilon))


ENTRIES = (
    Entry(
        "adamax",
        AdaMax,
        "Adam with the largest recent gradient instead of the root mean square.",
        "Kingma and Ba 2015",
        (Range("learning_rate", 6e-4, 6e-2, 2e-3),),
        when="For gradients with rare large values, as those of embeddings. Otherwise adam, for which "
        "more good rates are known.",
    ),
)
