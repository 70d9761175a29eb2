"""Every activation is its formula."""

import keras
import numpy as np
import pytest
from scipy.special import erf

import recipes
from callbacks.checks import InvalidArgument
from recipes.activations import ACTIVATIONS

X = np.linspace(-6, 6, 121)
FORMULAS = {
    "elu": np.where(X > 0, X, np.exp(X) - 1),
    "leaky_relu": np.where(X > 0, X, 0.01 * X),
    "relu": np.maximum(X, 0),
    "tanh": np.tanh(X),
    "logistic": 1 / (1 + np.exp(-X)),
    "gelu": X * (1 + erf(X / np.sqrt(2))) / 2,
    "silu": X / (1 + np.exp(-X)),
    "mish": X * np.tanh(np.log1p(np.exp(X))),
    "selu": 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * np.expm1(X)),
    "softplus": np.log(1 + np.exp(X)),
}


def test_the_list_is_complete():
    assert list(FORMULAS) == list(ACTIVATIONS)


@pytest.mark.parametrize("name", list(FORMULAS))
def test_formula(name):
    layer = ACTIVATIONS.build(name, name="this_one")
    assert layer.name == "this_one"
    np.testing.assert_allclose(layer(X.astype("float32")).numpy(), FORMULAS[name], rtol=1e-5, atol=1e-6)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    np.testing.assert_array_equal(again(X.astype("float32")).numpy(), layer(X.astype("float32")).numpy())


def test_the_slope_of_leaky_relu_can_be_chosen():
    assert float(ACTIVATIONS.build("leaky_relu", negative_slope=0.25)(np.float32([-4.0]))[0]) == -1.0


@pytest.mark.parametrize(("keras_name", "ours"), [("swish", "silu"), ("sigmoid", "logistic")])
def test_what_keras_calls_otherwise_is_meant(keras_name, ours):
    with pytest.raises(InvalidArgument, match=f"did you mean '{ours}'"):
        recipes.Recipe(activation=keras_name)
