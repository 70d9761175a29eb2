"""A class with too few examples for every split does not make data unusable."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

import recipes
from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.data.splitting.small_classes import dealt_with
from recipes.saved_run import SavedRun, data_of

pytestmark = [pytest.mark.filterwarnings(f"ignore:.*{text}") for text in (" is rare", "no example of class")]

X = np.random.default_rng(0).normal(size=(63, 2))
Y = np.array(["a", "b"] * 30 + ["c", "d", "d"])


def reloaded(data, data_dir):
    """The data as a saved run finds them; it checks that they are the same."""
    facts = {"data": data.settings, "fingerprints": data.fingerprints}
    return data_of(SavedRun(None, None, data.spec, {}, facts), data_dir)


def made(how, y=Y, **options):
    with pytest.warns(UserWarning, match=r"^y: ") as caught:
        data = Data.from_arrays(X, y, small_classes=how, **options)
    return data, str(caught[0].message)


def counts(data):
    return [np.bincount(data.arrays(split)[1], minlength=len(data.spec.class_names)).tolist() for split in SPLITS]


SPLITS = ("train", "validation", "test")


def test_the_error_says_what_to_do():
    message = (
        "class 'c' has only 1; small_classes='leave_out', 'merge' or 'train' says what to do with it, or pass splits of"
        " your own. Received: test=0.2"
    )
    with pytest.raises(InvalidArgument, match=message):
        Data.from_arrays(X, Y)
    with pytest.raises(InvalidArgument, match="small_classes must be one of 'refuse', 'leave_out', 'merge', 'train'"):
        Data.from_arrays(X, Y, small_classes="drop")


def test_left_out():
    data, said = made("leave_out")
    assert said == "y: left out 3 training examples of 2 classes with fewer than 3 each ('c', 'd')"
    expected = Data.from_arrays(X[:60], Y[:60])
    assert (data.spec, data.fingerprint) == (expected.spec, expected.fingerprint)
    assert data.spec.task == "binary"  # of two classes that are left
    assert data.settings["small_classes"] == "leave_out"
    assert [fold.spec.class_names for fold in data.folds(2)] == [("a", "b")] * 2


def test_merged():
    data, said = made("merge")
    assert said == "y: merged 3 training examples of 2 classes with fewer than 3 each ('c', 'd') into class 'other'"
    assert data.spec.class_names == ("a", "b", "other")
    assert sum(map(np.array, counts(data))).tolist() == [30, 30, 3]
    expected = Data.from_arrays(X, np.where(Y > "b", "other", Y))
    assert (data.spec, data.fingerprint) == (expected.spec, expected.fingerprint)


def test_kept_in_training():
    data, _ = made("train")
    assert data.spec.class_names == ("a", "b", "c", "d")
    assert np.array(counts(data))[:, 2].tolist() == [1, 0, 0]
    assert np.array(counts(data)).sum(axis=0).tolist() == [30, 30, 1, 2]
    folds = data.folds(5)
    assert [np.bincount(fold.arrays("train")[1])[2] for fold in folds] == [1] * 5
    held = np.concatenate([fold.arrays("validation")[1] for fold in folds])
    assert sorted(np.bincount(held).tolist()) == [24, 24]


def test_weights_and_groups_go_with_the_examples():
    x = np.stack([np.arange(63.0), X[:, 0]], axis=1)
    data, _ = made("leave_out", sample_weight=np.arange(63) + 1.0, groups=np.arange(63) // 3)
    with pytest.warns(UserWarning, match="left out"):
        data = Data.from_arrays(
            x, Y, sample_weight=x[:, 0] + 1, groups=np.arange(63) // 3, small_classes="leave_out", duplicates="ignore"
        )
    sides = [set((data.arrays(split)[0][:, 0] // 3).tolist()) for split in SPLITS]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 20
    for split in SPLITS:
        assert np.array_equal(data.sample_weight(split), data.arrays(split)[0][:, 0] + 1)


def test_what_helps_nothing_is_refused():
    with pytest.raises(
        InvalidArgument, match=r"'leave_out' or 'train' where all small classes have fewer than 3 .*'c' 1"
    ):
        Data.from_arrays(X[:61], Y[:61], small_classes="merge")
    with pytest.raises(
        InvalidArgument, match="small_classes must be 'refuse' or 'train' for y: 2 classes have to be left"
    ):
        Data.from_arrays(X[:61], np.array(["a"] * 60 + ["c"]), small_classes="leave_out")


def test_without_small_classes_nothing_changes():
    for how in ("leave_out", "merge", "train"):
        data = Data.from_arrays(X[:60], Y[:60], small_classes=how)
        assert data.fingerprint == Data.from_arrays(X[:60], Y[:60]).fingerprint


def test_names_and_other_splits():
    targets = {"train": np.array([0, 0, 1, 2, 2]), "test": np.array([1, 2, 0])}
    with pytest.warns(UserWarning, match="left out 1 training examples of 1 classes"):
        left, kept, names = dealt_with("leave_out", targets, ["a", "b", "other"], 2, "y")
    assert (left["train"].tolist(), left["test"].tolist(), names) == ([0, 0, 1, 1], [1, 0], ("a", "other"))
    assert kept["test"].tolist() == [1, 2]
    with pytest.warns(UserWarning, match="into class 'other_2'"):
        merged, _, names = dealt_with("merge", {"train": np.array([0, 1, 2, 2, 2, 1])}, ["a", "b", "other"], 3, "y")
    assert (merged["train"].tolist(), names) == ([1, 1, 0, 0, 0, 1], ("other", "other_2"))


def test_a_published_dataset(prepare):
    kinds = {"n": tfds.features.Scalar(np.float32), "label": tfds.features.ClassLabel(names=["no", "yes", "maybe"])}
    folder = prepare("rare", kinds, {"train": [{"n": i + 0.5, "label": i % 2 if i else 2} for i in range(40)]})
    with pytest.raises(InvalidArgument, match="class 'maybe' has only 1; small_classes="):
        recipes.load("rare", data_dir=folder, target="label")
    with pytest.warns(UserWarning, match="left out 1 training"):
        data = recipes.load("rare", data_dir=folder, target="label", small_classes="leave_out")
    again = reloaded(data, folder)
    assert data.spec.class_names == ("no", "yes")
    assert again.fingerprint == data.fingerprint
