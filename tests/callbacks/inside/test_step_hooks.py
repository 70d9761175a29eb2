"""What runs inside the compiled step, in which order, and that nothing of it stays."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.inside.step_hooks import StepHooks


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


DATA = np.ones((4, 1), "float32"), np.zeros((4, 1), "float32")


class Use(keras.callbacks.Callback):
    """Adds its hooks when a fit begins, and removes them at its end."""

    def __init__(self, **hooks):
        super().__init__()
        self.hooks = hooks

    def on_train_begin(self, logs=None):
        for name, options in self.hooks.items():
            StepHooks.of(self.model).add(self.model, name, **options)

    def on_train_end(self, logs=None):
        for name in self.hooks:
            StepHooks.of(self.model).remove(self.model, name)


class Interrupt(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def step(model, *others, **hooks):
    model.fit(*DATA, batch_size=4, verbose=0, callbacks=[Use(**hooks), *others])
    return float(model.layers[0].kernel.numpy()[0, 0])


def double(data):
    return 2.0 * data[0], data[1]


def nothing(data):
    return 0.0 * data[0], data[1]


def test_a_batch_can_be_changed_before_the_step_and_before_those_that_look_at_it(model):
    seen = tf.Variable(0.0)
    look = {"before_step": lambda data, _state: seen.assign(tf.reduce_sum(data[0]))}
    assert step(model, look=look, double={"change_data": double}) == pytest.approx(1.0 - 0.1 * 2 * 4.0)
    assert float(seen) == 8.0  # of (2 w)^2 at 1 the gradient is 8


def test_changes_follow_one_another_in_the_order_in_which_they_came(model):
    seen = tf.Variable(0.0)
    step(
        model,
        add={"change_data": lambda data: (data[0] + 1.0, data[1])},
        double={"change_data": double},
        look={"before_step": lambda data, _state: seen.assign(data[0][0, 0])},
    )
    assert float(seen) == 4.0


def test_a_context_is_entered_and_left_around_the_step(model):
    kernel, before, after = model.layers[0].kernel, tf.Variable(0.0), tf.Variable(0.0)

    @contextlib.contextmanager
    def around(_state):
        before.assign(kernel.value[0, 0])
        yield
        after.assign(kernel.value[0, 0])

    end = step(model, around={"around_step": around})
    assert (float(before), float(after)) == (1.0, pytest.approx(end))
    assert end == pytest.approx(0.8)


def test_a_hook_that_is_removed_is_gone(model):
    assert step(model, change={"change_data": nothing}) == 1.0  # no input, no gradient
    assert step(model) == pytest.approx(0.8)
    StepHooks.of(model).remove(model, "change")


@pytest.mark.parametrize("again", ["the same fit", "another fit"])
def test_a_fit_that_was_interrupted_leaves_no_change_behind(model, again):
    with pytest.raises(KeyboardInterrupt):
        step(model, Interrupt(), change={"change_data": nothing})
    if again == "the same fit":
        assert step(model, change={"change_data": nothing}) == 1.0
    assert step(model) == pytest.approx(0.8)
