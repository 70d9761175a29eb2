"""Tiny data and one tiny finished search, made once for all tests of recipes/."""

import fcntl
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

import recipes
from recipes.whole_epochs import calls

EXECUTION_FLOPS = calls.EXECUTION_FLOPS
MODEL = {"name": "mlp", "hidden": (8,)}


def make_classes(seed=0):
    """150 points of 4 features in 3 classes that a line separates nearly."""
    random = np.random.default_rng(seed)
    y = np.repeat(np.arange(3), 50)
    x = random.normal(0, 0.7, (150, 4)) + 2.0 * np.eye(3, 4)[y]
    return recipes.Data.from_arrays(
        100.0 * x.astype("float32"), y, batch_size=16, name="classes", class_names=("red", "green", "blue")
    )


@pytest.fixture(scope="session")
def classes():
    return make_classes()


@pytest.fixture(scope="session")
def binary():
    random = np.random.default_rng(1)
    x = random.normal(size=(160, 5)).astype("float32")
    y = (x @ np.array([2.0, -1.0, 1.0, 0.0, 0.5]) > 0).astype("int64")
    return recipes.Data.from_arrays(x, y, batch_size=16, name="binary", class_names=("no", "yes"))


@pytest.fixture(scope="session")
def regression():
    """A target around 500 with a deviation of about 120: its own unit is far from 1."""
    random = np.random.default_rng(2)
    x = random.normal(size=(160, 5)).astype("float32")
    y = (500.0 + 50.0 * (x @ np.array([2.0, -1.0, 1.0, 0.0, 0.5])) + random.normal(0, 5, 160)).astype("float32")
    return recipes.Data.from_arrays(x, y, batch_size=16, name="regression")


@pytest.fixture(scope="session")
def images():
    """120 grey images of 6x6 pixels in 3 classes: which third is bright."""
    random = np.random.default_rng(3)
    y = np.arange(120) % 3
    x = random.integers(0, 80, (120, 6, 6))
    for image, label in zip(x, y, strict=True):
        image[2 * label : 2 * label + 2] += 150
    return recipes.Data.from_arrays(x.astype("uint8"), y, batch_size=16, name="images")


@pytest.fixture
def tiny():
    """``tiny(optimizer="adam", ...)``: a Recipe for a network of one hidden layer of 8 units, at a known rate."""

    def make(**choices):
        return recipes.Recipe(**{"model": MODEL, "learning_rate": 0.05, "regularizer": "early_stopping", **choices})

    return make


@pytest.fixture(scope="session")
def search_options():
    """The search that the tests of tuning/ look at: 4 arms, 2 trials and 2 seeds each, 1 epoch."""
    return {
        "optimizers": ["momentum", "adam"],
        "regularizers": ["none", "dropout"],
        "recipe": recipes.Recipe(model=MODEL),
        "epochs": 1,
        "trials": 2,
        "repeats": 2,
        "tunings": "once",
        "resplit": False,
        "keep_weights": True,
        "verbose": 0,
    }


def _without_pictures(monkeypatch):
    from recipes.report import page, plots

    monkeypatch.setattr(plots, "save_plots", lambda *arguments: [])
    monkeypatch.setattr(page, "write_page", lambda *arguments: None)


@pytest.fixture
def no_pictures(monkeypatch):
    """Searches without plots and page, which take longer than these trainings."""
    _without_pictures(monkeypatch)


@pytest.fixture(scope="session")
def found(classes, search_options, tmp_path_factory):
    """The outcome of that search, which only the first process of several runs; the others go on where it ended."""
    shared = tmp_path_factory.getbasetemp().parent / "search" if os.environ.get("PYTEST_XDIST_WORKER") else None
    directory = tmp_path_factory.mktemp("search") / "classes"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(calls, "EXECUTION_FLOPS", EXECUTION_FLOPS)  # whichever module asks for it first
        if shared is None:
            return recipes.search(classes, directory=directory, **search_options)
        shared.mkdir(exist_ok=True)
        with open(shared / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / "classes").exists():
                recipes.search(classes, directory=shared / "classes", **search_options)
        shutil.copytree(shared / "classes", directory)
        _without_pictures(monkeypatch)
        return recipes.search(classes, directory=directory, **search_options)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A folder in which the embedded datasets are prepared once."""
    return str(tmp_path_factory.mktemp("tfds"))


@pytest.fixture(scope="session")
def digits(data_dir):
    return recipes.load("digits", data_dir=data_dir)


@pytest.fixture(scope="session")
def digits_run(digits):
    """A short training on the digits."""
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (16,)}, learning_rate=0.05, regularizer="none")
    return recipes.fit(digits, recipe, epochs=1, verbose=0)


@pytest.fixture(scope="session")
def saved_run(digits_run, tmp_path_factory):
    return digits_run.save(tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture(scope="session")
def exported(digits_run, tmp_path_factory):
    return recipes.export(digits_run, tmp_path_factory.mktemp("exports") / "digits")


@pytest.fixture(scope="module", autouse=True)
def _single_steps(request):
    """Trains one step a call, which is traced in two thirds of the time of a whole epoch a call; not with ``--all``."""
    if request.config.option.markexpr != "not thorough" or request.node.get_closest_marker("whole_epochs"):
        yield
        return
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(calls, "EXECUTION_FLOPS", 1.0)
        yield


@pytest.fixture(autouse=True)
def _same_policy():
    """A test that changes Keras' precision must not change that of the others."""
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


@pytest.fixture(scope="session")
def served_folder(tmp_path_factory):
    """Where the tests of serving/ export their models, each once."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture
def python():
    """``python(source, *arguments)``: runs a script in a process of its own; returns what it printed."""

    def run(source, *arguments, **options):
        environment = {**os.environ, "PYTHONWARNINGS": "", **options.pop("env", {})}
        done = subprocess.run(
            [sys.executable, "-c", source, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=240,
            env=environment,
            **options,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run
