"""The model factories by name: each takes a Spec, or plain shapes, and returns a plain uncompiled ``keras.Model``."""

from __future__ import annotations

from recipes.catalogue import Catalogue, Entry
from recipes.models.cnn import cnn as cnn
from recipes.models.mlp import mlp as mlp
from recipes.models.multitask import multitask as multitask
from recipes.models.siamese import siamese as siamese

__all__ = ["MODELS", "cnn", "mlp", "multitask", "siamese"]

MODELS = Catalogue(
    "model",
    [
        Entry("mlp", mlp, "Multilayer perceptron on flattened inputs, 300 and 100 units.", "Rumelhart et al. 1986"),
        Entry("cnn", cnn, "Two convolutions with pooling and a dense layer, for images.", "LeCun et al. 1998"),
    ],
)
