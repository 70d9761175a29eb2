"""EarlyStopping: which epoch's weights are kept, and when a training stops before its end."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import check_integer
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "BestOrLast", "EarlyStopping"]


LATE_SHARE = 0.7
"""Under a schedule whose gain comes late, no training stops before this fraction of it."""

PATIENCE, PATIENT_SHARE = 5, 0.1
"""The usual patience under other schedules: so many epochs, or this fraction of the training if that is more."""


class EarlyStopping(Regularizer):
    """Stops when the validation loss no longer falls, and restores the weights of the best epoch.

    Under 1cycle most of the gain comes in the last epochs, while the rate falls to nearly zero: a stop before them
    forgoes it. So the training runs to its end and keeps the weights of the last epoch, unless an earlier epoch was
    clearly better: its validation loss lower than the last one, L, by the standard error of a mean over n validation
    examples. That error is taken to be ``sqrt(L / n)`` for losses below 1, which few examples make up, and
    ``L / sqrt(n)`` above. On small noisy data, which a network learns by heart within the cycle, the earlier epoch
    wins; on large or easy data, the end of the cycle.
    ``scripts/measure/measure_early_stopping.py`` compares the rules; its results are in ``results/early_stopping.csv``.

    The same holds for every schedule class with ``gains_late``: besides 1cycle these are "linear", "cosine",
    "cosine_warm_up", "warm_up_stable_decay" and "cosine_restarts", which also end near zero, and "step", where every
    drop brings a gain, by default the last one after two thirds. Under "constant", "power", "exponential" and
    "inverse_time", which fall most at the beginning, and under "performance", whose ``patience`` must be smaller than
    the one here, training stops by the patience, and the best epoch counts however little better it was. Only 1cycle
    was measured.

    Args:
        patience: epochs without a lower validation loss before training stops, >= 1; under a schedule that gains late
            they count from 70 % of the training on. Default None: 5, or a tenth of the training if that is more; under
            a schedule that gains late, no stop.

    Raises:
        InvalidArgument: for a patience below 1.

    Source: Prechelt 1998; Goodfellow et al. 2016, section 7.8.

    Example:
        >>> stop = {"name": "early_stopping", "patience": 3}
        >>> recipes.Recipe(regularizer=stop, schedule="constant")   # doctest: +SKIP
    """

    name = "early_stopping"
    acts_outside_step = True

    def __init__(self, patience: int | None = None):
        self.patience = patience if patience is None else check_integer("patience", patience, low=1)

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """Keras' EarlyStopping, which restores the best weights, or a :class:`BestOrLast`."""
        patience = self.patience
        if schedule is not None and schedule.gains_late:
            start = int(LATE_SHARE * epochs)
            return [BestOrLast(patience or sys.maxsize, start=start, examples=validation_examples)]
        if patience is None:
            patience = max(PATIENCE, round(PATIENT_SHARE * epochs))
        return [keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)]


class BestOrLast(keras.callbacks.EarlyStopping):
    """Keeps the weights of the last epoch, or restores those of an epoch that was clearly better.

    Args:
        patience: epochs without a lower "val_loss", from ``start`` on, before training stops.
        start: the first epoch that counts for the patience, from 0.
        examples: how many the loss is the mean of; None (default) if unknown: any lower loss is restored.

    Attributes:
        best_epoch: the epoch with the lowest loss, from 0.
        best_weights: its weights; None after a training that keeps those of its last epoch.
    """

    def __init__(self, patience: int, *, start: int = 0, examples: int | None = None):
        super().__init__(monitor="val_loss", mode="min", patience=patience, restore_best_weights=True)
        self.start, self.examples, self.last = start, examples, math.nan

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier training."""
        super().on_train_begin(logs)
        self.last = math.nan

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compares the epoch with the best one so far."""
        if epoch < self.start:
            self.wait = -1
        super().on_epoch_end(epoch, logs)
        self.last = float((logs or {}).get(self.monitor, math.nan))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the best epoch's weights if it was clearly better than the last."""
        size = abs(self.last)
        noise = 0.0 if self.examples is None else max(size, math.sqrt(size)) / math.sqrt(self.examples)
        if math.isfinite(self.last) and not self.best < self.last - noise:
            self.best_weights = None
        super().on_train_end(logs)


ENTRIES = (
    Entry(
        "early_stopping",
        EarlyStopping,
        "Keeps the weights of the epoch with the lowest validation loss.",
        "Prechelt 1998",
    ),
)
