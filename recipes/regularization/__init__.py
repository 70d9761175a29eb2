"""The regularizers by name; several are joined by "+": "l2+dropout"."""

from __future__ import annotations

from recipes.catalogue import Catalogue, Entry, Range
from recipes.regularization.base import Regularizer as Regularizer
from recipes.regularization.dropout import Dropout as Dropout
from recipes.regularization.early_stopping import EarlyStopping as EarlyStopping
from recipes.regularization.l2 import L2 as L2

__all__ = ["L2", "REGULARIZERS", "Dropout", "EarlyStopping", "Regularizer"]

REGULARIZERS = Catalogue(
    "regularizer",
    [
        Entry(
            "l2",
            L2,
            "strength/2 * sum of squared kernel weights, added to the loss.",
            "Krogh and Hertz 1992",
            (Range("strength", 1e-5, 1e-2, 1e-4),),
        ),
        Entry(
            "dropout",
            Dropout,
            "Zeroes a random share of each hidden layer's outputs while training.",
            "Srivastava et al. 2014",
            (Range("rate", 0.05, 0.5, 0.2, log=False),),
        ),
        Entry(
            "early_stopping",
            EarlyStopping,
            "Keeps the weights of the epoch with the lowest validation loss.",
            "Prechelt 1998",
        ),
    ],
)
