"""The model factories by name: each takes a Spec, or plain shapes, and returns a plain uncompiled ``keras.Model``."""

from __future__ import annotations

from recipes.catalogue import Catalogue, Entry
from recipes.models.choice import model_for as model_for
from recipes.models.cnn import cnn as cnn
from recipes.models.mixed import mixed as mixed
from recipes.models.mlp import mlp as mlp
from recipes.models.multitask import multitask as multitask
from recipes.models.siamese import siamese as siamese
from recipes.models.tabular import tabular as tabular

__all__ = ["MODELS", "cnn", "mixed", "mlp", "model_for", "multitask", "siamese", "tabular"]

MODELS = Catalogue(
    "model",
    [
        Entry("mlp", mlp, "Multilayer perceptron on flattened inputs, 300 and 100 units.", "Rumelhart et al. 1986"),
        Entry(
            "tabular",
            tabular,
            "Records: columns encoded by FeatureSpace, then dense layers.",
            "Guo & Berkhahn 2016",
        ),
        Entry("mixed", mixed, "Records of images, texts, sequences and columns, a branch each.", "Ngiam et al. 2011"),
        Entry("cnn", cnn, "Two convolutions with pooling and a dense layer, for images.", "LeCun et al. 1998"),
    ],
)
