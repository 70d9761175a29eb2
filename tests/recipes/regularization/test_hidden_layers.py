"""What alpha dropout and noise do to the outputs of hidden layers, against their formulas, and where they sit."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import cnn, mlp
from recipes.regularization import AlphaDropout, HiddenNoise

LOWEST = -1.0507009873554805 * 1.6732632423543772
"""SELU's limit on the left."""


def standard_normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance(rate):
    keras.utils.set_random_seed(0)
    x = standard_normal(400, 500)
    out = np.asarray(AlphaDropout(rate).after_activation(2)(x, training=True), "float64")
    a = ((1 - rate) * (1 + rate * LOWEST**2)) ** -0.5  # Klambauer et al. 2017, section 3
    b = -a * rate * LOWEST
    dropped = np.isclose(out, a * LOWEST + b, atol=1e-5)
    assert dropped.mean() == pytest.approx(rate, abs=0.01)
    np.testing.assert_allclose(out[~dropped], (a * x + b)[~dropped], rtol=1e-4, atol=1e-5)
    assert out.mean() == pytest.approx(0, abs=0.02)
    assert out.var() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("shape", [(60, 7, 50), (60, 4, 5, 50)], ids=["1d", "2d"])
def test_alpha_dropout_drops_whole_channels_after_convolutions(shape):
    keras.utils.set_random_seed(0)
    out = np.asarray(AlphaDropout(0.3).after_activation(len(shape))(np.ones(shape, "float32"), training=True))
    positions = out.reshape(60, -1, 50)
    np.testing.assert_array_equal(positions, np.broadcast_to(positions[:, :1], positions.shape))
    assert (positions[:, 0] < 0).mean() == pytest.approx(0.3, abs=0.05)


def test_hidden_noise_is_added_to_each_output():
    keras.utils.set_random_seed(0)
    x = standard_normal(400, 500)
    noise = np.asarray(HiddenNoise(0.25).after_activation(2)(x, training=True), "float64") - x
    assert noise.mean() == pytest.approx(0, abs=0.005)
    assert noise.std() == pytest.approx(0.25, rel=0.02)
    assert abs(np.corrcoef(noise.ravel(), x.ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(
    ("regularizer", "kind"), [(AlphaDropout(0.1), "AlphaDropout"), (HiddenNoise(), "GaussianNoise")]
)
def test_both_follow_each_hidden_activation_but_none_before_a_batch_normalization(regularizer, kind):
    def places(model):
        names = [type(layer).__name__ for layer in model.layers]
        return names.count(kind), [names[place - 1] for place, name in enumerate(names) if name == kind]

    shape = {"input_shape": (8, 8, 1), "outputs": 3, "regularizer": [regularizer]}
    assert places(mlp(hidden=(6, 5), **shape)) == (2, ["Activation"] * 2)
    assert places(cnn(filters=(4, 4), hidden=(6,), **shape)) == (3, ["Activation"] * 3)
    assert places(mlp(hidden=(6, 5), normalization="batch", **shape)) == (1, ["Activation"])
    assert places(mlp(hidden=(6, 5), normalization="layer", **shape)) == (2, ["Activation"] * 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AlphaDropout(1.0), r"rate must be a number >= 0 and < 1\. Received: rate=1\.0"),
        (lambda: HiddenNoise(-0.1), r"stddev must be a number >= 0 and <= 1\. Received: stddev=-0\.1"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(InvalidArgument, match=message):
        make()
