"""Batch-norm recalibration: exact population statistics instead of moving averages, layer by layer."""

from __future__ import annotations

import contextlib
import math
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from .callback import Callback
from .checked import checked
from .checks import InvalidArgument, check_integer
from .fit_data import FitData
from .inside.callback_list import siblings
from .inside.copying import copy_sharing
from .inside.layers import LayerCall, all_layers, recorded_calls
from .inside.state import evaluation_state, set_evaluation_state
from .inside.step_hooks import StepHooks, has_own_step
from .taken import taken_by
from .warning import warn

__all__ = ["BatchNormPass", "NotFinite", "RecalibrateBatchNorm", "Recalibration", "recalibrate_batch_norm"]


@dataclass(frozen=True)
class Recalibration:
    """The result of a recalibration.

    Attributes:
        layers: names of the layers with new statistics, in the order in which they run.
        skipped: names of the batch-norm layers left alone: frozen ones, those that training runs in inference mode, and
            those that inference does not use.
        examples: number of examples behind the statistics.

    Example:
        >>> recalibrate_batch_norm(model, data.train).examples    # doctest: +SKIP
        54000
    """

    layers: tuple[str, ...]
    skipped: tuple[str, ...]
    examples: int


class NotFinite(ValueError):
    """A layer's inputs hold NaN or infinity, or their statistics do not fit the layer's precision."""


@checked
def recalibrate_batch_norm(model: keras.Model, data: Any, *, batch_size: int = 256, verbose: int = 0) -> Recalibration:
    """Gives every batch-norm layer of a trained model the exact mean and variance of its inputs over ``data``.

    During training, batch norm keeps exponential moving averages of its batches' statistics: of the last ``1 / (1 -
    momentum)`` batches or so, while the weights still moved. This function visits the batch-norm layers from first to
    last. It runs the data through the model in inference mode (no dropout, no noise, earlier layers with their new
    statistics) up to the layer, and sets the layer's statistics, over all examples and positions, to::

        moving_mean = mean(x),  moving_variance = mean((x - mean(x))^2)        # the biased variance

    They are computed in float64. Nothing else in the model changes; after an error, nothing has changed.

    - A layer that ran in inference mode during training is left alone, since the weights after it are fitted to its
      present statistics: one with ``trainable=False``, and one that the model calls with ``training=False``. What
      counts is what ``model(x, training=True)`` does.
    - A layer that is called several times (shared) gets the statistics of all its calls together, and runs with its old
      ones until then. Its place in the order is that of its first call.
    - Masked positions do not count, as in training. Sample weights and class weights are not used, as in training.
    - Layers in nested models and inside other layers are included, for every kind of model.
    - Layers that are random at inference stay random. Random augmentation in ``data`` stays on: give data without it,
      unless the model will be used on augmented data.

    It helps most if training ended before the moving averages had settled. Measured on MNIST with batches of 16
    (``scripts/measure/measure_batch_norm.py``, 5 seeds): after 125 steps with Keras' momentum 0.99 the test loss
    fell by 0.035 +- 0.004 under 1cycle; after 6,750 steps, or with momentum 0.9, the change was within the spread
    over seeds, or below 1 % of the loss.

    It takes one pass over the data per layer. Renormalized layers (``renorm=True``) get the same statistics for
    inference; their corrections for training stay.

    Args:
        model: a trained Keras model; it need not be compiled.
        data: the training data, as for Keras' ``fit``: arrays x, or a tuple (x, y) or (x, y, sample weights) of which
            x is used, an array or a list or dictionary of several; or a finite ``tf.data.Dataset``,
            ``keras.utils.PyDataset`` or PyTorch ``DataLoader`` of such batches, the same on each pass.
        batch_size: batch size for arrays, >= 1. Default 256. It does not change the result.
        verbose: 0 (default) is silent, 1 shows a progress bar over the layers.

    Returns:
        A :class:`Recalibration`: the layers and the number of examples.

    Raises:
        InvalidArgument: for data that are empty or can be read only once.
        ValueError: for a model without a batch-norm layer that is trained, for a layer whose inputs are not finite, and
            for a layer whose inputs are hidden in a loop or function that TensorFlow compiles.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 2, which uses the unbiased variance and treats all
    layers at once. "Precise batch norm" in fastai and PyTorch (Wu and Johnson 2021, arXiv:2105.07576) averages the
    variances of batches instead.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
        >>> recalibrate_batch_norm(model, np.array([[1.0, 0.0], [3.0, 0.0]])).layers == (model.layers[0].name,)
        True
        >>> model.layers[0].moving_mean.numpy().tolist(), model.layers[0].moving_variance.numpy().tolist()
        ([2.0, 0.0], [1.0, 0.0])
    """
    if not isinstance(model, keras.Model):
        raise InvalidArgument("model", model, "a keras.Model")
    batch_size = check_integer("batch_size", batch_size, low=1)
    return _recalibrate(model, _readable(data, batch_size), verbose)


