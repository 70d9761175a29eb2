"""LineSearch: gradient descent with a line search for the step on each batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras

from ...callbacks.checks import check_choice, check_integer, check_number
from ..catalogue import Entry, Range
from .batch_loss import LOSS, FunctionLoss, flatten, unflatten
from .batch_loss_optimizer import BatchLossOptimizer

__all__ = ["ENTRIES", "LineSearch", "backtracking", "exact"]


def backtracking(
    loss_at: Callable[[Any], Any],
    first: Any,
    loss: Any,
    slope: Any,
    *,
    sufficient_decrease: float,
    contraction: float,
    max_trials: int,
    slack: Any = 0.0,
) -> tuple[Any, Any, Any]:
    """Armijo's rule: the first step a of first, first c, first c^2, ... with f(a) <= f(0) + s a f'(0).

    Args:
        loss_at: f, from a step to the loss there; tensors of shape (), float64.
        first: the step to try first.
        loss: f(0).
        slope: f'(0); unless it is negative there is no step.
        sufficient_decrease: s, in [0, 1).
        contraction: c, in (0, 1).
        max_trials: the maximum number of evaluations of f.
        slack: by how much f(a) may exceed the bound: the rounding error of f.

    Returns:
        The step, 0 if none was found; f at ``first``; the number of evaluations of f. All of shape (), float64.

    Source: Armijo 1966; Nocedal and Wright 2006, algorithm 3.1.

    Example:
        >>> import tensorflow as tf
        >>> f = lambda a: (1 - 10 * a) ** 2
        >>> options = {"sufficient_decrease": 0.1, "contraction": 0.5, "max_trials": 9}
        >>> step, _, trials = backtracking(f, *(tf.constant(x, tf.float64) for x in (1, 1, -20)), **options)
        >>> float(step), int(trials)
        (0.125, 4)
    """
    import tensorflow as tf

    loss, slope = tf.cast(loss, tf.float64), tf.cast(slope, tf.float64)

    def unfinished(trial: Any, _step: Any, accepted: Any, _first_loss: Any) -> Any:
        return tf.logical_and(trial < max_trials, tf.logical_not(accepted))

    def attempt(trial: Any, step: Any, accepted: Any, first_loss: Any) -> Any:
        value = tf.cast(loss_at(step), tf.float64)
        accepted = value <= loss + sufficient_decrease * step * slope + slack
        first_loss = tf.where(tf.equal(trial, 0), value, first_loss)
        return trial + 1, tf.where(accepted, step, step * contraction), accepted, first_loss

    downhill = tf.logical_and(tf.math.is_finite(loss), slope < 0)
    start = tf.where(downhill, 0, max_trials), tf.cast(first, tf.float64), tf.constant(False), loss
    trials, step, accepted, first_loss = tf.while_loop(unfinished, attempt, start)
    trials = tf.where(downhill, trials, 0)
    return tf.where(accepted, step, tf.zeros_like(step)), first_loss, tf.cast(trials, tf.float64)


def exact(
    loss_and_slope_at: Callable[[Any], tuple[Any, Any]],
    first: Any,
    loss: Any,
    slope: Any,
    *,
    tolerance: float,
    max_trials: int,
) -> tuple[Any, Any]:
    """A minimum along a line, to |f'(a)| <= tolerance |f'(0)|.

    From ``first`` the step doubles until the slope is no longer negative or f exceeds f(0): the last two steps then
    bracket a minimum. Inside the bracket the next step is the zero of the slope by linear interpolation. If the same
    end moved twice, the slope at the other end is halved (the Illinois rule). If it moved three times, or an end has
    no usable slope, the next step is the middle.

    Args:
        loss_and_slope_at: from a step a to f(a) and f'(a); tensors of shape (), float64.
        first: the step to try first, > 0.
        loss, slope: f(0) and f'(0); unless the slope is negative there is no step.
        tolerance: on the slope, relative to f'(0).
        max_trials: the maximum number of evaluations of f; the best step so far is then taken.

    Returns:
        The step with the flattest slope among those with f <= f(0), 0 if there is none; the number of evaluations of f.

    Source: Dowell and Jarratt 1971 (the Illinois rule); Nocedal and Wright 2006, section 3.5.

    Example:
        >>> import tensorflow as tf
        >>> f = lambda a: ((1 - 10 * a) ** 2, -20 * (1 - 10 * a))
        >>> start = (tf.constant(x, tf.float64) for x in (1, 1, -20))
        >>> step, trials = exact(f, *start, tolerance=1e-6, max_trials=20)
        >>> round(float(step), 6)
        0.1
    """
    import tensorflow as tf

    loss, slope = tf.cast(loss, tf.float64), tf.cast(slope, tf.float64)
    # The next step; the bracket, with the slopes at its ends, used only to find the next step; the best step so far.
    names = ("trial", "step", "low", "low_slope", "high", "high_slope", "bracketed", "streak", "best", "flattest")

    def unfinished(*state: Any) -> Any:
        now = dict(zip(names, state, strict=True))
        return tf.logical_and(now["trial"] < max_trials, now["flattest"] > tolerance * -slope)

    def attempt(*state: Any) -> Any:
        now = dict(zip(names, state, strict=True))
        step = now["step"]
        value, steepness = (tf.cast(number, tf.float64) for number in loss_and_slope_at(step))
        usable = tf.logical_and(tf.math.is_finite(steepness), value <= loss)
        better = tf.logical_and(usable, tf.abs(steepness) < now["flattest"])
        best, flattest = tf.where(better, step, now["best"]), tf.where(better, tf.abs(steepness), now["flattest"])
        left = tf.logical_and(usable, steepness < 0)  # the minimum is to the right of this step
        same = tf.equal(left, now["streak"] < 0)  # streak: how often the same end moved in a row, negative for low
        streak = tf.where(left, -1, 1) * (1 + tf.where(same, tf.abs(now["streak"]), 0))
        again = tf.logical_and(now["bracketed"], tf.abs(streak) > 1)
        unknown = tf.constant(float("nan"), tf.float64)
        high_slope = tf.where(again, now["high_slope"] / 2, now["high_slope"])
        low_slope = tf.where(again, now["low_slope"] / 2, now["low_slope"])
        low, low_slope = tf.where(left, step, now["low"]), tf.where(left, steepness, low_slope)
        high = tf.where(left, now["high"], step)
        high_slope = tf.where(left, high_slope, tf.where(steepness > 0, steepness, unknown))
        bracketed = tf.logical_or(now["bracketed"], tf.logical_not(left))
        inside = low - low_slope * (high - low) / (high_slope - low_slope)
        middle = (low + high) / 2
        usual = tf.logical_and(tf.logical_and(inside > low, inside < high), tf.abs(streak) < 3)  # NaN is in no interval
        inside = tf.where(usual, inside, middle)
        following = tf.where(bracketed, inside, 2 * step)
        return now["trial"] + 1, following, low, low_slope, high, high_slope, bracketed, streak, best, flattest

    zero = tf.zeros((), tf.float64)
    first = tf.cast(first, tf.float64)
    downhill = tf.logical_and(tf.logical_and(tf.math.is_finite(loss), slope < 0), first > 0)
    trial = tf.where(downhill, 0, max_trials)
    infinite = tf.constant(float("inf"), tf.float64)
    start = (trial, first, zero, slope, infinite, infinite, tf.constant(False), 0, zero, -slope)
    trials, _, _, _, _, _, _, _, best, _ = tf.while_loop(unfinished, attempt, start)
    return tf.where(downhill, best, zero), tf.cast(tf.where(downhill, trials, 0), tf.float64)


@keras.saving.register_keras_serializable(package="recipes")
class LineSearch(BatchLossOptimizer):
    """Steepest descent on the batch's loss, with the length of the step found by a line search on the same batch.

    With loss f, weights w and gradient g, for ``method="backtracking"``::

        w <- w - a g,  a = the first of e, e c, e c^2, ... with  f(w - a g) <= f(w) - s a |g|^2

    and for ``method="exact"`` a is a minimum of f(w - a g), searched from e on until the slope is ``tolerance`` times
    the initial one. If no step is found, the weights do not change. The cost of a step is that of
    :class:`BatchLossOptimizer`, where a trial counts as 1/3 gradient evaluation when backtracking and as 1 when exact.
    Meant for full or large batches: on a small one the exact step fits the noise of the batch.

    Args:
        learning_rate: e > 0, the first step tried, or a Keras ``LearningRateSchedule``. Default 1.0. 0 is no step.
        method: "backtracking" (default) or "exact".
        sufficient_decrease: s in [0, 1), for backtracking. Default 1e-4.
        contraction: c in (0, 1), for backtracking. Default 0.5.
        tolerance: in (0, 1), for exact. Default 1e-3.
        max_trials: the maximum number of loss evaluations per step, >= 1. Default 30.
        name: the optimizer's name.
        **kwargs: see :class:`BatchLossOptimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Cauchy 1847; Armijo 1966.

    Example:
        >>> point = keras.Variable([3.0, 1.0])
        >>> optimizer = LineSearch(method="exact")
        >>> _ = optimizer.minimize(lambda values: keras.ops.sum(values[0] ** 2), [point])
        >>> point.numpy().round(5).tolist(), float(optimizer.last_step)
        ([0.0, 0.0], 0.5)
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        method: str = "backtracking",
        sufficient_decrease: float = 1e-4,
        contraction: float = 0.5,
        tolerance: float = 1e-3,
        max_trials: int = 30,
        name: str = "line_search",
        **kwargs: Any,
    ):
        check_choice("method", method, ("backtracking", "exact"))
        sufficient_decrease = check_number("sufficient_decrease", sufficient_decrease, low=0, below=1)
        contraction = check_number("contraction", contraction, above=0, below=1)
        tolerance = check_number("tolerance", tolerance, above=0, below=1)
        max_trials = check_integer("max_trials", max_trials, low=1)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.method = method
        self.sufficient_decrease, self.contraction = sufficient_decrease, contraction
        self.tolerance, self.max_trials = tolerance, max_trials

    def new_values(
        self, loss: FunctionLoss, variables: list[Any], values: list[Any], learning_rate: Any
    ) -> tuple[Any, Any, Any]:
        """One step; see :class:`BatchLossOptimizer`."""
        import tensorflow as tf

        now, gradient = loss.loss_and_gradient(values)
        weights, direction = flatten(values, tf.float64), -flatten(gradient, tf.float64)
        slope = -tf.reduce_sum(tf.square(direction))

        def loss_at(step: Any) -> Any:
            return loss.loss(unflatten(weights + step * direction, values))

        def loss_and_slope_at(step: Any) -> tuple[Any, Any]:
            value, gradient = loss.loss_and_gradient(unflatten(weights + step * direction, values))
            return value, tf.reduce_sum(flatten(gradient, tf.float64) * direction)

        if self.method == "exact":
            options: dict[str, Any] = {"tolerance": self.tolerance, "max_trials": self.max_trials}
            step, trials = exact(loss_and_slope_at, learning_rate, now, slope, **options)
            return weights + step * direction, step, trials
        options = {"sufficient_decrease": self.sufficient_decrease, "contraction": self.contraction}
        step, _, trials = backtracking(loss_at, learning_rate, now, slope, max_trials=self.max_trials, **options)
        return weights + step * direction, step, LOSS * trials

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        names = ("method", "sufficient_decrease", "contraction", "tolerance", "max_trials")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


ENTRIES = (
    Entry(
        "line_search",
        LineSearch,
        "Gradient descent whose step is halved until the batch's loss has fallen enough.",
        "Armijo 1966",
        (Range("learning_rate", 0.1, 10.0, 1.0),),
        when="For full or large batches when no rate is known. Not for small batches: a step that suits "
        "one may harm the others, and each costs several evaluations.",
    ),
    Entry(
        "exact_line_search",
        functools.partial(LineSearch, method="exact", name="exact_line_search"),
        "Gradient descent to the minimum of the batch's loss along the gradient.",
        "Cauchy 1847",
        (Range("learning_rate", 0.1, 10.0, 1.0),),
        when="To study steepest descent and its zigzag on small smooth problems. To train, line_search "
        "gets as far with fewer evaluations.",
    ),
)
