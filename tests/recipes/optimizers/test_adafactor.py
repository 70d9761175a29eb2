"""Adafactor: factored mean squares of matrices, its memory, its relative steps."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.optimizers import OPTIMIZERS, Adafactor
from recipes.optimizers.capabilities import state_memory

from .references import adafactor

SHAPES = [(5, 3), (2, 3, 5, 4)]
USUAL = {"rate": 0.05, "exponent": 0.8, "eps_1": 1e-30, "eps_2": 1e-3, "clip": 1.0}


def path_of(optimizer, start, gradients):
    variable = keras.Variable(start, dtype="float32", name="kernel")
    path = []
    for gradient in gradients:
        optimizer.apply([gradient.astype("float32")], [variable])
        path.append(variable.numpy())
    return np.array(path)


@pytest.mark.parametrize("shape", SHAPES, ids=["dense", "convolution"])
def test_the_trajectory_of_a_kernel(shape):
    generator = np.random.default_rng(0)
    start, gradients = (
        generator.normal(size=shape),
        generator.normal(size=(25, *shape)) * [[1, 5, 25, 125][: shape[-1]]],
    )
    expected = adafactor(start, gradients, **USUAL)
    scale = np.abs(expected - start).max()
    path = path_of(Adafactor(0.05), start, gradients)
    np.testing.assert_allclose(path, expected, atol=1e-5 * scale)
    for change in ({"rate": 0.0501}, {"exponent": 0.801}, {"clip": 0.99}):
        assert np.abs(path - adafactor(start, gradients, **{**USUAL, **change})).max() > 2e-5 * scale
    np.testing.assert_allclose(path_of(keras.optimizers.Adafactor(0.05), start, gradients), path, atol=1e-5 * scale)


def test_a_rate_that_the_paper_caps():
    start, gradients = np.ones((5, 3)), np.random.default_rng(0).normal(size=(25, 5, 3))
    rates = np.minimum(0.5, 1 / np.sqrt(np.arange(1, 26)))
    expected = adafactor(start, gradients, **{**USUAL, "rate": rates})
    np.testing.assert_allclose(path_of(Adafactor(0.5, relative_step=True), start, gradients), expected, rtol=1e-4)
    free = adafactor(start, gradients, **{**USUAL, "rate": 0.5})
    np.testing.assert_allclose(path_of(Adafactor(0.5), start, gradients), free, rtol=1e-4)


def test_it_takes_almost_no_memory():
    assert state_memory(OPTIMIZERS.build("adafactor")) == 0.04  # of a kernel of 50 x 50 weights
    assert state_memory(keras.optimizers.Adafactor()) > 1


def test_bad_arguments():
    for name in ("decay_exponent", "epsilon_1", "epsilon_2", "clip"):
        with pytest.raises(InvalidArgument, match=f"^{name} must be a number > 0"):
            Adafactor(**{name: 0})
