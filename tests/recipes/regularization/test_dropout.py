"""Dropout: which outputs are zeroed, how the rest is scaled, and where the layers sit."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import cnn, mlp
from recipes.regularization import Dropout

RATES = [0.1, 0.5, 0.8]


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("place", ["on_input", "after_activation"])
def test_a_share_is_zeroed_and_the_rest_scaled_up(rate, place):
    dropout = Dropout(rate, input_rate=rate)
    layer = getattr(dropout, place)(2)
    x = np.random.default_rng(0).uniform(1.0, 2.0, (200, 500)).astype("float32")
    out = np.asarray(layer(x, training=True), "float64")
    dropped = out == 0
    assert dropped.mean() == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / x.size))
    np.testing.assert_allclose(out[~dropped], (x.astype("float64") / (1 - rate))[~dropped], rtol=1e-6)
    for axis in (0, 1):  # independent from example to example and from unit to unit
        shares = dropped.mean(axis)
        spread = np.sqrt(rate * (1 - rate) / x.shape[axis])
        assert shares.std() == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize("place", ["on_input", "after_activation"])
def test_nothing_happens_at_inference(place):
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype("float32")
    layer = getattr(Dropout(0.5, input_rate=0.5), place)(4)
    np.testing.assert_array_equal(layer(x, training=False), x)
    np.testing.assert_array_equal(layer(x), x)


@pytest.mark.parametrize("shape", [(60, 7, 50), (60, 4, 5, 50), (60, 2, 3, 4, 50)], ids=["1d", "2d", "3d"])
def test_after_convolutions_whole_channels_are_dropped(shape):
    out = np.asarray(Dropout(0.3).after_activation(len(shape))(np.ones(shape, "float32"), training=True))
    positions = out.reshape(60, -1, 50)
    np.testing.assert_array_equal(positions, np.broadcast_to(positions[:, :1], positions.shape))
    channels = positions[:, 0]
    assert (channels == 0).mean() == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / channels.size))
    np.testing.assert_allclose(channels[channels > 0], 1 / 0.7, rtol=1e-6)


def test_single_outputs_are_dropped_where_spatial_is_off_and_on_the_input():
    x = np.ones((20, 8, 8, 3), "float32")
    for layer in (Dropout(0.3, spatial=False).after_activation(4), Dropout(input_rate=0.3).on_input(4)):
        out = np.asarray(layer(x, training=True))
        assert (out == 0).mean() == pytest.approx(0.3, abs=0.04)
        assert (out.std(axis=(1, 2)) > 0).all()


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def rates(model):
    return [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]


def test_in_an_mlp_it_follows_each_hidden_activation_and_the_input():
    model = mlp(input_shape=(4,), outputs=3, hidden=(6, 5), regularizer=[Dropout(0.3, input_rate=0.1)])
    assert rates(model) == [0.1, 0.3, 0.3]
    hidden = ["Dense", "Activation", "Dropout"]
    assert kinds(model) == ["InputLayer", "Dropout", *hidden, *hidden, "Dense", "Activation"]


def test_in_a_cnn_channels_are_dropped_after_convolutions_and_units_after_dense_layers():
    model = cnn(input_shape=(8, 8, 1), outputs=3, filters=(4, 4), hidden=(6,), regularizer=[Dropout(0.3)])
    dropped = [name for name in kinds(model) if "Dropout" in name]
    assert dropped == ["SpatialDropout2D", "SpatialDropout2D", "Dropout"]


@pytest.mark.parametrize(
    ("factory", "shape", "options", "expected"),
    [
        (mlp, (4,), {"hidden": (6, 5)}, ["Dropout"]),
        (cnn, (8, 8, 1), {"filters": (4, 4), "hidden": (6,)}, ["Dropout"]),
        (cnn, (8, 8, 1), {"filters": (4, 4), "hidden": ()}, ["SpatialDropout2D"]),
    ],
)
def test_with_batch_normalization_only_after_the_last_normalized_layer(factory, shape, options, expected):
    model = factory(input_shape=shape, outputs=3, normalization="batch", regularizer=[Dropout(0.3)], **options)
    names = kinds(model)
    assert [name for name in names if "Dropout" in name] == expected
    last = max(index for index, name in enumerate(names) if name == "BatchNormalization")
    assert all(index > last for index, name in enumerate(names) if "Dropout" in name)


def test_rates_of_zero_leave_no_trace():
    nothing = Dropout(0.0)
    assert nothing.on_input(2) is None
    assert nothing.after_activation(4) is None
    plain = mlp(input_shape=(4,), outputs=3, hidden=(6,))
    assert kinds(mlp(input_shape=(4,), outputs=3, hidden=(6,), regularizer=[nothing])) == kinds(plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 1.0}, r"rate must be a number >= 0 and < 1\. Received: rate=1\.0"),
        ({"rate": -0.1}, r"rate must be a number >= 0 and < 1\. Received: rate=-0\.1"),
        ({"rate": float("nan")}, "rate must be"),
        ({"input_rate": 1.0}, r"input_rate must be a number >= 0 and < 1\. Received: input_rate=1\.0"),
        ({"input_rate": "0.2"}, "input_rate must be"),
        ({"spatial": 1}, r"spatial must be True or False\. Received: spatial=1"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        Dropout(**options)
