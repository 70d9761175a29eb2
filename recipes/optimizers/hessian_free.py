"""HessianFree: a truncated Newton method, by conjugate gradients on Gauss-Newton products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from ...callbacks.checks import check_choice, check_integer, check_number
from ..catalogue import Entry, Range
from .batch_loss import HESSIAN_PRODUCT, LOSS, FunctionLoss, Product, epsilon, flatten, unflatten
from .batch_loss_optimizer import BatchLossOptimizer
from .line_search import backtracking

__all__ = ["ENTRIES", "HessianFree", "conjugate_gradients"]


def conjugate_gradients(
    product: Callable[[Any], Any],
    target: Any,
    start: Any,
    *,
    tolerance: float,
    max_iterations: int,
) -> tuple[Any, Any, Any]:
    """Approximately solves A x = b by conjugate gradients, as the minimum of q(x) = x'Ax / 2 - b'x.

    Stops after iteration i, with k = max(10, i / 10), when q(x_i) < 0 and the last k iterations have gained little::

        (q(x_i) - q(x_{i-k})) / q(x_i) < k tolerance

    or when the residual is down to rounding error, or before a direction without positive curvature.

    Args:
        product: v -> A v, for vectors of shape (n,).
        target: b, shape (n,).
        start: x_0, shape (n,).
        tolerance: on the relative progress, >= 0; at 0 it stops only at max_iterations or rounding error.
        max_iterations: the maximum number of iterations.

    Returns:
        x, its residual b - A x, both of shape (n,), and the number of iterations, int32. There is one more product than
        iterations, for x_0.

    Source: Hestenes and Stiefel 1952; the stopping rule: Martens 2010, section 4.4.

    Example:
        >>> import tensorflow as tf
        >>> matrix, target = tf.constant([[4.0, 1.0], [1.0, 3.0]]), tf.constant([1.0, 2.0])
        >>> options = {"tolerance": 0.0, "max_iterations": 2}
        >>> x, _, iterations = conjugate_gradients(lambda v: tf.linalg.matvec(matrix, v), target, 0 * target, **options)
        >>> [round(float(value), 4) for value in x], int(iterations)
        ([0.0909, 0.6364], 2)
    """
    import tensorflow as tf

    rounding = 10 * epsilon(target.dtype)

    def dot(a: Any, b: Any) -> Any:
        return tf.reduce_sum(tf.cast(a, tf.float64) * tf.cast(b, tf.float64))

    def quadratic(x: Any, residual: Any) -> Any:
        return -(dot(x, target) + dot(x, residual)) / 2

    smallest = (rounding**2) * dot(target, target)
    residual = target - product(start)
    history = tf.fill([max_iterations + 1], quadratic(start, residual))

    def unfinished(iteration: Any, *state: Any) -> Any:
        return tf.logical_and(iteration < max_iterations, tf.logical_not(state[-1]))

    def iterate(iteration: Any, x: Any, residual: Any, direction: Any, square: Any, history: Any, done: Any) -> Any:
        image = product(direction)
        curvature = dot(direction, image)
        usable = curvature > 0  # False for NaN too
        length = tf.cast(tf.where(usable, square / curvature, tf.zeros_like(square)), x.dtype)
        x = tf.where(usable, x + length * direction, x)
        residual = tf.where(usable, residual - length * image, residual)
        following = dot(residual, residual)
        direction = residual + tf.cast(following / square, x.dtype) * direction
        iteration += 1
        value = quadratic(x, residual)
        history = tf.where(tf.equal(tf.range(max_iterations + 1), iteration), value, history)
        span = tf.maximum(10, iteration // 10)
        before = history[tf.maximum(iteration - span, 0)]
        slow = (value - before) / value < tf.cast(span, tf.float64) * tolerance
        stalled = tf.logical_and(tf.logical_and(iteration > span, value < 0), slow)
        done = tf.logical_or(tf.logical_or(stalled, following <= smallest), tf.logical_not(usable))
        return iteration, x, residual, direction, following, history, done

    square = dot(residual, residual)
    begin = (0, start, residual, residual, square, history, square <= smallest)
    iterations, x, residual, *_ = tf.while_loop(unfinished, iterate, begin)
    return x, residual, iterations


@keras.saving.register_keras_serializable(package="recipes")
class HessianFree(BatchLossOptimizer):
    """Hessian-free optimization: Newton steps by conjugate gradients, with products instead of the matrix.

    With loss f, gradient g, the curvature matrix B of the batch (never formed), damping l and the last solution x'::

        x = conjugate gradients on (B + l I) x = -g, from decay x'
        w <- w + a x,  a = the first of e, e/2, e/4, ... with  f(w + a x) <= f(w) + 0.01 a g'x
        r = (f(w + e x) - f(w)) / (e g'x + e^2 x'Bx / 2)
        l <- 2/3 l if r > 3/4;  l <- 3/2 l if r < 1/4

    r compares the actual change of the loss at the first step tried with that predicted by the undamped quadratic
    model. If conjugate gradients yield no descent direction, the direction is -g; if no step is found, the weights do
    not change. In both cases l grows and x' is reset. ``curvature="gauss_newton"`` is positive semi-definite (see
    ``FunctionLoss.gauss_newton_at``). ``"hessian"`` is exact; conjugate gradients then stop before the first direction
    of negative curvature.

    Differences from the paper: no preconditioner, which needs each example's gradient; no choice among the iterates of
    conjugate gradients afterwards; r uses the undamped model, as in Martens and Sutskever 2012.

    A step needs memory for about 4 vectors of the weights' size. In gradient evaluations (see
    :class:`BatchLossOptimizer`) it costs 2 + 4/3 (iterations + 1) curvature_fraction + 1/3 for each trial of the line
    search; with ``curvature="hessian"``, 2 instead of 4/3. Use it with the full batch or a large one, and for losses
    where a single step is worth tens of gradients.

    State, readable after ``fit``, besides that of :class:`BatchLossOptimizer`: ``damping``; ``iterations_of_cg``, of
    all steps so far; ``last_iterations_of_cg``, of the last one.

    Args:
        learning_rate: e >= 0, or a Keras ``LearningRateSchedule``. Default 1.0.
        damping: initial l, >= 0, in units of loss / weight^2. Default 0.1. 0 stays 0.
        curvature: "gauss_newton" (default) or "hessian".
        curvature_fraction: the fraction of the batch, its first examples, from which B is computed, in (0, 1]; loss and
            gradient always use the whole batch. Default 1.0. A smaller one makes steps cheaper and needs more damping.
        max_iterations: of conjugate gradients per step, >= 1. Default 250.
        tolerance: on the relative progress of conjugate gradients per iteration, >= 0. Default 5e-4.
        decay: factor on the last solution as the new start, in [0, 1]. Default 0.95. 0 is a cold start.
        name: the optimizer's name.
        **kwargs: see :class:`BatchLossOptimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Martens 2010; Martens and Sutskever 2012.

    Example:
        >>> point = keras.Variable([3.0, 1.0])
        >>> optimizer = HessianFree(damping=0.0)
        >>> _ = optimizer.minimize(lambda values: values[0][0] ** 2 + 50 * values[0][1] ** 2, [point])
        >>> int(optimizer.last_iterations_of_cg), bool(abs(point.numpy()).max() < 1e-3)
        (2, True)
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        damping: float = 0.1,
        curvature: str = "gauss_newton",
        curvature_fraction: float = 1.0,
        max_iterations: int = 250,
        tolerance: float = 5e-4,
        decay: float = 0.95,
        name: str = "hessian_free",
        **kwargs: Any,
    ):
        initial = check_number("damping", damping, low=0)
        check_choice("curvature", curvature, ("gauss_newton", "hessian"))
        fraction = check_number("curvature_fraction", curvature_fraction, above=0, high=1)
        max_iterations = check_integer("max_iterations", max_iterations, low=1)
        tolerance = check_number("tolerance", tolerance, low=0)
        decay = check_number("decay", decay, low=0, high=1)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.initial_damping, self.curvature, self.curvature_fraction = initial, curvature, fraction
        self.max_iterations, self.tolerance, self.decay = max_iterations, tolerance, decay

    def build(self, variables: list[Any]) -> None:
        """Creates the damping, the last solution (zero at first, one tensor per weight) and the counters."""
        if self.built:
            return
        super().build(variables)
        self.damping = self._scalar("damping", keras.initializers.Constant(self.initial_damping))
        self.iterations_of_cg = self._scalar("iterations_of_cg", dtype="int64")
        self.last_iterations_of_cg = self._scalar("last_iterations_of_cg", dtype="int64")
        self.solutions = self.add_optimizer_variables(variables, "solution")

    def _expand(self, loss: FunctionLoss, values: list[Any]) -> tuple[Any, list[Any], Product]:
        """The loss, its gradient, and the products with the curvature matrix."""
        subset = loss.part(self.curvature_fraction)
        expand = subset.gauss_newton_at if self.curvature == "gauss_newton" else subset.hessian_at
        now, gradient, product = expand(values)
        if subset is not loss:
            now, gradient = loss.loss_and_gradient(values)
        return now, gradient, product

    def new_values(
        self, loss: FunctionLoss, variables: list[Any], values: list[Any], learning_rate: Any
    ) -> tuple[Any, Any, Any]:
        """One step; see :class:`BatchLossOptimizer`."""
        import tensorflow as tf

        solutions = [self.solutions[self.index_of(variable)] for variable in variables]
        now, gradient, product = self._expand(loss, values)
        weights, slopes = flatten(values), flatten(gradient)
        dtype = weights.dtype
        now = tf.cast(now, tf.float64)
        damping = tf.convert_to_tensor(self.damping.value)

        def dot(a: Any, b: Any) -> Any:
            return tf.reduce_sum(tf.cast(a, tf.float64) * tf.cast(b, tf.float64))

        def damped(vector: Any) -> Any:
            return flatten(product(unflatten(vector, values)), dtype) + tf.cast(damping, dtype) * vector

        finite = tf.logical_and(tf.math.is_finite(now), tf.reduce_all(tf.math.is_finite(slopes)))
        target = tf.where(finite, -slopes, tf.zeros_like(slopes))
        start = self.decay * flatten([variable.value for variable in solutions], dtype)
        start = tf.where(finite, start, tf.zeros_like(start))
        options: dict[str, Any] = {"tolerance": self.tolerance, "max_iterations": self.max_iterations}
        solution, residual, iterations = conjugate_gradients(damped, target, start, **options)

        curved = dot(solution, target) - dot(solution, residual) - damping * dot(solution, solution)  # x'Bx
        slope = -dot(solution, target)
        solved = tf.logical_and(slope < 0, tf.reduce_all(tf.math.is_finite(solution)))
        direction = tf.where(solved, solution, target)
        slope = tf.where(solved, slope, -dot(target, target))

        def loss_at(step: Any) -> Any:
            return loss.loss(unflatten(weights + tf.cast(step, dtype) * direction, values))

        slack = 4 * epsilon(dtype) * tf.abs(now)
        search: dict[str, Any] = {"sufficient_decrease": 0.01, "contraction": 0.5, "max_trials": 40, "slack": slack}
        step, first, trials = backtracking(loss_at, learning_rate, now, slope, **search)

        predicted = learning_rate * slope + learning_rate**2 * curved / 2
        good = tf.logical_and(solved, step > 0)
        ratio = tf.where(good, (first - now) / predicted, tf.zeros_like(now))
        ratio = tf.where(tf.logical_and(predicted < 0, tf.math.is_finite(ratio)), ratio, tf.zeros_like(now))
        changed = tf.where(ratio > 0.75, damping * (2 / 3), tf.where(ratio < 0.25, damping * 1.5, damping))
        tried = tf.logical_and(finite, learning_rate > 0)
        self.assign(self.damping, tf.where(tried, changed, damping))
        solution = tf.where(good, solution, tf.zeros_like(solution))
        for variable, value in zip(solutions, unflatten(solution, values), strict=True):
            self.assign(variable, tf.where(tried, value, variable.value))
        iterations = tf.cast(iterations, tf.int64)
        self.assign(self.last_iterations_of_cg, iterations)
        self.assign_add(self.iterations_of_cg, iterations)
        cost = loss.gauss_newton_cost if self.curvature == "gauss_newton" else HESSIAN_PRODUCT
        work = self.curvature_fraction * cost * tf.cast(iterations + 1, tf.float64) + LOSS * trials
        return weights + tf.cast(step, dtype) * direction, step, work

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer, with the initial damping; the current one is in the state."""
        names = ("curvature", "curvature_fraction", "max_iterations", "tolerance", "decay")
        config = {name: getattr(self, name) for name in names}
        return {**super().get_config(), "damping": self.initial_damping, **config}


ENTRIES = (
    Entry(
        "hessian_free",
        HessianFree,
        "Conjugate gradients on Gauss-Newton products, never forming the Hessian; for large batches.",
        "Martens 2010",
        (Range("learning_rate", 0.1, 1.0, 1.0),),
        when="For deep autoencoders and recurrent networks that first-order steps hardly move, in batches "
        "of thousands. Not for ordinary classifiers: an update costs tens of gradients.",
    ),
)
