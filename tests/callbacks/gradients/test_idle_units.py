"""Dead and saturated units, and sound models of which nothing is said."""

import keras
import numpy as np
import pytest

import callbacks

K = keras.layers
X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")


def report(*layers, x=X):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), *layers, K.Dense(1, "sigmoid", name="out")])
    model.compile("sgd", "binary_crossentropy")
    before = model.get_weights()
    found = callbacks.gradient_report(model, x, (x[:, :1] > 0).astype("float32"))
    assert all((one == other).all() for one, other in zip(before, model.get_weights(), strict=True))
    return found


def biased(dead, of=50):
    """Biases with which so many ReLU units are never on."""
    values = np.where(np.arange(of) < dead, -100.0, 0.0)
    return lambda shape, dtype: values.astype(dtype).reshape(shape)


@pytest.mark.parametrize("activation", ["relu", None])
def test_dead_units_are_counted(activation):
    more = () if activation else (K.ReLU(name="on"),)
    layer = K.Dense(50, activation, bias_initializer=biased(40), kernel_initializer="he_normal", name="deep")
    found = report(layer, *more)
    (idle,) = found.idle
    assert (idle.layer, idle.kind) == (("deep" if activation else "on"), "dead")
    assert idle.share == pytest.approx(0.8)
    assert found.verdict.startswith(f"dead units in layer '{idle.layer}', 80% of the units are 0 for every example")


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated_values_are_counted_against_numpy(activation):
    kernel = np.random.default_rng(1).normal(0, 20, (4, 30)).astype("float32")
    found = report(K.Dense(30, activation, kernel_initializer=lambda shape, dtype: kernel, name="wide"))
    inputs = X.astype("float64") @ kernel * (2 if activation == "tanh" else 1)
    logistic = 1 / (1 + np.exp(-inputs))
    assert found.idle[0].share == pytest.approx(np.mean(np.minimum(logistic, 1 - logistic) < 0.01), abs=2e-3)
    assert found.verdict.startswith("saturated units in layer 'wide', ")


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "elu", "leaky_relu"])
def test_of_a_sound_model_nothing_is_said(activation):
    assert report(*(K.Dense(64, activation, kernel_initializer="he_normal") for _ in range(4))).idle == ()
    assert report(K.Dense(64, activation), x=X[:4]).idle == ()  # too few examples to tell


def test_convolutions_are_judged_by_channel():
    keras.utils.set_random_seed(0)
    layers = [K.Conv2D(10, 3, activation="relu", bias_initializer=biased(6, 10), name="conv"), K.Flatten(), K.Dense(1)]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    model.compile("sgd", "mse")
    images = np.random.default_rng(0).normal(size=(4, 6, 6, 1))
    (idle,) = callbacks.gradient_report(model, images, np.zeros((4, 1))).idle
    assert (idle.layer, idle.share) == ("conv", pytest.approx(0.6))
