"""Newton: Newton's method with the full Hessian of the batch's loss, for models of up to a few thousand weights."""

from __future__ import annotations

import math
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_bool, check_integer, check_number
from ..catalogue import Entry, Range
from .batch_loss import HESSIAN_PRODUCT, LOSS, FunctionLoss, epsilon, flatten, unflatten
from .batch_loss_optimizer import BatchLossOptimizer
from .line_search import backtracking

__all__ = ["ENTRIES", "Newton", "newton_direction"]


def newton_direction(hessian: Any, gradient: Any, damping: float, rounding: float) -> Any:
    """-(|H| + damping I)^-1 g: a descent direction for every symmetric H, and Newton's direction where H > 0.

    |H| has the eigenvectors of H and the absolute values of its eigenvalues h. Those below ``rounding`` times the
    largest are rounding error. They are replaced by the largest, so that along them the step is that of gradient
    descent with rate 1 / max|h|. If H is zero, they are replaced by 1.

    Args:
        hessian: shape (n, n), float64, symmetric.
        gradient: shape (n,), float64.
        damping: >= 0, in the units of the Hessian.
        rounding: >= 0.

    Returns:
        The direction, shape (n,), float64.

    Source: Gill, Murray and Wright 1981; Dauphin et al. 2014.

    Example:
        >>> import tensorflow as tf
        >>> direction = newton_direction(*(tf.constant(x, tf.float64) for x in ([[2, 0], [0, -4]], [2, 4])), 0.0, 0.0)
        >>> direction.numpy().tolist()
        [-1.0, -1.0]
    """
    import tensorflow as tf

    curvatures, basis = tf.linalg.eigh(hessian)
    sizes = tf.abs(curvatures)
    largest = tf.reduce_max(sizes)
    largest = tf.where(largest > 0, largest, tf.ones_like(largest))
    sizes = tf.where(sizes > rounding * largest, sizes, largest) + damping
    return -tf.linalg.matvec(basis, tf.linalg.matvec(basis, gradient, transpose_a=True) / sizes)


