"""INITIALIZERS: the kernel initializers by name, Keras' where it has them, and the right one for each activation.

In the formulas a layer has m inputs and n outputs (fan-in and fan-out); a convolution counts them once per pixel of its
kernel. Keras truncates its normal distributions at two standard deviations and rescales them to the stated variance.
The scale is a hyperparameter: ``{"name": "he_normal", "gain": 0.5}`` halves the weights.
"""

from __future__ import annotations

from typing import Any

import keras

from ..catalogue import Catalogue, Entry, Range
from .bias import bias_for as bias_for
from .bias import bias_initializer as bias_initializer
from .by_activation import glorot_factor as glorot_factor
from .by_activation import initializer_for as initializer_for
from .gain import gain_for as gain_for
from .gained import Gained
from .sparse import Sparse as Sparse

__all__ = [
    "INITIALIZERS",
    "Sparse",
    "bias_for",
    "bias_initializer",
    "gain_for",
    "glorot_factor",
    "initializer_for",
]

_K = keras.initializers


def _fan_in_uniform(seed: Any = None) -> keras.initializers.Initializer:
    return _K.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform", seed=seed)  # its limit is sqrt(3 scale / m)


GAIN = (Range("gain", 0.5, 2.0, 1.0),)
"""The scale of the weights as a hyperparameter."""

INITIALIZERS = Catalogue(
    "initializer",
    [
        Entry(
            "he_normal",
            Gained(_K.HeNormal, 2.0, "fan_in", "truncated_normal"),
            "Truncated normal of variance 2/m for m inputs.",
            "He et al. 2015",
            GAIN,
            when="The default, for ELU, ReLU and their relatives. Not for tanh or logistic units "
            "(glorot_normal), nor for SELU (lecun_normal).",
        ),
        Entry(
            "he_uniform",
            Gained(_K.HeUniform, 2.0, "fan_in", "uniform"),
            "U(-sqrt(6/m), sqrt(6/m)) for m inputs.",
            "He et al. 2015",
            GAIN,
            when="Where published code uses it, or no weight may be large. Otherwise he_normal: the two have "
            "the same variance and train alike.",
        ),
        Entry(
            "glorot_normal",
            Gained(_K.GlorotNormal, 1.0, "fan_avg", "truncated_normal"),
            "Truncated normal of variance 2/(m+n).",
            "Glorot and Bengio 2010",
            GAIN,
            when="For tanh and logistic units. Not for ReLU in deep networks: each layer passes on half of "
            "the variance.",
        ),
        Entry(
            "glorot_uniform",
            Gained(_K.GlorotUniform, 1.0, "fan_avg", "uniform"),
            "U(+-sqrt(6/(m+n))).",
            "Glorot and Bengio 2010",
            GAIN,
            when="To repeat networks of Keras, whose default it is. Not for ten layers of ReLU or more, where "
            "hardly anything of the signal is left.",
        ),
        Entry(
            "lecun_normal",
            Gained(_K.LecunNormal, 1.0, "fan_in", "truncated_normal"),
            "Truncated normal of variance 1/m.",
            "LeCun et al. 1998",
            GAIN,
            when="For SELU, whose fixed point assumes this variance. With ELU or ReLU a deep network loses "
            "signal: he_normal.",
        ),
        Entry(
            "fan_in_uniform",
            Gained(_fan_in_uniform, 1 / 3, "fan_in", "uniform"),
            "U(-1/sqrt(m), 1/sqrt(m)): variance 1/(3m).",
            "Goodfellow et al. 2016",
            GAIN,
            when="To repeat networks of older textbooks. Not for deep ones: a third of the variance is left "
            "after each layer.",
        ),
        Entry(
            "variance_scaling",
            _K.VarianceScaling,
            "Variance scale/m, or with mode fan_out or fan_avg scale/n or 2 scale/(m+n); uniform or normal.",
            "He et al. 2015",
            (Range("scale", 0.25, 4.0, 1.0),),
            when="To set the scale, mode and distribution oneself, or to tune the scale. Otherwise the names "
            "of its common settings say more.",
        ),
        Entry(
            "orthogonal",
            _K.Orthogonal,
            "A random orthogonal matrix times a gain; gain_for gives the gain for an activation.",
            "Saxe et al. 2013",
            (Range("gain", 0.5, 2.0, 1.0),),
            when="For recurrent kernels and very deep plain networks: lengths pass unchanged. Shallow "
            "networks gain nothing over he_normal.",
        ),
        Entry(
            "sparse",
            Sparse,
            "Connects each unit to a few random inputs, with weights from N(0, stddev^2).",
            "Martens 2010",
            (Range("connections", 5, 50, 15), Range("stddev", 0.1, 2.0, 1.0)),
            when="For wide layers of saturating units, so that units begin different. Not for narrow layers, "
            "which have few inputs to choose from.",
        ),
    ],
    objects=_K.Initializer,
    makes=_K.Initializer,
)
