"""Every trial begins in the same state, whether or not TensorFlow keeps what it has prepared."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes.tuning.fresh_start import fresh_start


def drawn():
    """Something from each source of randomness but TensorFlow's, and the weights and names of a new model."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    noise = model(np.ones((4, 3), "float32"), training=True)
    numbers = [random.random(), float(np.random.random()), *keras.random.normal((2,)).numpy(), *noise.numpy().ravel()]
    return [model.name, *(layer.name for layer in model.layers)], numbers, [each.numpy() for each in model.weights]


def check_same(one, other):
    assert one[:2] == other[:2]
    for first, second in zip(one[2], other[2], strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("keep", [False, True])
def test_the_state_is_the_same(keep):
    fresh_start(7)
    first = drawn()
    drawn()
    fresh_start(7, keep_functions=keep)
    check_same(drawn(), first)
    fresh_start(8, keep_functions=keep)
    assert drawn()[1] != first[1]


def test_tensorflows_seed_is_set_unless_functions_are_kept():
    fresh_start(7)
    first = float(tf.random.normal(()))
    fresh_start(7)
    assert float(tf.random.normal(())) == first
    fresh_start(7, keep_functions=True)
    assert float(tf.random.normal(())) != first
