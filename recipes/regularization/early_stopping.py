"""EarlyStopping: early stopping that waits under schedules whose gain comes late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ...callbacks.checks import check_integer
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "EarlyStopping"]


LATE_SHARE = 0.7
"""Under a schedule whose gain comes late, early stopping does nothing before this fraction of the training."""


class EarlyStopping(Regularizer):
    """Stops when the validation loss no longer falls, and restores the weights of the best epoch.

    Under 1cycle most of the gain comes in the last epochs, while the rate falls to nearly zero. A stop before them
    forgoes it, and a low validation loss before them is a poor guide. So neither stopping nor the choice of the best
    epoch begins before 70 % of the cycle. ``scripts/measure/measure_early_stopping.py`` compares the ways to combine
    the two; its results are in ``results/early_stopping.csv``.

    The same holds for every schedule class with ``gains_late``: besides 1cycle these are "linear", "cosine" and
    "cosine_restarts", which also end near zero, and "step", where every drop brings a gain, by default the last one
    after two thirds. There is no wait under "constant", "power", "exponential" and "inverse_time", which fall most at
    the beginning, nor under "performance", whose ``patience`` must be smaller than the one here. Only 1cycle was
    measured.

    Args:
        patience: epochs without a lower validation loss before training stops, >= 1. Default 5.

    Raises:
        InvalidArgument: for a patience below 1.

    Source: Prechelt 1998; Goodfellow et al. 2016, section 7.8.

    Example:
        >>> stop = {"name": "early_stopping", "patience": 3}
        >>> recipes.Recipe(regularizer=stop, schedule="constant")   # doctest: +SKIP
    """

    name = "early_stopping"

    def __init__(self, patience: int = 5):
        self.patience = check_integer("patience", patience, low=1)

    def callbacks(
        self, *, epochs: int, schedule: StepSchedule | None, spec: Spec | None = None
    ) -> list[keras.callbacks.Callback]:
        """Keras' EarlyStopping, which restores the best weights."""
        start = int(LATE_SHARE * epochs) if schedule is not None and schedule.gains_late else 0
        return [
            keras.callbacks.EarlyStopping(
                monitor="val_loss", patience=self.patience, start_from_epoch=start, restore_best_weights=True
            )
        ]


ENTRIES = (
    Entry(
        "early_stopping",
        EarlyStopping,
        "Keeps the weights of the epoch with the lowest validation loss.",
        "Prechelt 1998",
    ),
)
