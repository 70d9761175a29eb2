"""The model factories by name: each takes a Spec, or plain shapes, and returns a plain uncompiled ``keras.Model``."""

from __future__ import annotations

from ..catalogue import Catalogue, Entry, Range
from .application import application as application
from .autoencoder import autoencoder as autoencoder
from .by_data import model_for as model_for
from .cnn import cnn as cnn
from .densenet import densenet as densenet
from .encoder_decoder import encoder_decoder as encoder_decoder
from .factories import MODELS as MODELS
from .mixed import mixed as mixed
from .mlp import mlp as mlp
from .multitask import multitask as multitask
from .resnet import resnet as resnet
from .resnet9 import resnet9 as resnet9
from .rnn import rnn as rnn
from .siamese import siamese as siamese
from .tabular import tabular as tabular
from .text import text as text

__all__ = [
    "ARCHITECTURES",
    "MODELS",
    "application",
    "autoencoder",
    "cnn",
    "densenet",
    "encoder_decoder",
    "mixed",
    "mlp",
    "model_for",
    "multitask",
    "resnet",
    "resnet9",
    "rnn",
    "siamese",
    "tabular",
    "text",
]

ARCHITECTURES = Catalogue(
    "architecture",
    [
        Entry(
            "encoder_decoder",
            encoder_decoder,
            "An LSTM or GRU reads a sequence, or a CNN sees an image; another writes a sequence of another length.",
            "Sutskever et al. 2014; Cho et al. 2014",
            when="Where the output is a sequence of another length: translation, transliteration, captions. A "
            "label for each step, or one for all, needs only rnn.",
        ),
        Entry(
            "autoencoder",
            autoencoder,
            "Reproduces its input from a short code.",
            "Hinton & Salakhutdinov 2006",
            (Range("code", 2, 256, 32),),
            when="To compress, to denoise, or to learn from inputs without labels. Not as a classifier by "
            "itself: what restores inputs need not tell classes apart.",
        ),
        Entry(
            "siamese",
            siamese,
            "One encoder for two inputs, to tell whether they are of the same class.",
            "Bromley et al. 1993",
            when="For pairs, and for classes that have few examples or appear after the training. With many "
            "examples of fixed classes an ordinary classifier is better.",
        ),
        Entry(
            "multitask",
            multitask,
            "One trunk for several tasks, with a head for each.",
            "Caruana 1997",
            when="For related targets of the same inputs, above all if one of them has few labels. Unrelated "
            "targets compete for the trunk: train them apart.",
        ),
    ],
)
"""Factories for data of other shapes than a Data holds, for use in your own scripts."""
