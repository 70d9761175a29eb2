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

    The table is a WeakKeyDictionary's value and must not refer to the model, or the model would live for ever.

    Example:
        >>> table = StepTable.of(model)                      # doctest: +SKIP
        >>> table.load(rates=[0.1, 0.2, 0.1], momenta=None)
        >>> table.seek(0, steps=3)
        >>> model.fit(...)
    """

    def __init__(self, model: keras.Model):
        import tensorflow as tf

        self._optimizer = weakref.ref(model.optimizer)
        with model.distribute_strategy.scope():
            self._rates = _state(np.zeros(1, np.float32), shape=[None])
            self._momenta = _state(np.zeros(1, np.float32), shape=[None])
            self._momentum_active = _state(False)
            self._position = _state(0, dtype="int64")
            self._end = _state(0, dtype="int64")
        rates = [leaf.learning_rate for leaf in leaves(model.optimizer)]
        momenta = [
            leaf.momentum for leaf in leaves(model.optimizer) if "momentum" in getattr(leaf, "live_hyperparameters", ())
        ]
        original = model.train_step

        def from_table(table: Any, active: Any, variables: list[Any]) -> None:
            row = tf.minimum(self._position, tf.size(table, out_type=tf.int64) - 1)
            value = tf.gather(table, row)
            for variable in variables:
                variable.assign(tf.where(active, tf.cast(value, variable.dtype), variable.value))

        def train_step(data: Any) -> Any:
            active = tf.less(self._position, self._end)
            from_table(self._rates, active, rates)
            from_table(self._momenta, tf.logical_and(active, self._momentum_active), momenta)
            self._position.assign_add(1)
            return original(data)

        train_step.__wrapped__ = original  # type: ignore[attr-defined]
        model.train_step = train_step
        model.make_train_function(force=True)

    @classmethod
    def of(cls, model: keras.Model) -> StepTable:
        """The table of this model, attached now if it was not, or if the model was compiled anew since."""
        table = _attached.get(model)
        if table is None or table._optimizer() is not model.optimizer:
            if table is not None:  # take off the wrapper of the optimizer that is gone
                model.train_step = model.train_step.__wrapped__
            table = _attached[model] = cls(model)
        return table

    def load(self, rates: np.ndarray, momenta: np.ndarray | None) -> None:
        """Fills the table; it changes nothing until :meth:`seek`.

        Args:
            rates: shape (steps,), the learning rate of each step.
            momenta: shape (steps,), or None to leave the momentum alone.
        """
        self._rates.assign(np.asarray(rates, np.float32))
        if momenta is not None:
            self._momenta.assign(np.asarray(momenta, np.float32))
        self._momentum_active.assign(momenta is not None)

    def seek(self, position: int, steps: int) -> None:
        """Makes the next ``steps`` steps use the rows from ``position`` on; past the end the last row holds.

        No more than these, so that a training that was interrupted leaves nothing behind that changes the rate.
        """
        self._position.assign(position)
        self._end.assign(position + steps)


def _state(value: Any, **options: Any) -> Any:
    import tensorflow as tf

    return tf.Variable(value, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA, **options)
