"""What each test example was answered: in the files, in a search, and where a file is damaged."""

import dataclasses

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.metric import ACCURACY
from recipes.metrics import METRICS
from recipes.tuning.arms import Arm
from recipes.tuning.ledger import Ledger
from recipes.tuning.outcomes import Outcomes, outcomes_file, outcomes_of, read_outcomes, write_outcomes
from recipes.tuning.plan import Training
from recipes.tuning.running.runner import Job

from .records import trainings

Y = np.array([0, 2, 1])
PROBABILITIES = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0.5, 0.25, 0.25]], np.float32)


def same(first, second):
    pairs = zip(dataclasses.astuple(first), dataclasses.astuple(second), strict=True)
    return all(
        np.array_equal(one, other) and getattr(one, "dtype", 0) == getattr(other, "dtype", 0) for one, other in pairs
    )


def test_of_classes():
    outcomes = outcomes_of(ACCURACY, "multiclass", Y, PROBABILITIES)
    assert list(outcomes.right) == [True, True, False]
    assert outcomes.answer.dtype == np.uint8
    assert list(outcomes.answer) == [0, 2, 0]
    assert list(outcomes.contribution) == [1.0, 1.0, 0.0]
    assert outcomes.loss == pytest.approx(-np.log([0.5, 0.75, 0.25]), rel=1e-3)


def test_of_several_labels():
    y = np.array([[1, 0], [0, 1]])
    outcomes = outcomes_of(METRICS["accuracy"], "multilabel", y, np.array([[0.75, 0.75], [0.25, 0.75]], np.float32))
    assert outcomes.right.tolist() == [[True, False], [True, True]]
    assert list(outcomes.contribution) == [0.5, 1.0]


def test_of_regression():
    y, predicted = np.array([1.0, 2.0, 4.0]), np.array([[1.0], [4.0], [5.0]], np.float32)
    outcomes = outcomes_of(METRICS["root_mean_squared_error"], "regression", y, predicted)
    assert outcomes.right is None
    assert list(outcomes.answer) == [1.0, 4.0, 5.0]
    assert list(outcomes.loss) == [0.0, 4.0, 1.0]
    assert outcomes.contribution.mean() == pytest.approx(np.sqrt(5 / 3))


@pytest.mark.parametrize("right", [None, np.arange(11) % 3 == 0, np.arange(22).reshape(11, 2) % 3 == 0])
def test_there_and_back(tmp_path, right):
    numbers = np.random.default_rng(0).normal(size=11)
    answer = None if right is None else np.arange(11, dtype=np.uint16)
    outcomes = Outcomes(numbers.astype(np.float32), right, numbers.astype(np.float16), answer)
    write_outcomes(tmp_path, "adam+none/confirm/0", outcomes)
    assert outcomes_file(tmp_path, "adam+none/confirm/0").name == "adam+none confirm 0.npz"
    assert same(read_outcomes(tmp_path, "adam+none/confirm/0"), outcomes)
    assert read_outcomes(tmp_path, "adam+none/confirm/1") is None


def test_they_are_compact(tmp_path):
    """10,000 answers, 150 of them wrong: under 3 bytes each."""
    random = np.random.default_rng(0)
    right, loss = random.random(10_000) > 0.015, random.exponential(0.05, 10_000).astype(np.float16)
    write_outcomes(tmp_path, "a/confirm/0", Outcomes(right.astype(np.float32), right, loss))
    assert outcomes_file(tmp_path, "a/confirm/0").stat().st_size < 30_000


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY"])
def test_a_damaged_file_is_refused_by_name(tmp_path, content):
    write_outcomes(tmp_path, "a/confirm/0", outcomes_of(METRICS["accuracy"], "multiclass", Y, PROBABILITIES))
    path = outcomes_file(tmp_path, "a/confirm/0")
    path.write_bytes(content + path.read_bytes()[20:])
    with pytest.raises(InvalidArgument, match=r"undamaged search \(outcomes/a confirm 0.npz: ") as error:
        read_outcomes(tmp_path, "a/confirm/0")
    assert "\n" not in str(error.value)


def test_a_training_that_runs_again_replaces_them(tmp_path):
    outcomes = outcomes_of(METRICS["accuracy"], "multiclass", Y, PROBABILITIES)
    record = Job(Training(Arm("adam", "none"), "confirm", 0, 1), {"learning_rate": 0.1}).record(outcomes=outcomes)
    with Ledger(tmp_path / "search", {"epochs": 1}) as ledger:
        read_back = ledger.add(record)
        assert read_back.outcomes is None  # in a file of their own
        assert same(read_outcomes(ledger.directory, record.key), outcomes)
        ledger.forget([record.key])
        ledger.add(dataclasses.replace(record, outcomes=None, diverged=True, status="diverged"))
        assert read_outcomes(ledger.directory, record.key) is None


def test_a_search_keeps_those_of_its_final_trainings(found, classes):
    records = trainings(found.directory)
    for record in records:
        outcomes = read_outcomes(found.directory, record["key"])
        if record["stage"] == "tune":
            assert outcomes is None
            continue
        assert outcomes.contribution.shape == outcomes.right.shape == (len(classes.arrays("test")[1]),)
        assert outcomes.right.mean() == pytest.approx(record["test_score"], abs=1e-6)
        assert np.array_equal(outcomes.contribution, outcomes.right)
        assert outcomes.loss.mean(dtype=float) == pytest.approx(record["test_loss"], rel=2e-3)


def test_they_are_those_of_the_exported_model(found, classes):
    """The winner is trained once more with its best seed: its answers are the ones on file."""
    import keras

    x, y = classes.arrays("test")
    predicted = keras.models.load_model(found.directory / "best" / "model.keras").predict(x, verbose=0)
    arm = found.results.winner
    seeds = found.results.stage("confirm").query("arm == @arm")["seed"].tolist()
    outcomes = read_outcomes(found.directory, f"{arm}/confirm/{seeds.index(found.best_seed)}")
    assert np.array_equal(outcomes.right, predicted.argmax(axis=1) == y)
    assert np.array_equal(outcomes.answer, predicted.argmax(axis=1))
