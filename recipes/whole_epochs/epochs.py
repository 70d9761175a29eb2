"""WholeEpochs: Keras' ``fit`` on arrays, with a compiled function that runs many batches per call."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import tensorflow as tf

from ...callbacks.inside.fit_end import running_fit
from ...callbacks.inside.logs import plain_log
from ...callbacks.inside.loss_weight import constant_weight, live_weight
from ...callbacks.inside.reachable import Reachable
from ...callbacks.inside.step_hooks import has_own_step
from ...callbacks.inside.training import keras_uses_xla
from ..data.batching import permutation
from ..step_keys import STEPS
from .accuracy import accuracy_of_logits
from .arrays import EpochArrays, Split, as_batch, rows_of
from .calls import steps_for
from .compiled import Compiled

__all__ = ["WholeEpochs"]

BATCH_HOOKS = tuple(f"on_{when}batch_{what}" for when in ("", "train_", "test_") for what in ("begin", "end"))
"""The methods that a callback overrides to be called for each batch."""

KINDS = (("keras", "Sequential"), ("keras", "Functional"))
"""Package and name of the model classes whose ``fit`` is reproduced here."""

METHODS = (*(name for name in STEPS if name != "train_step"), "predict_step", "fit", "evaluate", "predict")
"""Methods that may be replaced on a model instance, which excludes it. So does a ``train_step`` that is not Keras'."""


LEAST_STEPS = 2_000
"""Of a training that XLA compiles, which takes about as long as so many small steps without it."""

LARGEST_ARRAYS = 2**30
"""The most bytes of the arrays that are copied to an accelerator."""


