"""InputNoise: what is added to the normalized inputs."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data, mlp
from recipes.regularization import InputNoise


@pytest.fixture
def spread():
    """A table whose columns have deviations of 0.01, 1 and 1000."""
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 3)) * [0.01, 1.0, 1000.0] + [5.0, 0.0, -2000.0]
    return Data.from_arrays(x.astype("float32"), random.integers(0, 3, 4000), batch_size=64)


def after_the_noise(model):
    layer = next(each for each in model.layers if isinstance(each, keras.layers.GaussianNoise))
    return keras.Model(model.inputs[0], layer.output)


@pytest.mark.parametrize("stddev", [0.05, 0.5])
def test_the_noise_is_in_units_of_each_columns_deviation(spread, stddev):
    keras.utils.set_random_seed(0)
    seen = after_the_noise(mlp(spread.spec, hidden=(4,), regularizer=[InputNoise(stddev)]))
    x = spread.arrays("train")[0]
    normalized = (x.astype("float64") - spread.spec.input_mean) / np.sqrt(spread.spec.input_variance)
    noise = np.asarray(seen(x, training=True), "float64") - normalized
    count = len(x)
    np.testing.assert_allclose(noise.std(0), stddev, rtol=5 / np.sqrt(2 * count))
    np.testing.assert_allclose(noise.mean(0), 0.0, atol=5 * stddev / np.sqrt(count))
    np.testing.assert_allclose(np.corrcoef(noise.T), np.eye(3), atol=5 / np.sqrt(count))
    standard = np.sort(noise.ravel()) / stddev
    quantiles = [standard[int(share * standard.size)] for share in (0.0228, 0.1587, 0.8413, 0.9772)]
    np.testing.assert_allclose(quantiles, [-2, -1, 1, 2], atol=0.12)


def test_it_is_another_at_every_call_and_off_at_inference(spread):
    keras.utils.set_random_seed(0)
    model = mlp(spread.spec, hidden=(4,), regularizer=[InputNoise(1.0)])
    plain = mlp(spread.spec, hidden=(4,))
    plain.set_weights(model.get_weights())
    x = spread.arrays("test")[0][:20]
    seen = after_the_noise(model)
    assert not np.array_equal(seen(x, training=True), seen(x, training=True))
    np.testing.assert_array_equal(model.predict_on_batch(x), plain.predict_on_batch(x))
    np.testing.assert_array_equal(model(x), plain(x, training=True))


def test_images_get_noise_on_every_pixel(images):
    keras.utils.set_random_seed(0)
    seen = after_the_noise(mlp(images.spec, hidden=(4,), regularizer=[InputNoise(0.2)]))
    x = images.arrays("train")[0]
    noise = np.asarray(seen(x, training=True)) - np.asarray(seen(x))
    assert noise.shape == x.shape
    assert noise.std() == pytest.approx(0.2, rel=0.05)
    assert np.unique(noise.round(4)).size > 0.4 * noise.size


def test_zero_leaves_no_trace(spread):
    assert InputNoise(0).on_input(2) is None
    plain, nothing = (mlp(spread.spec, hidden=(4,), regularizer=each) for each in ([], [InputNoise(0.0)]))
    assert [type(layer) for layer in nothing.layers] == [type(layer) for layer in plain.layers]


@pytest.mark.parametrize("stddev", [-1e-9, float("nan"), "0.1", None, True])
def test_what_is_refused(stddev):
    with pytest.raises(InvalidArgument, match=r"stddev must be a number >= 0 and <= 1\. Received: stddev="):
        InputNoise(stddev)
