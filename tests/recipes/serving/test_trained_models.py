"""Models that were trained in a script of one's own, without this package."""

import json

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, export

layers = keras.layers
X = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
Y = (X.sum(axis=1) > 0).astype(int)


@pytest.fixture(scope="module")
def data():
    return Data.from_arrays(X, Y, class_names=("below", "above"), feature_names=("p", "q", "r"))


@pytest.fixture(scope="module")
def model():
    network = keras.Sequential([keras.Input((3,)), layers.Dense(1, activation="sigmoid")])
    network.compile("sgd", "binary_crossentropy")
    network.fit(X, Y, epochs=2, verbose=0)
    return network


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1, activation="sigmoid")

    def call(self, x):
        return self.dense(x)


def test_a_keras_model_is_exported_with_the_labels_of_its_data(model, data, tmp_path):
    folder = export(model, tmp_path / "out", data=data)
    x, y = data.arrays("test")
    above = model.predict(x, verbose=0)[:, 0]
    answers = Predictor(folder)(x)
    assert [answer["class"] for answer in answers] == ["above" if p > 0.5 else "below" for p in above]
    card = json.loads((tmp_path / "out" / "model_card.json").read_text())
    assert card["scores"]["test"]["accuracy"]["score"] == pytest.approx(np.mean((above > 0.5) == y))
    assert card["training"] is None
    assert card["model"]["kind"] == "trained elsewhere"
    assert not (tmp_path / "out" / "recipe.json").exists()


@pytest.mark.parametrize(
    ("network", "with_data", "message"),
    [
        (keras.Sequential([keras.Input((3,)), layers.Dense(1)]), True, "a model that ends in sigmoid"),
        (keras.Sequential([keras.Input((4,)), layers.Dense(1)]), True, r"one input of shape \(None, 3\)"),
        (Subclass(), True, "not a subclass of keras.Model"),
        (keras.Sequential([keras.Input((3,)), layers.Dense(1)]), False, "data must be given with a keras.Model"),
    ],
)
def test_what_cannot_be_exported_is_told_with_keras_own_way(network, with_data, message, data, tmp_path):
    with pytest.raises(InvalidArgument, match=message) as caught:
        export(network, tmp_path / "out", data=data if with_data else None)
    assert "Keras' own model.export(path) writes any model" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_run_has_its_own_data(saved_run, data, tmp_path):
    with pytest.raises(InvalidArgument, match="data must be left out: a run has its own"):
        export(saved_run, tmp_path / "out", data=data)
