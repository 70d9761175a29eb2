"""LAMB: its weight decay is part of the step, and vectors are not scaled to their norm."""

import keras
import numpy as np

from recipes.optimizers import Lamb

from .references import lamb

START = np.random.default_rng(0).normal(size=(4, 3))
GRADIENTS = np.random.default_rng(1).normal(size=(25, 4, 3))
USUAL = {"rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "eps": 1e-6}


def test_the_weight_decay_is_part_of_the_step_and_spares_biases():
    kernel, bias = (keras.Variable(START, dtype="float32", name=name) for name in ("kernel", "bias"))
    optimizer = Lamb(0.01, weight_decay=0.5)
    for gradient in GRADIENTS.astype("float32"):
        optimizer.apply([gradient, gradient], [kernel, bias])
    expected = lamb(START, GRADIENTS, **USUAL, weight_decay=0.5)[-1]
    np.testing.assert_allclose(kernel.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert np.abs(lamb(START, GRADIENTS, **USUAL)[-1] - expected).max() > 0.01
    assert optimizer.decays(kernel)
    assert not optimizer.decays(bias)


def test_biases_take_adams_step():
    start, steps = np.zeros(3), [[1.0, -1.0, 2.0]] * 25
    bias, theirs = (keras.Variable(start, dtype="float32", name="bias") for _ in range(2))
    ours, keras_own = Lamb(0.01), keras.optimizers.Lamb(0.01)
    for gradient in np.array(steps, "float32"):
        ours.apply([gradient], [bias])
        keras_own.apply([gradient], [theirs])
    np.testing.assert_allclose(bias.numpy(), [-0.25, 0.25, -0.25], rtol=1e-4)
    assert np.abs(theirs.numpy()).max() < 0.03  # which Keras keeps near 0, where it starts
