"""The table of docs/jax.md: what runs on Keras' JAX backend, and what is refused there in one line."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import callbacks
import recipes
from recipes.optimizers import OPTIMIZERS
from recipes.regularization import REGULARIZERS

ROOT = Path(__file__).resolve().parents[2]
WORDS = {"runs": "right", "refused": "refused"}
FEW = ("OneCycle", "line_search", "fit")

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")


def table():
    """Name -> "runs" or "refused", from the documentation."""
    rows = re.findall(r"^\| (`.+?`) \| (\w+) \|", (ROOT / "docs" / "jax.md").read_text(), re.MULTILINE)
    return {name: word for names, word in rows for name in re.findall(r"`(\w+)`", names)}


def outcomes(folder, *names):
    """What checks.py says on JAX, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("checks.py")), str(folder), *names]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_public_name_is_in_the_table():
    names = {*callbacks.__all__, *recipes.__all__, *OPTIMIZERS, *REGULARIZERS, "LayerRates"}
    assert set(table()) == names, "docs/jax.md says of every public name whether it runs on JAX"
    assert set(table().values()) == set(WORDS)


@needs_jax
def test_a_few_lines_of_the_table(tmp_path):
    expected = table()
    assert outcomes(tmp_path, *FEW) == {name: WORDS[expected[name]] for name in FEW}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """The folder in which the models are saved, and what every check says."""
    folder = tmp_path_factory.mktemp("jax")
    return folder, outcomes(folder)


@needs_jax
@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_every_line_of_the_table(everything):
    assert everything[1] == {name: WORDS[word] for name, word in table().items()}


@needs_jax
@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_models_trained_and_saved_on_jax_give_the_same_answers_on_tensorflow(everything):
    files = sorted(everything[0].glob("*.keras"))
    assert len(files) >= 10
    for path in files:
        model = keras.models.load_model(path)
        arrays = list(np.load(path.with_suffix(".npz")).values())
        count = len(keras.tree.flatten(model.input))
        x = keras.tree.pack_sequence_as(model.input, arrays[:count])
        for found, expected in zip(keras.tree.flatten(model.predict(x, verbose=0)), arrays[count:], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=path.stem)


@pytest.mark.thorough
def test_other_backends_are_refused_in_one_line():
    environment = {**os.environ, "KERAS_BACKEND": "numpy", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "import callbacks"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: keras_recipes works on Keras' backends tensorflow and jax"
    )
    assert done.stderr.splitlines()[-1].endswith("Received: KERAS_BACKEND=numpy")
