"""Which examples of a TFDS dataset are used: parts of splits, other splits, folders and builders."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

import recipes
from callbacks.checks import InvalidArgument
from recipes.data import DatasetUnavailable, load
from recipes.saved_run import SavedRun, data_of

from .builders import prepare as prepare_builder

F = tfds.features
FEATURES = {"x": F.Tensor(shape=(2,), dtype=np.float32), "label": F.ClassLabel(names=["no", "yes"])}
SIZES = {"train": (0, 50), "test": (100, 10), "validation": (200, 10), "validation_other": (300, 20)}


@pytest.fixture
def folder(prepare):
    splits = {
        split: [{"x": np.array([n, -n], "float32"), "label": n % 2} for n in range(start, start + count)]
        for split, (start, count) in SIZES.items()
    }
    return prepare("parts", FEATURES, splits, ("x", "label"))


def numbers(data, *splits):
    return sorted(np.concatenate([data.arrays(split)[0][:, 0] for split in splits]).astype(int).tolist())


def test_a_part_of_a_split(folder):
    data = load("parts", data_dir=folder, split="train[:40%]")
    assert data.settings["counts"] == {"train": 16, "validation": 4, "test": 10}
    assert data.settings["options"] == {"split": "train[:40%]"}
    part = tfds.builder_from_directory(folder / "parts" / "1.0.0").as_dataset(split="train[:40%]")
    assert numbers(data, "train", "validation") == sorted(int(row["x"][0]) for row in part)


def test_other_splits_on_request(folder):
    data = load("parts", data_dir=folder, validation="validation", test="validation_other")
    assert numbers(data, "train") == list(range(50))
    assert numbers(data, "validation") == list(range(200, 210))
    assert numbers(data, "test") == list(range(300, 320))
    assert data.settings["test"] == "published validation_other"
    parts = load("parts", data_dir=folder, split="train[:60%]", test="train[60%:]")
    assert numbers(parts, "train", "validation", "test") == list(range(50))


def test_a_split_that_overlaps_with_training_is_not_the_test_set(folder):
    data = load("parts", data_dir=folder, split="train+test")
    assert data.settings["test"] == "published validation"
    with pytest.raises(InvalidArgument, match=r"test must be without examples of train split 'train\[:60%\]'"):
        load("parts", data_dir=folder, split="train[:60%]", test="train[50%:]")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "trian"}, r"split must be a split of parts \(test, train, validation, validation_other\) or a part"),
        ({"split": "train[:x]"}, "split must be a split of parts .* as 'train"),
        ({"split": "train[:0%]"}, "split must be a split with examples"),
        ({"test": "held"}, "test must be a split of parts"),
        ({"validation": "test[50%:]", "test": "test"}, "test must be without examples of validation split"),
    ],
)
def test_splits_that_are_none(folder, options, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        load("parts", data_dir=folder, **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("form", ["folder", "version", "text", "builder"])
@pytest.mark.ordinarily("version")
def test_a_folder_or_a_builder_in_place_of_a_name(folder, form):
    version = folder / "parts" / "1.0.0"
    forms = {
        "folder": folder / "parts",
        "version": version,
        "text": f"{version}/",
        "builder": tfds.builder_from_directory(version),
    }
    data = load(forms[form])
    assert data.fingerprint == load("parts", data_dir=folder).fingerprint
    assert (data.spec.name, data.settings["folder"]) == ("parts", str(version))


def test_a_folder_without_a_dataset(folder, tmp_path):
    with pytest.raises(InvalidArgument, match="this one holds parts: pass a name, and this folder as data_dir"):
        load(folder)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(
        InvalidArgument, match="name must be a folder of images, with a folder for each class, or of one"
    ):
        load(other)


def test_names_of_datasets_come_before_folders(tmp_path, monkeypatch, data_dir):
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load("digits", data_dir=data_dir).spec.name == "digits"
    with pytest.raises(InvalidArgument, match="name must be a folder of images"):
        load("./digits")


@pytest.mark.thorough
def test_a_run_on_a_part_of_a_folder_is_loaded_again(folder, tmp_path):
    data = load(folder / "parts", split="train[:40%]", test="validation_other")
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.01, regularizer="none")
    saved = recipes.fit(data, recipe, epochs=1, verbose=0).save(tmp_path / "run")
    assert recipes.load_run(saved).data.fingerprint == data.fingerprint


def test_which_of_several_configurations_is_used_is_said(tmp_path):
    prepare_builder("wine_quality/red", tmp_path, {"train": 40})
    with pytest.raises(DatasetUnavailable, match="prepared there: wine_quality/red"):
        load("wine_quality", data_dir=tmp_path)
    prepare_builder("wine_quality/white", tmp_path, {"train": 40})
    text = "dataset 'wine_quality': used the first of its 2 configurations, wine_quality/white; others are red"
    with pytest.warns(UserWarning, match=text):
        data = load("wine_quality", data_dir=tmp_path)
    assert data.settings["config"] == "white"
    again = data_of(SavedRun(None, None, data.spec, {}, {"data": data.settings}), tmp_path)
    assert again.fingerprint == data.fingerprint
