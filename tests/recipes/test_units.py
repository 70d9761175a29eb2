"""A training, its scores and its export do not depend on the units and offsets of inputs and targets."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import recipes
from recipes import Data, Predictor, Recipe

pytestmark = pytest.mark.filterwarnings("ignore:dataset .* does not keep the values")

RANDOM = np.random.default_rng(0)
Z = RANDOM.normal(size=(500, 4))
"""The columns, standardized."""
Y = Z @ [1.0, -2.0, 0.5, 1.0] + 0.1 * RANDOM.normal(size=500)
RECIPE = Recipe(model={"name": "mlp", "hidden": ()}, regularizer=())


def record(z):
    """A time in whole seconds, an identifier beyond 2^53, an amount in cents and a tiny length."""
    return {
        "time": (1.7e9 + 1000 * z[:, 0]).round().astype("int64"),
        "stamp": 2**60 + (100 * z[:, 1]).round().astype("int64"),
        "cents": 1e11 + 1e4 * z[:, 2],
        "metres": 1e-9 * z[:, 3],
    }


def fitted(x, y):
    return recipes.fit(Data.from_arrays(x, y, batch_size=32), RECIPE, epochs=15, verbose=0)


@pytest.fixture(scope="module")
def usual():
    return fitted(Z, Y)


@pytest.fixture(scope="module")
def unusual():
    return fitted(record(Z), 1e9 + Y)


def test_the_scores_are_those_of_standardized_data(usual, unusual):
    expected, scores = usual.evaluate(), unusual.evaluate()
    x, y = usual.data.arrays("train")
    ridge = make_pipeline(StandardScaler(), Ridge()).fit(x, y)
    x, y = usual.data.arrays("test")
    error = np.sqrt(np.mean((ridge.predict(x) - y) ** 2))
    assert expected["root_mean_squared_error"] == pytest.approx(error, rel=0.25)
    assert scores["root_mean_squared_error"] == pytest.approx(expected["root_mean_squared_error"], rel=0.05)
    assert scores["loss"] == pytest.approx(expected["loss"], rel=0.1)


def test_the_scores_are_in_the_unit_of_the_target(unusual):
    x, y = unusual.data.arrays("test")
    predicted = unusual.model.predict(tf.data.Dataset.from_tensors(x), verbose=0)[:, 0]
    assert predicted.dtype == y.dtype == "float64"
    error = np.sqrt(np.mean((predicted - y) ** 2))
    assert error < 0.2
    assert unusual.evaluate()["root_mean_squared_error"] == pytest.approx(error, rel=1e-6)
    assert unusual.evaluate_targets()[0]["root_mean_squared_error"] == pytest.approx(error, rel=1e-6)
    assert np.isfinite(unusual.range_test.losses).sum() > 50


def test_a_saved_run_and_an_export_agree(unusual, tmp_path):
    unusual.save(tmp_path / "run")
    model = tf.keras.models.load_model(tmp_path / "run" / "model.keras")
    loaded = model.evaluate(unusual.data.test, verbose=0, return_dict=True)
    assert loaded == pytest.approx(unusual.evaluate(), rel=1e-6)
    recipes.export(unusual, tmp_path / "out")
    rows = record(RANDOM.normal(size=(5, 4)))
    inner = unusual.data.spec.names.to_model(rows)
    expected = unusual.model({name: tf.constant(values) for name, values in inner.items()}).numpy()[:, 0]
    predictor = Predictor(tmp_path / "out")
    np.testing.assert_allclose([answer["value"] - 1e9 for answer in predictor(rows)], expected - 1e9, rtol=1e-5)
    text = {name: [str(value) for value in values.tolist()] for name, values in rows.items()}
    np.testing.assert_allclose([answer["value"] - 1e9 for answer in predictor(text)], expected - 1e9, rtol=1e-5)


@pytest.mark.thorough
def test_a_plain_table_is_exported_too(tmp_path):
    table = np.stack(list(record(Z).values()), axis=1)[:, [0, 2, 3]]
    run = recipes.fit(Data.from_arrays(table, 1e-9 * Y), RECIPE, epochs=1, verbose=0)
    assert run.model.input.dtype == "float64"
    recipes.export(run, tmp_path / "out")
    expected = run.model(tf.constant(table[:5])).numpy()[:, 0]
    answers = [answer["value"] for answer in Predictor(tmp_path / "out")(table[:5])]
    np.testing.assert_allclose(answers, expected, rtol=1e-6)
    np.savetxt(tmp_path / "table.csv", table[:5], delimiter=",", fmt="%.17g")
    inputs = recipes.serving.input_files.load_inputs(tmp_path / "table.csv", run.data.spec)
    np.testing.assert_array_equal(inputs, table[:5])
