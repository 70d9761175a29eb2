"""Each activation gets the right initializer; the printed table of factors."""

import math

import numpy as np
import pytest

import recipes
from recipes.activations import ACTIVATIONS
from recipes.catalogue import UnknownName
from recipes.initializers import INITIALIZERS, glorot_factor, initializer_for


def test_the_initializer_of_each_activation():
    assert {name: initializer_for(name) for name in ACTIVATIONS} == {
        "elu": "he_normal",
        "leaky_relu": "he_normal",
        "relu": "he_normal",
        "softplus": "he_normal",
        **dict.fromkeys(("gelu", "silu", "mish"), "he_normal"),
        "selu": "lecun_normal",
        "tanh": "glorot_uniform",
        "logistic": "glorot_uniform",
    }
    assert all(initializer_for(name) in INITIALIZERS for name in ACTIVATIONS)
    assert recipes.Recipe().initializer == initializer_for(recipes.Recipe().activation)


def test_the_factors_of_the_table():
    root = math.sqrt(2)
    assert {name: glorot_factor(name) for name in ACTIVATIONS} == {
        "elu": root,
        "leaky_relu": root,
        "relu": root,
        "softplus": root,
        **dict.fromkeys(("gelu", "silu", "mish"), root),
        "selu": 1.0,
        "tanh": 4.0,
        "logistic": 1.0,
    }


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_weights_of_the_table(activation, distribution):
    m, n, factor = 400, 100, glorot_factor(activation)
    options = {"scale": factor**2, "mode": "fan_avg", "distribution": distribution, "seed": 0}
    kernel = INITIALIZERS.build("variance_scaling", **options)((m, n)).numpy().astype("float64")
    assert kernel.std() == pytest.approx(factor * math.sqrt(2 / (m + n)), rel=0.01)
    if distribution == "uniform":
        assert np.abs(kernel).max() == pytest.approx(factor * math.sqrt(6 / (m + n)), rel=1e-3)


def test_he_is_the_tables_for_relu_in_square_kernels():
    he = INITIALIZERS.build(initializer_for("relu"), seed=0)((300, 300)).numpy()
    assert he.std() == pytest.approx(glorot_factor("relu") * math.sqrt(2 / 600), rel=0.01)


@pytest.mark.parametrize(("factor", "least", "most"), [(1.0, 0.0, 0.001), (4.0, 0.4, 0.5)])
def test_tanh_saturates_with_the_tables_factor(factor, least, most):
    x = np.random.default_rng(0).standard_normal((200, 100))
    options = {"mode": "fan_avg", "distribution": "uniform", "scale": factor**2}
    for seed in range(10):
        x = np.tanh(x @ INITIALIZERS.build("variance_scaling", seed=seed, **options)((100, 100)).numpy())
    assert least <= np.mean(np.abs(x) > 0.99) <= most


@pytest.mark.parametrize("function", [initializer_for, glorot_factor])
def test_unknown_names(function):
    with pytest.raises(UnknownName, match="unknown activation 'rleu': did you mean 'relu'"):
        function("rleu")
