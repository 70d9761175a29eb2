"""StopOnNaN: stops a diverged training and reports where, and at which learning rate, it diverged."""

from __future__ import annotations

import math
from typing import Any

import keras

from .inside.optimizer_values import get_learning_rate, nan_gradient, raise_on_nan

__all__ = ["StopOnNaN"]


class StopOnNaN(keras.callbacks.Callback):
    """Stops training when the loss is NaN or infinite, and explains it in ``message``.

    Keras' ``TerminateOnNaN`` stops too, but prints only the batch. With ``steps_per_execution=N`` the training stops at
    the end of the N steps in which it diverges. Place it before callbacks that keep the best weights.

    The message names the layer whose gradient was the first to become NaN or infinite, if the optimizer records it. The
    optimizers of ``recipes`` do; without this callback they raise an error.

    Attributes:
        message: what happened and what to try; None if the loss stayed finite.

    Example:
        >>> stop = callbacks.StopOnNaN()                     # doctest: +SKIP
        >>> model.fit(x, y, callbacks=[stop]); stop.message
        'the loss is nan at epoch 1, step 12, learning rate 30: try a lower learning rate or gradient clipping'
    """

    def __init__(self) -> None:
        super().__init__()
        self.message: str | None = None
        self._epoch = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.message = None
        raise_on_nan(self.model.optimizer, False)  # it would raise before this callback can stop the training

    def on_train_end(self, logs: Any = None) -> None:
        raise_on_nan(self.model.optimizer, True)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(float(loss)):
            return
        self.model.stop_training = True
        if self.message is None:
            rate = get_learning_rate(self.model.optimizer)
            steps = self.params.get("steps")  # with steps_per_execution, Keras' index can pass the last batch
            step = min(batch + 1, steps) if steps else batch + 1
            where = nan_gradient(self.model.optimizer)
            self.message = (
                f"the loss is {float(loss)} at epoch {self._epoch + 1}, step {step}, learning rate {rate:.3g}"
                + (f", first in the gradient of {where}" if where else "")
                + ": try a lower learning rate or gradient clipping"
            )
