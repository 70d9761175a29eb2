"""Exports that were broken on purpose, in ten ways on five kinds of model, and right ones."""

import dataclasses
import functools
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from recipes import Data, Recipe, export, fit
from recipes.serving import export as exporting
from recipes.serving.gate import ExportMismatch
from recipes.serving.saved_model import write_saved_model

X = np.random.default_rng(0).normal(5.0, [3.0, 0.1, 20.0, 1.0], (300, 4)).astype("float32")
Z = (X - X.mean(axis=0)) / X.std(axis=0)
N = np.arange(300)


def table():
    return Data.from_arrays(X, Z[:, :3].argmax(axis=1), class_names=("a", "b", "c"), feature_names=tuple("pqrs"))


def pictures():
    x = np.random.default_rng(1).integers(0, 90, (300, 8, 8, 1)).astype("uint8")
    x[::2, :4] += 100
    return Data.from_arrays(x, N % 2, class_names=("below", "above"))


def records():
    x = {"age": X[:, 0], "home town": np.array(["Ulm", "Köln", "Bonn"])[N % 3], "mass": X[:, 2]}
    y = np.stack([Z[:, 0] > 0, N % 3 == 0, Z[:, 2] > 1], axis=1).astype(int)
    return Data.from_arrays(x, y, class_names=("old", "from Ulm", "heavy"))


def units():
    """Three targets of very unlike scales."""
    y = (Z[:, :3] + Z[:, 1:]) * [1e-5, 1.0, 1e6] + [3e-5, 50.0, 1e7]
    return Data.from_arrays(X, y, feature_names=tuple("pqrs"))


def tiny():
    return Data.from_arrays(X, (1e-5 + 2e-6 * (Z[:, 0] + Z[:, 1])).astype("float32"), feature_names=tuple("pqrs"))


pytestmark = pytest.mark.filterwarnings("ignore:.*alone predicts")  # the answers of `records` follow from its columns

KINDS = {"table": table, "pictures": pictures, "records": records, "units": units, "tiny": tiny}


@pytest.fixture(scope="module")
def run_on():
    """``run_on("table")``: a short training with dropout on data of this kind."""

    @functools.cache
    def train(kind):
        model = {"name": "cnn", "filters": (4,)} if kind == "pictures" else {"name": "mlp", "hidden": (8,)}
        recipe = Recipe(model=model, learning_rate=0.05, regularizer="dropout", normalization="batch")
        return fit(KINDS[kind](), recipe, epochs=3, verbose=0)

    return train


class Tampered(keras.layers.Layer):
    """A model with something done to its inputs or outputs, or in the mode of training."""

    def __init__(self, model, before=None, after=None, training=False):
        super().__init__()
        self.model, self.before, self.after, self.training = model, before, after, training

    def call(self, inputs):
        inputs = inputs if self.before is None else self.before(inputs)
        outputs = self.model(inputs, training=self.training)
        return outputs if self.after is None else self.after(outputs)


def tampered(**how):
    def change(model, spec, _):
        return keras.Model(model.input, Tampered(model, **how)(model.input)), spec

    return change


def reweighted(function):
    def change(model, spec, _):
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        for variable in function(copy.trainable_variables):
            variable.assign(keras.ops.zeros_like(variable))
        return copy, spec

    return change


def rounded(model, spec, _):
    copy = keras.models.clone_model(model)
    steps = [max(float(np.abs(weight).max()), 1e-9) / 127 for weight in model.get_weights()]
    copy.set_weights([np.round(w / step) * step for w, step in zip(model.get_weights(), steps, strict=True)])
    return copy, spec


def renamed(model, spec, _):
    """Classes in another order; columns, where there are no classes."""
    field = "class_names" if spec.class_names else "feature_names"
    return model, dataclasses.replace(spec, **{field: getattr(spec, field)[::-1]})


def unprepared(model, spec, monkeypatch):
    """Without its preprocessing."""
    monkeypatch.setattr(keras.layers.Normalization, "call", lambda self, x: keras.ops.cast(x, "float32"))
    monkeypatch.setattr(keras.layers.Rescaling, "call", lambda self, x: keras.ops.cast(x, self.compute_dtype))
    return model, spec


def swap(outputs):
    return 1.0 - outputs if outputs.shape[-1] == 1 else keras.ops.flip(outputs, axis=-1)


def kill(outputs):
    """The first output is its mean, always."""
    dead = keras.ops.mean(outputs[:, :1], axis=0, keepdims=True) + 0.0 * outputs[:, :1]
    return keras.ops.concatenate([dead, outputs[:, 1:]], axis=-1)


def roll(inputs):
    """Columns or pixels in another order."""
    if isinstance(inputs, dict):
        return {**inputs, "age": inputs["mass"], "mass": inputs["age"]}
    return keras.ops.roll(inputs, 3, axis=1)


WAYS = {
    "a_kernel": reweighted(lambda variables: variables[:1]),
    "a_bias": reweighted(lambda variables: variables[-1:]),
    "all_weights": reweighted(lambda variables: variables),
    "rounded": rounded,
    "swapped": tampered(after=swap),
    "dead": tampered(after=kill),
    "training": tampered(training=True),
    "rolled": tampered(before=roll),
    "renamed": renamed,
    "unprepared": unprepared,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.ordinarily("dead-units", "renamed-pictures")
def test_what_is_broken_is_not_exported(run_on, kind, way, tmp_path, monkeypatch):
    run = run_on(kind)

    def write(model, spec, folder):
        with pytest.MonkeyPatch.context() as within:
            write_saved_model(*WAYS[way](model, spec, within), folder)

    monkeypatch.setattr(exporting, "write_saved_model", write)
    with pytest.raises(ExportMismatch, match=r"saved_model (differs from|describes other data)"):
        export(run, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.ordinarily("records")
def test_what_is_right_is_exported(run_on, kind, tmp_path):
    facts = json.loads(Path(export(run_on(kind), tmp_path / "out"), "export.json").read_text())
    further = {"table": {"labels", "records"}, "records": {"labels", "records"}, "pictures": {"labels", "images"}}
    doors = {"saved_model", "predictor", "keras", *further.get(kind, {"records"})}
    assert set(facts["checked"]["largest_difference"]) == doors
    assert max(facts["checked"]["largest_difference"].values()) < 1e-5


@pytest.mark.thorough
@pytest.mark.parametrize("record", [False, True])
def test_a_saved_model_for_one_size_of_images_is_not_exported(record, tmp_path, monkeypatch):
    """Where the model takes images of any size."""
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (5 + i % 2, 6, 1)).astype("uint8") for i in range(60)]
    inputs = {"photo": images, "age": np.arange(60.0)} if record else images
    data = Data.from_arrays(inputs, np.arange(60) // 2 % 2, image_size=(4, 4))
    run = fit(data, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05), epochs=1, verbose=0)
    facts = json.loads(Path(export(run, tmp_path / "out"), "export.json").read_text())
    assert max(facts["checked"]["largest_difference"].values()) < 1e-5

    def fixed(tensor):
        shape = (4, 4, 1) if len(tensor.shape) == 4 else tensor.shape[1:]
        return keras.Input(shape, dtype=tensor.dtype, name=tensor.name)

    def write(model, spec, folder):
        inputs = {key: fixed(value) for key, value in model.input.items()} if record else fixed(model.input)
        write_saved_model(keras.Model(inputs, model(inputs)), spec, folder)

    monkeypatch.setattr(exporting, "write_saved_model", write)
    with pytest.raises(ExportMismatch, match="predictor does not answer 8 test examples"):
        export(run, tmp_path / "fixed")
