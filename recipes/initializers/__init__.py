"""The kernel initializers by name, all of them Keras' own, and the right one for an activation."""

from __future__ import annotations

import keras

from recipes.activations import ACTIVATIONS
from recipes.catalogue import Catalogue, Entry

__all__ = ["INITIALIZERS", "initializer_for"]

_K = keras.initializers

INITIALIZERS = Catalogue(
    "initializer",
    [
        Entry("he_normal", _K.HeNormal, "Truncated normal of variance 2/m for m inputs.", "He et al. 2015"),
        Entry("he_uniform", _K.HeUniform, "U(-sqrt(6/m), sqrt(6/m)) for m inputs.", "He et al. 2015"),
        Entry("glorot_normal", _K.GlorotNormal, "Truncated normal of variance 2/(m+n).", "Glorot and Bengio 2010"),
        Entry("glorot_uniform", _K.GlorotUniform, "U(+-sqrt(6/(m+n))).", "Glorot and Bengio 2010"),
        Entry("lecun_normal", _K.LecunNormal, "Truncated normal of variance 1/m.", "LeCun et al. 1998"),
        Entry("orthogonal", _K.Orthogonal, "A random orthogonal matrix times a gain.", "Saxe et al. 2013"),
    ],
)


def initializer_for(activation: str) -> str:
    """The initializer that keeps the variance of the signal under this activation: its name.

    Args:
        activation: a name of ``recipes list activations``.

    Raises:
        UnknownName: for any other name.

    Source: He for the ReLU family, Glorot for logistic, tanh and linear units (He et al. 2015; Glorot and Bengio 2010).

    Example:
        >>> initializer_for("elu"), initializer_for("tanh")
        ('he_normal', 'glorot_uniform')
    """
    ACTIVATIONS[activation]
    return "he_normal" if activation in ("elu", "relu", "leaky_relu", "softplus") else "glorot_uniform"
