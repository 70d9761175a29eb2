"""Models of one's own, from training to the answers of what is exported."""

import contextlib

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, Recipe, export, fit

layers = keras.layers


@pytest.fixture(scope="module")
def pictures():
    x = np.random.default_rng(0).integers(0, 90, (200, 12, 12, 1)).astype("uint8")
    x[::2, :6] += 100
    return Data.from_arrays(x, np.arange(200) % 2, class_names=("below", "above"))


class Twice(layers.Layer):
    def call(self, x):
        return 2 * x


class Times(layers.Layer):
    """Keras cannot save it: it takes an argument and has no ``get_config``."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x


def bent(x):
    return keras.ops.silu(x) * 1.1


def network(*inner):
    """On uint8 images, with an Input of float32."""
    last = layers.Dense(1, activation="sigmoid", dtype="float32")
    return keras.Sequential([keras.Input((12, 12, 1)), layers.Rescaling(1 / 255), *inner, layers.Flatten(), last])


def augmented():
    random = (layers.RandomRotation(0.2), layers.RandomZoom(0.2), layers.RandomContrast(0.5))
    return network(*random, layers.Resizing(9, 9), layers.BatchNormalization())


def in_half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    return network(layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU())


OWN = {
    "plain": network,
    "augmented": augmented,
    "mixed_precision": in_half_precision,
    "lambda": lambda: network(layers.Lambda(lambda x: 2 * x)),
    "layer": lambda: network(Twice()),
    "function": lambda: network(layers.Dense(3, activation=bent)),
}
SAID = {
    "lambda": "layer 'lambda.*' is not known: Requested the deserialization of a `Lambda` layer",
    "layer": "layer 'twice.*' is not known: Could not locate class 'Twice'",
    "function": "layer 'dense.*' is not known: Could not locate function 'bent'",
}


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.ordinarily("augmented", "layer")
def test_a_model_of_ones_own_is_exported(pictures, kind, tmp_path):
    model = OWN[kind]()
    recipe = Recipe(learning_rate=0.01, regularizer="none")
    with pytest.warns(UserWarning, match=SAID[kind]) if kind in SAID else contextlib.nullcontext():
        run = fit(pictures, recipe, model=model, epochs=1, verbose=0)
    answers = Predictor(export(run, tmp_path / "out"))(pictures.arrays("test")[0])
    above = model.predict(pictures.arrays("test")[0], verbose=0)[:, 0]
    np.testing.assert_allclose([answer["probability"] for answer in answers], np.maximum(above, 1 - above), atol=2e-2)
    assert [answer["class"] for answer in answers] == ["above" if p > 0.5 else "below" for p in above]


def test_what_cannot_be_saved_is_said_before_the_training(pictures, tmp_path):
    recipe = Recipe(learning_rate=0.01, regularizer="none")
    message = r"model 'sequential\w*' cannot be saved or exported, because of layer 'times\w*'"
    with pytest.warns(UserWarning, match=message):
        run = fit(pictures, recipe, model=network(Times(2.0)), epochs=1, verbose=0)
    for write in (run.save, lambda folder: export(run, folder)):
        with pytest.raises(InvalidArgument, match="model must be one that Keras can save, but layer 'times"):
            write(tmp_path / "out")
    assert not list(tmp_path.iterdir())
