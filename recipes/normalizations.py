"""NORMALIZATIONS: the normalizations of hidden layers by name, Keras' own, placed just before the activation."""

from __future__ import annotations

import functools
from typing import Any

import keras

from .catalogue import Catalogue, Entry

__all__ = ["MOMENTUM", "NORMALIZATIONS", "SHIFTS", "groups_for", "normalized"]

MOMENTUM = 0.9
"""Of batch normalization's moving averages. Keras' 0.99 needs some 500 steps to forget its start; short trainings have
fewer."""

LARGEST, LEAST_CHANNELS = 32, 8
"""The most groups of group normalization, and the fewest channels of one."""

SHIFTS = ("batch", "layer", "group")
"""Those with a learned shift, which takes the place of the bias of the layer before."""


def groups_for(channels: int) -> int:
    """The number of groups: the largest power of two up to 32 that divides the channels into groups of 8 or more.

    The paper's 32 groups would leave single channels in narrow layers, and a dense layer's unit alone is its own mean.

    Args:
        channels: of the layer, or its units.

    Example:
        >>> [groups_for(channels) for channels in (512, 64, 100, 5)]
        [32, 8, 4, 1]
    """
    groups = LARGEST
    while groups > 1 and (channels % groups or channels // groups < LEAST_CHANNELS):
        groups //= 2
    return groups


EPSILON = 1e-3
"""Added to the variance of a batch, Keras' default. Ioffe and Szegedy leave it open, and Géron 2019, ch. 11, calls 1e-5
typical, PyTorch's default: with 1e-3, channels whose variance is near or below it are scaled up less."""


NORMALIZATIONS = Catalogue(
    "normalization",
    [
        Entry(
            "batch",
            functools.partial(keras.layers.BatchNormalization, momentum=MOMENTUM, epsilon=EPSILON),
            "Each channel by its mean and variance over the batch, later moving averages; epsilon 0.001 (Géron: 1e-5).",
            "Ioffe and Szegedy 2015",
            when="For deep dense and convolutional networks with batches of 16 or more. Not for small batches "
            "or recurrent layers, whose statistics are too uncertain.",
        ),
        Entry(
            "layer",
            keras.layers.LayerNormalization,
            "Each example, or position, by the mean and variance of its channels.",
            "Ba et al. 2016",
            when="For recurrent networks, attention, and batches of any size. In convolutional networks batch "
            "or group mostly do better.",
        ),
        Entry(
            "group",
            keras.layers.GroupNormalization,
            "Each example by the mean and variance of groups of channels.",
            "Wu and He 2018",
            when="For convolutions in batches below 16, as of large images. With larger batches batch "
            "normalization is cheaper to serve: it folds into the kernels.",
        ),
        Entry(
            "rms",
            keras.layers.RMSNormalization,
            "Each example, or position, by the root mean square of its channels; no shift.",
            "Zhang and Sennrich 2019",
            when="For attention in place of layer normalization, with less to compute. Not for activations "
            "with a large common mean, which it leaves.",
        ),
        Entry(
            "unit",
            keras.layers.UnitNormalization,
            "Each example, or position, to a 2-norm of 1 over its channels; nothing is learned.",
            "Keras",
            when="For embeddings that are compared by their angle. Not between hidden layers, which lose the "
            "length and get no scale in exchange.",
        ),
    ],
)


def normalized(x: Any, name: str) -> Any:
    """A Keras tensor after a normalization of its last axis.

    Args:
        x: shape (batch, ..., channels).
        name: in the catalogue.

    Example:
        >>> normalized(keras.Input((8, 8, 64)), "group").shape
        (None, 8, 8, 64)
    """
    options = {"groups": groups_for(x.shape[-1])} if name == "group" else {}
    return NORMALIZATIONS.build(name, **options)(x)