def _recalibrate(
    model: keras.Model, batches: FitData, verbose: int = 0, trained: Sequence[Any] | None = None
) -> Recalibration:
    """:func:`recalibrate_batch_norm`, after training steps that ran the layers in ``trained``, each once a call."""
    first, _, _ = keras.utils.unpack_x_y_sample_weight(batches.first())
    with taken_by(model, batches.argument, lambda: [(first, None, None)]):
        if not model.built:
            model(first)
    check_has_batch_norm(model)
    before = evaluation_state(model)
    new: dict[int, tuple[Any, np.ndarray]] = {}
    try:
        with taken_by(model, batches.argument, batches.batches):
            ran = _trained_layers(model, first)
        layers = ran if trained is None else _on_data_alone(trained, ran)
        order = _order(model, first, layers) if layers or not trained else []
        bar = keras.utils.Progbar(len(order), unit_name="layer") if verbose else None
        examples = 0
        for layer in order:
            moments, examples = _population(model, layer, batches)
            for variable, value in _statistics(layer, moments):
                new[id(variable)] = (variable, value)
                variable.assign(value)
            if bar is not None:
                bar.add(1)
    except BaseException:
        new = {}
        raise
    finally:  # layers called with training=True, random ones and stateful RNNs have changed their state in each pass
        set_evaluation_state(before)
        for variable, value in new.values():
            variable.assign(value)
    done = {id(layer) for layer in order}
    skipped = tuple(layer.name for layer in batch_norm_layers(model) if id(layer) not in done)
    return Recalibration(tuple(layer.name for layer in order), skipped, examples)


class RecalibrateBatchNorm(Callback):
    """Recalibrates batch norm when training ends: :func:`recalibrate_batch_norm` as a callback.

    Place it after callbacks that restore weights in ``on_train_end``, such as ``EarlyStopping(restore_best_weights=
    True)``: the statistics belong to the weights. The entries of ``History`` and the files of ``ModelCheckpoint`` are
    from before the recalibration; evaluate or save the model after ``fit``. After a training that ended in NaN, it
    warns and keeps the moving averages. With a ``train_step`` of the model's own, the layers are those that this step
    runs in training mode; one that the step calls more often than the model, on other inputs than the data (such as
    generated ones), keeps its moving averages, with a warning.

    Args:
        data, batch_size: the training data, as in :func:`recalibrate_batch_norm`.

    Attributes:
        result: None, or the :class:`Recalibration` of the last training.

    Raises:
        InvalidArgument: for a batch size < 1, or data of an unknown kind.
        ValueError: at the start of training, for a model without a trainable batch-norm layer, if a callback later in
            the list restores other weights, or for a ``train_step`` of its own in a training loop of the user's own.

    Source: as for :func:`recalibrate_batch_norm`.

    Example:
        >>> stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)      # doctest: +SKIP
        >>> model.fit(x, y, validation_split=0.1, callbacks=[stop, callbacks.RecalibrateBatchNorm(x)])
    """

    def __init__(self, data: Any, *, batch_size: int = 256):
        super().__init__()
        self.batch_size = check_integer("batch_size", batch_size, low=1)
        _readable(data, batch_size)
        self.data = data
        self.result: Recalibration | None = None
        self._step: _Step | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> RecalibrateBatchNorm:
        return copy_sharing(self, memo, "data")

    def on_train_begin(self, logs: Any = None) -> None:
        self.result = self._step = None
        check_has_batch_norm(self.model)
        if has_own_step(self.model):
            self._step = _Step(self.model)
            StepHooks.of(self.model).add(self.model, type(self).__name__, around_step=self._step)
        callbacks = siblings(self)
        for callback in callbacks[[member is self for member in callbacks].index(True) :]:
            for inner in (callback, *getattr(callback, "callbacks", ())):
                if getattr(inner, "restore_best_weights", False):
                    first, second = type(self).__name__, type(callback).__name__
                    raise ValueError(
                        f"{first} must come after {second}, which restores the best weights at the end of training. "
                        f"Received: callbacks=[..., {first}, {second}]"
                    )

    def on_train_end(self, logs: Any = None) -> None:
        step, self._step = self._step, None
        trained = None
        if step is not None:
            StepHooks.of(self.model).remove(self.model, type(self).__name__)
            trained = step.trained
        try:
            self.result = _recalibrate(self.model, _readable(self.data, self.batch_size), trained=trained)
        except NotFinite as error:
            warn(f"batch norm keeps its moving averages: {error}", RuntimeWarning)


