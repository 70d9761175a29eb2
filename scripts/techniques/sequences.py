"""Recurrent networks: a basic tanh one, how far back its gradient reaches, and one that describes images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import recipes

from .measured import Measured

__all__ = ["captions", "gradient_over_time", "tanh_network"]


def tanh_network() -> Iterator[Measured]:
    """A basic tanh RNN."""
    run = recipes.fit(
        recipes.load("digits"), recipes.Recipe(model={"name": "rnn", "cell": "tanh"}), epochs=10, verbose=0
    )
    layer = next(layer for layer in run.model.layers if isinstance(layer, keras.layers.SimpleRNN))
    x = np.random.default_rng(0).normal(size=(3, 8, layer.input.shape[-1])).astype("float32")
    kernel, recurrent, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    state = np.zeros((3, layer.units))
    for step in range(8):
        state = np.tanh(x[:, step] @ kernel + state @ recurrent + bias)
    given = np.asarray(layer(x))
    given = given[:, -1] if given.ndim == 3 else given
    yield Measured("largest difference from h = tanh(W x + U h + b)", float(np.abs(given - state).max()), 0.0, 1e-5)
    yield Measured("digits, read row by row: test accuracy", run.evaluate()["accuracy"])


def gradient_over_time() -> Iterator[Measured]:
    """The gradient against the distance in time."""
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 30, 2)).astype("float32")
    data = recipes.Data.from_arrays(x, (x[:, -1, 0] > 0).astype(int))
    for cell, words in (("tanh", "vanishing"), ("lstm", "")):
        keras.utils.set_random_seed(0)
        recipe = recipes.Recipe(model={"name": "rnn", "cell": cell, "units": (16,)})
        model = recipe.compile(recipe.build_model(data.spec), spec=data.spec)
        found = recipes.gradient_over_time(model, data, examples=64)
        yield Measured(cell, str(found), words or None)
        own = _norms(model, data, 64)
        largest = float(np.abs(found.norms - own).max() / own.max())
        yield Measured(
            "largest difference from differences of the loss, as a share of the largest norm", largest, 0.0, 0.02
        )


def _norms(model: keras.Model, data: Any, examples: int) -> np.ndarray:
    """The mean norm of the gradient by distance, from central differences of the loss of each example."""
    x, y = (np.asarray(array[:examples]) for array in data.arrays("train"))
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="none")
    if model.output_shape[-1] == 1:
        loss = keras.losses.BinaryCrossentropy(reduction="none")
        y = y[:, None].astype("float32")
    slopes = np.zeros(x.shape)
    length = 0.05
    for step in range(x.shape[1]):
        for part in range(x.shape[2]):
            sides = []
            for sign in (1, -1):
                moved = x.copy()
                moved[:, step, part] += sign * length
                sides.append(np.asarray(loss(y, model(tf.constant(moved), training=False)), np.float64))
            slopes[:, step, part] = (sides[0] - sides[1]) / (2 * length)
    return np.sqrt((slopes**2).sum(axis=2)).mean(axis=0)[::-1]


def captions() -> Iterator[Measured]:
    """A CNN encoder with an RNN decoder, from images to sequences."""
    x, y = recipes.load("digits").arrays("train")
    x = np.asarray(x).reshape(-1, 8, 8, 1)
    words = np.stack([y // 4, y % 4, (y + 1) // 4, (y + 1) % 4], axis=1)  # this digit and the next, to the base of 4
    train, test = slice(0, 1000), slice(1000, None)
    keras.utils.set_random_seed(0)
    model = recipes.encoder_decoder(input_shape=(8, 8, 1), outputs=4, output_steps=4, encoder="cnn", hidden=(64,))
    recipes.Recipe(optimizer="nadam", learning_rate=3e-3, schedule="constant").compile(model)
    yield Measured("convolutions and recurrent layers", _kinds(model), "Conv2D LSTM")
    history = model.fit(x[train], words[train], epochs=30, batch_size=32, verbose=0).history["loss"]
    yield Measured("loss, first epoch", history[0])
    yield Measured("last", history[-1])
    right = np.asarray(model.predict(x[test], verbose=0)).argmax(axis=-1) == words[test]
    yield Measured("right answers by step", " ".join(f"{share:.3f}" for share in right.mean(axis=0)))


def _kinds(model: keras.Model) -> str:
    kinds = {type(layer).__name__ for layer in model.layers}
    return " ".join(sorted(kind for kind in kinds if kind in ("Conv2D", "LSTM")))
