import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe, export, fit
from recipes.serving.gate import ExportMismatch
from recipes.serving.saved_model import saved_model_folder

SERVE = """
import json, sys
import numpy as np
import tensorflow as tf

folder, inputs, labels = sys.argv[1:4]
served = tf.saved_model.load(folder)
x, y = np.load(inputs), np.load(labels)
by_attribute = served.serve(tf.constant(x)).numpy()
by_signature = served.signatures["serving_default"](tf.constant(x))["output_0"].numpy()
print(json.dumps({
    "accuracy": float(np.mean(by_attribute.argmax(axis=1) == y)),
    "same": bool((by_attribute == by_signature).all()),
    "one": served.serve(tf.constant(x[:1])).numpy().shape,
}))

import keras

model = keras.models.load_model(folder[:-1] + "model.keras")
print(float(np.mean(model.predict(x, verbose=0).argmax(axis=1) == y)))
print([name for name in sys.modules if name.split(".")[0] in ("recipes", "callbacks")])
"""


@pytest.fixture
def raw(digits, tmp_path):
    x, y = digits.arrays("test")
    assert x.dtype == np.uint8
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    return tmp_path / "x.npy", tmp_path / "y.npy"


def test_tensorflow_and_keras_alone_take_raw_inputs(exported, digits_run, raw, python, tmp_path):
    served, by_keras, ours = python(SERVE, f"{exported}/1", *raw, cwd=tmp_path).splitlines()[-3:]
    answer = json.loads(served)
    assert answer["accuracy"] == pytest.approx(digits_run.evaluate()["accuracy"], abs=1e-7)
    assert 0.3 < answer["accuracy"] < 1.0
    assert answer["same"]
    assert answer["one"] == [1, 10]
    assert float(by_keras) == answer["accuracy"]
    assert ours == "[]"


def test_what_stands_beside_the_model(exported, digits_run):
    folder = Path(exported)
    assert {each.name for each in folder.iterdir()} == {
        *("1", "SERVING.md", "model.keras", "recipe.json", "spec.json", "export.json"),
        *("model_card.md", "model_card.json"),
    }
    assert Recipe.from_json((folder / "recipe.json").read_text()) == digits_run.recipe
    assert recipes.Spec.from_config(json.loads((folder / "spec.json").read_text())) == digits_run.data.spec
    facts = json.loads((folder / "export.json").read_text())
    assert facts["test"] == digits_run.evaluate()
    assert facts["checked"]["examples"] == 256
    assert set(facts["checked"]["largest_difference"]) == {"saved_model", "predictor", "keras", "labels", "images"}
    assert max(facts["checked"]["largest_difference"].values()) <= 1e-5


@pytest.fixture(scope="module")
def run(classes):
    recipe = Recipe(model={"name": "mlp", "hidden": (8,)}, learning_rate=0.05, regularizer="l2+dropout")
    return fit(classes, recipe, epochs=1, verbose=0)


def test_a_keras_file_that_differs_is_not_left_behind(run, tmp_path, monkeypatch):
    load = keras.models.load_model

    def tampered(path, **options):
        model = load(path, **options)
        model.get_layer("outputs").bias.assign_add([0.1, 0.0, 0.0])
        return model

    monkeypatch.setattr(keras.models, "load_model", tampered)
    with pytest.raises(
        ExportMismatch, match=r"keras differs from the trained model in output of '(red|green|blue)' by up to"
    ):
        export(run, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_random_layers_are_off(run, tmp_path):
    import tensorflow as tf

    export(run, tmp_path / "out")
    served = tf.saved_model.load(str(tmp_path / "out" / "1"))
    x = run.data.arrays("test")[0]
    expected = run.model.predict(x, verbose=0)
    for _ in range(2):
        np.testing.assert_allclose(served.serve(tf.constant(x)).numpy(), expected, atol=1e-6)


def test_the_version_is_the_name_of_the_folder(run, tmp_path):
    folder = Path(export(run, tmp_path / "out", version=12))
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["12"]
    shutil.copytree(export(run, tmp_path / "other", version=3) + "/3", folder / "3")
    (folder / "13").mkdir()
    assert saved_model_folder(folder) == folder / "12"  # the one that a server takes
    with pytest.raises(InvalidArgument, match="version must be an integer >= 1"):
        export(run, tmp_path / "new", version=0)


def test_only_an_export_is_replaced_and_only_when_asked(run, tmp_path):
    assert export(run, tmp_path / "out") == str(tmp_path / "out")
    with pytest.raises(InvalidArgument, match="overwriting has to be asked for"):
        export(run, tmp_path / "out")
    (tmp_path / "out" / "extra").write_text("")
    export(run, tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "extra").exists()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years")
    with pytest.raises(InvalidArgument, match="holds other files"):
        export(run, foreign, overwrite=True)
    assert [each.name for each in foreign.iterdir()] == ["thesis.txt"]


@pytest.mark.thorough
def test_regression_is_exported_in_its_unit(regression, tmp_path):
    import tensorflow as tf

    recipe = Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05, normalization="batch")
    run = fit(regression, recipe, epochs=2, verbose=0)
    export(run, tmp_path / "out")
    x, y = regression.arrays("test")
    served = tf.saved_model.load(str(tmp_path / "out" / "1"))
    answers = served.serve(tf.constant(x)).numpy()[:, 0]
    error = np.sqrt(np.mean((answers - y) ** 2))
    assert error == pytest.approx(run.evaluate()["root_mean_squared_error"], rel=1e-5)


@pytest.mark.parametrize("given", [3, None, keras.layers.Dense(1)])
def test_only_a_run_can_be_exported(tmp_path, given):
    with pytest.raises(InvalidArgument, match=r"run must be a recipes\.Run"):
        export(given, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_diverged_run_is_refused(classes, tmp_path):
    recipe = Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=1e30, optimizer="sgd")
    with pytest.warns(RuntimeWarning, match="training stopped"):
        run = fit(classes, recipe, epochs=1, verbose=0)
    with pytest.raises(InvalidArgument, match=re.escape("a training that did not diverge")):
        export(run, tmp_path / "out")
    assert not list(tmp_path.iterdir())
