"""Regularization methods beyond a single recipe, by name: functions that train, combine or tie whole models."""

from __future__ import annotations

from .catalogue import Catalogue, Entry, Range
from .ensemble import bagging
from .models import multitask, siamese
from .refitting import refit
from .regularization.tying import tie

__all__ = ["METHODS"]

METHODS = Catalogue(
    "method",
    [
        Entry(
            "refit",
            refit,
            "After early stopping: trains on the validation data too, for as long as early stopping found best.",
            "Goodfellow et al. 2016, algorithms 7.2 and 7.3",
        ),
        Entry(
            "bagging",
            bagging,
            "Models trained on bootstrap samples, combined by average or vote.",
            "Breiman 1996",
            (Range("members", 2, 20, 5, log=False),),
        ),
        Entry(
            "siamese",
            siamese,
            "Parameter sharing: one encoder for two inputs, to tell whether they are of the same kind.",
            "Bromley et al. 1993",
        ),
        Entry(
            "tie",
            tie,
            "Parameter tying: strength/2 * sum of squared differences between two models' kernels.",
            "Lasserre et al. 2006",
            (Range("strength", 1e-4, 1.0, 0.01),),
        ),
        Entry(
            "multitask",
            multitask,
            "One trunk for several tasks, each with its own head and loss.",
            "Caruana 1997",
        ),
    ],
)
