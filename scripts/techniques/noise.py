"""Noise: on hidden units, averaged over at test time, as a measure of uncertainty; and colours by fancy PCA."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

import recipes
from recipes.data.augmentation import augmentation

from .measured import Measured

__all__ = ["fancy_pca", "hidden_noise", "uncertainty"]


def fancy_pca() -> Iterator[Measured]:
    """Fancy PCA: eigenvalues, not their roots, times numbers of variance 0.1."""
    random = np.random.default_rng(0)
    mixing = np.array([[0.6, 0.6, 0.5], [0.7, -0.7, 0.1], [0.3, 0.2, -0.6]])
    images = 128 + random.normal(size=(300, 8, 8, 3)) * [55.0, 25.0, 8.0] @ mixing
    images = np.clip(np.round(images), 0, 255).astype("uint8")
    data = recipes.Data.from_arrays(images, np.arange(300) % 2)
    pixels = data.arrays("train")[0].reshape(-1, 3) / 255.0
    values, vectors = np.linalg.eigh(np.cov(pixels.T))
    grey = np.full((20_000, 1, 1, 3), 128, np.float32)
    moved = augmentation(data, {"fancy_pca": 0.1})(tf.constant(grey), (0, 0)).numpy().reshape(-1, 3) - 128.0
    for component in range(3):
        deviation = float((moved @ vectors[:, component]).std())
        expected = float(0.1**0.5 * 255 * values[component])
        yield Measured(f"deviation along component {component}", deviation, expected, 0.03 * expected + 0.002)


def hidden_noise() -> Iterator[Measured]:
    """Noise on hidden units."""
    recipe = recipes.Recipe(regularizer={"name": "hidden_noise", "stddev": 0.3})
    model = recipe.build_model(input_shape=(20,), outputs=3, hidden=(500,))
    noise = next(layer for layer in model.layers if isinstance(layer, keras.layers.GaussianNoise))
    both = keras.Model(model.input, [noise.input, noise.output])
    x = np.random.default_rng(0).normal(size=(200, 20)).astype("float32")
    for training, expected in ((True, 0.3), (False, 0.0)):
        before, after = (np.asarray(values) for values in both(x, training=training))
        when = "in training" if training else "at inference"
        yield Measured(f"deviation of the noise {when}", float((after - before).std()), expected, 0.01)


def uncertainty() -> Iterator[Measured]:
    """Averaging over noise at test time; Monte Carlo dropout for uncertainty."""
    data = recipes.load("digits")
    for preset, recipe in (
        ("dropout", recipes.preset("uncertain")),
        ("hidden noise", recipes.Recipe(regularizer={"name": "hidden_noise", "stddev": 0.5})),
    ):
        run = recipes.fit(data, recipe, epochs=8, verbose=0)
        x, y = data.arrays("test")
        found = recipes.mc_dropout(run.model, x, samples=60)
        yield Measured(f"{preset}: test accuracy without noise", run.evaluate()["accuracy"])
        yield Measured("of the mean over 60 draws", float((found.mean.argmax(axis=1) == y).mean()))
        drawn = np.stack([np.asarray(run.model(x, training=True)) for _ in range(60)])
        gap = np.abs(found.mean - drawn.mean(axis=0))
        error = np.sqrt(2 * drawn.var(axis=0) / 60) + 1e-3
        yield Measured(
            "largest distance from the mean of own draws, in standard errors", float((gap / error).max()), 0.0, 6.0
        )
        entropy = -(found.mean * np.log(found.mean + 1e-12)).sum(axis=1)
        yield Measured("largest error of an entropy", float(np.abs(entropy - found.entropy).max()), 0.0, 1e-6)
        wrong = found.mean.argmax(axis=1) != y
        yield Measured("mean entropy of right answers", float(entropy[~wrong].mean()))
        yield Measured("of wrong ones", float(entropy[wrong].mean()))
