"""StopOnNaN: stops a diverged training and reports where, and at which learning rate, it diverged."""

from __future__ import annotations

from typing import Any

import numpy as np

from .callback import Callback
from .checked import checked
from .checks import InvalidArgument
from .inside.backend import sync_variables
from .inside.fit_end import at_end_of_fit
from .inside.model_optimizers import optimizers_of, raise_on_nan_in
from .inside.optimizer_values import get_learning_rate, nan_gradient

__all__ = ["StopOnNaN"]


BEFORE_ANY_UPDATE = "before any update: look for NaN or huge numbers in the data and the weights"


class StopOnNaN(Callback):
    """Stops training when a loss is NaN or infinite, and explains it in ``message``.

    Keras' ``TerminateOnNaN`` stops too, but prints only the batch. With ``steps_per_execution=N`` the training stops at
    the end of the N steps in which it diverges. Place it before callbacks that keep the best weights.

    The message names the layer whose gradient was the first to become NaN or infinite, if the optimizer records it. The
    optimizers of ``recipes`` do; without this callback they raise an error.

    Args:
        monitor: the name of a loss in the logs, or a sequence of names. Default None: all names that end in "loss",
            such as "loss" or a GAN's "d_loss" and "g_loss".

    Attributes:
        message: what happened and what to try; None if the losses stayed finite.

    Raises:
        InvalidArgument: after the first step, if the logs have no such loss.

    Example:
        >>> stop = callbacks.StopOnNaN()                     # doctest: +SKIP
        >>> model.fit(x, y, callbacks=[stop]); stop.message
        'the loss is nan at epoch 1, step 12, learning rate 30: try a lower learning rate or gradient clipping'
    """

    @checked
    def __init__(self, monitor: str | tuple[str, ...] | list[str] | None = None) -> None:
        super().__init__()
        names = (monitor,) if isinstance(monitor, str) else monitor
        if names is not None and not (
            isinstance(names, (list, tuple)) and names and all(isinstance(name, str) and name for name in names)
        ):
            raise InvalidArgument("monitor", monitor, "None, the name of a loss in the logs, or a list of names")
        self.monitor = None if names is None else tuple(names)
        self.message: str | None = None
        self._epoch = 0
        self._steps = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.message = None
        self._steps = 0
        at_end_of_fit(self.model, self._raise_again)
        raise_on_nan_in(self.model, False)  # they would raise before this callback can stop the training

    def on_train_end(self, logs: Any = None) -> None:
        self._raise_again()

    def _raise_again(self) -> None:
        raise_on_nan_in(self.model, True)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._steps, first = self._steps + 1, self._steps == 0 and batch == 0
        logs = logs or {}
        losses = [name for name in logs if name.endswith("loss")] if self.monitor is None else self.monitor
        if not losses or any(name not in logs for name in losses):
            accepted = f"names of losses in the logs, which have {', '.join(map(repr, logs)) or 'none'}"
            raise InvalidArgument("monitor", self.monitor, accepted)
        name = next((name for name in losses if not np.all(np.isfinite(logs[name]))), None)
        if name is None:
            return
        self.model.stop_training = True
        if self.message is None:
            value = np.asarray(logs[name], np.float64)
            sync_variables(self.model)
            optimizers = optimizers_of(self.model)
            rates = ", ".join(
                f"learning rate {get_learning_rate(optimizer):.3g}" + (f" of {which}" if len(optimizers) > 1 else "")
                for which, optimizer in optimizers.items()
            )
            steps = self.params.get("steps")  # with steps_per_execution, Keras' index can pass the last batch
            step = min(batch + 1, steps) if steps else batch + 1
            where = next(filter(None, map(nan_gradient, optimizers.values())), None)
            self.message = (
                f"{'the loss' if name == 'loss' else name} is {value[~np.isfinite(value)][0]} "
                f"at epoch {self._epoch + 1}, step {step}, {rates}"
                + (f", first in the gradient of {where}" if where else "")
                + (f": {BEFORE_ANY_UPDATE}" if first else ": try a lower learning rate or gradient clipping")
            )
