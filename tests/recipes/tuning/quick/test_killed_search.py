"""A search that is killed at any moment goes on with the trials, and to the result, of one that is not."""

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

import recipes
from recipes.machine_fault import MachineFault
from recipes.tuning import keras_tuner_inside
from recipes.tuning.quick import quick_tuner

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ORACLES = keras_tuner.oracles
SCORE = keras_tuner.Objective("score", "max")


class Annealing(keras_tuner.Oracle):
    """An oracle of a user's own, with a generator that only its attribute holds."""

    def __init__(self, **options):
        super().__init__(**options)
        self.random = np.random.default_rng(self.seed)

    def populate_space(self, trial_id):
        values = {
            "kind": "deep",
            "rate": float(self.random.uniform(0.01, 1)),
            "layers": int(self.random.integers(1, 4)),
        }
        return {"status": "RUNNING", "values": values}


MAKE = {
    "random": lambda: ORACLES.RandomSearchOracle(SCORE, max_trials=6, seed=3, max_retries_per_trial=1),
    "bayesian": lambda: ORACLES.BayesianOptimizationOracle(SCORE, max_trials=5, num_initial_points=2, seed=3),
    "grid": lambda: ORACLES.GridSearchOracle(SCORE, seed=3),
    "own": lambda: Annealing(objective=SCORE, max_trials=4, seed=3),
}


class Space(keras_tuner.HyperModel):
    """With a condition and steps, and without trainings, which are the same in every case."""

    def build(self, hp):
        kind = hp.Choice("kind", ["wide", "deep"])
        hp.Float("rate", 0.01, 1.0, step=0.495)
        if kind == "deep":
            with hp.conditional_scope("kind", "deep"):
                hp.Int("layers", 1, 3)
        return keras.Sequential()

    def fit(self, hp, model, callbacks, verbose):
        if hp["rate"] > 0.9 and hp["kind"] == "wide":
            raise RuntimeError("fails")
        if hp.values.get("layers") == 2:
            hp.Boolean("late")  # a hyperparameter that is found in the course of the search
        return float(hp["rate"] + 0.1 * hp.values.get("layers", 0))


class Kill(BaseException):
    """Not an Exception, as little as a kill is."""


def search(folder, kind):
    tuner = recipes.QuickTuner(MAKE[kind](), Space(), directory=folder, project_name="search")
    tuner.search(verbose=0)
    trials = [
        (trial.trial_id, trial.hyperparameters.values, trial.score, trial.status, trial.metrics.get_config())
        for trial in tuner.oracle.trials.values()
    ]
    return [*zip(trials, tuner.oracle.start_order, tuner.oracle.end_order, strict=True)]


@pytest.fixture
def kill_at(monkeypatch):
    """``kill_at(5)``: the process dies before it writes its fifth file; ``kill_at(None)``: never. Lists the files.

    With an error, it is raised in place of the kill.
    """
    written = []

    def install(number, error=Kill):
        def counted(path, text):
            written.append(path)
            if len(written) == number:
                raise error
            Path(path).write_text(text)

        written.clear()
        monkeypatch.setattr(keras_tuner_inside, "write_text", counted)
        monkeypatch.setattr(quick_tuner, "write_text", counted)
        return written

    return install


