"""Snapshot: everything a training step changes, kept in memory so that it can be put back."""

from __future__ import annotations

import random

import keras
import numpy as np

__all__ = ["Snapshot"]


class Snapshot:
    """The values of a compiled model's weights, optimizer, metrics and random states, and of Python's and NumPy's.

    Args:
        model: a built and compiled Keras model; its optimizer is built if it was not yet.

    Example:
        >>> before = Snapshot(model)   # doctest: +SKIP
        >>> model.fit(...)
        >>> before.restore()
    """

    def __init__(self, model: keras.Model):
        if not model.built:
            raise ValueError(
                f"The model must be built before its state can be kept: give it an Input, or call it once. "
                f"Received: model={model.name!r}"
            )
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        unique = {id(v): v for v in (*model.variables, *model.optimizer.variables, *model.metrics_variables)}
        self._values = [(variable, np.asarray(variable).copy()) for variable in unique.values()]
        self._python, self._numpy = random.getstate(), np.random.get_state()
        self._model = model

    def restore(self) -> None:
        """Puts everything back; metrics that did not exist yet are reset."""
        known = {id(variable) for variable, _ in self._values}
        for variable, value in self._values:
            variable.assign(value)
        if any(id(variable) not in known for variable in self._model.metrics_variables):
            self._model.reset_metrics()
        random.setstate(self._python)
        np.random.set_state(self._numpy)
