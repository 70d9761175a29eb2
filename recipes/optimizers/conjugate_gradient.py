"""ConjugateGradient: nonlinear conjugate gradients, a line search for each step on the batch's loss."""

from __future__ import annotations

from typing import Any

import keras

from ...callbacks.checks import check_choice, check_integer, check_number
from ..catalogue import Entry, Range
from .batch_loss import FunctionLoss, flatten, unflatten
from .batch_loss_optimizer import BatchLossOptimizer
from .line_search import exact

__all__ = ["ENTRIES", "METHODS", "ConjugateGradient"]

METHODS = ("polak_ribiere", "fletcher_reeves")


@keras.saving.register_keras_serializable(package="recipes")
class ConjugateGradient(BatchLossOptimizer):
    """Conjugate gradients: steps along directions that do not undo each other, each to the minimum along its line.

    With loss f, weights w, gradient g, and the gradient g' and direction d' of the step before::

        b = g.g / g'.g'                      ("fletcher_reeves")
        b = max(0, g.(g - g') / g'.g')       ("polak_ribiere")
        d = -g + b d'
        w <- w + a d,  a = a minimum of f(w + a d)

    On a quadratic surface of k weights the directions are conjugate, d.H d' = 0 for its Hessian H, and at most k steps
    reach the minimum, without H, as far as the minima along the lines are exact (with a smaller ``tolerance``). b is 0,
    a restart along -g, at the first step, after ``restart`` steps, where d would not descend, and after a step that
    found no lower loss. The search for a goes on until the slope is ``tolerance`` times the initial one; it starts from
    the step that would change f as much as the one before, to first order.

    In gradient evaluations (see :class:`BatchLossOptimizer`) a step costs 2 + 1 for each trial of the line search. It
    needs memory for two vectors of the weights' size. Meant for the full batch: directions of different batches are not
    conjugate to one another.

    Args:
        learning_rate: e > 0, the first a tried in the first step, or a Keras ``LearningRateSchedule``. Default 1.0.
            0 is no step.
        method: "polak_ribiere" (default), which restarts by itself where steps become short; or "fletcher_reeves".
        restart: steps after which b is 0, >= 1; None (default) for the number of weights.
        tolerance: of the line search, in (0, 1). Default 0.1.
        max_trials: the maximum number of evaluations of loss and gradient per step, >= 1. Default 30.
        name: the optimizer's name.
        **kwargs: see :class:`BatchLossOptimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Fletcher and Reeves 1964; Polak and Ribière 1969; Nocedal and Wright 2006, section 5.2.

    Example:
        >>> point = keras.Variable([3.0, 1.0])
        >>> optimizer, bowl = ConjugateGradient(), lambda values: values[0][0] ** 2 + 50 * values[0][1] ** 2
        >>> for _ in range(2):
        ...     _ = optimizer.minimize(bowl, [point])
        >>> bool(abs(point.numpy()).max() < 1e-3)
        True
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        method: str = "polak_ribiere",
        restart: int | None = None,
        tolerance: float = 0.1,
        max_trials: int = 30,
        name: str = "conjugate_gradient",
        **kwargs: Any,
    ):
        check_choice("method", method, METHODS)
        restart = None if restart is None else check_integer("restart", restart, low=1)
        tolerance = check_number("tolerance", tolerance, above=0, below=1)
        max_trials = check_integer("max_trials", max_trials, low=1)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.method, self.restart = method, restart
        self.tolerance, self.max_trials = tolerance, max_trials

    def build(self, variables: list[Any]) -> None:
        """Creates the last gradient and direction (zero at first, one tensor per weight) and the counters."""
        if self.built:
            return
        super().build(variables)
        self.gradients = self.add_optimizer_variables(variables, "gradient")
        self.directions = self.add_optimizer_variables(variables, "direction")
        self.since_restart = self._scalar("since_restart", dtype="int64")
        self.last_slope = self._scalar("last_slope")

    def new_values(
        self, loss: FunctionLoss, variables: list[Any], values: list[Any], learning_rate: Any
    ) -> tuple[Any, Any, Any]:
        """One step; see :class:`BatchLossOptimizer`."""
        import tensorflow as tf

        old_gradients, old_directions = (
            [kept[self.index_of(variable)] for variable in variables] for kept in (self.gradients, self.directions)
        )
        now, slopes = loss.loss_and_gradient(values)
        weights, gradient = flatten(values, tf.float64), flatten(slopes, tf.float64)
        before, direction_before = (
            flatten([variable.value for variable in kept], tf.float64) for kept in (old_gradients, old_directions)
        )

        def dot(a: Any, b: Any) -> Any:
            return tf.reduce_sum(a * b)

        norm = dot(gradient, gradient)
        change = norm if self.method == "fletcher_reeves" else dot(gradient, gradient - before)
        beta = tf.math.divide_no_nan(change, dot(before, before))
        most = weights.shape.num_elements() if self.restart is None else self.restart
        since = tf.convert_to_tensor(self.since_restart.value)
        goes_on = tf.logical_and(since > 0, since < most)
        beta = tf.where(tf.logical_and(goes_on, tf.math.is_finite(beta)), tf.maximum(beta, 0.0), 0.0)
        direction = beta * direction_before - gradient
        slope = dot(gradient, direction)
        descends = tf.logical_and(slope < 0, tf.reduce_all(tf.math.is_finite(direction)))
        restarted = tf.logical_or(tf.equal(beta, 0.0), tf.logical_not(descends))
        direction, slope = tf.where(descends, direction, -gradient), tf.where(descends, slope, -norm)

        def loss_and_slope_at(step: Any) -> tuple[Any, Any]:
            value, there = loss.loss_and_gradient(unflatten(weights + step * direction, values))
            return value, dot(flatten(there, tf.float64), direction)

        last, last_slope = tf.convert_to_tensor(self.last_step.value), tf.convert_to_tensor(self.last_slope.value)
        as_before = last * last_slope / slope  # changes the loss as much as the last step, to first order
        usable = tf.logical_and(tf.math.is_finite(as_before), as_before > 0)
        first = tf.where(tf.logical_and(usable, learning_rate > 0), as_before, learning_rate)
        options: dict[str, Any] = {"tolerance": self.tolerance, "max_trials": self.max_trials}
        step, trials = exact(loss_and_slope_at, first, now, slope, **options)

        moved = step > 0
        known = tf.logical_and(tf.math.is_finite(tf.cast(now, tf.float64)), tf.math.is_finite(norm))

        def keep(variable: Any, new: Any) -> None:
            """Assigns what the next step needs: zero after a step that found nothing, nothing if there is no loss."""
            new = tf.where(moved, new, tf.zeros_like(new))
            self.assign(variable, tf.where(known, new, tf.convert_to_tensor(variable.value)))

        keep(self.since_restart, tf.where(restarted, tf.ones_like(since), since + 1))
        keep(self.last_slope, slope)
        for kept, vector in ((old_gradients, gradient), (old_directions, direction)):
            for variable, value in zip(kept, unflatten(vector, values), strict=True):
                keep(variable, value)
        return weights + step * direction, step, trials

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        names = ("method", "restart", "tolerance", "max_trials")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


ENTRIES = (
    Entry(
        "conjugate_gradient",
        ConjugateGradient,
        "Steps to the minimum along directions that do not undo each other; for full batches.",
        "Fletcher and Reeves 1964; Polak and Ribière 1969",
        (Range("learning_rate", 0.1, 10.0, 1.0),),
        when="For small data in one batch and a loss to be fitted to many digits. Not for minibatches: "
        "its directions belong to a single surface.",
    ),
)
