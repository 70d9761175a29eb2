"""Presets, copied layers, examples that are left out, and constants that differ from those of textbooks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import keras
import numpy as np

import recipes
from recipes.catalogues import catalogues
from recipes.optimizers import RMSProp

from .measured import Measured

__all__ = ["constants", "copied_layers", "left_out", "listed", "self_normalizing"]


def self_normalizing() -> Iterator[Measured]:
    """The self-normalizing preset: SELU, LeCun, alpha dropout."""
    recipe = recipes.preset("self_normalizing")
    model = recipe.build_model(input_shape=(100,), outputs=3, hidden=(100,) * 20)
    kinds = {type(layer).__name__ for layer in model.layers}
    yield Measured(
        "alpha dropout, no normalization", str("AlphaDropout" in kinds and "BatchNormalization" not in kinds), "True"
    )
    kernel = np.asarray(next(layer for layer in model.layers if isinstance(layer, keras.layers.Dense)).kernel)
    yield Measured("deviation of the first kernel", float(kernel.std()), 0.1, 0.003)
    last = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)][19]
    x = np.random.default_rng(0).normal(size=(2000, 100)).astype("float32")
    out = np.asarray(keras.Model(model.input, last.output)(x), np.float64)
    yield Measured("mean after 20 layers", float(out.mean()), 0.0, 0.15)
    yield Measured("deviation", float(out.std()), 1.0, 0.15)


def listed() -> Iterator[Measured]:
    """Whatever can be chosen is listed."""
    lines = _command("list", "all")
    first = {line.split()[0] for line in lines if line.strip()}
    for kind, catalogue in catalogues().items():
        missing = [name for name in catalogue if name not in first]
        yield Measured(f"recipes list {kind}: {len(catalogue)} names; missing", " ".join(missing) or "none", "none")


def copied_layers() -> Iterator[Measured]:
    """A layer in a recipe is copied for each model, and written with it."""
    recipe = recipes.Recipe(
        model={"name": "mlp", "hidden": (8,), "preprocessing": keras.layers.GaussianNoise(0.5, seed=3)}
    )
    x = np.ones((4, 6), "float32")
    models = [recipe.build_model(input_shape=(6,), outputs=2) for _ in range(2)]
    layers = [
        next(layer for layer in model.layers if isinstance(layer, keras.layers.GaussianNoise)) for model in models
    ]
    yield Measured("one layer for both models", str(layers[0] is layers[1]), "False")
    first, second = (np.asarray(layer(x, training=True)) for layer in layers)
    yield Measured("largest difference of their noise", float(np.abs(first - second).max()), 0.0)
    again = recipes.Recipe.from_json(recipe.to_json())
    yield Measured("written and read is the same", str(again == recipe), "True")


def left_out() -> Iterator[Measured]:
    """What a batch size leaves out of each epoch of small data is told."""
    said = _command("train", "digits", "--epochs", "1", "--batch-size", "600", "--learning-rate", "0.01")
    count = len(recipes.load("digits").arrays("train")[1])
    line = next((line for line in said if "full batches" in line), "nothing")
    yield Measured("told", line, f"{count // 600 * 600} of {count} examples")


def constants() -> Iterator[Measured]:
    """Constants that differ from those of textbooks are said."""
    model = recipes.mlp(input_shape=(4,), outputs=2, hidden=(4,), normalization="batch")
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    yield Measured("epsilon of batch normalization", layer.epsilon, 1e-3, 1e-9)
    yield Measured("Recipe says", _sentence(recipes.Recipe, "Géron: typically"), "0.001")
    yield Measured("epsilon of RMSProp", RMSProp().epsilon, 1e-7, 1e-12)
    yield Measured("RMSProp says", _sentence(RMSProp, "algorithm 8.5"), "1e-6")


def _sentence(documented: type, words: str) -> str:
    """The sentence of a docstring with these words."""
    sentences = " ".join((documented.__doc__ or "").split()).split(". ")
    return next((sentence for sentence in sentences if words in sentence), "nothing")


def _command(*arguments: str) -> list[str]:
    """The lines that `recipes` prints with these arguments."""
    call = [sys.executable, "-c", "from recipes.cli import main; main()", *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout.splitlines()
