"""What is left of the signal after each layer at the first step: with the default nearly all, with a wrong one nothing.

Measured is the variance of each unit over a batch of genuine digits, averaged over the units of a layer; the
measurement with more depths, networks and seeds is ``scripts/measure/measure_signal.py``.
"""

import keras
import numpy as np
import pytest

import recipes

UNITS = 100


@pytest.fixture(scope="module")
def digits():
    return recipes.load("digits")


@pytest.fixture
def ratios(digits):
    def measure(depth, seed=0, **options):
        """Of two hidden layers in a row, and the variance after the first."""
        keras.utils.set_random_seed(seed)
        model = recipes.mlp(digits.spec, hidden=(UNITS,) * depth, **options)
        kinds = (keras.layers.Activation, keras.layers.LeakyReLU)
        hidden = [each.output for each in model.layers if isinstance(each, kinds) and each.output.shape[-1] == UNITS]
        assert len(hidden) == depth
        layers = keras.Model(model.input, hidden)(digits.arrays("train")[0][:256], training=True)
        variances = np.array([np.asarray(each, "float64").var(axis=0).mean() for each in layers])
        return variances[1:] / variances[:-1], variances[0]

    return measure


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("depth", [2, 10, 50])
@pytest.mark.ordinarily("10-0", "50-1")
def test_the_default_keeps_the_variance_within_a_factor_of_2(ratios, depth, seed):
    found, first = ratios(depth, seed)
    assert len(found) == depth - 1
    assert found.min() >= 0.5
    assert found.max() <= 2
    assert 0.2 < first < 2
    if depth >= 5:  # batch-normalized: E over a standard normal z of the variance of ELU(z), but for the batch
        np.testing.assert_allclose(found, 1, atol=0.05)
        assert first == pytest.approx(VARIANCE_OF_ELU, rel=0.05)


VARIANCE_OF_ELU = np.var(np.where((z := np.random.default_rng(0).standard_normal(10**6)) > 0, z, np.expm1(z)))


@pytest.mark.parametrize("activation", ["elu", "leaky_relu", "relu"])
def test_he_alone_does_so_too(ratios, activation):
    found, _ = ratios(20, activation=activation, normalization="none")
    assert found.min() >= 0.5
    assert found.max() <= 2


@pytest.mark.parametrize(
    ("options", "low", "high"),
    [
        # Near zero ELU is the identity, and the variance of a weight is a third of 1/m.
        ({"initializer": "fan_in_uniform"}, 0.24, 0.42),
        # ReLU lets half of the mean square through, He's 2 is missing; more than half of what is common to all inputs.
        ({"initializer": "glorot_uniform", "activation": "relu"}, 0.2, 0.75),
        # 15 times about half, and more.
        ({"initializer": "sparse"}, 3.5, 15),
        # The square of a slope of at most 1/4, whatever the constant that is passed on.
        ({"initializer": "glorot_uniform", "activation": "logistic"}, 0.04, 1.1 / 16),
        ({"initializer": "he_normal", "activation": "logistic"}, 0.08, 1.2 * 2 / 16),
    ],
    ids=["fan-in uniform", "Glorot, ReLU", "sparse", "Glorot, logistic", "He, logistic"],
)
def test_a_wrong_initializer_or_logistic_units_do_not(ratios, options, low, high):
    found, _ = ratios(6, normalization="none", **options)
    assert found.min() < 0.5 or found.max() > 2
    assert low < found.min()
    assert found.max() < high
    assert not 1 / 8 < np.prod(found) < 8  # over all layers


def test_sparse_with_the_right_scale_does(ratios):
    initializer = recipes.initializers.Sparse(stddev=recipes.initializers.gain_for("elu") / np.sqrt(15))
    found, _ = ratios(20, normalization="none", initializer=initializer)
    assert found.min() >= 0.5
    assert found.max() <= 2
