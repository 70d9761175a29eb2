"""EpochLines: the progress of a training in at most twenty of Keras' lines, for output that is no terminal."""

from __future__ import annotations

from typing import Any

import keras

from ...callbacks.inside.logs import numbers
from .console import say

__all__ = ["EpochLines"]

MOST = 20
"""About how many epochs are printed."""


class EpochLines(keras.callbacks.Callback):
    """Prints the first epoch and then every k-th, so that there are at most 20 lines; :meth:`finish` prints the rest.

    Example:
        >>> lines = EpochLines()
        >>> run = recipes.fit(data, callbacks=[lines], verbose=0)       # doctest: +SKIP
        Epoch 1/300 - loss: 0.7112 - accuracy: 0.512 - learning_rate: 0.004 - val_loss: 0.6534 - val_accuracy: 0.6021
        >>> lines.finish(run.best_epoch)                                # doctest: +SKIP
    """

    def on_train_begin(self, logs: Any = None) -> None:
        self._texts: dict[int, str] = {}
        self._printed: set[int] = set()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        epochs, logs = self.params["epochs"], numbers(logs)
        names = sorted(logs, key=lambda name: (name.startswith("val_"), name == "learning_rate", "loss" not in name))
        values = " - ".join(f"{name}: {logs[name]:.4g}" for name in names)
        self._texts[epoch + 1] = f"Epoch {epoch + 1}/{epochs} - {values}"
        if epoch == 0 or (epoch + 1) % -(-epochs // (MOST - 2)) == 0:
            self._print(epoch + 1)

    def finish(self, best: int) -> None:
        """Prints the last epoch and the best one, where they have not been printed.

        Args:
            best: number of the epoch whose weights the model has, counted from 1; 0 for none.
        """
        for epoch in sorted({max(self._texts, default=0), best} & set(self._texts)):
            self._print(epoch)

    def _print(self, epoch: int) -> None:
        if epoch not in self._printed:
            self._printed.add(epoch)
            say(self._texts[epoch])