class WholeEpochs:
    """Trains and evaluates one model like its ``fit``, but without tf.data pipelines and iterators.

    On small data these take longer than the training. Here one compiled function draws the order of an epoch, gathers
    the batches and calls the model's own ``train_step``, with the hooks of callbacks, on each. The results equal those
    of ``fit`` with the same order, and nothing is traced anew for splits of another length. Whatever listens to epochs
    works as with ``fit``: callbacks, ``stop_training``, the progress bar. Only the accuracy on the training batches may
    differ, where the two largest probabilities of an example round to the same number; see
    :mod:`recipes.whole_epochs.accuracy`.

    On an accelerator a small step takes as long as the starts of its operations, milliseconds. There XLA makes one
    program of the steps of a call, with the arrays in the device's memory, where a training is long enough for that
    and its layers are fit for it.

    Args:
        model: Sequential or Functional, with one output, built and compiled; see :meth:`suit`.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self._test_step = _under_xla(model, model.test_step)
        self._train, self._train_by_xla = Compiled(self._train_steps), Compiled(self._steps_in, xla=True)
        self._test = Compiled(self._test_steps)
        self._test_all = Compiled(self._test_on_all, any_length=False)  # as Keras traces a split of one batch
        self._predict = Compiled(self._predict_step)
        self._train_step: Any = None
        self._hooked: Any = None
        self._prepared = False

    @staticmethod
    def suit(model: keras.Model, callbacks: Iterable[Any], *, batch_hooks: bool = False) -> bool:
        """Whether this class can replace ``fit``: the model has Keras' own step, which no callback changes, and no
        callback listens to batches.

        Args:
            model: to be trained.
            callbacks: of the training.
            batch_hooks: whether callbacks may listen to batches, of which they hear once a call. Default False.
        """
        return (
            (type(model).__module__.partition(".")[0], type(model).__name__) in KINDS
            and model.compiled
            and model.built
            and len(model.outputs) == 1
            and not model.run_eagerly
            and not tf.config.functions_run_eagerly()
            and not has_own_step(model)
            and not any(name in vars(model) for name in METHODS)
            and (batch_hooks or not any(map(_hears_batches, callbacks)))
            and not any(getattr(callback, "changes_step", False) for callback in callbacks)
            and not getattr(keras.config, "max_epochs", bool)()
            and not tf.distribute.has_strategy()
        )

    def fit(
        self, arrays: EpochArrays, callbacks: Sequence[Any], *, stride: int | None = None
    ) -> keras.callbacks.History:
        """Trains the model from its current weights and evaluates it after each epoch, like Keras' ``fit``.

        Args:
            arrays: the arguments of ``fit``.
            callbacks: Keras callbacks that listen to epochs, or hear of batches once a call.
            stride: batches per call; None (default) for as many as take about a second.

        Returns:
            Keras' history.
        """
        with running_fit(self.model, callbacks):
            return self._fit(arrays, callbacks, stride)

    def _fit(self, arrays: EpochArrays, callbacks: Sequence[Any], stride: int | None) -> keras.callbacks.History:
        model, size, steps = self.model, arrays.size, arrays.steps
        self._prepare(arrays.y)
        model.make_train_function()  # as Keras does when a training begins
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
        data: Split = (arrays.x, arrays.y, arrays.weights)
        by_xla = self.suits_xla(arrays)
        data = _on_accelerator(data) if by_xla else data
        stride = steps_for(model, size, steps) if stride is None else stride
        logs = None
        for epoch in range(arrays.first_epoch, arrays.epochs):
            model.reset_metrics()
            listening.on_epoch_begin(epoch)
            order = None if arrays.seed is None else tf.constant([arrays.seed, epoch], tf.int64)
            for start in range(0, steps, stride):
                stop = min(start + stride, steps)
                listening.on_train_batch_begin(start)
                self._use_hooks()
                options = {"size": size, "whole": arrays.drop_remainder}
                if by_xla:
                    rows = None if order is None else permutation(arrays.examples, order)
                    logs = self._train_by_xla(data, rows, start, stop, **options)
                else:
                    logs = self._train(data, order, start, stop, **options)
                listening.on_train_batch_end(stop - 1, logs)
                if model.stop_training:
                    break
            logs = _numbers(logs)
            if arrays.validation is not None:
                listening.on_test_begin()
                validation = self.evaluate(arrays.validation, arrays.evaluation_batch_size)
                listening.on_test_end(validation)
                logs |= {f"val_{name}": value for name, value in validation.items()}
            listening.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        model.optimizer.finalize_variable_values(model.trainable_weights)
        listening.on_train_end(logs)
        return model.history

    def evaluate(self, split: Split, size: int) -> dict[str, Any]:
        """Loss and metrics on a split, in batches of this size, like Keras' ``evaluate``."""
        steps = math.ceil(int(split[1].shape[0]) / size)
        stride = steps_for(self.model, size, steps)
        if not self._resets_compiled:
            self.model.reset_metrics()
        weight = live_weight(self.model)
        if steps == 1:
            return _numbers(self._test_all(split, weight=weight))
        for start in range(0, steps, stride):
            logs = self._test(split, start, min(start + stride, steps), size=size, weight=weight)
        return _numbers(logs)

    def predict(self, split: Split, size: int) -> list[Any]:
        """What the model returns for each batch of this size of a split, in order."""
        count = int(split[1].shape[0])
        answers = [self._predict(split, start, size=size) for start in range(0, count, size)]
        return keras.tree.map_structure(lambda answer: answer.numpy(), answers)

    @functools.cached_property
    def _resets_compiled(self) -> bool:
        """Whether all metrics are Keras' own, which compiled functions can reset."""
        metrics = Reachable(self.model).metrics.values()
        return all(type(metric).reset_state.__module__.partition(".")[0] == "keras" for metric in metrics)

    def _reset(self) -> None:
        """Resets the metrics in a compiled function."""
        if self._resets_compiled:
            self.model.reset_metrics()

    def _use_hooks(self) -> None:
        """Traces the step again if hooks were added to it or removed since it was traced."""
        model = self.model
        if self._hooked is not model.train_function:
            self._hooked = model.train_function
            self._train_step = _under_xla(model, model.train_step)
            self._train, self._train_by_xla = Compiled(self._train_steps), Compiled(self._steps_in, xla=True)

    def _train_steps(
        self, data: Split, order: tf.Tensor | None, start: tf.Tensor, stop: tf.Tensor, *, size: int, whole: bool
    ) -> dict[str, Any]:
        """Trains on batches ``start`` to ``stop`` (exclusive) of an epoch."""
        with tf.device("CPU:0"):  # the arrays are there; only batches go to another device
            rows = None if order is None else permutation(tf.shape(data[1])[0], order)
        return self._steps_in(data, rows, start, stop, size=size, whole=whole, device="CPU:0")

    def suits_xla(self, arrays: EpochArrays) -> bool:
        """Whether the steps of a call of :meth:`fit` become one program of XLA."""
        return (
            not self.model.jit_compile
            and arrays.drop_remainder
            and arrays.epochs * arrays.steps >= LEAST_STEPS
            and keras_uses_xla(self.model)
            and sum(tensor.dtype.size * math.prod(tensor.shape) for tensor in _tensors(arrays)) <= LARGEST_ARRAYS
        )

    def _steps_in(
        self,
        data: Split,
        rows: tf.Tensor | None,
        start: tf.Tensor,
        stop: tf.Tensor,
        *,
        size: int,
        whole: bool,
        device: str | None = None,
    ) -> dict[str, Any]:
        """Trains on batches ``start`` to ``stop`` of examples that lie on this device; None: that of the model."""

        def step(number: tf.Tensor) -> tf.Tensor:
            with tf.device(device):
                batch = rows_of(data, rows, number * size, size, whole=whole)
            with accuracy_of_logits(self.model):
                self._train_step(batch)
            return number + 1

        tf.while_loop(lambda number: number < stop, step, [start])
        return self.model.get_metrics_result()

    def _test_on_all(self, data: Split, *, weight: float | None) -> dict[str, Any]:
        """Evaluates one batch of all examples, with this constant weight of the loss if it is a variable."""
        self._reset()
        with constant_weight(self.model, weight):
            self._test_step(as_batch(*data))
        return self.model.get_metrics_result()

    def _test_steps(
        self, data: Split, start: tf.Tensor, stop: tf.Tensor, *, size: int, weight: float | None
    ) -> dict[str, Any]:
        """Evaluates batches ``start`` to ``stop`` (exclusive)."""

        def step(number: tf.Tensor) -> tf.Tensor:
            with tf.device("CPU:0"):
                batch = rows_of(data, None, number * size, size)
            with constant_weight(self.model, weight):
                self._test_step(batch)
            return number + 1

        tf.cond(tf.equal(start, 0), self._reset, lambda: None)
        tf.while_loop(lambda number: number < stop, step, [start])
        return self.model.get_metrics_result()

    def _predict_step(self, data: Split, start: tf.Tensor, *, size: int) -> Any:
        with tf.device("CPU:0"):
            x, *_ = rows_of(data, None, start, size)
        return self.model.predict_step((x,))

    def _prepare(self, y: tf.Tensor) -> None:
        """Creates the variables of optimizer and metrics, since a function that creates variables is traced twice."""
        if self._prepared:
            return
        model, (output,) = self.model, self.model.outputs
        model.optimizer.build(model.trainable_variables)
        if None not in output.shape[1:]:
            model.compute_metrics(None, y[:1], keras.ops.zeros((1, *output.shape[1:]), output.dtype))
        self._prepared = True


def _tensors(arrays: EpochArrays) -> list[tf.Tensor]:
    return [tensor for tensor in tf.nest.flatten((arrays.x, arrays.y, arrays.weights)) if tensor is not None]


def _on_accelerator(data: Split) -> Split:
    """Copies of arrays in the memory of the device that models are on: the first accelerator."""
    devices = tf.config.list_logical_devices()
    accelerators = [device for device in devices if device.device_type != "CPU"]
    with tf.device((accelerators or devices)[0].name):
        return tf.nest.map_structure(lambda array: None if array is None else tf.identity(array), data)


def _under_xla(model: keras.Model, step: Any) -> Any:
    return tf.function(step, jit_compile=True, reduce_retracing=True) if model.jit_compile else step


def _numbers(logs: Any) -> dict[str, Any]:
    return {name: plain_log(value) for name, value in sorted(logs.items())}  # in the order of Keras' logs


def _hears_batches(callback: Any) -> bool:
    return any(getattr(type(callback), name) is not getattr(keras.callbacks.Callback, name) for name in BATCH_HOOKS)