class _Step:
    """A hook around the training step that notes which batch-norm layers it runs in training mode."""

    def __init__(self, model: keras.Model):
        self._model = weakref.ref(model)
        self.trained: list[Any] = []  # of a step, once for each call

    @contextlib.contextmanager
    def __call__(self, _state: Any) -> Iterator[None]:
        model = self._model()
        with recorded_calls([] if model is None else batch_norm_layers(model)) as calls:
            yield
        self.trained = _in_training_mode(calls)


class BatchNormPass:
    """New statistics for all batch-norm layers at once, from one forward pass in training mode.

    Each layer gets the mean and variance of its inputs over all batches, while the layers before it normalize by each
    batch's own, as in training. That is less exact than :func:`recalibrate_batch_norm`, which needs a pass for each
    layer, and is traced only once. Random states and metrics are as before.

    Args:
        model: to be changed. It is referenced weakly.

    Source: Izmailov et al. 2018, arXiv:1803.05407; PyTorch's ``update_bn`` averages the variances of batches instead.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
        >>> BatchNormPass(model)(FitData(np.array([[1.0, 0.0], [3.0, 0.0]]), targets=False))
        >>> model.layers[0].moving_mean.numpy().tolist(), model.layers[0].moving_variance.numpy().tolist()
        ([2.0, 0.0], [1.0, 0.0])
    """

    def __init__(self, model: keras.Model):
        self._model = weakref.ref(model)
        self.layers = [layer for layer in batch_norm_layers(model) if layer.trainable]
        self._step: Callable[[Any], list[list[Any]]] = self._moments
        if keras.backend.backend() == "tensorflow" and not model.run_eagerly:
            import tensorflow as tf

            self._step = tf.function(self._moments, autograph=False, reduce_retracing=True)

    @property
    def statistics(self) -> list[Any]:
        """The variables that hold the statistics."""
        return [variable for layer in self.layers for variable in layer.non_trainable_variables]

    def _moments(self, x: Any) -> list[list[Any]]:
        """The moments of the inputs of each layer, for each of its calls."""
        model = self._model()
        if model is None:
            raise ReferenceError("the model of this BatchNormPass is gone")
        moments = _moments if keras.backend.backend() == "tensorflow" else _moments_in_numpy
        with recorded_calls(self.layers) as calls:
            model(x, training=True)
        return [
            [moments(call.inputs, call.arguments.get("mask"), layer.axis) for call in calls if call.layer is layer]
            for layer in self.layers
        ]

    def __call__(self, data: FitData) -> None:
        """Sets the statistics to those of the data.

        Raises:
            NotFinite: if the inputs of a layer are not finite; nothing is changed.
        """
        model = self._model()
        if model is None or not self.layers:
            return
        before = evaluation_state(model)
        totals: list[tuple[Any, Any, Any]] = [(0.0, 0.0, 0.0) for _ in self.layers]
        try:
            for inputs, _, _ in data.batches():
                for index, calls in enumerate(self._step(tree.map_structure(ops.convert_to_tensor, inputs))):
                    for moments in calls:
                        values = tuple(np.asarray(ops.convert_to_numpy(value), np.float64) for value in moments)
                        totals[index] = _merged(totals[index], values)
        finally:
            set_evaluation_state(before)
        seen = [(layer, total) for layer, total in zip(self.layers, totals, strict=True) if np.any(total[0])]
        for variable, value in [pair for layer, total in seen for pair in _statistics(layer, total)]:
            variable.assign(value)


