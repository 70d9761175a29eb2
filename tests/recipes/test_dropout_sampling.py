"""mc_dropout: against the formulas of a linear model, and what it leaves alone."""

import keras
import numpy as np
import pytest
import scipy.stats

from callbacks.checks import InvalidArgument
from recipes import mc_dropout, mlp
from recipes.dropout_sampling import summed_up

X = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")


@pytest.fixture(scope="module")
def classes():
    keras.utils.set_random_seed(0)
    regularizer = [{"name": "dropout", "rate": 0.3}]
    model = mlp(input_shape=(5,), outputs=3, hidden=(8, 8), normalization="batch", regularizer=regularizer)
    for variable in model.trainable_variables:  # an output layer that tells its inputs apart
        variable.assign(variable + 0.5 * keras.random.normal(variable.shape, seed=1))
    return model


def test_mean_and_spread_are_those_of_dropout_before_a_linear_layer():
    rate, kernel = 0.25, np.array([[1.0], [-2.0], [0.5], [3.0], [1.5]])
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dropout(rate), keras.layers.Dense(1)])
    model.set_weights([kernel, np.array([2.0])])
    answers = mc_dropout(model, X, samples=4000, seed=1)
    std = np.sqrt(rate / (1 - rate) * (X.astype("float64") ** 2) @ kernel**2)
    np.testing.assert_allclose(answers.mean, X @ kernel + 2.0, atol=5 * std.max() / np.sqrt(4000))
    np.testing.assert_allclose(answers.std, std, rtol=0.06)
    assert answers.entropy is answers.information is None
    assert answers.samples == 4000


def test_the_same_seed_gives_the_same_numbers_and_the_model_stays_as_it_is(classes):
    before = [np.array(variable) for variable in classes.variables]
    trained = len(classes.trainable_variables)
    first, again = mc_dropout(classes, X, samples=20), mc_dropout(classes, X, samples=20)
    np.testing.assert_array_equal(first.mean, again.mean)
    np.testing.assert_array_equal(first.std, again.std)
    assert (mc_dropout(classes, X, samples=20, seed=1).mean != first.mean).any()
    assert len(classes.trainable_variables) == trained
    for variable, value in zip(classes.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize("kind", ["softmax", "sigmoid", "linear"])
def test_mean_spread_entropy_and_information_are_those_of_the_samples(kind):
    drawn = np.random.default_rng(0).dirichlet([0.3, 1.0, 2.0], size=(20, 4))  # 20 samples for 4 examples
    mean, std, entropy, information = summed_up(drawn, kind)
    np.testing.assert_allclose(mean, drawn.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(std, drawn.std(axis=0, ddof=1), rtol=1e-9)
    if kind == "linear":
        assert entropy is information is None
        return
    parts = drawn[..., None] if kind == "softmax" else np.stack([drawn, 1 - drawn], axis=-2)
    of_mean = scipy.stats.entropy(parts.mean(axis=0), axis=-2).sum(axis=-1)
    of_samples = scipy.stats.entropy(parts, axis=-2).sum(axis=-1).mean(axis=0)
    np.testing.assert_allclose(entropy, of_mean, rtol=1e-6)
    np.testing.assert_allclose(information, of_mean - of_samples, rtol=1e-6)


def test_moving_averages_are_used_as_in_any_prediction():
    keras.utils.set_random_seed(0)
    model = mlp(
        input_shape=(5,), outputs=1, hidden=(8,), normalization="batch", regularizer=[{"name": "dropout", "rate": 1e-7}]
    )
    np.testing.assert_allclose(mc_dropout(model, X, samples=2).mean, model.predict(X, verbose=0), rtol=1e-5)


def test_answers_in_several_batches_are_those_in_order(classes):
    x = np.repeat(X, 4, axis=0)
    answers = mc_dropout(classes, x, samples=300, batch_size=5)
    whole = mc_dropout(classes, x, samples=300)
    assert (answers.mean.shape, answers.entropy.shape) == ((12, 3), (12,))
    np.testing.assert_allclose(answers.mean, whole.mean, atol=0.1)


def test_answers_that_no_memory_holds_are_refused_after_a_batch(classes):
    with pytest.raises(MemoryError):
        mc_dropout(classes, np.broadcast_to(np.float32(0), (2**45, 5)), samples=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])}, "must be one with dropout or noise"),
        ({"samples": 1}, r"samples must be an integer >= 2\. Received: samples=1"),
        ({"x": X[:0]}, "x must be arrays of the same length, at least 1"),
        ({"x": X[:, :1]}, "x must be data that the model and its loss take, but: .*shape"),
        ({"x": 5}, "x must be "),
        ({"seed": -1}, "seed must be"),
    ],
)  # fmt: skip
def test_what_is_refused(change, message, classes):
    with pytest.raises(InvalidArgument, match=message):
        mc_dropout(**{"model": classes, "x": X, **change})
