"""SharpnessAware: the gradient at w + rho g / |g|, in float64 NumPy; batch norm, dropout and refusals."""

import keras
import numpy as np
import pytest

from callbacks import InvalidArgument, SharpnessAware
from recipes.optimizers import LineSearch

K = keras.layers
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(24, 3)).astype("float32")
Y = RANDOM.normal(size=(24, 1)).astype("float32")


def gradient(weights, x, y):
    kernel, bias = weights
    error = x @ kernel + bias - y
    return [2 * x.T @ error / len(x), 2 * error.sum(0) / len(x)]


def by_hand(start, rho, rate):
    """The weights after each step of plain descent with batches of 8, in float64."""
    weights, path = [value.astype("float64") for value in start], []
    for k in range(0, 24, 8):
        x, y = X[k : k + 8].astype("float64"), Y[k : k + 8].astype("float64")
        up = gradient(weights, x, y)
        norm = np.sqrt(sum((part**2).sum() for part in up))
        there = [value + rho * part / norm for value, part in zip(weights, up, strict=True)]
        weights = [value - rate * part for value, part in zip(weights, gradient(there, x, y), strict=True)]
        path.append(weights)
    return path


@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}, {"steps_per_execution": 3}])
@pytest.mark.ordinarily("options0", "options1")
def test_the_steps_are_those_by_hand(options):
    model = keras.Sequential(
        [keras.Input((3,)), K.Dense(1, kernel_initializer=keras.initializers.RandomNormal(seed=0))]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse", **options)
    start, fit = model.get_weights(), {"batch_size": 8, "shuffle": False, "verbose": 0}
    model.fit(X, Y, callbacks=[SharpnessAware(0.5)], **fit)
    for found, expected in zip(model.get_weights(), by_hand(start, 0.5, 0.1)[-1], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    for found, other in zip(model.get_weights(), by_hand(start, 0.51, 0.1)[-1], strict=True):
        assert np.abs(found - other).max() > 1e-5
    model.set_weights(start)
    model.fit(X, Y, **fit)  # nothing of it is left
    for found, expected in zip(model.get_weights(), by_hand(start, 0.0, 0.1)[-1], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_moving_averages_advance_once_and_both_gradients_have_the_same_dropout():
    seen = []

    class Seeing(K.Layer):
        def call(self, x):
            seen.append(np.array(x))
            return x

    norm = K.BatchNormalization(momentum=0.5)
    model = keras.Sequential([keras.Input((3,)), norm, K.Dropout(0.5, seed=1), Seeing(), K.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    seen.clear()
    model.fit(X, Y, batch_size=24, verbose=0, callbacks=[SharpnessAware(0.5)])
    np.testing.assert_allclose(norm.moving_mean.numpy(), X.mean(0) / 2, rtol=1e-4, atol=1e-6)
    first, second = seen
    np.testing.assert_array_equal(first == 0, second == 0)


def test_refusals():
    model = keras.Sequential([keras.Input((3,)), K.Dense(1)])
    model.compile(LineSearch(), "mse", auto_scale_loss=False)
    with pytest.raises(InvalidArgument, match="optimizer must be one that uses the step's gradient"):
        model.fit(X, Y, verbose=0, callbacks=[SharpnessAware()])
    with pytest.raises(InvalidArgument, match=r"rho must be a number >= 0\. Received: rho=-1"):
        SharpnessAware(-1)
    rnn = keras.Sequential([keras.Input((2, 3), batch_size=8), K.SimpleRNN(1, stateful=True)])
    rnn.compile("sgd", "mse")
    with pytest.raises(InvalidArgument, match="model must be one without a stateful RNN"):
        rnn.fit(np.zeros((8, 2, 3)), np.zeros((8, 1)), batch_size=8, verbose=0, callbacks=[SharpnessAware()])
