"""The initializers have the variance of their formula, and each activation gets the right one."""

import numpy as np
import pytest

from recipes.activations import ACTIVATIONS
from recipes.catalogue import UnknownName
from recipes.initializers import INITIALIZERS, initializer_for

M, N = 400, 100  # inputs and outputs: m, n, m + n and their halves all differ
VARIANCES = {
    "he_normal": 2 / M,
    "he_uniform": 2 / M,
    "glorot_normal": 2 / (M + N),
    "glorot_uniform": 2 / (M + N),
    "lecun_normal": 1 / M,
    "orthogonal": 1 / M,  # columns of length 1
}


def test_the_list_is_complete():
    assert list(VARIANCES) == list(INITIALIZERS)


@pytest.mark.parametrize("name", list(VARIANCES))
def test_variance_and_mean(name):
    kernel = INITIALIZERS.build(name, seed=1)((M, N)).numpy().astype("float64")
    assert kernel.var() == pytest.approx(VARIANCES[name], rel=0.02)
    assert abs(kernel.mean()) < 4 * np.sqrt(VARIANCES[name] / kernel.size)
    np.testing.assert_array_equal(INITIALIZERS.build(name, seed=1)((M, N)).numpy(), kernel.astype("float32"))


@pytest.mark.parametrize("name", list(VARIANCES))
def test_the_shape_of_the_distribution(name):
    kernel = INITIALIZERS.build(name, seed=1)((M, N)).numpy().astype("float64")
    largest = np.abs(kernel).max() / np.sqrt(VARIANCES[name])
    if name.endswith("uniform"):
        assert largest == pytest.approx(np.sqrt(3), rel=1e-3)
    elif name.endswith("normal"):  # cut off at two standard deviations of the normal before the cut
        assert largest == pytest.approx(2 / 0.87962566103423978, rel=1e-2)
    else:
        np.testing.assert_allclose(kernel.T @ kernel, np.eye(N), atol=1e-5)


def test_the_initializer_of_each_activation():
    assert {name: initializer_for(name) for name in ACTIVATIONS} == {
        "elu": "he_normal",
        "leaky_relu": "he_normal",
        "relu": "he_normal",
        "softplus": "he_normal",
        "tanh": "glorot_uniform",
        "logistic": "glorot_uniform",
    }
    assert all(initializer_for(name) in INITIALIZERS for name in ACTIVATIONS)
    with pytest.raises(UnknownName, match="unknown activation 'rleu': did you mean 'relu'"):
        initializer_for("rleu")
