"""Sweep: a learning-rate range test with a compiled function that tries many rates per call."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...callbacks.inside.layers import replaced_method
from ...callbacks.inside.optimizer_values import leaves
from ...callbacks.range_test.lr_finder import LRFinder
from ..data.batching import permutation
from .arrays import EpochArrays, Split, rows_of
from .calls import steps_for
from .compiled import Compiled

__all__ = ["Sweep"]

RATES = 25
"""The largest number of rates per call: those after the end of the sweep are tried in vain."""


class Sweep:
    """Runs range tests of one model: as :func:`callbacks.find_learning_rate` with Keras' ``fit``, to the bit.

    Args:
        model: one that :class:`recipes.whole_epochs.epochs.WholeEpochs` suits, with an optimizer that takes a rate.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self._compiled = Compiled(self._losses)

    def run(self, arrays: EpochArrays, finder: LRFinder) -> None:
        """Runs ``finder`` from the model's current state, which is restored.

        Args:
            arrays: what to train on.
            finder: keeps the curve.
        """
        model = self.model
        finder.batches_per_pass = arrays.steps
        model.make_train_function()  # no hook of an earlier training is active
        finder.set_model(model)
        finder.begin()
        options = {"size": arrays.size, "steps": arrays.steps, "whole": arrays.drop_remainder}
        data = (arrays.x, arrays.y, arrays.weights)
        stride = min(RATES, steps_for(model, arrays.size, finder.steps))
        try:
            for start in range(0, finder.steps, stride):
                rates = finder.next_rates[:stride].astype(np.float32)
                losses = self._compiled(data, tf.constant(arrays.seed, tf.int64), start, rates, **options).numpy()
                if any(finder.take(float(loss)) for loss in losses):
                    break
        finally:
            finder.restore()

    def _losses(
        self, data: Split, seed: tf.Tensor, start: tf.Tensor, rates: tf.Tensor, *, size: int, steps: int, whole: bool
    ) -> tf.Tensor:
        """The loss of each of the batches from ``start`` on, at these rates. Passes follow one another."""
        model = self.model
        variables = [leaf.learning_rate for leaf in leaves(model.optimizer)]
        count = tf.shape(data[1])[0]

        def order(number: tf.Tensor) -> tf.Tensor:
            with tf.device("CPU:0"):
                return permutation(count, tf.stack([seed, tf.cast(number // steps, tf.int64)]))

        def step(place: tf.Tensor, rows: tf.Tensor, losses: tf.TensorArray) -> tuple[Any, ...]:
            number = start + place
            rows = tf.cond(number % steps == 0, lambda: order(number), lambda: rows)
            for variable in variables:
                variable.assign(tf.cast(rates[place], variable.dtype))
            model.reset_metrics()
            with tf.device("CPU:0"):
                batch = rows_of(data, rows, number % steps * size, size, whole=whole)
            with replaced_method(model, "compute_metrics", lambda _: lambda *_, **__: model.get_metrics_result()):
                logs = model.train_step(batch)  # only its loss is asked for
            return place + 1, rows, losses.write(place, tf.cast(logs["loss"], tf.float32))

        length = tf.shape(rates)[0]
        losses = tf.TensorArray(tf.float32, length)
        *_, losses = tf.while_loop(lambda place, *_: place < length, step, [tf.constant(0), order(start), losses])
        return losses.stack()
