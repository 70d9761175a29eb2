"""gradient_over_time: how far back in a sequence the answers of a recurrent network depend on its inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ...callbacks.adversarial import on_floats
from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_integer
from ...callbacks.taken import check_compiled
from ..data import Data
from ..training_checks import check_data, check_shapes

__all__ = ["GradientOverTime", "gradient_over_time"]

STRONG = 0.01
"""A gradient that is less than this share of the largest teaches little."""


@dataclass(frozen=True, eq=False)
class GradientOverTime:
    """The result of :func:`gradient_over_time`. ``str(result)`` says in words what it means.

    Attributes:
        norms: the mean over the examples of the norm of the loss's gradient with respect to an input step, by its
            distance from the last one: ``norms[0]`` is that of the last step. Shape (steps,).
        examples: how many reach so far back, shape (steps,).
    """

    norms: np.ndarray
    examples: np.ndarray

    @property
    def factor(self) -> float:
        """What the gradient is multiplied by from a step to the one before: from the slope of its logarithm."""
        steps = np.flatnonzero(self.norms > 0)
        if len(steps) < 2:
            return math.nan
        weights = np.sqrt(self.examples[steps])
        return float(np.exp(np.polyfit(steps, np.log(self.norms[steps]), 1, w=weights)[0]))

    @property
    def reach(self) -> int:
        """The number of last steps whose gradient is at least 1 % of the largest."""
        return int(np.flatnonzero(self.norms >= STRONG * self.norms.max()).max()) + 1

    def plot(self) -> Any:
        """A figure of the gradient by distance, on a logarithmic axis: a matplotlib ``Figure``."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.semilogy(np.arange(len(self.norms)), self.norms)
        axes.set_xlabel("distance from the last step")
        axes.set_ylabel("gradient of the loss")
        return figure

    def __str__(self) -> str:
        steps, factor = len(self.norms), self.factor
        if math.isnan(factor):
            return f"the gradient reaches {self.reach} of {steps} steps"
        if self.reach < steps:
            return (
                f"vanishing over time: the gradient is below 1 % of its largest beyond the last {self.reach} of "
                f"{steps} steps, times {factor:.2f} for each step back: what is earlier is hardly learned; use lstm, "
                "gru, attention, or shorter sequences"
            )
        if factor > 1 and factor**steps > 1 / STRONG:
            return (
                f"exploding over time: the gradient grows by a factor of {factor:.2f} for each step back, over {steps} "
                "steps; clip its norm (clipnorm=1.0), or use lstm or gru"
            )
        return f"healthy: the gradient reaches all {steps} steps (times {factor:.2f} for each step back)"


@checked
def gradient_over_time(model: keras.Model, data: Data, *, examples: int = 256) -> GradientOverTime:
    """The gradient of the loss with respect to each step of a sequence, by its distance from the last step.

    Where it falls to nothing within a few steps, the network cannot learn from earlier ones, whatever they hold. A tanh
    network's gradient shrinks or grows by a factor per step; gates keep it.

    Args:
        model: compiled: ``run.model``, or before any training ``recipe.compile(recipe.build_model(data.spec))``.
        data: sequences of numbers, or images, which are read row by row.
        examples: the number of training examples, the first ones, >= 1. Default 256.

    Returns:
        A :class:`GradientOverTime`. Padded steps do not count.

    Raises:
        InvalidArgument: for a model that does not fit the data or is not compiled, and for data without steps of
            numbers.

    Source: Hochreiter 1991; Bengio et al. 1994; Pascanu et al. 2013, arXiv:1211.5063.

    Example:
        >>> print(recipes.gradient_over_time(run.model, data))                  # doctest: +SKIP
        vanishing over time: the gradient is below 1 % of its largest beyond the last 9 of 28 steps, ...
    """
    import tensorflow as tf

    check_data(data)
    if data.spec.record or data.spec.kind not in ("sequence", "image"):
        raise InvalidArgument("data", data.spec.name, f"sequences of numbers or images, not {data.spec.kind} data")
    check_shapes(model, data.spec)
    check_compiled(model)
    examples = check_integer("examples", examples, low=1)
    x, y = (array[:examples] for array in data.arrays("train"))
    values = tf.cast(tf.convert_to_tensor(np.asarray(x)), "float32")
    whole = np.issubdtype(np.dtype(data.spec.input_dtype), np.integer)
    network = on_floats(model) if whole else model  # no gradient passes through integers
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        loss = model.compute_loss(values, tf.convert_to_tensor(y), network(values, training=False), training=False)
    slopes = tape.gradient(loss, values)
    if slopes is None:
        raise InvalidArgument("model", model.name, "one whose loss can be differentiated by its inputs")
    slopes = slopes.numpy().astype(np.float64) * len(y)  # the loss is their mean
    return _by_distance(np.sqrt((slopes**2).sum(axis=tuple(range(2, slopes.ndim)))))


def _by_distance(norms: np.ndarray) -> GradientOverTime:
    """Norms by example and step, (n, steps), as means by the distance from each example's last step."""
    steps = norms.shape[1]
    totals, counts = np.zeros(steps), np.zeros(steps, int)
    for row in norms:
        used = np.flatnonzero(row)
        if len(used):
            last = used.max()  # padded steps have no gradient
            totals[: last + 1] += row[last::-1]
            counts[: last + 1] += 1
    reached = counts > 0
    if not reached.any():
        return GradientOverTime(np.zeros(1), np.zeros(1, int))
    return GradientOverTime(totals[reached] / counts[reached], counts[reached])
