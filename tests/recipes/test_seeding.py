"""A training begins in the same state, whether or not TensorFlow keeps what it has prepared."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes.seeding import set_seeds


def drawn():
    """Something from each source of randomness but TensorFlow's, and the weights of a new model."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    noise = model(np.ones((4, 3), "float32"), training=True).numpy().ravel()
    numbers = [random.random(), float(np.random.random()), *keras.random.normal((2,)).numpy(), *noise]
    return [float(each) for each in numbers] + model.get_weights()[0].ravel().tolist()


@pytest.mark.parametrize("keep", [False, True])
def test_the_state_is_the_same(keep):
    keras.utils.set_random_seed(7)
    first = drawn()
    assert drawn() != first
    set_seeds(7, keep_functions=keep)
    assert drawn() == first
    set_seeds(8, keep_functions=keep)
    assert drawn() != first


def test_tensorflows_seed_is_set_unless_functions_are_kept():
    set_seeds(7)
    first = float(tf.random.normal(()))
    set_seeds(7)
    assert float(tf.random.normal(())) == first
    set_seeds(7, keep_functions=True)
    assert float(tf.random.normal(())) != first


def test_repeated_models_have_the_same_names():
    names = []
    for _ in range(2):
        set_seeds(7, keep_functions=True)
        names.append([weight.path for weight in keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).weights])
    assert names[0] == names[1]  # TensorFlow would keep 36 KiB for each other name
