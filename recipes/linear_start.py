"""LinearStart: goes back to the linear model that a network for tables started from, if training made it no better."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .linear_fit import is_fitted

if TYPE_CHECKING:
    from .data import Data

__all__ = ["LinearStart"]


class LinearStart:
    """The weights of a network whose linear part is fitted and whose hidden layers are new, and its validation loss.

    Early stopping prefers the last epoch to an earlier one unless that was clearly better. The start is preferred if
    it is better at all: it is the simpler model.

    Args:
        model: before its training.
        loss: its validation loss.
    """

    def __init__(self, model: keras.Model, loss: float):
        self._model, self._loss, self._weights = model, loss, model.get_weights()

    @classmethod
    def of(cls, model: keras.Model, data: Data, callbacks: Iterable[keras.callbacks.Callback]) -> LinearStart | None:
        """The start of a compiled model; None without a linear part or without early stopping, which chooses epochs."""
        stops = any(isinstance(callback, keras.callbacks.EarlyStopping) for callback in callbacks)
        if not stops or not is_fitted(model):
            return None
        values: Any = model.evaluate(data.validation, verbose=0, return_dict=True)
        return cls(model, float(values["loss"]))

    def put_back_if_better(self, epoch: int, loss: float) -> int:
        """Restores the start if its loss is below that of ``epoch``, or that is NaN; returns the epoch that is left."""
        if self._loss < loss or (np.isfinite(self._loss) and not np.isfinite(loss)):
            self._model.set_weights(self._weights)
            return 0
        return epoch