@pytest.mark.parametrize("kind", MAKE)
def test_killed_in_the_middle(tmp_path, kind, kill_at):
    written = kill_at(None)
    unbroken = search(tmp_path / "unbroken", kind)
    kill_at(len(written) * 2 // 3)
    with pytest.raises(Kill):
        search(tmp_path / "killed", kind)
    kill_at(None)
    assert search(tmp_path / "killed", kind) == unbroken
    assert search(tmp_path / "killed", kind) == unbroken  # nothing is left to do
    assert len(unbroken) > 3


@pytest.mark.parametrize("part", [pytest.param(1, marks=pytest.mark.thorough), 4, 7])
def test_a_full_disk_is_no_trials_failure(tmp_path, part, kill_at):
    written = kill_at(None)
    unbroken = search(tmp_path / "unbroken", "random")
    for moment in range(part, len(written) + 1, 9):  # the state, a trial's begin, its results and its end
        kill_at(moment, OSError(28, "No space left on device"))
        with pytest.raises(OSError, match="No space left on device"):
            search(tmp_path / str(moment), "random")
        kill_at(None)
        assert search(tmp_path / str(moment), "random") == unbroken


def test_what_a_full_disk_says(tmp_path):
    class Faulty(Space):
        def fit(self, hp, model, callbacks, verbose):
            raise OSError(28, "No space left on device")

    tuner = recipes.QuickTuner(MAKE["own"](), Faulty(), directory=tmp_path, project_name="search")
    with pytest.raises(
        MachineFault, match=r"^the search stopped in trial 0, .* No space left on device; the same call"
    ):
        tuner.search(verbose=0)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", MAKE)
def test_killed_at_every_moment(tmp_path, kind, kill_at, monkeypatch):
    monkeypatch.setattr(keras_tuner_inside, "SHARE", math.inf)  # the state is written after each trial
    written = kill_at(None)
    unbroken = search(tmp_path / "unbroken", kind)
    total = len(written)
    for moment in range(1, total + 1):
        kill_at(moment)
        with pytest.raises(Kill):
            search(tmp_path / str(moment), kind)
        kill_at(3)  # and soon again
        with pytest.raises(Kill):
            search(tmp_path / str(moment), kind)
        kill_at(None)
        assert search(tmp_path / str(moment), kind) == unbroken
    assert total > 15


TRAINED = """
import json, os, signal, sys
import keras, keras_tuner, numpy as np
import recipes

folder, kind, deaths = sys.argv[1], sys.argv[2], int(sys.argv[3])
x = np.random.default_rng(0).normal(size=(90, 6)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int64")


def build(hp):
    layers = [keras.Input((6,)), keras.layers.Dense(4, hp.Choice("activation", ["elu", "tanh"]))]
    model = keras.Sequential([*layers, keras.layers.Dropout(0.2), keras.layers.Dense(2, "softmax")])
    rate = hp.Float("rate", 1e-3, 1e-1, step=10 if kind == "GridSearch" else None, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Dies(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        global deaths
        deaths -= 1
        if deaths == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def __deepcopy__(self, memo):
        return self


options = {"num_initial_points": 2} if kind == "BayesianOptimization" else {}
oracle = getattr(keras_tuner.oracles, kind + "Oracle")("val_loss", max_trials=6, seed=0, **options)
tuner = recipes.QuickTuner(oracle, build, directory=folder)
tuner.search(x[:60], y[:60], validation_data=(x[60:], y[60:]), epochs=3, verbose=0, callbacks=[Dies()])
trials = [oracle.trials[trial_id] for trial_id in oracle.end_order]
weights = [array.tolist() for array in tuner.get_best_models()[0].get_weights()]
print(json.dumps([[trial.trial_id, trial.hyperparameters.values, trial.score, trial.best_step] for trial in trials]))
print(json.dumps(weights))
"""


def trained(folder, kind, death=0):
    """Six trials of three epochs in a process of its own, which is killed after so many; what it prints."""
    command = [sys.executable, "-W", "ignore", "-c", TRAINED, str(folder), kind, str(death)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    if death:
        assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]
        return None
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()[-2:]]


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["RandomSearch", "BayesianOptimization", "GridSearch"])
def test_trainings_killed_twice_end_as_if_unbroken(tmp_path, kind):
    unbroken = trained(tmp_path / "unbroken", kind)
    trained(tmp_path / "killed", kind, death=2)  # in the first trial
    trained(tmp_path / "killed", kind, death=11)  # in the fourth
    assert trained(tmp_path / "killed", kind) == unbroken
    assert trained(tmp_path / "again", kind) == unbroken  # with a seed of 0
