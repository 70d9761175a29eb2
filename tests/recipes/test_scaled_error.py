"""The squared error of several targets, each in units of its own scale."""

import dataclasses

import keras
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.losses import loss_in_variances
from recipes.scaled_error import ScaledSquaredError


def test_it_is_what_numpy_computes():
    random = np.random.default_rng(0)
    scale = [1e6, 1e3, 1.0]
    y, predicted = (random.normal(size=(7, 2, 3)) * scale for _ in range(2))
    expected = np.mean(((y - predicted) / scale) ** 2, axis=-1)
    loss = ScaledSquaredError(scale, reduction=None)
    np.testing.assert_allclose(loss(y, predicted), expected, rtol=1e-5)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    np.testing.assert_array_equal(again(y, predicted), loss(y, predicted))
    assert float(ScaledSquaredError([2.0])([[3]], [[1.0]])) == 1.0
    assert float(ScaledSquaredError([2.0])([3, 7], [[1.0], [3.0]])) == 2.5
    wide = ScaledSquaredError([2.0], dtype="float64")
    again = keras.losses.deserialize(keras.losses.serialize(wide))
    assert again(np.array([1e9 + 2]), np.array([[1e9]])) == wide(np.array([1e9 + 2]), np.array([[1e9]])) == 1.0


@pytest.mark.parametrize("scale", [[], [1.0, 0.0], [-1.0], 3.0, ["a"]])
def test_scales_that_are_refused(scale):
    with pytest.raises(InvalidArgument, match="scale must be"):
        ScaledSquaredError(scale)


@pytest.fixture(scope="module")
def targets():
    """Three targets of scales 1e6, 1e3 and 1."""
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 6)).astype("float32")
    y = (x @ random.normal(size=(6, 3)) + 0.1 * random.normal(size=(400, 3))) * [1e6, 1e3, 1.0] + [5e6, 0.0, 2.0]
    return recipes.Data.from_arrays(x, y, name="targets", batch_size=32)


@pytest.fixture(scope="module")
def run(targets):
    return recipes.fit(targets, Recipe(model={"name": "mlp", "hidden": ()}, learning_rate=0.1), epochs=8, verbose=0)


def test_every_target_is_learned_whatever_its_unit(targets, run):
    x, y = targets.arrays("test")
    linear = LinearRegression().fit(*targets.arrays("train")).predict(x)
    spread = np.var(y, axis=0)
    assert np.all(1 - np.mean((linear - y) ** 2, axis=0) / spread > 0.98)
    errors = run.model.predict(x, verbose=0).astype("float64") - y
    r2 = 1 - np.mean(errors**2, axis=0) / spread
    assert np.all(r2 > 0.95)
    scores = run.evaluate_targets()
    np.testing.assert_allclose([target["r2"] for target in scores], r2, rtol=1e-5)
    rms = np.sqrt(np.mean(errors**2, axis=0))
    np.testing.assert_allclose([target["root_mean_squared_error"] for target in scores], rms, rtol=1e-4)
    np.testing.assert_allclose(
        [target["mean_absolute_error"] for target in scores], np.mean(np.abs(errors), axis=0), rtol=1e-4
    )


def test_the_loss_is_in_variances_and_the_metrics_in_the_targets_unit(targets, run):
    x, y = targets.arrays("test")
    error = run.model.predict(x, verbose=0).astype("float64") - y
    scores = run.evaluate()
    assert scores["loss"] == pytest.approx(np.mean(error**2 / targets.spec.target_variance), rel=1e-4)
    assert scores["root_mean_squared_error"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-4)
    assert scores["mean_absolute_error"] == pytest.approx(np.mean(np.abs(error)), rel=1e-4)
    assert loss_in_variances(run.model)  # so that curves are read against 1


def test_errors_by_target_are_for_regressions(run, binary):
    with pytest.raises(InvalidArgument, match="data must be a regression, not binary"):
        dataclasses.replace(run, data=binary).evaluate_targets()


def test_a_model_of_ones_own_that_does_not_rescale_learns_every_target_too(targets):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    Recipe(learning_rate=0.1).compile(model, spec=targets.spec)
    x, y = targets.arrays("test")
    error = model.predict(x, verbose=0).astype("float64") - y
    expected = np.mean(error**2 / targets.spec.target_variance)
    assert model.evaluate(x, y, verbose=0, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-4)
    assert loss_in_variances(model)
    Recipe(learning_rate=0.1).compile(model)  # nothing says how large the targets are
    assert model.loss == "mean_squared_error"
