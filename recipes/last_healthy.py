"""LastHealthy: the weights to go back to when a training has diverged. ending: how a training ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from ..callbacks.stop_on_nan import StopOnNaN

__all__ = ["LastHealthy", "ending", "stops_early"]


class LastHealthy(keras.callbacks.Callback):
    """Keeps the weights of the last epoch that ended with finite losses and weights; at first those before any step.

    Example:
        >>> healthy = LastHealthy()                                       # doctest: +SKIP
        >>> model.fit(x, y, callbacks=[StopOnNaN(), healthy])
        >>> healthy.put_back()    # the epoch whose weights the model has now
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self.weights: list[np.ndarray] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch, self.weights = 0, self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        losses = [value for name, value in (logs or {}).items() if name.endswith("loss")]
        if all(np.isfinite(loss).all() for loss in losses) and _finite(weights := self.model.get_weights()):
            self.epoch, self.weights = epoch + 1, weights

    def put_back(self, epoch: int | None = None) -> int:
        """Gives the model the weights that were kept, and the optimizer zeros for averages that are not finite.

        Args:
            epoch: whose weights the model has by early stopping's choice; they stay if all are finite. Default None.

        Returns:
            The epoch whose weights the model has now, counted from 1; 0 for those before the first step.
        """
        for variable in self.model.optimizer.variables:
            if not _finite([variable.numpy()]):
                variable.assign(np.zeros(variable.shape))
        if epoch is not None and epoch <= self.epoch and _finite(self.model.get_weights()):
            return epoch
        self.model.set_weights(self.weights)
        return self.epoch


def ending(
    callbacks: Iterable[keras.callbacks.Callback], epochs: int, healthy: LastHealthy | None = None
) -> tuple[int, str | None]:
    """The epoch whose weights a trained model has, counted from 1 (0 for the initial ones), and why it diverged.

    Args:
        callbacks: of the training, as :meth:`recipes.Recipe.callbacks` makes them.
        epochs: how many ran.
        healthy: gives the model other weights after a divergence. Default None.

    Returns:
        The epoch, and None or a message.
    """
    callbacks = list(callbacks)
    restored = [
        callback.best_epoch + 1 for callback in callbacks if getattr(callback, "best_weights", None) is not None
    ]
    message = next((callback.message for callback in callbacks if isinstance(callback, StopOnNaN)), None)
    best = restored[0] if restored else epochs
    if message is not None and healthy is not None:
        best = healthy.put_back(best if restored else None)
        message += f"; the weights are those of epoch {best}" if best else "; the weights are the initial ones"
    return best, message


def stops_early(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether early stopping is among the callbacks, so that the validation loss chooses the weights."""
    return any(isinstance(callback, keras.callbacks.EarlyStopping) for callback in callbacks)


def _finite(arrays: list[np.ndarray]) -> bool:
    return all(bool(np.isfinite(array).all()) for array in arrays if np.issubdtype(array.dtype, np.floating))
