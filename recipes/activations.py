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
            "elu",
            _layer("elu"),
            "x above 0, exp(x) - 1 below: mean near zero, units never die.",
            "Clevert et al. 2016",
            when="The default for hidden layers. Not where the exponential is too slow, as on small devices: relu.",
        ),
        Entry(
            "leaky_relu",
            lambda **options: keras.layers.LeakyReLU(**{"negative_slope": 0.01, **options}),
            "x above 0, 0.01 x below.",
            "Maas et al. 2013",
            when="Where units of ReLU die and the exponential is too slow. Otherwise elu, whose means are "
            "nearer to zero.",
        ),
        Entry(
            "relu",
            _layer("relu"),
            "x above 0, 0 below.",
            "Nair and Hinton 2010",
            when="For fast answers, 8 bits, and large networks with batch normalization. Not at high rates "
            "without normalization, where units die.",
        ),
        Entry(
            "tanh",
            _layer("tanh"),
            "Between -1 and 1.",
            "LeCun et al. 1998",
            when="For the states of recurrent networks and outputs between -1 and 1. Not for deep stacks: "
            "saturated units pass no gradient.",
        ),
        Entry(
            "logistic",
            _layer("sigmoid"),
            "Between 0 and 1; saturates.",
            "Rumelhart et al. 1986",
            when="For gates, and to see what the lectures warn of. Not in hidden layers: each passes on a "
            "quarter of the gradient at most.",
        ),
        Entry(
            "gelu",
            _layer("gelu"),
            "x times the normal distribution function at x.",
            "Hendrycks and Gimpel 2016",
            when="For attention, and for networks that were pretrained with it. In small networks its cost "
            "buys little over elu.",
        ),
        Entry(
            "silu",
            _layer("silu"),
            "x times the logistic function of x; also called swish.",
            "Ramachandran et al. 2017",
            when="For deep convolutional networks with batch normalization, as in EfficientNet. Not on "
            "devices without a fast exponential.",
        ),
        Entry(
            "mish",
            _layer("mish"),
            "x tanh(softplus(x)).",
            "Misra 2019",
            when="To repeat published image models that have it, such as YOLOv4. Otherwise silu, nearly the "
            "same curve for less work.",
        ),
        Entry(
            "selu",
            _layer("selu"),
            "A scaled ELU that keeps mean 0 and variance 1 in dense layers; with lecun_normal.",
            "Klambauer et al. 2017",
            when="For plain dense stacks with lecun_normal, alpha_dropout and normalized inputs. Not with "
            "convolutions, skip connections or batch normalization.",
        ),
        Entry(
            "softplus",
            _layer("softplus"),
            "log(1 + exp(x)): a smooth ReLU.",
            "Dugas et al. 2001",
            when="For outputs that must be positive, such as a scale or a rate. In hidden layers relu and elu "
            "are cheaper and pass more gradient.",
        ),
    ],
    makes=keras.layers.Layer,
)
ACTIVATIONS.elsewhere = {"swish": "silu", "sigmoid": "logistic"}
