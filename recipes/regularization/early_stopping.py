"""Early stopping, and how it lives together with 1cycle."""

from __future__ import annotations

import keras

from callbacks.checks import check_integer
from recipes.regularization.base import Regularizer

__all__ = ["EarlyStopping"]


class EarlyStopping(Regularizer):
    """Keeps the weights of the epoch with the lowest validation loss, and stops when it has not fallen for a while.

    Under a schedule that ends in a descent (1cycle) most of the gain comes in the last epochs, and a stop before them
    throws it away. There training always runs to the end of the cycle, and only the choice of the best epoch remains:
    ``scripts/measure_early_stopping.py`` compares the ways to combine the two, ``results/early_stopping.csv`` holds
    what it measured.

    Args:
        patience: epochs without a lower validation loss after which training stops, >= 1. Default 5.

    Raises:
        InvalidArgument: for a patience below 1.

    Source: Prechelt 1998; Goodfellow et al. 2016, section 7.8.

    Example:
        >>> recipes.Recipe(regularization={"name": "early_stopping", "patience": 3}, schedule="constant")  # doctest: +SKIP
    """

    name = "early_stopping"

    def __init__(self, patience: int = 5):
        self.patience = check_integer("patience", patience, low=1)

    def callbacks(self, *, epochs: int, schedule: str) -> list[keras.callbacks.Callback]:
        """Keras' own EarlyStopping with the best weights restored."""
        patience = epochs if schedule == "one_cycle" else self.patience
        return [keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)]
