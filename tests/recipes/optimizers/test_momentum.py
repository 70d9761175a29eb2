"""Momentum: its live momentum, its two implementations, sparse gradients, several devices, and its arguments."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from callbacks.inside.optimizer_values import rate_source
from recipes.optimizers import Momentum


def test_it_is_keras_sgd_at_constant_values(momentum_case, problem, apply):
    nesterov = momentum_case.parameters["nesterov"]
    expected = apply(keras.optimizers.SGD(0.1, 0.9, nesterov=nesterov), *problem)
    np.testing.assert_allclose(apply(momentum_case.build(), *problem), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.ordinarily("nesterov")
def test_inside_a_compiled_fit(momentum_case, make_model, regression):
    class Change(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.momentum = 0.1 * (batch % 10)

    paths = []
    for eagerly in (False, True):
        model = make_model(momentum_case.build(learning_rate=0.01), run_eagerly=eagerly)
        model.fit(regression, epochs=1, verbose=0, shuffle=False, callbacks=[Change()])
        paths.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_allclose(paths[0], paths[1], rtol=1e-5)
    constant = make_model(momentum_case.build(learning_rate=0.01))
    constant.fit(regression, epochs=1, verbose=0, shuffle=False)
    assert np.abs(constant.get_weights()[0].ravel() - paths[0][:12]).max() > 1e-3


def test_momentum_can_be_read_and_assigned():
    optimizer = Momentum(0.1, momentum=0.9)
    for value in (0.85, 0, 0.123456789):
        optimizer.momentum = value
        assert float(optimizer.momentum) == np.float32(value)
        config = optimizer.get_config()
        assert type(config["momentum"]) is float
        assert float(Momentum.from_config(config).momentum) == np.float32(value)
    assert Momentum().get_config()["momentum"] == 0.9
    assert json.dumps(Momentum(0.1, nesterov=True).get_config())


def test_a_whole_number_as_rate():
    assert float(Momentum(1).learning_rate) == 1.0
    assert float(Momentum(np.float32(0.5)).learning_rate) == 0.5


def test_a_schedule_as_rate(problem, apply):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([9], [0.1, 0.01])
    start, gradients = problem
    path = apply(Momentum(schedule, momentum=0.0), start, gradients)
    rates = np.where(np.arange(25) <= 9, 0.1, 0.01)[:, None]
    np.testing.assert_allclose(path, start - np.cumsum(rates * gradients, 0), rtol=1e-5, atol=1e-6)
    again = Momentum.from_config(Momentum(schedule).get_config())
    assert isinstance(rate_source(again), keras.optimizers.schedules.PiecewiseConstantDecay)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": -0.1}, "learning_rate must be a number >= 0. Received: learning_rate=-0.1"),
        ({"learning_rate": "0.1"}, "learning_rate must be a number >= 0. Received: learning_rate='0.1'"),
        ({"momentum": 1.0}, "momentum must be a number >= 0 and < 1. Received: momentum=1.0"),
        ({"momentum": -0.5}, "momentum must be a number >= 0 and < 1. Received: momentum=-0.5"),
        ({"nesterov": 1}, "nesterov must be True or False. Received: nesterov=1"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        Momentum(**options)
    assert str(raised.value) == message


def test_a_bad_momentum_assigned_later():
    optimizer = Momentum(momentum=0.5)
    with pytest.raises(InvalidArgument, match=r"momentum must be a number >= 0 and < 1\. Received: momentum=1\.5"):
        optimizer.momentum = 1.5
    assert float(optimizer.momentum) == 0.5


DISTRIBUTED = """
import json
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import contextlib
from unittest import mock
import keras
import numpy as np
import callbacks
from callbacks.inside.optimizer_values import get_learning_rate, get_momentum
from callbacks.schedules.table import StepTable
from recipes.optimizers import Momentum

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = x[:, :1] * x[:, 1:2]

def train(strategy, nesterov, steps, epochs):
    with strategy.scope() if strategy else contextlib.nullcontext():
        layers = [keras.layers.Dense(8, activation="tanh", kernel_initializer=keras.initializers.RandomNormal(seed=1)),
                  keras.layers.Dense(1, kernel_initializer=keras.initializers.RandomNormal(seed=2))]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.compile(Momentum(0.1, nesterov=nesterov), "mse", steps_per_execution=steps)
    cycle = callbacks.OneCycle(0.2)
    history = model.fit(x, y, batch_size=16, epochs=epochs, shuffle=False, verbose=0, callbacks=[cycle])
    return {"weights": np.concatenate([w.ravel() for w in model.get_weights()]).tolist(), "logs": history.history}

two = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
one = tf.distribute.MirroredStrategy(["/cpu:0"])

def table_rows():
    # Keras 3.15 itself cannot run several steps an execution on several devices; here is the wrapped step alone.
    with two.scope():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(Momentum(0.5, 0.25), "mse", steps_per_execution=4)
        model.optimizer.build(model.trainable_variables)
    with mock.patch("callbacks.inside.step_hooks.check_fit_runs"):
        table = StepTable.of(model, model.optimizer)
    table.load(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.6, 0.7, 0.8, 0.9]))
    table.seek(1, 2)
    step = tf.function(lambda batch: two.run(model.train_step, args=(batch,)))
    rows = []
    for _ in range(3):
        step((x[:8], y[:8]))
        rows.append([get_learning_rate(model.optimizer), get_momentum(model.optimizer)])
    return rows

print(json.dumps(table_rows()))
print(json.dumps([[train(s, n, k, 2) for s, k in ((None, 1), (two, 1), (one, 3))] for n in (False, True)]))
"""


@pytest.mark.thorough
def test_two_devices_and_one_give_the_same_weights():
    done = subprocess.run([sys.executable, "-c", DISTRIBUTED], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    *_, rows, trained = map(json.loads, done.stdout.splitlines()[-2:])
    np.testing.assert_allclose(rows, [[0.2, 0.7], [0.3, 0.8], [0.3, 0.8]], rtol=1e-6)
    for alone, *others in trained:
        for other in others:
            np.testing.assert_allclose(other["weights"], alone["weights"], rtol=1e-4, atol=1e-6)
            assert other["logs"]["learning_rate"] == alone["logs"]["learning_rate"]
            assert other["logs"]["momentum"] == alone["logs"]["momentum"]
            np.testing.assert_allclose(other["logs"]["loss"], alone["logs"]["loss"], rtol=1e-5)
