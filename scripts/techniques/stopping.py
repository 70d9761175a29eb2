"""When a training ends: by any metric, and after the refit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import recipes

from .measured import Measured

__all__ = ["any_metric", "plateau"]


def any_metric() -> Iterator[Measured]:
    """Early stopping by any metric."""
    data = recipes.load("digits")
    stop = {"name": "early_stopping", "monitor": "val_accuracy", "patience": 3}
    run = recipes.fit(data, recipes.Recipe(regularizer=stop, schedule="constant"), epochs=30, verbose=0)
    scores = run.history["val_accuracy"]
    yield Measured("best epoch by val_accuracy", run.best_epoch, int(np.argmax(scores)) + 1)
    yield Measured("epochs, of 30", len(scores), run.best_epoch + 3)
    x, y = data.arrays("validation")
    answers = np.asarray(run.model.predict(x, verbose=0)).argmax(axis=1)
    yield Measured("validation accuracy of the weights kept", float(np.mean(answers == y)), max(scores), 1e-6)


def plateau() -> Iterator[Measured]:
    """After the refit, a stop when the training error is not decreasing much any more."""
    run = recipes.fit(recipes.load("digits"), epochs=5, verbose=0)
    for decrease in (0.01, 0.05):
        more = recipes.refit(run, "plateau", epochs=100, decrease=decrease, verbose=0)
        losses = more.history["loss"]
        yield Measured(f"epochs, of 100, at a decrease of {decrease:g}", len(losses), _flat_after(losses, decrease))


def _flat_after(losses: list[float], decrease: float) -> int:
    """The epoch after which three in a row were not lower than the lowest before by ``decrease``, a share of it."""
    lowest, since = np.inf, 0
    for epoch, loss in enumerate(losses, 1):
        since = 0 if loss < (1 - decrease) * lowest else since + 1
        lowest = min(lowest, loss) if since == 0 else lowest
        if since == 3:
            return epoch
    return 100
