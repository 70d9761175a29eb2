"""gradient_over_time: a linear recurrence of a known factor, padded steps, and what it says."""

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Data, Recipe
from recipes.diagnosis.distance_in_time import GradientOverTime, gradient_over_time

STEPS = 12
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def signals():
    x = RANDOM.normal(size=(60, STEPS, 1)).astype("float32")
    return Data.from_arrays(x, x[:, -1].astype("float32"), batch_size=16, name="signals")


def recurrence(factor):
    """h_t = factor h_(t-1) + 2 x_t, the answer h at the end."""
    cell = keras.layers.SimpleRNN(1, activation="linear", use_bias=False)
    model = keras.Sequential([keras.Input((STEPS, 1)), cell])
    model.set_weights([np.array([[2.0]]), np.array([[factor]])])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0.5, "vanishing over time: the gradient is below 1 % of its largest beyond the last 7 of 12"),
        (0.9, "healthy: the gradient reaches all 12 steps (times 0.90 for each step back)"),
        (2.0, "exploding over time: the gradient grows by a factor of 2.00"),
    ],
)
def test_of_a_linear_recurrence_it_is_a_power_of_its_factor(signals, factor, words):
    model = recurrence(factor)
    found = gradient_over_time(model, signals, examples=20)
    x, y = (array[:20] for array in signals.arrays("train"))
    errors = 2 * (model.predict(x, verbose=0) - y.reshape(-1, 1))
    expected = np.abs(errors).mean() * 2 * factor ** np.arange(STEPS)
    np.testing.assert_allclose(found.norms, expected, rtol=1e-4)
    assert found.factor == pytest.approx(factor, rel=1e-4)
    assert found.examples.tolist() == [20] * STEPS
    assert str(found).startswith(words)


def test_distances_are_from_the_last_step_that_is_no_padding():
    sequences = [RANDOM.normal(size=(length, 2)).astype("float32") for length in (3, 5, 8) * 20]
    data = Data.from_arrays(sequences, np.arange(60) % 2, batch_size=16, name="ragged")
    recipe = Recipe(model={"name": "rnn", "cell": "tanh", "units": (4,)})
    found = gradient_over_time(recipe.compile(recipe.build_model(data.spec)), data, examples=30)
    lengths = np.array([(np.abs(row).sum(axis=1) > 0).sum() for row in data.arrays("train")[0][:30]])
    if data.spec.features[0].padding not in (0, 0.0):
        lengths = (data.arrays("train")[0][:30, :, 0] != data.spec.features[0].padding).sum(axis=1)
    assert found.examples.tolist() == [(lengths > distance).sum() for distance in range(lengths.max())]
    assert (found.norms > 0).all()


def test_words_without_a_factor_and_a_picture():
    assert str(GradientOverTime(np.array([1.0]), np.array([3]))) == "the gradient reaches 1 of 1 steps"
    figure = GradientOverTime(np.array([1.0, 0.1]), np.array([3, 3])).plot()
    assert figure.axes[0].get_yscale() == "log"


def test_what_is_refused(classes, signals):
    model = Recipe().compile(recipes.mlp(classes.spec))
    with pytest.raises(InvalidArgument, match="sequences of numbers or images, not tabular data"):
        recipes.gradient_over_time(model, classes)
    with pytest.raises(InvalidArgument, match="examples must be an integer >= 1"):
        recipes.gradient_over_time(recurrence(0.5), signals, examples=0)
