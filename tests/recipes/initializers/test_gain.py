"""The gains are what numerical integration of the activations says."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from recipes.activations import ACTIVATIONS
from recipes.catalogue import Entry, UnknownName
from recipes.initializers import gain_for


def below(z):
    return math.erfc(-z / math.sqrt(2)) / 2


def rise(z):
    return 1 / (1 + math.exp(-z))


FUNCTIONS = {  # and their slopes
    "elu": (lambda z: z if z > 0 else math.expm1(z), lambda z: 1 if z > 0 else math.exp(z)),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1 if z > 0 else 0.01),
    "relu": (lambda z: max(z, 0), lambda z: float(z > 0)),
    "tanh": (math.tanh, lambda z: 1 / math.cosh(z) ** 2),
    "logistic": (lambda z: 1 / (1 + math.exp(-z)), lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
    "gelu": (lambda z: z * below(z), lambda z: below(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)),
    "silu": (lambda z: z * rise(z), lambda z: rise(z) * (1 + z * (1 - rise(z)))),
    "mish": (
        lambda z: z * math.tanh(math.log1p(math.exp(z))),
        lambda z: math.tanh(math.log1p(math.exp(z))) + z * rise(z) / math.cosh(math.log1p(math.exp(z))) ** 2,
    ),
    "selu": (
        lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * math.expm1(z)),
        lambda z: 1.0507009873554805 * (1 if z > 0 else 1.6732632423543772 * math.exp(z)),
    ),
    "softplus": (lambda z: math.log1p(math.exp(z)), lambda z: 1 / (1 + math.exp(-z))),
}


def mean_square(function):
    def density(z):
        return function(z) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    return quad(density, -12, 0, epsabs=1e-13)[0] + quad(density, 0, 12, epsabs=1e-13)[0]


def test_every_activation_has_one():
    assert set(FUNCTIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_by_quadrature(name):
    function, _ = FUNCTIONS[name]
    assert gain_for(name) == pytest.approx(1 / math.sqrt(mean_square(function)), rel=1e-10)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_of_the_layers_themselves(name):
    z = np.random.default_rng(0).standard_normal(400_000).astype("float32")
    out = np.asarray(ACTIVATIONS.build(name)(z), "float64")
    assert gain_for(name) ** 2 * np.mean(out**2) == pytest.approx(1, rel=0.01)


def test_published_ones():
    assert gain_for("relu") == pytest.approx(math.sqrt(2), rel=1e-12)
    assert gain_for("leaky_relu") == pytest.approx(math.sqrt(2 / (1 + 0.01**2)), rel=1e-12)
    assert gain_for("tanh") == pytest.approx(5 / 3, rel=0.05)  # PyTorch's, found by trial


@pytest.mark.parametrize(
    ("name", "change"),
    [("relu", 1.0), ("leaky_relu", 1.0), ("elu", 1.018), ("tanh", 1.085), ("logistic", 0.391), ("softplus", 0.564)],
)
def test_what_the_documentation_says_of_the_gradient(name, change):
    """By its norm, for one layer back: gain times the root mean square of the slope."""
    _, slope = FUNCTIONS[name]
    assert gain_for(name) * math.sqrt(mean_square(slope)) == pytest.approx(change, abs=1e-3)


def test_others(monkeypatch):
    with pytest.raises(UnknownName, match="unknown activation 'rleu': did you mean 'relu'"):
        gain_for("rleu")
    monkeypatch.setitem(ACTIVATIONS.entries, "cube", Entry("cube", lambda: None, "x^3.", "Nobody"))
    assert gain_for("cube") == 1.0
