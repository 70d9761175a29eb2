"""One training spread over two devices, or over two processes, gives (without dropout) the numbers of one alone."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = """
import contextlib, json, sys
import tensorflow as tf
kind = sys.argv[1]
if kind == "devices":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
elif kind == "processes":
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
import numpy as np
import recipes

x = np.random.default_rng(0).normal(size=(250, 4)).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("int64") + (x[:, 2] > 1)
data = recipes.Data.from_arrays(x, y, batch_size=32, seed=0)
recipe = recipes.Recipe(
    model={"name": "mlp", "hidden": [8]}, optimizer="adam", regularizer="l2+early_stopping",
    learning_rate=None if "--find" in sys.argv else 0.02,
)

def trained(scope):
    with scope:
        run = recipes.fit(data, recipe, epochs=2, seed=1, verbose=0)
        found = {"rate": run.recipe.learning_rate, "evaluation": run.evaluate(), **run.history}
        weights = np.concatenate([each.ravel() for each in run.model.get_weights()]).tolist()
        refused = ""
        if not isinstance(scope, contextlib.nullcontext):
            try:
                recipes.fit(data, recipe, epochs=1, steps_per_execution=4, verbose=0)
            except recipes.InvalidArgument as error:
                refused = str(error)
    return found, weights, refused

alone = trained(contextlib.nullcontext()) if kind == "devices" else None
print(json.dumps([alone, trained(strategy.scope() if kind != "alone" else contextlib.nullcontext())]))
"""


def started(*arguments, **environment):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], text=True, env={**os.environ, **environment}, **pipes
    )


def outcome(process):
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, err[-2000:]
    return json.loads(out.splitlines()[-1])


def check_same(one, other, rtol=1e-4):
    (found, weights, _), (expected, expected_weights, _) = one, other
    assert set(found) == set(expected)
    for name, values in expected.items():
        if isinstance(values, dict):
            assert found[name] == pytest.approx(values, rel=rtol, abs=1e-5)
        else:
            np.testing.assert_allclose(found[name], values, rtol=rtol, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(weights, expected_weights, rtol=1e-3, atol=1e-4)


@pytest.mark.thorough
@pytest.mark.parametrize("options", [(), ("--find",)], ids=["rate", "search"])
def test_two_devices(options):
    alone, two = outcome(started("devices", *options))
    check_same(two, alone)
    assert "steps_per_execution must be 1 or None under a tf.distribute strategy" in two[2]


@pytest.mark.thorough
def test_two_processes_with_a_collective_strategy():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    workers = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    cluster = {"cluster": {"worker": workers}}
    two = [
        started("processes", TF_CONFIG=json.dumps({**cluster, "task": {"type": "worker", "index": index}}))
        for index in range(2)
    ]
    (_, first), (_, second) = map(outcome, two)
    _, alone = outcome(started("alone"))
    check_same(first, alone)
    check_same(second, alone)
