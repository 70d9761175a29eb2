"""Early stopping, and how it lives together with a schedule whose gain comes late."""

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
"""Share of the training before which early stopping does nothing, under a schedule whose gain comes late."""


class EarlyStopping(Regularizer):
    """Keeps the weights of the epoch with the lowest validation loss, and stops when it has not fallen for a while.

    Under 1cycle most of the gain comes in the last epochs, while the rate falls to nearly zero: a stop before them
    throws it away, and a validation loss that was low before them is a poor guide. There neither stopping nor the
    choice of the best epoch begins before 70 % of the cycle is over.
    ``scripts/measure/measure_early_stopping.py`` compares the ways to combine the two;
    ``results/early_stopping.csv`` holds what it measured.

    The same holds for every schedule whose class says ``gains_late``: besides 1cycle "linear", "cosine" and
    "cosine_restarts", which also end near zero, and "step", whose drops each bring a gain, by default the last one
    after two thirds. Nothing waits under "constant", "power", "exponential" and "inverse_time", which fall most at
    first, nor under "performance", whose ``patience`` has to be smaller than the one here. Only 1cycle was measured.

    Args:
        patience: epochs without a lower validation loss after which training stops, >= 1. Default 5.

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
        """Keras' own EarlyStopping with the best weights restored."""
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
