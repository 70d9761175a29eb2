"""MODELS: the model factories that a Recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from ..catalogue import Catalogue, Entry
from .cnn import cnn
from .densenet import densenet
from .mixed import mixed
from .mlp import mlp
from .resnet import resnet
from .rnn import rnn
from .tabular import tabular
from .text import text

__all__ = ["MODELS"]

MODELS = Catalogue(
    "model",
    [
        Entry("mlp", mlp, "Multilayer perceptron on flattened inputs, 300 and 100 units.", "Rumelhart et al. 1986"),
        Entry("cnn", cnn, "Convolutions with pooling and a dense layer, for images.", "LeCun et al. 1998"),
        Entry("resnet", resnet, "Residual blocks, each added to its own input. For images.", "He et al. 2016"),
        Entry(
            "densenet",
            densenet,
            "Each layer sees the outputs of all earlier layers of its block. For images.",
            "Huang et al. 2017",
        ),
        Entry(
            "rnn",
            rnn,
            "LSTM, GRU or tanh over the steps of sequences, the words of texts, or the rows of images.",
            "Hochreiter & Schmidhuber 1997; Cho et al. 2014",
        ),
        Entry(
            "text",
            text,
            "TF-IDF of words and character n-grams, or word embeddings: averaged, or read by an LSTM or convolutions.",
            "Joachims 1998; Bojanowski et al. 2017",
        ),
        Entry(
            "tabular",
            tabular,
            "Columns encoded by FeatureSpace, then dense layers. For records.",
            "Guo & Berkhahn 2016",
        ),
        Entry("mixed", mixed, "One branch per image, text, sequence or column. For records.", "Ngiam et al. 2011"),
    ],
    objects=Callable,
)
