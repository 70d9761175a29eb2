"""A table of learning rates (and momenta), one row a step, that the compiled training step reads by itself.

With ``steps_per_execution=N`` Keras calls its callbacks only every N steps, so a callback that assigns the rate is
late by up to N steps. Here the training step itself reads row after row: exact for any N, and no Python between steps.
"""

from __future__ import annotations

import weakref
from typing import Any

import keras
import numpy as np

from callbacks.hyperparameters import leaves

__all__ = ["StepTable"]

_attached: weakref.WeakKeyDictionary[Any, StepTable] = weakref.WeakKeyDictionary()


class StepTable:
    """Wraps ``model.train_step`` so that each step first takes its learning rate and momentum from a table.

    Get one with :meth:`of`: a model has at most one, and it stays attached (doing nothing while it is not active), so
    that a second ``fit`` needs no new tracing.

    Example:
        >>> table = StepTable.of(model)                      # doctest: +SKIP
        >>> table.start(rates=[0.1, 0.2, 0.1], momenta=None, position=0)
        >>> model.fit(...); table.stop()
    """

    def __init__(self, model: keras.Model):
        import tensorflow as tf

        self._optimizer = model.optimizer
        self._rates = tf.Variable(np.zeros(1, np.float32), shape=[None], trainable=False)
        self._momenta = tf.Variable(np.zeros(1, np.float32), shape=[None], trainable=False)
        self._position = tf.Variable(0, dtype="int64", trainable=False)
        self._rate_active = tf.Variable(False, trainable=False)
        self._momentum_active = tf.Variable(False, trainable=False)
        rates = [leaf.learning_rate for leaf in leaves(model.optimizer)]
        momenta = [
            leaf.momentum
            for leaf in leaves(model.optimizer)
            if "momentum" in getattr(leaf, "live_hyperparameters", ())
        ]
        original = model.train_step

        def from_table(table: Any, active: Any, variables: list[Any]) -> None:
            row = tf.minimum(self._position, tf.size(table, out_type=tf.int64) - 1)
            value = tf.gather(table, row)
            for variable in variables:
                variable.assign(tf.where(active, tf.cast(value, variable.dtype), variable.value))

        def train_step(data: Any) -> Any:
            from_table(self._rates, self._rate_active, rates)
            from_table(self._momenta, self._momentum_active, momenta)
            self._position.assign_add(1)
            return original(data)

        model.train_step = train_step
        model.make_train_function(force=True)

    @classmethod
    def of(cls, model: keras.Model) -> StepTable:
        """The table of this model, attached now if it was not, or if the model was compiled anew since."""
        table = _attached.get(model)
        if table is None or table._optimizer is not model.optimizer:
            if table is not None:
                del model.train_step  # the wrapper of the optimizer that is gone
            table = _attached[model] = cls(model)
        return table

    def start(self, rates: np.ndarray, momenta: np.ndarray | None, position: int = 0) -> None:
        """From now on, step ``position`` uses row ``position``; past the end the last row holds.

        Args:
            rates: shape (steps,), the learning rate of each step.
            momenta: shape (steps,), or None to leave the momentum alone.
            position: the row of the next step.
        """
        self._rates.assign(np.asarray(rates, np.float32))
        self._rate_active.assign(True)
        if momenta is not None:
            self._momenta.assign(np.asarray(momenta, np.float32))
        self._momentum_active.assign(momenta is not None)
        self._position.assign(position)

    def seek(self, position: int) -> None:
        """Makes ``position`` the row of the next step."""
        self._position.assign(position)

    def stop(self) -> None:
        """Leaves rate and momentum as they are from now on."""
        self._rate_active.assign(False)
        self._momentum_active.assign(False)
