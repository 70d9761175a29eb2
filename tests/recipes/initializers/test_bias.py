"""The constants that biases start from."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.activations import ACTIVATIONS
from recipes.catalogue import UnknownName
from recipes.initializers import bias_for, bias_initializer


def test_of_each_activation():
    assert {name: bias_for(name) for name in ACTIVATIONS if bias_for(name)} == {"relu": 0.1}
    with pytest.raises(UnknownName, match="did you mean 'relu'"):
        bias_for("rleu")


@pytest.mark.parametrize(
    ("choice", "activation", "value"),
    [("auto", "relu", 0.1), ("auto", "elu", 0.0), (0.01, "relu", 0.01), (0, "relu", 0.0), (-1, "tanh", -1.0)],
)
def test_choices(choice, activation, value):
    built = bias_initializer(choice, activation)
    layer = keras.layers.Dense(3, bias_initializer=built)
    layer.build((None, 2))
    np.testing.assert_array_equal(layer.bias, np.float32([value] * 3))
    assert isinstance(built, keras.initializers.Constant if value else keras.initializers.Zeros)
    again = keras.initializers.deserialize(keras.initializers.serialize(built))
    np.testing.assert_array_equal(again((3,)), built((3,)))


def test_an_object_is_copied():
    given = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    built = bias_initializer(given, "elu")
    assert built is not given
    assert built.get_config() == given.get_config()


@pytest.mark.parametrize("choice", ["zeros", None, True, float("nan"), [0.1]])
def test_what_is_refused(choice):
    with pytest.raises(InvalidArgument, match='bias must be a number, "auto" or a Keras initializer'):
        bias_initializer(choice, "relu")
    with pytest.raises(UnknownName, match="unknown activation"):
        bias_initializer("auto", "rleu")


def test_fewer_units_of_relu_are_dead():
    """With all inputs alike, about half of the units would be dead at 0; a bias takes some of them back."""
    x = np.random.default_rng(0).normal(0.5, 0.02, (100, 50))
    kernel = keras.initializers.HeNormal(seed=0)((50, 2000)).numpy() * 0.1
    dead = [np.mean((x @ kernel + bias <= 0).all(axis=0)) for bias in (0.0, bias_for("relu"))]
    assert dead[0] > 0.4
    assert dead[1] < 0.2
