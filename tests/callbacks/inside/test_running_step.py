"""The step that is running is known wherever Keras' own runs, and only there."""

import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.inside import running_step as module
from callbacks.inside.running_step import running_step

DATA = np.ones((4, 1), "float32"), np.zeros((4, 1), "float32")


class Look(keras.optimizers.SGD):
    """Notes the running step whenever it is asked for an update."""

    def apply(self, grads, trainable_variables=None):
        vars(self).setdefault("seen", []).append(running_step())
        return super().apply(grads, trainable_variables)


class Calling(keras.Sequential):
    """A step of one's own around Keras'."""

    def train_step(self, data):
        x, y = data
        return super().train_step((2 * x, y))


class Own(keras.Sequential):
    """A step of one's own without Keras'."""

    def train_step(self, data):
        self.optimizer.apply([tf.zeros_like(each.value) for each in self.trainable_weights], self.trainable_weights)
        return {"loss": tf.constant(0.0)}


def make(kind=keras.Sequential, **options):
    model = kind([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(Look(0.1), "mse", **options)
    return model


@pytest.mark.parametrize(
    "options",
    [{}, {"run_eagerly": True}, {"jit_compile": True}, {"steps_per_execution": 2}],
    ids="".join,
)
def test_within_fit(options):
    model = make(**options)
    model.fit(*DATA, batch_size=2, verbose=0)
    assert all(step.model is model for step in model.optimizer.seen)
    assert {tuple(each.shape) for step in model.optimizer.seen for each in step.data} == {(2, 1)}
    assert running_step() is None


def test_a_step_around_keras_is_seen_with_the_data_it_hands_on():
    model = make(Calling, run_eagerly=True)
    model.fit(*DATA, batch_size=4, verbose=0)
    (step,) = model.optimizer.seen
    np.testing.assert_array_equal(step.data[0], 2 * DATA[0])


def test_a_step_without_keras_is_not_seen():
    model = make(Own)
    model.fit(*DATA, verbose=0)
    assert set(model.optimizer.seen) == {None}


def test_the_inner_one_of_two_models():
    outer, inner = make(run_eagerly=True), make()
    step = outer.optimizer.apply

    def apply(grads, trainable_variables=None):
        inner.train_step(tuple(map(tf.constant, DATA)))
        return step(grads, trainable_variables)

    outer.optimizer.apply = apply
    outer.fit(*DATA, batch_size=4, verbose=0)
    assert {id(step.model) for step in inner.optimizer.seen} == {id(inner)}
    assert [step.model for step in outer.optimizer.seen] == [outer]


def test_a_step_in_a_function_that_autograph_converts():
    model = make()

    @tf.function
    def step(batch):
        return model.train_step(batch)

    step(tuple(map(tf.constant, DATA)))
    assert {step.model for step in model.optimizer.seen} == {model}


def test_nothing_is_left_after_an_error():
    model = make(run_eagerly=True)
    with pytest.raises(ValueError, match="incompatible with the layer"):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    assert running_step() is None


def test_loaded_again_the_module_adds_no_second_wrapper():
    before = keras.Model.train_step
    again = importlib.reload(module)
    assert keras.Model.train_step is before
    model = make(run_eagerly=True)
    model.fit(*DATA, verbose=0)
    assert model.optimizer.seen[0].model is model
    assert again.running_step() is None


def test_the_order_of_the_classes_stays():
    """Where a base of the user's own comes between keras.Model and Keras' trainer, its step counts."""
    trainer = next(kind for kind in keras.Model.__mro__ if "train_step" in vars(kind))

    class Base(trainer):
        def train_step(self, data):
            return {"mine": tf.constant(1.0)}

    class Both(keras.Model, Base):
        def call(self, x):
            return x

    assert "train_step" not in vars(keras.Model)
    assert Both.train_step is Base.train_step