def batch_norm_layers(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """All batch-norm layers of a model, including those in nested models and inside other layers, each once."""
    return [layer for layer in all_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]


def check_has_batch_norm(model: keras.Model) -> None:
    """Raises if the model has no batch-norm layer to recalibrate."""
    layers = batch_norm_layers(model)
    if not any(layer.trainable for layer in layers):
        raise ValueError(
            "Recalibration needs a model with a BatchNormalization layer that is not frozen (trainable=False). "
            f"Received: model={model.name!r} with {len(layers)} of them" + (", all frozen" if layers else "")
        )


def _readable(data: Any, batch_size: int) -> FitData:
    return FitData(data, batch_size=batch_size, targets=False).check_passes()


# --- the inputs of a layer ------------------------------------------------------------------------------------------


def _in_training_mode(calls: Sequence[LayerCall]) -> list[Any]:
    """The layers that take their statistics from the batch in at least one of these calls."""
    return [call.layer for call in calls if call.arguments.get("training") and call.layer.trainable]


def _trained_layers(model: keras.Model, x: Any) -> list[Any]:
    """The batch-norm layers that the model runs in training mode when it is in training mode itself."""
    with recorded_calls(batch_norm_layers(model)) as calls:
        model(x, training=True)
    return _in_training_mode(calls)


def _on_data_alone(trained: Sequence[Any], ran: Sequence[Any]) -> list[Any]:
    """The layers that a training step runs as often as the model itself does; a warning names the others.

    Those have other inputs than the data too, as in the discriminator of a GAN, which sees generated examples.

    Args:
        trained, ran: by the step and by the model in training mode; a layer once for each call.
    """
    step, model = Counter(map(id, trained)), Counter(map(id, ran))
    for layer in {id(layer): layer for layer in trained if model[id(layer)]}.values():
        if step[id(layer)] != model[id(layer)]:
            calls = f"{step[id(layer)]} calls in a training step and {model[id(layer)]} in the model"
            reason = "its inputs in training are not the data alone"
            warn(f"batch norm {layer.name!r} keeps its moving averages: {reason} ({calls})", RuntimeWarning)
    return [layer for layer in trained if step[id(layer)] == model[id(layer)] or not model[id(layer)]]


def _order(model: keras.Model, x: Any, trained: Sequence[Any]) -> list[Any]:
    """Those of the trained layers that inference calls, in its order."""
    known = set(map(id, trained))
    with recorded_calls([layer for layer in batch_norm_layers(model) if id(layer) in known]) as calls:
        model(x, training=False)
    order = list({id(call.layer): call.layer for call in calls}.values())
    for call in calls:
        if keras.backend.backend() == "tensorflow" and not hasattr(call.inputs, "numpy"):
            raise ValueError(
                f"Recalibration cannot see the inputs of a layer inside a loop or function that TensorFlow compiles, "
                f"such as TimeDistributed over an unknown number of steps. Received: layer={call.layer.name!r}"
            )
    if not order:
        raise ValueError(
            "Recalibration needs a BatchNormalization layer that training runs in training mode and inference calls, "
            f"not inside a function that TensorFlow has compiled. Received: model={model.name!r} without such a call"
        )
    return order


def _population(model: keras.Model, layer: Any, data: FitData) -> tuple[Any, int]:
    """Count, mean and sum of squared deviations of a layer's inputs over all data, and the number of examples."""

    def moments_of_batch(x: Any) -> list[Any]:
        with recorded_calls([layer]) as calls:
            model(x, training=False)
        return [moments(call.inputs, call.arguments.get("mask"), layer.axis) for call in calls]

    step: Callable[[Any], list[Any]] = moments_of_batch
    moments = _moments if keras.backend.backend() == "tensorflow" else _moments_in_numpy
    if keras.backend.backend() == "tensorflow" and not model.run_eagerly:
        import tensorflow as tf

        # The layers after this one do not run: the graph computes only what is returned. The partial gives each layer a
        # count of tracings of its own; TensorFlow counts those of one function over all layers, and warns at the fifth.
        step = tf.function(partial(moments_of_batch), autograph=False, reduce_retracing=True)
    total: tuple[Any, Any, Any] = (0.0, 0.0, 0.0)
    examples = 0
    for inputs, _, _ in data.batches():
        x = tree.map_structure(ops.convert_to_tensor, inputs)
        examples += int(tree.flatten(x)[0].shape[0])
        for results in step(x):
            total = _merged(total, tuple(np.asarray(ops.convert_to_numpy(value), np.float64) for value in results))
    return total, examples


def _moments(inputs: Any, mask: Any, axis: int) -> tuple[Any, Any, Any]:
    """Count, mean and sum of squared deviations of each channel, shape (channels,); the count may be a scalar."""
    x = ops.cast(inputs, "float64")
    axes = [index for index in range(len(inputs.shape)) if index != axis % len(inputs.shape)]
    if mask is None:
        count = math.prod(ops.cast(ops.shape(x)[index], "float64") for index in axes)
        mean = ops.sum(x, axes, keepdims=True) / count
        return count, ops.squeeze(mean, axes), ops.sum(ops.square(x - mean), axes)
    used = ops.broadcast_to(ops.cast(ops.expand_dims(mask, -1), "bool"), ops.shape(x))
    count = ops.sum(ops.cast(used, "float64"), axes, keepdims=True)
    mean = ops.sum(ops.where(used, x, 0.0), axes, keepdims=True) / ops.maximum(count, 1.0)
    deviations = ops.sum(ops.where(used, ops.square(x - mean), 0.0), axes)
    return ops.squeeze(count, axes), ops.squeeze(mean, axes), deviations


def _moments_in_numpy(inputs: Any, mask: Any, axis: int) -> tuple[Any, Any, Any]:
    """:func:`_moments` for JAX, which has no float64 unless asked for."""
    x = np.moveaxis(np.asarray(ops.convert_to_numpy(inputs), np.float64), axis, -1)
    used = np.ones(x.shape[:-1], bool) if mask is None else np.asarray(ops.convert_to_numpy(mask), bool)
    rows = x[np.broadcast_to(used, x.shape[:-1])]
    mean = rows.sum(0) / max(len(rows), 1)
    return np.full(x.shape[-1], float(len(rows))), mean, np.square(rows - mean).sum(0)


def _merged(first: tuple[Any, Any, Any], second: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """The moments of two sets together (Chan, Golub and LeVeque 1983), without subtracting large sums."""
    (n1, mean1, deviations1), (n2, mean2, deviations2) = first, second
    count = n1 + n2
    share = n2 / np.maximum(count, 1.0)
    difference = mean2 - mean1
    return count, mean1 + difference * share, deviations1 + deviations2 + difference**2 * n1 * share


def _statistics(layer: Any, moments: tuple[Any, Any, Any]) -> list[tuple[Any, np.ndarray]]:
    """The variables to set, with their values."""
    count, mean, deviations = moments
    if not np.all(np.asarray(count) > 0):
        raise ValueError(f"Recalibration found no unmasked position in the inputs of a layer. Received: {layer.name!r}")
    variance = deviations / count
    values = [(layer.moving_mean, mean), (layer.moving_variance, variance)]
    if layer.renorm:
        values.append((layer.moving_stddev, np.sqrt(variance + layer.epsilon)))
    with np.errstate(over="ignore"):
        cast = [(variable, np.asarray(value, variable.dtype)) for variable, value in values]
    if not all(np.isfinite(value).all() for _, value in cast):
        raise NotFinite(
            "the statistics of a layer's inputs are not finite: the data or the weights hold NaN or infinity. "
            f"Received: layer={layer.name!r}"
        )
    return cast
