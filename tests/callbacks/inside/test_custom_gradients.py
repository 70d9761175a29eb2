import gc
import weakref

import keras
import numpy as np
import tensorflow as tf

from callbacks.inside.custom_gradients import release_custom_gradients
from recipes.shared_steps import SharedSteps


def swish_step():
    """A traced function with the swish of one number, and a reference to its graph."""
    step = tf.function(tf.nn.silu).get_concrete_function(tf.TensorSpec(()))
    return step, weakref.ref(step.graph)


def test_a_gradient_lives_as_long_as_its_graph():
    step, graph = swish_step()
    release_custom_gradients()
    release_custom_gradients()
    gc.collect()
    x = tf.constant(0.7)
    with tf.GradientTape() as tape:  # the gradient is traced only now
        tape.watch(x)
        y = step(x)
    s = 1 / (1 + np.exp(-0.7))
    assert np.isclose(tape.gradient(y, x), s * (1 + 0.7 * (1 - s)))
    del step, tape, y
    gc.collect()
    assert graph() is None


def test_without_the_release_tensorflow_keeps_the_graph():
    """If this fails, TensorFlow has mended it, and the module can go."""
    step, graph = swish_step()
    del step
    gc.collect()
    assert graph() is not None
    release_custom_gradients()
    gc.collect()
    assert graph() is None


def graphs():
    """The traced functions that are alive."""
    gc.collect()
    return [weakref.ref(value) for value in gc.get_objects() if type(value).__name__ == "FuncGraph"]


def test_a_training_leaves_no_graph_and_its_model_can_be_exported(tmp_path):
    before = set(graphs())
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="swish")])
    model.compile("sgd", "mse")
    with SharedSteps().like(model, None) as shared:
        shared.model.fit(np.ones((2, 2)), np.ones(2), verbose=0)
        traced = set(graphs()) - before
    model.train_function = None
    assert traced
    assert not traced & set(graphs())
    x = np.array([[0.3, -2.0]], "float32")
    model.export(tmp_path / "model", verbose=False)
    again = tf.saved_model.load(tmp_path / "model")
    assert np.allclose(again.serve(x), model.predict(x, verbose=0))
