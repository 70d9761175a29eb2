"""Data.resplit: every example is tested equally often, by chance, class, group or time, as scikit-learn's folds are."""

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument


def made(count=60, **options):
    x = np.random.default_rng(0).normal(size=(count, 3))
    x[:, 0] = np.arange(count)
    y = np.arange(count) % 3 if "y" not in options else options.pop("y")
    return recipes.Data.from_arrays(x, y, **options)


def rows(data, split):
    return set(np.asarray(data.arrays(split)[0])[:, 0].astype(int).tolist())


@pytest.mark.parametrize("test", [0.2, 0.34, 0.5])
def test_every_example_is_tested_equally_often(test):
    data = made(test=test)
    folds = round(1 / test)
    for division in range(2):
        tested = [row for number in range(folds) for row in rows(data.resplit(folds * division + number), "test")]
        assert sorted(tested) == list(range(60))
    first, other = rows(data.resplit(1), "test"), rows(data.resplit(folds + 1), "test")
    assert first != other


def test_all_three_splits_are_new_and_stratified_and_known_only_to_themselves():
    data = made()
    assert data.resplit(0) is data
    for number in (1, 4, 7):
        again = data.resplit(number)
        splits = [rows(again, split) for split in ("train", "validation", "test")]
        assert sum(map(len, splits)) == len(set.union(*splits)) == 60
        assert again.settings["counts"] == data.settings["counts"]
        assert np.bincount(again.arrays("test")[1]).tolist() == [4, 4, 4]
        x = again.arrays("train")[0]
        assert again.spec.input_mean == pytest.approx(x.mean(axis=0), rel=1e-5)
        assert again.spec.class_names == data.spec.class_names
        assert again.fingerprint == data.resplit(number).fingerprint != data.fingerprint


def test_splits_that_are_given_stay():
    x, y = np.random.default_rng(1).normal(size=(20, 3)), np.arange(20) % 2
    data = made(y=np.arange(60) % 2, x_test=x, y_test=y)
    again = data.resplit(3)
    assert again.fingerprints["test"] == data.fingerprints["test"]
    assert rows(again, "validation") != rows(data, "validation")
    assert rows(again, "train") | rows(again, "validation") == set(range(60))
    both = made(y=np.arange(60) % 2, x_test=x, y_test=y, x_validation=x + 1, y_validation=y)
    assert both.resplit(3) is both


def test_groups_stay_whole():
    data = made(groups=np.arange(60) // 4)
    tested = []
    for number in range(5):
        again = data.resplit(number)
        groups = [{row // 4 for row in rows(again, split)} for split in ("train", "validation", "test")]
        assert sum(map(len, groups)) == len(set.union(*groups)) == 15
        tested += rows(again, "test")
    assert sorted(tested) == list(range(60))


def test_of_times_the_past_trains():
    data = made(time=np.arange(60))
    tested = []
    for number in range(4):
        again = data.resplit(number)
        ordered = [rows(again, split) for split in ("train", "validation", "test")]
        assert max(ordered[0]) < min(ordered[1])
        assert max(ordered[1]) < min(ordered[2])
        tested += rows(again, "test")
    assert sorted(tested) == list(range(12, 60))
    assert rows(data.resplit(4), "test") == rows(data, "test")


def test_weights_go_with_their_examples():
    data = made(sample_weight=1.0 + np.arange(60))
    again = data.resplit(2)
    for split in ("train", "validation", "test"):
        x = np.asarray(again.arrays(split)[0])
        assert again.sample_weight(split) == pytest.approx(1.0 + x[:, 0])


def test_records_keep_their_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"number": np.arange(40.0), "word": list("abcd") * 10})
    data = recipes.Data.from_arrays(frame, np.arange(40) // 4 % 2)
    again = data.resplit(1)
    assert [feature.name for feature in again.spec.features] == ["number", "word"]
    assert again.settings["counts"] == data.settings["counts"]


@pytest.mark.filterwarnings("ignore:y. no example of class")
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: made(y=np.array([0] * 20 + [1] * 3 + [0] * 37)), "at most the size of every class"),
        (lambda: made().with_train(np.ones((3, 3), "float32"), np.arange(3), how="ones"), "was not replaced"),
    ],
)
def test_what_cannot_be_divided(data, message):
    with pytest.raises(InvalidArgument, match=message):
        data().resplit(1)
    with pytest.raises(InvalidArgument, match="number must be"):
        data().resplit(-1)
