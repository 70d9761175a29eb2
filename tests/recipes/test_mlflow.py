"""MLflow's own autologging beside recipes.fit and the callbacks, in a process of its own since it patches Keras."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow (or mlflow-skinny) is not installed"),
]

SOURCE = """
import json, sys
import numpy as np

folder, order = sys.argv[1:]
if order == "before":
    import mlflow.keras
    mlflow.keras.autolog()
import keras
import callbacks, recipes

data = recipes.load("digits")
plain = recipes.fit(data, epochs=2, verbose=0) if order == "never" else None
if order == "after":
    import mlflow.keras
    mlflow.keras.autolog()
if order != "never":
    mlflow.set_tracking_uri(f"file:{folder}/mlruns")
run = plain or recipes.fit(data, epochs=2, verbose=0)
said = {"history": run.history, "rate": run.recipe.learning_rate}
if order != "never":
    client = mlflow.MlflowClient()
    said["runs"] = [[run.data.params, run.data.metrics] for run in client.search_runs(["0"])]
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 3))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(recipes.Momentum(0.01), "mse")
    with mlflow.start_run() as active:
        peak = callbacks.find_learning_rate(model, (x, x[:, :1]), steps=60)
        used = [callbacks.OneCycle(0.1), callbacks.GradientMonitor(2, per_layer=False), callbacks.Resume(f"{folder}/r")]
        history = model.fit(x, x[:, :1], epochs=3, verbose=0, callbacks=used).history
    mlflow.flush_async_logging()
    logged = client.get_run(active.info.run_id).data
    said["own"] = [history, logged.params, logged.metrics, len(client.search_runs(["0"]))]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """``said(order)``: what the program says where autologging is switched on before or after our import, or never."""
    known = {}

    def run(order):
        if order not in known:
            folder = tmp_path_factory.mktemp(order)
            environment = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true", "GIT_PYTHON_REFRESH": "quiet"}
            done = subprocess.run(
                [sys.executable, "-c", SOURCE, str(folder), order],
                capture_output=True,
                text=True,
                env={**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
            assert "Failed to log" not in done.stderr
            known[order] = json.loads(done.stdout.splitlines()[-1])
        return known[order]

    return run


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_training_is_one_run_with_the_same_numbers(said, order):
    found, expected = said(order), said("never")
    assert found["history"] == expected["history"]
    assert found["rate"] == expected["rate"]
    ((params, metrics),) = found["runs"]  # the range test is none
    assert params["epochs"] == "2"
    assert params["optimizer_name"] == "momentum"
    for name in ("loss", "val_loss", "val_accuracy", "learning_rate", "momentum"):
        assert metrics[name] == pytest.approx(found["history"][name][-1])


@pytest.mark.parametrize("order", ["before", "after"])
def test_in_a_script_of_ones_own(said, order):
    history, params, metrics, runs = said(order)["own"]
    assert runs == 2
    assert params["epochs"] == "3"
    for name in ("loss", "learning_rate", "momentum", "gradient_norm"):
        assert metrics[name] == pytest.approx(history[name][-1])
