"""Splits and examples of TFDS datasets without labels, as benchmarks publish them."""

import warnings

import numpy as np
import pytest
import tensorflow_datasets as tfds

from callbacks.checks import InvalidArgument
from recipes.data import load

F = tfds.features
LABEL = F.ClassLabel(names=["no", "yes"])


def features(target=LABEL):
    return {"x": F.Tensor(shape=(2,), dtype=np.float32), "label": target}


def rows(start, count, label=lambda number: number % 2):
    return [{"x": np.array([n, -n], "float32"), "label": label(n)} for n in range(start, start + count)]


def unlabelled(_):
    return -1


def loaded(folder, name, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = load(name, data_dir=folder, **options)
    return data, [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]


def numbers(data, split):
    return sorted(np.asarray(data.arrays(split)[0])[:, 0].astype(int).tolist())


def test_the_validation_split_serves_where_the_test_split_has_no_labels(prepare):
    splits = {"train": rows(0, 40), "validation": rows(100, 10), "test": rows(200, 10, unlabelled)}
    folder = prepare("glue_like", features(), splits, ("x", "label"))
    data, said = loaded(folder, "glue_like")
    assert said == ["dataset 'glue_like': split 'test' has no labels; the test examples are of 'validation'"]
    assert numbers(data, "test") == list(range(100, 110))
    assert data.settings["test"] == "published validation"
    message = "target must be a feature with values in split 'test' of dataset 'glue_like', but all 10 of 'label' are"
    with pytest.raises(InvalidArgument, match=message):
        load("glue_like", data_dir=folder, test="test")


def test_without_another_split_the_test_examples_are_held_out(prepare):
    folder = prepare("alone", features(), {"train": rows(0, 40), "test": rows(200, 10, unlabelled)}, ("x", "label"))
    data, said = loaded(folder, "alone")
    assert said == ["dataset 'alone': split 'test' has no labels; the test examples are held out of 'train'"]
    assert data.settings["counts"] == {"train": 26, "validation": 6, "test": 8}


@pytest.mark.parametrize(
    ("name", "target", "label", "missing"),
    [
        ("stsb", F.Scalar(np.float32), lambda n: n / 9, -1.0),
        ("scores", F.Scalar(np.float32), lambda n: n / 9 - 2, np.nan),
        ("whole", F.Scalar(np.int32), lambda n: n % 30, -1),
        ("words", F.Text(), lambda n: "ab"[n % 2], ""),
    ],
)
@pytest.mark.ordinarily("stsb")
def test_targets_of_every_kind_that_are_missing_throughout(prepare, name, target, label, missing):
    splits = {"train": rows(0, 60, label), "test": rows(200, 10, lambda _: missing)}
    _, said = loaded(prepare(name, features(target), splits, ("x", "label")), name)
    assert f"dataset '{name}': split 'test' has no labels; the test examples are held out of 'train'" in said


def test_minus_one_is_a_label_where_training_has_negative_ones(prepare):
    splits = {"train": rows(0, 40, lambda n: n / 9 - 2), "test": rows(200, 10, lambda _: -1.0)}
    data, said = loaded(prepare("signed", features(F.Scalar(np.float32)), splits, ("x", "label")), "signed")
    assert (data.settings["test"], said) == ("published test", [])


@pytest.mark.parametrize("memory", [0.5, 0])
@pytest.mark.ordinarily("0.5")
def test_examples_without_a_class_are_left_out(prepare, memory, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    splits = {"train": rows(0, 40, lambda n: -1 if n % 10 == 3 else n % 2), "test": rows(100, 10)}
    data, said = loaded(prepare("snli_like", features(), splits, ("x", "label")), "snli_like", memory=memory)
    expected = "left out 4 of 40 examples of split 'train' without a value of 'label' (-1 or NaN)"
    assert said == [f"dataset 'snli_like': {expected}"]
    kept = sorted(numbers(data, "train") + numbers(data, "validation"))
    assert kept == [n for n in range(40) if n % 10 != 3]
    for split in ("train", "validation", "test"):
        x, y = data.arrays(split)
        np.testing.assert_array_equal(np.asarray(x)[:, 0] % 2, y)


def test_examples_without_a_quantity_are_left_out(prepare):
    splits = {"train": rows(0, 40, lambda n: np.nan if n == 7 else n / 9), "test": rows(100, 10, lambda n: n / 9)}
    folder = prepare("gap", features(F.Scalar(np.float32)), splits)
    with pytest.warns(UserWarning, match="left out 1 of 40 examples of split 'train' without a value of 'label'"):
        data = load("gap", data_dir=folder, target="label")
    assert data.settings["counts"] == {"train": 31, "validation": 8, "test": 10}


def test_a_training_split_without_labels_is_refused(prepare):
    folder = prepare("blank", features(), {"train": rows(0, 20, unlabelled)}, ("x", "label"))
    with pytest.raises(InvalidArgument, match="in split 'train' of dataset 'blank', but all 20 of 'label' are missing"):
        load("blank", data_dir=folder)
