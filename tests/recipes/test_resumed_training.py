"""A training by a recipe that was killed goes on and ends as an unbroken one."""

import os
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

import recipes
from callbacks import InvalidArgument, Resume
from recipes import fit

pytestmark = pytest.mark.whole_epochs


class Killed(BaseException):
    pass


class Kill(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.at = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.at:
            raise Killed


def result(run):
    bits = [np.asarray(v).tobytes() for v in (*run.model.variables, *run.model.optimizer.variables)]
    return run.history, run.best_epoch, run.recipe, run.evaluate(), bits


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, None),
        ({"regularizer": "dropout", "optimizer": "adam"}, 2),
        pytest.param({"schedule": "performance"}, None, marks=pytest.mark.thorough),
    ],
    ids=["default", "dropout", "performance"],
)
@pytest.mark.ordinarily("dropout")
def test_killed_and_called_again_it_is_an_unbroken_training(options, steps, classes, tiny, tmp_path):
    recipe = tiny(**options)
    given = {"epochs": 4, "seed": 4, "verbose": 0, "steps_per_execution": steps}
    unbroken = result(fit(classes, recipe, **given))
    for epoch in (1, 3):
        with pytest.raises(Killed):
            fit(classes, recipe, **given, directory=tmp_path, callbacks=[Kill(epoch)])
    assert result(fit(classes, recipe, **given, directory=tmp_path)) == unbroken
    assert result(fit(classes, recipe, **given, directory=tmp_path)) == unbroken
    assert len(os.listdir(tmp_path)) == 2


def test_a_directory_that_vanishes_at_the_start_of_a_training_stops_it(classes, tiny, tmp_path, monkeypatch):
    given = {"epochs": 3, "seed": 4, "verbose": 0}
    unbroken = result(fit(classes, tiny(), **given))
    with pytest.raises(Killed):
        fit(classes, tiny(), **given, directory=tmp_path / "state", callbacks=[Kill(2)])
    told = Resume.position

    def told_and_gone(resume):
        position = told(resume)
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        return position

    with monkeypatch.context() as patch:
        patch.setattr(Resume, "position", told_and_gone)
        with pytest.raises(OSError, match=r"the training was at \(epoch, batch\) \(2, 0\), and is at \(0, 0\)"):
            fit(classes, tiny(), **given, directory=tmp_path / "state")
    assert result(fit(classes, tiny(), **given, directory=tmp_path / "state")) == unbroken


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 5}, "seed: 4, not 5"),
        ({"epochs": 7}, "epochs: 3, not 7"),
        ({"recipe": {"activation": "relu"}}, "activation: elu, not relu"),
    ],
)
@pytest.mark.ordinarily("options0")
def test_another_training_is_refused(options, message, classes, tiny, tmp_path):
    given = {"epochs": 3, "seed": 4, "verbose": 0, "directory": tmp_path}
    fit(classes, tiny(learning_rate=0.1), **given)
    recipe = tiny(learning_rate=0.1, **options.pop("recipe", {}))
    with pytest.raises(InvalidArgument, match=f"directory must be a new directory.*{message}"):
        fit(classes, recipe, **{**given, **options})


@pytest.mark.thorough
def test_a_model_of_ones_own_goes_on_at_the_rate_that_was_found(classes, tiny, monkeypatch, tmp_path):
    given = {"epochs": 3, "seed": 4, "verbose": 0, "directory": tmp_path}

    def call(rate, *used):
        monkeypatch.setattr("recipes.trainer.found_rate", lambda *_: (rate, None))
        model = recipes.mlp(classes.spec, hidden=(3,))
        return fit(classes, tiny(learning_rate=None), **given, model=model, callbacks=[*used])

    with pytest.raises(Killed):
        call(0.03, Kill(2))
    run = call(0.07)
    assert run.recipe.learning_rate == Resume(tmp_path).saved_settings()["learning_rate"] == 0.03
    assert len(run.history["loss"]) == 3


def test_other_data_is_refused(classes, tiny, tmp_path):
    fit(classes, tiny(learning_rate=0.1), epochs=2, verbose=0, directory=tmp_path)
    x, y = classes.arrays("train")
    other = recipes.Data.from_arrays(x, y, batch_size=16, name="classes")
    with pytest.raises(InvalidArgument, match="directory must be a new directory"):
        fit(other, tiny(learning_rate=0.1), epochs=2, verbose=0, directory=tmp_path)


@pytest.mark.thorough
def test_on_the_command_line_with_sigkill(tmp_path):
    directory = tmp_path / "run"
    command = [sys.executable, "-m", "recipes.cli", "train", "breast_cancer", "--data-dir", str(tmp_path / "data")]
    command += ["--epochs", "40", "--seed", "1", "--directory", str(directory), "--learning-rate", "0.05"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    end = time.monotonic() + 120
    while not any(name > "checkpoint-000000003" for name in (os.listdir(directory) if directory.exists() else ())):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Resume: continuing at epoch" in done.stdout
    assert "Epoch 1/40" not in done.stdout
    again = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert again.stdout.splitlines()[1] == "Resume: continuing after its end"

    def scores(text):
        return next(line for line in text.splitlines() if line.startswith("test ")).split("(")[0]

    assert scores(again.stdout) == scores(done.stdout)