@keras.saving.register_keras_serializable(package="recipes")
class Newton(BatchLossOptimizer):
    """Newton's method: a step to the minimum of the second-order expansion of the batch's loss.

    With weights w, gradient g, exact Hessian H = V diag(h) V' and rate e::

        d = -V diag(1 / (|h| + damping)) V' g
        w <- w + a d,  a = the first of e, e/2, e/4, ... with  f(w + a d) <= f(w) + 1e-4 a g'd

    If H is positive definite and damping is 0, d is -H^-1 g. With the absolute values, d remains a descent direction
    near saddles and maxima. Eigenvalues below 4 sqrt(n) eps max|h|, eps of the weights' dtype, are rounding error:
    along those the step is g / max|h|. With ``line_search=False``, a = e always. If no step is found, the weights do
    not change.

    The Hessian is built from n products with unit vectors and decomposed in float64, in O(n^3) time: 0.1 s at n = 650
    and 2 s at 1500, on two cores. A step costs 2 + 2 n gradient evaluations, see :class:`BatchLossOptimizer`, and
    memory for about 3 n^2 numbers of 8 bytes. Float32 weights reduce the gradient to about 1e-6 of its size; for more,
    use float64 throughout: ``keras.config.set_floatx``. Use the full batch, or one much larger than n. Under XLA the
    decomposition is slow, and accurate to about 1e-6 only.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 1.0.
        damping: added to the absolute eigenvalues, >= 0, in units of loss / weight^2. Default 0.0.
        line_search: whether to search for a. Default True.
        max_parameters: the maximum number n of trainable weights, >= 1. Default 5000.
        name: the optimizer's name.
        **kwargs: see :class:`BatchLossOptimizer`.

    Raises:
        InvalidArgument: for a value outside its range; in ``build``, for a model with more than max_parameters weights.

    Source: Nocedal and Wright 2006, chapter 3; Dauphin et al. 2014 for the absolute values.

    Example:
        >>> point = keras.Variable([3.0, 1.0])
        >>> optimizer = Newton()
        >>> _ = optimizer.minimize(lambda values: values[0][0] ** 2 + 50 * values[0][1] ** 2, [point])
        >>> point.numpy().round(4).tolist()
        [0.0, 0.0]
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        damping: float = 0.0,
        line_search: bool = True,
        max_parameters: int = 5000,
        name: str = "newton",
        **kwargs: Any,
    ):
        damping = check_number("damping", damping, low=0)
        line_search = check_bool("line_search", line_search)
        max_parameters = check_integer("max_parameters", max_parameters, low=1)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.damping, self.line_search, self.max_parameters = damping, line_search, max_parameters

    def build(self, variables: list[Any]) -> None:
        """Creates the counters; refuses a model whose Hessian would be too large."""
        count = sum(math.prod(variable.shape) for variable in variables)
        if not self.built and count > self.max_parameters:
            size = 8 * count**2 / 2**20
            memory = f"{size:.0f} MiB" if size < 1024 else f"{size / 1024:,.1f} GiB"
            raise InvalidArgument(
                "max_parameters",
                self.max_parameters,
                f"at least the number of trainable weights, {count:,}, whose Hessian takes {memory} and several times "
                f"that to decompose; HessianFree does without it",
            )
        super().build(variables)

    def new_values(
        self, loss: FunctionLoss, variables: list[Any], values: list[Any], learning_rate: Any
    ) -> tuple[Any, Any, Any]:
        """One step; see :class:`BatchLossOptimizer`."""
        import tensorflow as tf

        now, gradient, product = loss.hessian_at(values)
        weights, slopes = flatten(values, tf.float64), flatten(gradient, tf.float64)
        dtype = flatten(values).dtype
        count = int(weights.shape[0])

        def row(index: Any) -> Any:
            return flatten(product(unflatten(tf.one_hot(index, count, dtype=dtype), values)), dtype)

        def direction() -> Any:
            rows = tf.map_fn(row, tf.range(count), fn_output_signature=dtype, parallel_iterations=1)
            rows = tf.cast(tf.ensure_shape(rows, (count, count)), tf.float64)
            hessian = (rows + tf.transpose(rows)) / 2
            usable = tf.reduce_all(tf.math.is_finite(hessian))
            hessian = tf.where(usable, hessian, tf.zeros_like(hessian))  # no NaN for eigh
            newton = newton_direction(hessian, slopes, self.damping, 4 * math.sqrt(count) * epsilon(dtype))
            return tf.where(usable, newton, tf.zeros_like(newton))

        finite = tf.logical_and(tf.math.is_finite(tf.cast(now, tf.float64)), tf.reduce_all(tf.math.is_finite(slopes)))
        step_direction = tf.cond(finite, direction, lambda: tf.zeros_like(slopes))
        slope = tf.reduce_sum(step_direction * slopes)
        work = tf.where(finite, HESSIAN_PRODUCT * count, 0.0)
        if not self.line_search:
            step = tf.where(tf.logical_and(finite, slope < 0), learning_rate, tf.zeros_like(learning_rate))
            return weights + step * step_direction, step, work

        def loss_at(step: Any) -> Any:
            return loss.loss(unflatten(weights + step * step_direction, values))

        slack = 4 * epsilon(now.dtype) * tf.abs(tf.cast(now, tf.float64))
        options: dict[str, Any] = {"sufficient_decrease": 1e-4, "contraction": 0.5, "max_trials": 40, "slack": slack}
        step, _, trials = backtracking(loss_at, learning_rate, now, slope, **options)
        return weights + step * step_direction, step, tf.cast(work, tf.float64) + LOSS * trials

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        names = ("damping", "line_search", "max_parameters")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


ENTRIES = (
    Entry(
        "newton",
        Newton,
        "Newton's method with the batch's full Hessian, for up to 5,000 weights.",
        "Newton; Gill, Murray and Wright 1981",
        (Range("learning_rate", 0.1, 1.0, 1.0),),
        when="For logistic regression and models of some hundred weights: full precision in a dozen "
        "steps. Not for networks: the Hessian has the square of their weights.",
    ),
)
