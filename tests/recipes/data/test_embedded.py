import hashlib
import multiprocessing
import os
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from sklearn import datasets as sklearn_datasets

from recipes.data import embedded, load
from recipes.data.embedded.builder import evenly

FROM_PYTHON = ("syllables", "docstrings", "characters")
"""Those made of what Python itself ships; each has a test file of its own."""


@pytest.mark.parametrize(
    ("name", "key"), [("digits", "image"), ("breast_cancer", "features"), ("diabetes", "features")]
)
def test_holds_what_scikit_learn_has(name, key, data_dir):
    options = {"scaled": False} if name == "diabetes" else {}
    x, y = getattr(sklearn_datasets, f"load_{name}")(return_X_y=True, **options)
    builder = embedded.prepared(name, data_dir)
    assert list(builder.info.splits) == ["train"]
    assert builder.info.supervised_keys[0] == key
    got = builder.as_dataset(split="train", batch_size=-1, as_supervised=True)
    rows = {(*row, label) for row, label in zip(map(tuple, x.astype("float32").tolist()), y.tolist(), strict=True)}
    read = got[0].numpy().reshape(len(y), -1).astype("float32").tolist()
    assert {(*row, label) for row, label in zip(map(tuple, read), got[1].numpy().tolist(), strict=True)} == rows


def test_column_names_are_those_of_scikit_learn():
    assert list(embedded.FEATURE_NAMES["breast_cancer"]) == sklearn_datasets.load_breast_cancer().feature_names.tolist()
    assert list(embedded.FEATURE_NAMES["diabetes"]) == sklearn_datasets.load_diabetes().feature_names


def test_tfds_knows_them_by_name(data_dir):
    builder = tfds.builder("digits", data_dir=data_dir)
    assert isinstance(builder, embedded.Digits)
    assert builder.info.features["label"].num_classes == 10
    assert embedded.BreastCancer.name == "breast_cancer"
    assert tfds.builder("breast_cancer", data_dir=data_dir).info.features["label"].names == ["malignant", "benign"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", FROM_PYTHON)
@pytest.mark.ordinarily("characters")
def test_tfds_knows_and_reads_those_from_python(name, data_dir):
    prepared = embedded.prepared(name, data_dir)
    assert list(prepared.info.splits) == ["train"]
    builder = tfds.builder(name, data_dir=data_dir)
    assert isinstance(builder, embedded.EMBEDDED[name])
    first = next(iter(builder.as_dataset(split="train").as_numpy_iterator()))
    assert set(first) == set(builder.info.features)
    records = [path for path in Path(builder.data_dir).iterdir() if path.is_file()]
    assert len(records) == 4
    before = [record.stat().st_mtime_ns for record in records]
    embedded.prepared(name, data_dir)
    assert [record.stat().st_mtime_ns for record in records] == before


def test_evenly():
    assert evenly("abcdefgh", 3) == ["a", "c", "f"]
    assert evenly(range(1000), 10) == list(range(0, 1000, 100))
    assert evenly("ab", 3) == ["a", "b"]
    assert evenly("", 3) == []


def _generated(name):
    """A digest of all examples of the dataset, in the order in which they are made."""
    digest = hashlib.sha256()
    for key, example in embedded.EMBEDDED[name](data_dir=tempfile.gettempdir()).examples():
        values = {feature: getattr(value, "tolist", lambda value=value: value)() for feature, value in example.items()}
        digest.update(repr((key, values)).encode())
    return digest.hexdigest()


def _generated_in_a_process(results):
    results.put({name: _generated(name) for name in FROM_PYTHON})


@pytest.mark.thorough
def test_those_from_python_are_the_same_in_every_process(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2")
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    worker = context.Process(target=_generated_in_a_process, args=(results,))
    worker.start()
    other = results.get(timeout=200)
    worker.join(60)
    assert other == {name: _generated(name) for name in FROM_PYTHON}


def test_prepared_quietly_once_and_leaves_nothing_else(tmp_path, capfd):
    random.seed(3)
    state = random.getstate()
    embedded.prepared("diabetes", tmp_path)
    assert random.getstate() == state
    out, err = capfd.readouterr()
    assert out == ""
    assert "Generating" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["diabetes"]
    record = tmp_path / "diabetes" / "1.0.0" / "dataset_info.json"
    before = record.stat().st_mtime_ns
    embedded.prepared("diabetes", tmp_path)
    assert record.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_replaced_by_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    builder = embedded.prepared("diabetes", "/proc/nowhere")
    assert builder.data_dir.startswith(str(tmp_path / "cache"))
    assert builder.info.splits["train"].num_examples == 442
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere/either")
    builder = embedded.prepared("diabetes", "/proc/nowhere")
    assert builder.info.splits["train"].num_examples == 442


def _prepare_at_once(folder, barrier, results):
    barrier.wait(100)
    random.seed(0)
    results.put(load("diabetes", data_dir=folder).fingerprint)


@pytest.mark.thorough
def test_two_processes_at_once(tmp_path, data_dir):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_prepare_at_once, args=(str(tmp_path), barrier, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    prints = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert prints == [load("diabetes", data_dir=data_dir).fingerprint] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["diabetes"]


def test_coming_second_is_no_error(tmp_path):
    builder = embedded.make_builder("diabetes", tmp_path)
    embedded.prepare(builder)
    embedded.prepare(builder)
    assert [path.name for path in tmp_path.iterdir()] == ["diabetes"]


def test_loaded(digits):
    assert digits.spec.input_shape == (8, 8, 1)
    assert digits.spec.class_names == tuple("0123456789")
    assert max(np.max(digits.arrays(split)[0]) for split in ("train", "validation", "test")) == 16
