"""ACTIVATIONS: Keras' activations by name. Géron's order of preference: ELU, leaky ReLU, ReLU, tanh, logistic."""

from __future__ import annotations

import keras

from .catalogue import Catalogue, Entry

__all__ = ["ACTIVATIONS"]


def _layer(name: str):
    return lambda **options: keras.layers.Activation(name, **options)


ACTIVATIONS = Catalogue(
    "activation",
    [
        Entry(
            "elu", _layer("elu"), "x above 0, exp(x) - 1 below: mean near zero, units never die.", "Clevert et al. 2016"
        ),
        Entry(
            "leaky_relu",
            lambda **options: keras.layers.LeakyReLU(**{"negative_slope": 0.01, **options}),
            "x above 0, 0.01 x below.",
            "Maas et al. 2013",
        ),
        Entry("relu", _layer("relu"), "x above 0, 0 below.", "Nair and Hinton 2010"),
        Entry("tanh", _layer("tanh"), "Between -1 and 1.", "LeCun et al. 1998"),
        Entry("logistic", _layer("sigmoid"), "Between 0 and 1; saturates.", "Rumelhart et al. 1986"),
        Entry("gelu", _layer("gelu"), "x times the normal distribution function at x.", "Hendrycks and Gimpel 2016"),
        Entry(
            "silu", _layer("silu"), "x times the logistic function of x; also called swish.", "Ramachandran et al. 2017"
        ),
        Entry("mish", _layer("mish"), "x tanh(softplus(x)).", "Misra 2019"),
        Entry(
            "selu",
            _layer("selu"),
            "A scaled ELU that keeps mean 0 and variance 1 in dense layers; with lecun_normal.",
            "Klambauer et al. 2017",
        ),
        Entry("softplus", _layer("softplus"), "log(1 + exp(x)): a smooth ReLU.", "Dugas et al. 2001"),
    ],
)
