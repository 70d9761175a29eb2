"""The regularizers by name; several are joined by "+": "l2+dropout"."""

from __future__ import annotations

from ..catalogue import Catalogue, Entry, Range
from .adversarial import Adversarial as Adversarial
from .augmentation import Augmentation as Augmentation
from .base import Regularizer as Regularizer
from .dropout import Dropout as Dropout
from .early_stopping import EarlyStopping as EarlyStopping
from .elastic_net import ElasticNet as ElasticNet
from .input_noise import InputNoise as InputNoise
from .l1 import L1 as L1
from .l2 import L2 as L2
from .label_smoothing import LabelSmoothing as LabelSmoothing
from .max_norm import MaxNorm as MaxNorm
from .weight_decay import WeightDecay as WeightDecay
from .weight_noise import WeightNoise as WeightNoise

__all__ = [
    "L1",
    "L2",
    "REGULARIZERS",
    "Adversarial",
    "Augmentation",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "InputNoise",
    "LabelSmoothing",
    "MaxNorm",
    "Regularizer",
    "WeightDecay",
    "WeightNoise",
]

REGULARIZERS = Catalogue(
    "regularizer",
    [
        Entry(
            "l1",
            L1,
            "strength * sum of absolute kernel weights, added to the loss.",
            "Tibshirani 1996",
            (Range("strength", 1e-6, 1e-3, 1e-5),),
        ),
        Entry(
            "l2",
            L2,
            "strength/2 * sum of squared kernel weights, added to the loss.",
            "Krogh and Hertz 1992",
            (Range("strength", 1e-5, 1e-2, 1e-4),),
        ),
        Entry(
            "elastic_net",
            ElasticNet,
            "l1 * sum of absolute kernel weights + l2/2 * sum of their squares, added to the loss.",
            "Zou and Hastie 2005",
            (Range("l1", 1e-6, 1e-3, 1e-5), Range("l2", 1e-5, 1e-2, 1e-4)),
        ),
        Entry(
            "weight_decay",
            WeightDecay,
            "Shrinks the kernels by rate * strength at every step, apart from the gradient.",
            "Loshchilov and Hutter 2019",
            (Range("strength", 1e-4, 1e-1, 1e-2),),
        ),
        Entry(
            "max_norm",
            MaxNorm,
            "Scales the weights into a unit back to a norm of at most limit, after each step.",
            "Srebro and Shraibman 2005",
            (Range("limit", 0.5, 4.0, 3.0),),
        ),
        Entry(
            "dropout",
            Dropout,
            "Zeroes a random share of each hidden layer's outputs while training.",
            "Srivastava et al. 2014",
            (Range("rate", 0.05, 0.5, 0.2, log=False),),
        ),
        Entry(
            "input_noise",
            InputNoise,
            "Gaussian noise on the normalized inputs while training.",
            "Bishop 1995",
            (Range("stddev", 0.03, 1.0, 0.1),),
        ),
        Entry(
            "weight_noise",
            WeightNoise,
            "Gaussian noise on the kernels for the length of each training step.",
            "Jim et al. 1996",
            (Range("stddev", 0.01, 0.5, 0.1),),
        ),
        Entry(
            "adversarial",
            Adversarial,
            "Half of the loss is that of the examples moved by epsilon to where it is larger.",
            "Goodfellow et al. 2015",
            (Range("epsilon", 0.005, 0.2, 0.1),),
        ),
        Entry(
            "augmentation",
            Augmentation,
            "Training images changed at random in ways that keep their labels.",
            "Krizhevsky et al. 2012",
            (Range("strength", 0.25, 2.0, 1.0),),
        ),
        Entry(
            "label_smoothing",
            LabelSmoothing,
            "Targets of 1 - epsilon and epsilon / (classes - 1) in place of 1 and 0.",
            "Szegedy et al. 2016",
            (Range("epsilon", 0.01, 0.3, 0.1),),
        ),
        Entry(
            "early_stopping",
            EarlyStopping,
            "Keeps the weights of the epoch with the lowest validation loss.",
            "Prechelt 1998",
        ),
    ],
)
