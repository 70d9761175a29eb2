"""MODELS: the model factories that a Recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from ..catalogue import Catalogue, Entry
from .application import application
from .cnn import cnn
from .densenet import densenet
from .mixed import mixed
from .mlp import mlp
from .resnet import resnet
from .resnet9 import resnet9
from .rnn import rnn
from .tabular import tabular
from .text import text

__all__ = ["MODELS"]

MODELS = Catalogue(
    "model",
    [
        Entry(
            "mlp",
            mlp,
            "Multilayer perceptron on flattened inputs, 300 and 100 units.",
            "Rumelhart et al. 1986",
            when="For tables of numbers and for small centred images. Not for larger images, where a cnn "
            "needs fewer weights and examples.",
        ),
        Entry(
            "cnn",
            cnn,
            "Convolutions with pooling and a dense layer, for images.",
            "LeCun et al. 1998",
            when="The first choice for images. Not for tables: neighbouring columns mean nothing to a convolution.",
        ),
        Entry(
            "resnet",
            resnet,
            "Residual blocks, each added to its own input. For images.",
            "He et al. 2016",
            when="For images on which a cnn still underfits, with ten thousand examples or more. Not for a "
            "first look on a few cores: a training takes many times as long.",
        ),
        Entry(
            "resnet9",
            resnet9,
            "Few, wide layers, which learn much in few epochs. For images of about 32 pixels.",
            "Page 2018; Jordan 2024, arXiv:2404.00498",
            when="For thousands of small photographs when minutes count. Not for images of more than about 64 pixels, "
            "which it halves three times only.",
        ),
        Entry(
            "densenet",
            densenet,
            "Each layer sees the outputs of all earlier layers of its block. For images.",
            "Huang et al. 2017",
            when="For images when the number of weights must be small: features are reused. Not where answers "
            "must be fast: it took about three times as long as a resnet here.",
        ),
        Entry(
            "application",
            application,
            "A network of keras.applications with random weights: network='EfficientNetB0'. For images.",
            "Keras Applications",
            when="To compare a published architecture on images of your own, of about 64 pixels and more. Not for few "
            "images: recipes.transfer takes published weights from a file.",
        ),
        Entry(
            "rnn",
            rnn,
            "LSTM, GRU or tanh over the steps of sequences, the words of texts, or the rows of images.",
            "Hochreiter & Schmidhuber 1997; Cho et al. 2014",
            when="For sequences whose order matters: LSTM first, GRU where it must be cheaper, tanh for short "
            "ones only. Not for long documents, which the text model reads faster.",
        ),
        Entry(
            "text",
            text,
            "TF-IDF of words and character n-grams, or word embeddings: averaged, or read by an LSTM or convolutions.",
            "Joachims 1998; Bojanowski et al. 2017",
            when="For sentences and documents; the default, TF-IDF, is fast and hard to beat with few texts. "
            'Word order needs encoder="lstm" or "cnn" and more of them.',
        ),
        Entry(
            "tabular",
            tabular,
            "Columns encoded by FeatureSpace, then dense layers. For records.",
            "Guo & Berkhahn 2016",
            when="For records with categories, words or missing values. Numbers alone need no encoding: mlp.",
        ),
        Entry(
            "mixed",
            mixed,
            "One branch per image, text, sequence or column. For records.",
            "Ngiam et al. 2011",
            when="For records that hold an image, a text or a sequence beside other columns. With plain "
            "columns alone tabular is simpler.",
        ),
    ],
    objects=Callable,
)
