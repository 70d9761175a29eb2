"""Two devices and one give the same weights with every first-order optimizer; NaN is an error on each of them."""

import json
import subprocess
import sys

import numpy as np
import pytest

from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import finds_its_own_step

SCRIPT = """
import contextlib, json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import numpy as np
import callbacks
from recipes.optimizers import OPTIMIZERS

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = x[:, :1] * x[:, 1:2]

def made(name, strategy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        start = [keras.initializers.RandomNormal(seed=seed) for seed in (1, 2)]
        layers = [keras.layers.Dense(8, "tanh", kernel_initializer=start[0], name="first"),
                  keras.layers.Dense(1, kernel_initializer=start[1], name="last")]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.compile(OPTIMIZERS.build(name, learning_rate=0.01, weight_decay=0.1), "mse")
    return model

def weights(name, strategy):
    model = made(name, strategy)
    used = [callbacks.StopOnNaN(), callbacks.OneCycle(0.02)]
    model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0, callbacks=used)
    return np.concatenate([w.ravel() for w in model.get_weights()]).tolist()

def alarm(name, strategy):
    model, stop = made(name, strategy), callbacks.StopOnNaN()
    model.fit(x * np.nan, y, batch_size=16, epochs=1, verbose=0, callbacks=[stop])
    before, again = stop.message, made(name, strategy)
    assert again.optimizer.raises_on_nan and again.optimizer.nan_gradient is None
    try:
        again.fit(x * np.nan, y, batch_size=16, epochs=1, verbose=0)
    except tf.errors.InvalidArgumentError as error:
        return before, "NaN or infinite" in str(error)

two = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
for name in sys.argv[1:]:
    print(json.dumps([name, weights(name, None), weights(name, two)]))
print(json.dumps(alarm(sys.argv[1], two)))
"""
FIRST_ORDER = [name for name, entry in OPTIMIZERS.items() if not finds_its_own_step(entry)]


@pytest.mark.thorough
@pytest.mark.parametrize("names", [("adam", "rmsprop_nesterov"), FIRST_ORDER])
def test_two_devices_and_one_give_the_same_weights(names):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *names], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *trained, (message, raised) = map(json.loads, done.stdout.splitlines()[-len(names) - 1 :])
    assert [name for name, _, _ in trained] == list(names)
    for name, alone, together in trained:
        np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-5, err_msg=name)
    assert "the loss is nan at epoch 1, step 1" in message
    assert "first in the gradient of" in message
    assert raised
