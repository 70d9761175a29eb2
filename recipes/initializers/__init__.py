"""INITIALIZERS: the kernel initializers by name, Keras' where it has them, and the right one for each activation.

In the formulas a layer has m inputs and n outputs (fan-in and fan-out); a convolution counts them once per pixel of its
kernel. Keras truncates its normal distributions at two standard deviations and rescales them to the stated variance.
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


INITIALIZERS = Catalogue(
    "initializer",
    [
        Entry("he_normal", _K.HeNormal, "Truncated normal of variance 2/m for m inputs.", "He et al. 2015"),
        Entry("he_uniform", _K.HeUniform, "U(-sqrt(6/m), sqrt(6/m)) for m inputs.", "He et al. 2015"),
        Entry("glorot_normal", _K.GlorotNormal, "Truncated normal of variance 2/(m+n).", "Glorot and Bengio 2010"),
        Entry("glorot_uniform", _K.GlorotUniform, "U(+-sqrt(6/(m+n))).", "Glorot and Bengio 2010"),
        Entry("lecun_normal", _K.LecunNormal, "Truncated normal of variance 1/m.", "LeCun et al. 1998"),
        Entry(
            "fan_in_uniform", _fan_in_uniform, "U(-1/sqrt(m), 1/sqrt(m)): variance 1/(3m).", "Goodfellow et al. 2016"
        ),
        Entry(
            "variance_scaling",
            _K.VarianceScaling,
            "Variance scale/m, or with mode fan_out or fan_avg scale/n or 2 scale/(m+n); uniform or normal.",
            "He et al. 2015",
            (Range("scale", 0.25, 4.0, 1.0),),
        ),
        Entry(
            "orthogonal",
            _K.Orthogonal,
            "A random orthogonal matrix times a gain; gain_for gives the gain for an activation.",
            "Saxe et al. 2013",
            (Range("gain", 0.5, 2.0, 1.0),),
        ),
        Entry(
            "sparse",
            Sparse,
            "Connects each unit to a few random inputs, with weights from N(0, stddev^2).",
            "Martens 2010",
            (Range("connections", 5, 50, 15), Range("stddev", 0.1, 2.0, 1.0)),
        ),
    ],
    objects=_K.Initializer,
)
