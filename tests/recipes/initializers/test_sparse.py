"""Sparse: exactly so many connections, anywhere, of the right distribution."""

import keras
import numpy as np
import pytest
import scipy.stats

from callbacks.checks import InvalidArgument
from recipes.initializers import Sparse

SHAPES = [(40, 25), (3, 3, 5, 8), (5, 4, 6), (2, 2, 2, 3, 4), (15, 2), (784, 10)]


@pytest.mark.parametrize("connections", [1, 7, 15])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_unit_has_exactly_k(shape, connections):
    for seed in range(3):
        kernel = Sparse(connections, seed=seed)(shape).numpy()
        assert kernel.shape == shape
        assert kernel.dtype == np.float32
        assert (np.count_nonzero(kernel.reshape(-1, shape[-1]), axis=0) == connections).all()


@pytest.mark.parametrize("shape", [(4, 6), (2, 2, 1, 3), (14, 1), (1, 1)], ids=str)
def test_all_inputs_where_there_are_fewer(shape):
    assert np.count_nonzero(Sparse(seed=0)(shape)) == np.prod(shape)


@pytest.mark.parametrize("stddev", [1.0, 0.3])
def test_the_weights_are_normal_wherever_they_are(stddev):
    kernel = Sparse(5, stddev, seed=3)((50, 4000)).numpy().astype("float64")
    weights = kernel[kernel != 0]
    assert scipy.stats.kstest(weights / stddev, "norm").pvalue > 1e-3
    assert weights.std() == pytest.approx(stddev, rel=0.01)
    for half in (kernel[:25], kernel[25:]):
        assert scipy.stats.kstest(half[half != 0] / stddev, "norm").pvalue > 1e-3


def test_every_input_is_as_likely_and_units_choose_for_themselves():
    heard = Sparse(5, seed=4)((50, 4000)).numpy() != 0
    assert scipy.stats.chisquare(heard.sum(axis=1)).pvalue > 1e-3
    together = (heard[:, :-1] & heard[:, 1:]).sum(axis=0)  # of two neighbours: hypergeometric
    assert together.mean() == pytest.approx(5 * 5 / 50, rel=0.06)
    pairs = heard.astype(float) @ heard.T.astype(float) / 4000  # of two inputs of one unit
    np.testing.assert_allclose(pairs[~np.eye(50, dtype=bool)], 5 * 4 / (50 * 49), atol=0.008)


def test_what_goes_into_a_unit():
    x = np.random.default_rng(0).normal(1.0, 2.0, (200, 300))
    into = x @ Sparse(15, 0.5, seed=1)((300, 2000)).numpy()
    assert into.var() == pytest.approx(15 * 0.5**2 * np.mean(x**2), rel=0.05)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_precisions(dtype):
    kernel = Sparse(15, seed=0)((784, 50), dtype=dtype)
    assert keras.backend.standardize_dtype(kernel.dtype) == dtype
    whole = keras.ops.cast(kernel, "float32").numpy()
    assert (np.count_nonzero(whole, axis=0) == 15).all()
    np.testing.assert_allclose(whole, Sparse(15, seed=0)((784, 50)), rtol=1e-2)


@pytest.mark.usefixtures("double_precision")
def test_floatx():
    assert Sparse(seed=0)((20, 3)).dtype == "float64"


def test_a_seed_generator_gives_other_numbers_each_time():
    one = Sparse(3, seed=keras.random.SeedGenerator(0))
    first, second = one((10, 4)).numpy(), one((10, 4)).numpy()
    assert not np.array_equal(first, second)
    again = keras.initializers.deserialize(keras.initializers.serialize(one))
    np.testing.assert_array_equal(again((10, 4)), first)


def test_numpy_numbers():
    assert Sparse(np.int64(3), np.float32(0.5), seed=np.int64(0)).get_config() == {
        "connections": 3,
        "stddev": 0.5,
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"connections": 0}, "connections must be an integer >= 1. Received: connections=0"),
        ({"connections": 2.5}, "connections must be an integer >= 1. Received: connections=2.5"),
        ({"stddev": 0}, "stddev must be a number > 0. Received: stddev=0"),
        ({"seed": "0"}, "seed must be an integer. Received: seed='0'"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument) as raised:
        Sparse(**options)
    assert str(raised.value) == message


@pytest.mark.parametrize("shape", [(), (5,)])
def test_a_shape_without_units(shape):
    with pytest.raises(InvalidArgument, match="shape must be that of a kernel"):
        Sparse()(shape)
