"""A sample of the faults of ``scripts/measure/inject_faults.py``: in trainings and searches."""

import errno
import json
import random

import numpy as np
import pytest

import recipes
from recipes.tuning.ledger import read_records
from scripts.support.faults import failing

X = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")


@pytest.fixture(scope="module")
def data():
    return recipes.Data.from_arrays(X, (X[:, 0] > 0).astype(int), batch_size=16)


def moments(calls, count, seed):
    """Some (error, number of calls before it)."""
    generator = random.Random(seed)
    return [
        (generator.choice([errno.ENOSPC, errno.EIO, errno.EACCES]), generator.randrange(calls)) for _ in range(count)
    ]


def undisturbed(folder, run):
    """The result of a run, and the calls of the file system that it takes."""
    with failing(folder) as calls:
        return run(folder), calls.count


def disturbed(folder, run, faults):
    """The result of a run that is called again after each fault. Each call ends, or stops with one line."""
    messages = []
    for number, after in faults:
        with failing(folder, number, after):
            try:
                run(folder)
            except (OSError, recipes.InvalidArgument) as error:
                messages.append(str(error))
    assert [message for message in messages if "\n" in message] == []
    return run(folder)


@pytest.mark.parametrize("count", [2, pytest.param(40, marks=pytest.mark.thorough)])
def test_a_training_goes_on_after_errors_of_the_file_system(data, tmp_path, count):
    def run(folder):
        recipe = recipes.Recipe(learning_rate=0.05, model={"name": "mlp", "hidden": (2,)})
        done = recipes.fit(data, recipe, epochs=3, directory=folder / "state", verbose=0)
        return done.history, [weight.tolist() for weight in done.model.get_weights()]

    expected, calls = undisturbed(tmp_path / "a", run)
    assert calls > 10
    assert disturbed(tmp_path / "b", run, moments(calls, count, seed=1)) == expected
    assert [path.name for path in (tmp_path / "b").rglob("*") if path.suffix == ".tmp"] == []


@pytest.mark.parametrize("count", [pytest.param(30, marks=pytest.mark.thorough)])
def test_a_search_records_nothing_that_the_machine_did(data, tmp_path, count):
    def run(folder):
        options = {"optimizers": ["momentum"], "regularizers": ["none"], "epochs": 1, "trials": 2, "repeats": 1}
        recipe = recipes.Recipe(model={"name": "mlp", "hidden": (2,)})
        recipes.search(data, recipe=recipe, directory=folder / "search", verbose=0, **options)
        records = read_records(folder / "search")[0]
        return {key: json.dumps({**json.loads(record.to_json()), "seconds": 0}) for key, record in records.items()}

    expected, calls = undisturbed(tmp_path / "a", run)
    assert disturbed(tmp_path / "b", run, moments(calls, count, seed=2)) == expected
