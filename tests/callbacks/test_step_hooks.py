"""What runs inside the compiled step, in which order, and that nothing of it stays."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.step_hooks import StepHooks


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


DATA = np.ones((4, 1), "float32"), np.zeros((4, 1), "float32")


def step(model, **options):
    model.fit(*DATA, batch_size=4, verbose=0, **options)
    return float(model.layers[0].kernel.numpy()[0, 0])


def test_a_batch_can_be_changed_before_the_step_and_before_those_that_look_at_it(model):
    seen = tf.Variable(0.0)
    hooks = StepHooks.of(model)
    hooks.add(model, "look", lambda data: seen.assign(tf.reduce_sum(data[0])))
    hooks.add(model, "double", change_data=lambda data: (2.0 * data[0], data[1]))
    assert step(model) == pytest.approx(1.0 - 0.1 * 2 * 4.0)  # the gradient of (2 w)^2 at 1 is 8
    assert float(seen) == 8.0


def test_changes_follow_one_another_in_the_order_in_which_they_came(model):
    hooks, seen = StepHooks.of(model), tf.Variable(0.0)
    hooks.add(model, "add", change_data=lambda data: (data[0] + 1.0, data[1]))
    hooks.add(model, "double", change_data=lambda data: (2.0 * data[0], data[1]))
    hooks.add(model, "look", lambda data: seen.assign(data[0][0, 0]))
    step(model)
    assert float(seen) == 4.0


def test_a_context_is_entered_and_left_around_the_step(model):
    kernel, before, after = model.layers[0].kernel, tf.Variable(0.0), tf.Variable(0.0)

    @contextlib.contextmanager
    def around():
        before.assign(kernel.value[0, 0])
        yield
        after.assign(kernel.value[0, 0])

    hooks = StepHooks.of(model)
    hooks.add(model, "around", around_step=around)
    end = step(model)
    assert (float(before), float(after)) == (1.0, pytest.approx(end))
    assert end == pytest.approx(0.8)


def test_a_hook_that_is_removed_or_replaced_is_gone(model):
    hooks = StepHooks.of(model)
    hooks.add(model, "change", change_data=lambda data: (0.0 * data[0], data[1]))
    assert step(model) == 1.0  # no input, no gradient
    hooks.add(model, "change", before_step=lambda data: None)
    assert step(model) == pytest.approx(0.8)
    hooks.add(model, "change", change_data=lambda data: (0.0 * data[0], data[1]))
    hooks.remove(model, "change")
    assert step(model) == pytest.approx(0.64)
    hooks.remove(model, "change")
