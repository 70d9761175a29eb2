"""A training step of the model's own: the gradients are those that its optimizers are given, not those of compile."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks import InvalidArgument
from tests.callbacks.own_steps import Rivals, X, Y

BATCHES = [X[start : start + 4].astype("float64") for start in range(0, 20, 4)]


def slopes(rate, batches):
    """The gradient at each step of plain descent of w from 1: mean of 2 (w - 3) x^2."""
    weight, found = 1.0, []
    for x in batches:
        found.append(float(np.mean(2 * (weight - 3) * x * x)))
        weight -= rate * found[-1]
    return np.abs(found)


EXPECTED = np.stack([slopes(0.01, BATCHES), slopes(0.02, BATCHES)], axis=1)


@pytest.mark.parametrize(
    "options",
    [
        {"steps_per_execution": 2},
        *(
            pytest.param(each, marks=pytest.mark.thorough)
            for each in ({}, {"run_eagerly": True}, {"jit_compile": True})
        ),
    ],
)
def test_the_monitor_measures_what_is_applied(options):
    monitor, model = callbacks.GradientMonitor(every=2), Rivals(**options)
    model.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[monitor])
    plain = Rivals(**options)
    plain.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    assert model.weights_now() == plain.weights_now()
    assert monitor.steps.tolist() == [0, 2, 4]
    assert monitor.layers == [model.left.name, model.right.name]
    np.testing.assert_allclose(monitor.layer_norms, EXPECTED[::2], rtol=1e-5)
    np.testing.assert_allclose(monitor.norms, np.hypot(*EXPECTED[::2].T), rtol=1e-5)
    np.testing.assert_allclose(monitor.activation_scales[0], [BATCHES[0].std()] * 2, rtol=1e-5)


def test_the_scale_of_the_loss_is_undone():
    class Scaled(Rivals):
        def train_step(self, data):
            with tf.GradientTape() as tape:
                loss = self.left_optimizer.scale_loss(tf.reduce_mean((self.left(data[0]) - data[1]) ** 2))
            weights = self.left.trainable_weights
            self.left_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss}

    monitor = callbacks.GradientMonitor(every=1)
    model = Scaled(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=8.0))
    model.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[monitor])
    np.testing.assert_allclose(monitor.norms, EXPECTED[:, 0], rtol=1e-5)
    assert monitor.layers == [model.left.name]


def test_the_report_runs_the_step_and_restores_the_model():
    model = Rivals()
    report = callbacks.gradient_report(model, X, Y, batch_size=4)
    np.testing.assert_allclose(report.layer_norms, EXPECTED[0], rtol=1e-5)
    assert report.layers == (model.left.name, model.right.name)
    assert model.weights_now() == [1.0, 1.0]
    assert int(model.left_optimizer.iterations) == 0


def test_gradients_within_a_condition_are_refused():
    class Sometimes(Rivals):
        def train_step(self, data):
            def step():
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((self.left(data[0]) - data[1]) ** 2)
                self.left_optimizer.apply(tape.gradient(loss, self.left.trainable_weights), self.left.trainable_weights)
                return loss

            return {"loss": tf.cond(tf.reduce_sum(data[0]) > 0, step, lambda: 0.0)}

    with pytest.raises(ValueError, match="applies them outside of loops and conditions"):
        Sometimes().fit(X, Y, verbose=0, callbacks=[callbacks.GradientMonitor(every=1)])


def test_adversarial_training_is_refused():
    with pytest.raises(InvalidArgument, match="model must be one with Keras' train_step"):
        Rivals().fit(X, Y, verbose=0, callbacks=[callbacks.AdversarialTraining()])
