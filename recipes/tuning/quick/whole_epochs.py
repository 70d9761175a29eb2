"""WholeEpochs: Keras' ``fit`` on arrays, with a compiled function that runs many batches per call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ....callbacks.inside.logs import plain_log
from ....callbacks.inside.training import traced_often
from ...data.batching import gather_rows, permutation
from ...data.named_arrays import Inputs, apply
from ...step_keys import STEPS
from ...trainer import steps_for
from .fit_arrays import FitArrays

__all__ = ["WholeEpochs"]

BATCH_HOOKS = tuple(f"on_{when}batch_{what}" for when in ("", "train_", "test_") for what in ("begin", "end"))
"""The methods that a callback overrides to be called for each batch."""

KINDS = (("keras", "Sequential"), ("keras", "Functional"))
"""Package and name of the model classes whose ``fit`` is reproduced here."""

METHODS = (*STEPS, "fit", "evaluate")
"""Methods that may be replaced on a model instance, which excludes it."""


class WholeEpochs:
    """Trains and evaluates one model like its ``fit``, but without tf.data pipelines and iterators.

    On small data these take longer than the training. Here one compiled function draws the order of an epoch, gathers
    the batches and calls the model's own ``train_step`` on each. A call runs as many batches as take about a second.
    The results equal those of ``fit`` with the same order. Whatever listens to epochs works as with ``fit``: callbacks,
    ``stop_training``, the progress bar.

    Args:
        model: Sequential or Functional, with one output, built and compiled; see :meth:`suit`.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self._train_step, self._test_step = model.train_step, model.test_step
        if model.jit_compile:
            self._train_step = tf.function(model.train_step, jit_compile=True, reduce_retracing=True)
            self._test_step = tf.function(model.test_step, jit_compile=True, reduce_retracing=True)
        self._train = _compiled(self._train_steps)
        self._test = _compiled(self._test_steps)
        self._prepared = False

    @staticmethod
    def suit(model: keras.Model, callbacks: Sequence[Any]) -> bool:
        """Whether this class can replace ``fit``: the model has Keras' own step, which no callback changes, and no
        callback listens to batches.
        """
        return (
            (type(model).__module__.partition(".")[0], type(model).__name__) in KINDS
            and model.compiled
            and model.built
            and len(model.outputs) == 1
            and model.steps_per_execution == 1
            and not model.run_eagerly
            and not any(name in vars(model) for name in METHODS)
            and not any(_hears_batches(callback) or getattr(callback, "changes_step", False) for callback in callbacks)
            and not getattr(keras.config, "max_epochs", bool)()
            and tf.distribute.get_strategy().num_replicas_in_sync == 1
        )

    def fit(self, arrays: FitArrays, callbacks: Sequence[Any]) -> keras.callbacks.History:
        """Trains the model from its current weights and evaluates it after each epoch, like Keras' ``fit``.

        Args:
            arrays: the arguments of ``fit``.
            callbacks: Keras callbacks that listen to epochs.

        Returns:
            Keras' history.
        """
        model = self.model
        self._prepare(arrays.y)
        size = arrays.batch_size
        steps = math.ceil(arrays.examples / size)
        listening = keras.callbacks.CallbackList(
            list(callbacks),
            add_history=True,
            add_progbar=arrays.verbose != 0,
            verbose=arrays.verbose,
            epochs=arrays.epochs,
            steps=steps,
            model=model,
        )
        model.stop_training = False
        listening.on_train_begin()
        logs = None
        for epoch in range(arrays.first_epoch, arrays.epochs):
            model.reset_metrics()
            listening.on_epoch_begin(epoch)
            order = None if arrays.seed is None else tf.constant([arrays.seed, epoch], tf.int64)
            stride = steps_for(model, size, steps)
            for start in range(0, steps, stride):
                stop = min(start + stride, steps)
                listening.on_train_batch_begin(start)
                logs = self._train(arrays.x, arrays.y, order, tf.constant(start), tf.constant(stop), size=size)
                listening.on_train_batch_end(stop - 1, logs)
            logs = _numbers(logs)
            if arrays.validation is not None:
                validation = self._evaluate(*arrays.validation, arrays.evaluation_batch_size, listening)
                logs |= {f"val_{name}": value for name, value in validation.items()}
            listening.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        model.optimizer.finalize_variable_values(model.trainable_weights)
        listening.on_train_end(logs)
        return model.history

    def _evaluate(self, x: Inputs, y: tf.Tensor, size: int, listening: Any) -> dict[str, float]:
        """Loss and metrics on validation data, in batches of this size."""
        steps = math.ceil(int(y.shape[0]) / size)
        stride = steps_for(self.model, size, steps)
        listening.on_test_begin()
        self.model.reset_metrics()
        for start in range(0, steps, stride):
            logs = self._test(x, y, tf.constant(start), tf.constant(min(start + stride, steps)), size=size)
        logs = _numbers(logs)
        listening.on_test_end(logs)
        return logs

    def _train_steps(
        self, x: Inputs, y: tf.Tensor, order: tf.Tensor | None, start: tf.Tensor, stop: tf.Tensor, size: int
    ) -> dict[str, Any]:
        """Trains on batches ``start`` to ``stop`` (exclusive) of an epoch."""
        with tf.device("CPU:0"):  # the arrays are there; only batches go to another device
            rows = None if order is None else permutation(int(y.shape[0]), order)

        def step(number: tf.Tensor) -> tf.Tensor:
            places = slice(number * size, (number + 1) * size)
            with tf.device("CPU:0"):
                if rows is None:
                    batch = apply(lambda array: array[places], x), y[places]
                else:
                    batch = gather_rows(x, rows[places]), tf.gather(y, rows[places])
            self._train_step(batch)
            return number + 1

        tf.while_loop(lambda number: number < stop, step, [start])
        return self.model.get_metrics_result()

    def _test_steps(self, x: Inputs, y: tf.Tensor, start: tf.Tensor, stop: tf.Tensor, size: int) -> dict[str, Any]:
        """Evaluates batches ``start`` to ``stop`` (exclusive)."""
        if y.shape[0] <= size:
            self._test_step((x, y))
            return self.model.get_metrics_result()

        def step(number: tf.Tensor) -> tf.Tensor:
            places = slice(number * size, (number + 1) * size)
            with tf.device("CPU:0"):
                batch = apply(lambda array: array[places], x), y[places]
            self._test_step(batch)
            return number + 1

        tf.while_loop(lambda number: number < stop, step, [start])
        return self.model.get_metrics_result()

    def _prepare(self, y: tf.Tensor) -> None:
        """Creates the variables of optimizer and metrics, since a function that creates variables is traced twice."""
        if self._prepared:
            return
        model, (output,) = self.model, self.model.outputs
        model.optimizer.build(model.trainable_variables)
        if None not in output.shape[1:]:
            model.compute_metrics(None, y[:1], keras.ops.zeros((1, *output.shape[1:]), output.dtype))
        self._prepared = True


def _compiled(function: Any) -> Any:
    """A TensorFlow function per model, without TensorFlow's warning that it is retraced too often."""
    return traced_often(tf.function(function, autograph=False))


def _numbers(logs: Any) -> dict[str, Any]:
    return {name: plain_log(value) for name, value in logs.items()}


def _hears_batches(callback: Any) -> bool:
    return any(getattr(type(callback), name) is not getattr(keras.callbacks.Callback, name) for name in BATCH_HOOKS)
