"""BestEpoch: the weights of the best epoch of a trial."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from ....callbacks.inside.logs import numbers

__all__ = ["BestEpoch"]


class BestEpoch(keras.callbacks.Callback):
    """Remembers the weights of the best epoch of all trainings that it observes, and the logs of the latest training.

    Args:
        objective: a ``keras_tuner.Objective``.

    Attributes:
        weights: of the best epoch; None if no epoch was observed.
        trained: the model of the latest training; None if none was observed.
        epochs: the logs of each epoch of the latest training, in numbers.
    """

    def __init__(self, objective: Any):
        super().__init__()
        self.weights: list[np.ndarray] | None = None
        self.trained: keras.Model | None = None
        self.epochs: list[dict[str, float]] = []
        self._objective = objective
        self._value: float | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Forgets the logs of the training before."""
        self.epochs = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Takes the weights if no epoch was better, or after every epoch if the objective is not in the logs."""
        self.epochs.append(numbers(logs))
        self.trained = self.model
        if not self._objective.has_value(self.epochs[-1]):
            if self._value is None:
                self.weights = self.model.get_weights()
            return
        self._take(self.model, self._objective.get_value(self.epochs[-1]))

    def ended(self, model: keras.Model, result: Any) -> None:
        """Takes the weights after a training that was not observed, if no other was better.

        Args:
            model: the trained model.
            result: what the training returned, in numbers.
        """
        self.trained = model
        if isinstance(result, keras.callbacks.History):
            result = {name: values[-1] for name, values in result.history.items()}
        if isinstance(result, dict):
            result = self._objective.get_value(result) if self._objective.has_value(result) else math.nan
        self._take(model, float(result))

    def better_than(self, score: float) -> bool:
        """Whether the best epoch was better than ``score``; False if its value is unknown."""
        return self._value is not None and self._objective.better_than(self._value, score)

    def _take(self, model: keras.Model, value: float) -> None:
        if math.isnan(value) or (self._value is not None and not self._objective.better_than(value, self._value)):
            return
        self._value, self.weights = value, model.get_weights()
