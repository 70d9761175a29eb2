"""The optimizers by name. Where Keras has a correct one, the entry is Keras' own."""

from __future__ import annotations

import functools

import keras

from recipes.catalogue import Catalogue, Entry, Range
from recipes.optimizers.momentum import Momentum as Momentum

__all__ = ["OPTIMIZERS", "Momentum"]

OPTIMIZERS = Catalogue(
    "optimizer",
    [
        Entry(
            "momentum",
            Momentum,
            "Gradient descent with classical momentum; 1cycle moves the momentum too.",
            "Polyak 1964",
            (Range("learning_rate", 3e-3, 0.3, 0.01),),
        ),
        Entry(
            "nesterov",
            functools.partial(Momentum, nesterov=True, name="nesterov"),
            "Momentum with the gradient taken where the velocity leads; 1cycle moves the momentum too.",
            "Nesterov 1983; Sutskever et al. 2013",
            (Range("learning_rate", 3e-3, 0.3, 0.01),),
        ),
        Entry(
            "rmsprop",
            keras.optimizers.RMSprop,
            "Each weight's step divided by a running root mean square of its gradient.",
            "Hinton 2012, lecture 6e",
            (Range("learning_rate", 1e-4, 1e-2, 1e-3),),
        ),
        Entry(
            "adam",
            keras.optimizers.Adam,
            "RMSProp and momentum together, both corrected for their start at zero.",
            "Kingma and Ba 2015",
            (Range("learning_rate", 3e-4, 3e-2, 1e-3),),
        ),
        Entry(
            "nadam",
            keras.optimizers.Nadam,
            "Adam with Nesterov's momentum.",
            "Dozat 2016",
            (Range("learning_rate", 3e-4, 3e-2, 1e-3),),
        ),
        Entry(
            "sgd",
            keras.optimizers.SGD,
            "Plain gradient descent on minibatches.",
            "Robbins and Monro 1951",
            (Range("learning_rate", 3e-2, 3.0, 0.01),),
        ),
    ],
)
