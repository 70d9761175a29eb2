"""The model factories by name: each takes a Spec, or plain shapes, and returns a plain uncompiled ``keras.Model``."""

from __future__ import annotations

from ..catalogue import Catalogue, Entry, Range
from .autoencoder import autoencoder as autoencoder
from .by_data import model_for as model_for
from .cnn import cnn as cnn
from .densenet import densenet as densenet
from .encoder_decoder import encoder_decoder as encoder_decoder
from .mixed import mixed as mixed
from .mlp import mlp as mlp
from .multitask import multitask as multitask
from .resnet import resnet as resnet
from .rnn import rnn as rnn
from .siamese import siamese as siamese
from .tabular import tabular as tabular
from .text import text as text

__all__ = [
    "MODELS",
    "OTHER_MODELS",
    "autoencoder",
    "cnn",
    "densenet",
    "encoder_decoder",
    "mixed",
    "mlp",
    "model_for",
    "multitask",
    "resnet",
    "rnn",
    "siamese",
    "tabular",
    "text",
]

MODELS = Catalogue(
    "model",
    [
        Entry("mlp", mlp, "Multilayer perceptron on flattened inputs, 300 and 100 units.", "Rumelhart et al. 1986"),
        Entry("cnn", cnn, "Convolutions with pooling and a dense layer, for images.", "LeCun et al. 1998"),
        Entry(
            "resnet", resnet, "Residual blocks: what each learns is added to its input. For images.", "He et al. 2016"
        ),
        Entry(
            "densenet",
            densenet,
            "Each layer sees the outputs of all before it in its block. For images.",
            "Huang et al. 2017",
        ),
        Entry(
            "rnn",
            rnn,
            "LSTM or GRU over the steps of sequences, the words of texts, or the rows of images.",
            "Hochreiter & Schmidhuber 1997; Cho et al. 2014",
        ),
        Entry(
            "text", text, "Words as vectors, averaged or read by an LSTM, a GRU or convolutions.", "Bengio et al. 2003"
        ),
        Entry(
            "tabular",
            tabular,
            "Records: columns encoded by FeatureSpace, then dense layers.",
            "Guo & Berkhahn 2016",
        ),
        Entry("mixed", mixed, "Records of images, texts, sequences and columns, a branch each.", "Ngiam et al. 2011"),
    ],
)

OTHER_MODELS = Catalogue(
    "model",
    [
        Entry(
            "encoder_decoder",
            encoder_decoder,
            "One LSTM or GRU reads a sequence, another writes one of another length.",
            "Sutskever et al. 2014; Cho et al. 2014",
        ),
        Entry(
            "autoencoder",
            autoencoder,
            "Makes its input again from a short code.",
            "Hinton & Salakhutdinov 2006",
            (Range("code", 2, 256, 32),),
        ),
        Entry(
            "siamese",
            siamese,
            "One encoder for two inputs, which says whether they are of a kind.",
            "Bromley et al. 1993",
        ),
        Entry("multitask", multitask, "One trunk for several tasks, each with a head of its own.", "Caruana 1997"),
    ],
)
"""Models for other shapes of data than a Data has: functions for scripts of one's own."""
