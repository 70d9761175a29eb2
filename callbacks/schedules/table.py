"""StepTable: learning rates and momenta, one row per step, that the compiled training step reads itself.

It is exact for any ``steps_per_execution`` and runs no Python between steps. A callback that assigns the rate before
every batch would lag by up to that many steps, and would cost more than the rest of a small step.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ..inside.backend import StepState, on_jax
from ..inside.optimizer_values import leaves
from ..inside.step_hooks import StepHooks

__all__ = ["StepTable"]

_attached: weakref.WeakKeyDictionary[Any, dict[str, StepTable]] = weakref.WeakKeyDictionary()


class _Array:
    """An array that is assigned like a variable."""

    def __init__(self, value: np.ndarray):
        self.value = value

    def assign(self, value: np.ndarray) -> None:
        self.value = value


class StepTable:
    """Makes each step of a model first set the learning rate and momentum of an optimizer from a table.

    Get one with :meth:`of`: a model has at most one for each of its optimizers. It stays attached, and does nothing
    while inactive, so that a second ``fit`` needs no retracing. It is inactive when a ``fit`` begins, so an interrupted
    training leaves nothing behind.

    The table is the value of a WeakKeyDictionary whose key is the model: a reference to the model would keep it alive.

    Example:
        >>> table = StepTable.of(model, model.optimizer)     # doctest: +SKIP
        >>> table.load(rates=[0.1, 0.2, 0.1], momenta=None)
        >>> table.seek(0, steps=3)
        >>> model.fit(...)
    """

    def __init__(self, model: keras.Model, optimizer: keras.Optimizer, name: str):
        self.optimizer = weakref.ref(optimizer)
        self._last = 0
        self._rows: Any = None
        self._position: Any = None
        rates = [leaf.learning_rate for leaf in leaves(optimizer)]
        momenta = [
            leaf.momentum for leaf in leaves(optimizer) if "momentum" in getattr(leaf, "live_hyperparameters", ())
        ]
        make = self._made_for_jax if on_jax() else self._made_for_tensorflow
        take = make(model, rates, momenta)
        StepHooks.of(model).add(model, f"StepTable {name}", take, at_start=lambda: self.seek(0, 0))

    def _made_for_jax(self, model: keras.Model, rates: list[Any], momenta: list[Any]) -> Callable[..., None]:
        """The hook that takes a row, in Python before each compiled step."""
        self._rows, self._position = _Array(np.zeros((1, 2), np.float32)), _Array(np.zeros(3, np.int64))

        def take(_data: Any, state: StepState) -> None:
            position, end, last = self._position.value
            if position < end:
                rate, momentum = self._rows.value[min(position, last)]
                for variable in rates:
                    state.set(variable, rate)
                for variable in momenta if not np.isnan(momentum) else ():
                    state.set(variable, momentum)
            self._position.value[0] += 1

        return take

    def _made_for_tensorflow(self, model: keras.Model, rates: list[Any], momenta: list[Any]) -> Callable[..., None]:
        """The hook that takes a row, inside the compiled step, and the variables that it reads."""
        import tensorflow as tf

        options: dict[str, Any] = {"trainable": False, "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA}
        with model.distribute_strategy.scope():
            # A row: the rate, and the momentum or NaN to leave it alone.
            self._rows = tf.Variable(np.zeros((1, 2), np.float32), shape=[None, 2], **options)
            self._position = tf.Variable(np.zeros(3, np.int64), **options)  # the next row, the end, the last row

        def take(_data: Any, _state: None) -> None:
            position, end, last = tf.unstack(self._position)
            active = tf.less(position, end)
            rate, momentum = tf.unstack(tf.gather(self._rows, tf.minimum(position, last)))
            for variable in rates:
                variable.assign(tf.where(active, tf.cast(rate, variable.dtype), variable.value))
            if momenta:
                active = tf.logical_and(active, tf.logical_not(tf.math.is_nan(momentum)))
                for variable in momenta:
                    variable.assign(tf.where(active, tf.cast(momentum, variable.dtype), variable.value))
            self._position.assign_add(tf.constant([1, 0, 0], tf.int64))

        return take

    @classmethod
    def of(cls, model: keras.Model, optimizer: keras.Optimizer, name: str = "optimizer") -> StepTable:
        """The table of this optimizer. Attaches one if there is none yet, or the name meant another optimizer.

        Args:
            model: whose step reads the table.
            optimizer: one of its optimizers.
            name: the optimizer's name, as in :func:`callbacks.inside.model_optimizers.optimizers_of`.
        """
        tables = _attached.setdefault(model, {})
        if name not in tables or tables[name].optimizer() is not optimizer:
            tables[name] = cls(model, optimizer, name)
        return tables[name]

    def load(self, rates: np.ndarray, momenta: np.ndarray | None) -> None:
        """Fills the table. It takes effect with :meth:`seek`.

        Args:
            rates: shape (steps,), the learning rate of each step.
            momenta: shape (steps,), or None to leave the momentum alone.
        """
        rows = np.full((len(rates), 2), np.nan, np.float32)
        rows[:, 0] = rates
        if momenta is not None:
            rows[:, 1] = momenta
        self._rows.assign(rows)
        self._last = len(rows) - 1

    def seek(self, position: int, steps: int) -> None:
        """Makes the next ``steps`` steps use the rows from ``position`` on; past the end the last row holds."""
        self._position.assign(np.array([position, position + steps, self._last], np.int64))
