"""Probes: the part of GradientMonitor that sees every step, one for TensorFlow and one for JAX."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from ..inside.backend import StepState, compiled
from ..inside.layers import all_layers
from .measurement import build, measure, named_layers, named_weights
from .own_step import recorded_step

__all__ = ["JaxProbe", "StepProbe"]


class StepProbe:
    """Measures inside the step that TensorFlow compiles, into variables.

    It refers to the model weakly: a hook with a strong reference would keep the model alive.

    Args:
        model: to measure.
        every: steps between measurements.

    Attributes:
        layers: names of the layers with trainable weights.
        activation_layers: names of all layers.
    """

    CLOSED = -1  # the position while nothing is measured

    def __init__(self, model: keras.Model, every: int):
        self._model, self._every = weakref.ref(model), every
        self.layers: list[str] = []
        self.activation_layers: list[str] = []
        self._capacity = -(-int(model.steps_per_execution) // every)  # measurements per compiled call
        self._rows: Any = None
        with model.distribute_strategy.scope():
            self._state = self._variable(np.array([self.CLOSED, 0], np.int64))  # the next step, the rows written
        if all(layer.built for layer in all_layers(model)):
            self._prepare(model)

    def _prepare_once(self, model: keras.Model) -> None:
        """Makes the variables, if the model was not built when training began."""
        import tensorflow as tf

        if self._rows is None:
            with tf.init_scope():
                self._prepare(model)

    @staticmethod
    def _variable(value: np.ndarray) -> Any:
        import tensorflow as tf

        # One copy per replica, which can be written inside a tf.cond. Reading gives the first replica's.
        return tf.Variable(
            value,
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def _prepare(self, model: keras.Model) -> None:
        self.layers = [name for name, _ in named_weights(model)]
        self.activation_layers = [name for name, _ in named_layers(model)]
        width = 2 + len(self.layers) + len(self.activation_layers)
        with model.distribute_strategy.scope():
            self._rows = self._variable(np.zeros((self._capacity, width)))

    def before_step(self, data: Any, _state: None) -> None:
        """The hook before Keras' own step."""
        model = self._model()
        if model is None:  # it has been freed
            return
        build(model, data)
        if model.distribute_strategy.num_replicas_in_sync == 1:
            self._write(model, lambda: measure(model, data))
        else:
            self._prepare_once(model)
            measured = measure(model, data, self._due()[0])
            self._write(model, lambda: measured)

    @contextlib.contextmanager
    def around_step(self, _state: None) -> Iterator[None]:
        """The context in which a ``train_step`` of the model's own runs."""
        model = self._model()
        if model is None:  # it has been freed
            yield
            return
        with recorded_step(model) as step:
            yield
        measured = step.measure()
        self._write(model, lambda: measured)

    def _write(self, model: keras.Model, measurement: Callable[[], tuple[Any, Any, Any]]) -> None:
        """Counts the step, and writes a row if one is due."""
        import tensorflow as tf

        self._prepare_once(model)
        due, position, written = self._due()

        def measured() -> Any:
            whole, norms, scales = measurement()
            row = tf.concat([[tf.cast(position, tf.float64), whole], norms, scales], axis=0)
            index = [[written % self._capacity]]
            self._rows.assign(tf.tensor_scatter_nd_update(tf.convert_to_tensor(self._rows), index, row[None]))
            return tf.constant(1, tf.int64)

        new = tf.cond(due, measured, lambda: tf.constant(0, tf.int64))
        self._state.assign_add(tf.stack([tf.cast(tf.greater_equal(position, 0), tf.int64), new]))

    def _due(self) -> tuple[Any, Any, Any]:
        """Whether this step is to be measured, its position, and the number of rows in use."""
        import tensorflow as tf

        position, written = tf.unstack(tf.convert_to_tensor(self._state))
        return tf.logical_and(tf.greater_equal(position, 0), tf.equal(position % self._every, 0)), position, written

    def seek(self, position: int) -> None:
        """Makes ``position`` the number of the next step, and forgets measurements that were not taken."""
        self._state.assign(np.array([position, 0], np.int64))

    def rest(self) -> None:
        """Measures nothing until :meth:`seek`; called when a ``fit`` begins, which may not use this monitor."""
        self.seek(self.CLOSED)

    def position(self) -> int:
        """The next step, as the compiled step counts them."""
        return int(self._state.numpy()[0])

    def take(self) -> tuple[int, list[list[float]]]:
        """Returns the next step and the measurements since the last call, and clears them."""
        position, written = self._state.numpy()
        if not written:
            return int(position), []
        self._state.assign(np.array([position, 0], np.int64))
        return int(position), self._rows.numpy()[:written].tolist()


class JaxProbe:
    """Measures in Python, before each step that JAX has compiled, by a compiled function of its own.

    Args, attributes and methods are those of :class:`StepProbe`.
    """

    def __init__(self, model: keras.Model, every: int):
        self._model, self._every = weakref.ref(model), every
        self.layers = [name for name, _ in named_weights(model)]
        self.activation_layers = [name for name, _ in named_layers(model)]
        self._position = StepProbe.CLOSED
        self._rows: list[tuple[int, Any]] = []  # the step and what measure() returned
        self._measure: Callable[..., Any] | None = None

    def before_step(self, data: Any, state: StepState) -> None:
        """The hook before Keras' own step."""
        model = self._model()
        if model is None or self._position < 0:
            return
        if self._position % self._every == 0:
            if self._measure is None:
                self._measure = compiled(_measurement(self._model))
            self._rows.append((self._position, self._measure(state.values(), data)))
        self._position += 1

    def seek(self, position: int) -> None:
        """Makes ``position`` the number of the next step, and forgets measurements that were not taken."""
        self._position, self._rows = position, []

    def rest(self) -> None:
        """Measures nothing until :meth:`seek`; called when a ``fit`` begins, which may not use this monitor."""
        self.seek(StepProbe.CLOSED)

    def position(self) -> int:
        """The next step."""
        return self._position

    def take(self) -> tuple[int, list[list[float]]]:
        """Returns the next step and the measurements since the last call, and clears them."""
        rows, self._rows = self._rows, []
        return self._position, [
            [float(step), *np.concatenate([np.ravel(part) for part in parts]).tolist()] for step, parts in rows
        ]


def _measurement(reference: Callable[[], Any]) -> Callable[..., Any]:
    """:func:`measure` as a function of the values of the model's variables and of a batch."""

    def measurement(values: Any, data: Any) -> Any:
        model = reference()
        with StepState(model, values).scope():
            return measure(model, data)

    return measurement
