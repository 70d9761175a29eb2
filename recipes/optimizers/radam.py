"""RAdam: Adam that divides only once the mean square is reliable, with a live beta_1."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_number
from ...callbacks.inside.backend import widest_float
from ..catalogue import Entry, Range
from .adaptive_moments import LEAST, AdaptiveMoments
from .base import cast, is_fusible

__all__ = ["ENTRIES", "RAdam"]

SERIES = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)
"""Bernoulli's numbers over the factorials: x / (exp(x) - 1) = 1 - x / 2 + sum of SERIES[k - 1] x^(2 k)."""

NO_DIVISION = 2.0**66
"""A constant next to which every root vanishes; a power of two, so multiplying and dividing by it is exact."""


@keras.saving.register_keras_serializable(package="recipes")
class RAdam(AdaptiveMoments):
    """Rectified Adam: momentum for the first steps, then Adam with a step that grows as its variance shrinks.

    With rate e, gradient g, mean m and mean square v (zero at first) at step t, and P the product of all beta_1::

        m <- beta_1 m + (1 - beta_1) g
        v <- beta_2 v + (1 - beta_2) g^2
        rho_inf = 2 / (1 - beta_2) - 1
        rho = rho_inf - 2 t beta_2^t / (1 - beta_2^t)
        if rho > threshold:
            r = sqrt((rho - 4)(rho - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho))
            w <- w - e r sqrt(1 - beta_2^t) / (1 - P)  m / (sqrt(v) + eps)
        else:
            w <- w - e m / (1 - P)

    With the default beta_2 the first five steps use momentum alone; at a rate that suits Adam they are small. It
    replaces a warm-up in the schedule; under 1cycle, which has one, it makes little difference.

    The default threshold of 5 is that of the authors' code and of PyTorch; the paper says 4, which differs at one step.
    PyTorch's constant is 1e-8. ``beta_1`` (also called ``momentum``) may be assigned at any time, so 1cycle can vary
    it, and the correction stays exact.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 0.001.
        beta_1: in [0, 1), live. Default 0.9.
        beta_2: below 1, and above 1 - 2 / (threshold + 1), or rho would never pass the threshold. Default 0.999.
        epsilon: eps > 0. Default 1e-7, as in Keras; the authors' code has 1e-8.
        threshold: for rho, >= 4. Default 5.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Liu et al. 2019, arXiv:1908.03265, algorithm 2.

    Example:
        >>> RAdam(0.001).get_config()["threshold"]
        5.0
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        threshold: float = 5.0,
        name: str = "radam",
        **options: Any,
    ):
        threshold = check_number("threshold", threshold, low=4)
        beta_2 = check_number("beta_2", beta_2, above=1.0 - 2.0 / (threshold + 1.0), below=1)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **options)
        self.threshold = float(threshold)

    def _divided(self) -> tuple[Any, Any]:
        """Whether this step divides by the root, and r."""
        limit, rho = 2.0 / (1.0 - self.beta_2) - 1.0, self._rho()
        safe = ops.maximum(rho, self.threshold)  # no root of a negative number in the unused branch
        squared = (safe - 4.0) * (safe - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * safe)
        return rho > self.threshold, ops.sqrt(squared)

    def _rho(self) -> Any:
        """rho of this step, without the difference of large numbers: JAX has no double precision unless asked for.

        With u = -log beta_2 and x = u t it is (2 / u) (1 - x / (exp(x) - 1)) + (1 / tanh(u / 2) - 2 / u).
        """
        u = -math.log(self.beta_2)
        x = ops.multiply(self.step_number(widest_float()), u)
        small = ops.minimum(x, 0.5)
        series = small / 2.0 - sum(factor * small ** (2 * k) for k, factor in enumerate(SERIES, 1))
        rest = ops.where(x < 0.5, series, 1.0 - x / ops.expm1(ops.maximum(x, 0.5)))
        return 2.0 / u * rest + (1.0 / math.tanh(u / 2.0) - 2.0 / u)

    def _rate(self, learning_rate: Any, undivided: float) -> Any:
        """The factor on the mean, times ``undivided`` if this step does not divide by the root."""
        divided, r = self._divided()
        rate = ops.cast(learning_rate, r.dtype) / ops.cast(self.unbiased(), r.dtype)
        return rate * ops.where(divided, r * ops.sqrt(self.square_correction()), undivided)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        dtype = variable.dtype
        (gradient,) = cast(dtype, gradient)
        if is_fusible(gradient, variable, LEAST):
            rate = self.once("rate of the kernel", dtype, lambda: self._rate(learning_rate, NO_DIVISION))
            epsilon = self.once(
                "epsilon of the kernel", dtype, lambda: ops.where(self._divided()[0], self.epsilon, NO_DIVISION)
            )
            self.fused_step(gradient, variable, rate, epsilon)
            return
        mean, squares = self.advance(gradient, variable)
        rate = self.once("rate", dtype, lambda: self._rate(learning_rate, 1.0))
        divided = self.once("divided", "bool", lambda: self._divided()[0])
        root = ops.sqrt(squares) + self.epsilon
        divisor = ops.where(divided, root, ops.ones_like(root))
        self.assign_sub(variable, ops.multiply(mean, rate) / divisor)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with ``beta_1`` as a float."""
        return {**super().get_config(), "threshold": self.threshold}


ENTRIES = (
    Entry(
        "radam",
        RAdam,
        "Adam that divides only once the mean square is reliable.",
        "Liu et al. 2019",
        (Range("learning_rate", 3e-4, 3e-2, 1e-3),),
        when="In place of a warm-up of Adam in trainings of thousands of steps. Not for short ones: it "
        "came last of eight on small tables here.",
    ),
)
