import time

import numpy as np
import pytest
import tensorflow_datasets as tfds

from callbacks.checks import InvalidArgument
from recipes.data import DatasetUnavailable, load
from recipes.data.tfds import network

F = tfds.features
LABEL = F.ClassLabel(names=["no", "yes"])


def row(i, **more):
    return {"b": float(i), "a": i, "c": i % 3 == 0, "label": i % 2, **more}


TABLE = {"b": F.Scalar(np.float64), "a": F.Scalar(np.int32), "c": F.Scalar(np.bool_), "label": LABEL}


def test_digits(digits):
    assert digits.settings == {
        "name": "digits",
        "version": "1.0.0",
        "batch_size": 32,
        "validation": 0.2,
        "test": 0.2,
        "seed": 0,
        "counts": {"train": 1150, "validation": 288, "test": 359},
    }
    assert [tuple(spec.shape) for spec in digits.train.element_spec] == [(32, 8, 8, 1), (32,)]


def test_the_carved_test_set_is_the_same_for_every_seed(digits, data_dir):
    other = load("digits", data_dir=data_dir, seed=1)
    assert np.array_equal(other.arrays("test")[0], digits.arrays("test")[0])
    assert not np.array_equal(other.arrays("validation")[0], digits.arrays("validation")[0])
    assert load("digits", data_dir=data_dir).fingerprint == digits.fingerprint != other.fingerprint


def test_feature_names_and_regression(data_dir):
    assert load("breast_cancer", data_dir=data_dir).spec.feature_names[0] == "mean radius"
    diabetes = load("diabetes", data_dir=data_dir)
    train = diabetes.arrays("train")[1]
    assert diabetes.spec.target_mean == train.mean(dtype="float64")
    assert diabetes.spec.feature_names[:2] == ("age", "sex")
    assert train.dtype == np.float32


def test_scalars_are_a_record_and_a_published_test_split_is_used(prepare):
    folder = prepare(
        "records", TABLE, {"train": [row(i) for i in range(40)], "test": [row(i) for i in range(100, 110)]}
    )
    data = load("records", data_dir=folder)
    assert [each.name for each in data.spec.features] == ["a", "b", "c"]
    assert [each.dtype for each in data.spec.features] == ["int32", "float64", "bool"]
    assert (data.spec.task, data.spec.class_names) == ("binary", ("no", "yes"))
    assert data.settings["counts"] == {"train": 32, "validation": 8, "test": 10}
    assert data.settings["test"] == "published test"
    x, y = data.arrays("test")
    assert sorted(x["a"].tolist()) == list(range(100, 110))
    assert np.array_equal(x["c"], x["a"] % 3 == 0)
    assert np.array_equal(y, x["a"] % 2)
    seen = np.concatenate([data.arrays(split)[0]["a"] for split in ("train", "validation")])
    assert sorted(seen.tolist()) == list(range(40))


@pytest.mark.parametrize(
    ("extra", "used"),
    [(["validation"], "validation"), (["test", "validation"], "test"), (["validation", "other"], "validation")],
)
def test_which_published_split_is_the_test_set(prepare, extra, used):
    splits = {"train": [row(i) for i in range(40)]}
    for number, split in enumerate(extra, 1):
        splits[split] = [row(i) for i in range(100 * number, 100 * number + 10)]
    data = load("published", data_dir=prepare("published", TABLE, splits))
    assert sorted(data.arrays("test")[0]["a"].tolist()) == [r["a"] for r in splits[used]]
    assert data.settings["test"] == f"published {used}"
    assert sorted(np.concatenate([data.arrays(s)[0]["a"] for s in ("train", "validation")]).tolist()) == list(range(40))


def test_what_is_wrong_with_the_values(prepare):
    def refused(name, rows, message, test=()):
        splits = {"train": rows, **({"test": test} if test else {})}
        with pytest.raises(InvalidArgument, match=message):
            load(name, data_dir=prepare(name, TABLE, splits))

    rows = [row(i) for i in range(40)]
    infinite = r"dataset 'inf'\['b'\] must be finite, but 1 of 40 in split 'test' are infinite"
    refused("inf", rows, infinite, [{**rows[0], "b": np.inf}, *rows[1:]])
    refused("rare", [{**r, "label": int(r["a"] == 0)} for r in rows], "class 'yes' has only 1")


def test_another_version_that_is_prepared_is_used(prepare):
    data = load("iris", data_dir=prepare("iris", TABLE, {"train": [row(i) for i in range(40)]}))
    assert data.settings["version"] == "1.0.0"  # the installed TFDS would make a later one, which is not there


def test_a_dataset_without_train_is_refused(prepare):
    folder = prepare("trainless", TABLE, {"test": [row(i) for i in range(40)]})
    with pytest.raises(
        InvalidArgument, match=r"a dataset with a split 'train', or split= one of \['test'\]; 'trainless'"
    ):
        load("trainless", data_dir=folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": 0}, "validation must be a number > 0 and < 1"),
        ({"validation": "0.1"}, "validation must be a number"),
        ({"test": 1.0}, "test must be a number > 0 and < 1"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"seed": True}, "seed must be an integer"),
        ({"batch_size": -1}, "batch_size must be an integer >= 1"),
        ({"name": 5}, "name must be the name of a dataset"),
        ({"name": " "}, "name must be the name of a dataset"),
        ({"data_dir": 5}, "data_dir must be a path"),
        ({"data_dir": ""}, "data_dir must be a path"),
        ({"data_dir": b"x"}, "data_dir must be a path"),
        ({"task": "ranking"}, "task must be one of"),
        ({"memory": 1.5}, "memory must be a number >= 0 and <= 1"),
        ({"image_size": 32}, "image_size must be .height, width."),
        ({"name": "mnist:9.9.9"}, "name must be a dataset that TFDS can build"),
        ({"name": "not a name"}, "unknown dataset 'not a name'"),
        ({"name": "mnist/odd"}, "name must be a dataset that TFDS can build"),
        ({"name": "nowhere:mnist"}, "name must be a dataset that TFDS can build"),
    ],
)
def test_options_are_checked_before_anything_is_read(options, message, tmp_path, monkeypatch):
    monkeypatch.setattr("recipes.data.embedded.prepared", lambda *_: pytest.fail("read before the check"))
    with pytest.raises(InvalidArgument, match=message) as error:
        load(**{"name": "digits", "data_dir": tmp_path, **options})
    assert "\n" not in str(error.value)


def test_a_file_is_no_data_dir(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InvalidArgument, match=r"file is a file. Received: data_dir="):
            load("digits", data_dir=path)


def test_the_environment_names_the_default_folder(digits, data_dir, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    monkeypatch.setattr("recipes.data.embedded.prepare", lambda *_: pytest.fail("not found in TFDS_DATA_DIR"))
    assert load("digits").fingerprint == digits.fingerprint


def test_unprepared_and_no_network(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(network, "reachable", asked.extend)
    with pytest.raises(
        DatasetUnavailable, match=f"'mnist' is not prepared in {tmp_path} and the network cannot be reached"
    ):
        load("mnist", data_dir=tmp_path)
    assert any("mnist" in url for url in asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
def test_unprepared_for_real_within_ten_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "urllib.request.OpenerDirector.open", lambda *_, **__: time.sleep(20)
    )  # as if the look-up of the host hung
    start = time.monotonic()
    with pytest.raises(DatasetUnavailable, match="the network cannot be reached"):
        load("kmnist", data_dir=tmp_path)
    assert time.monotonic() - start < 10


def test_a_remote_folder_needs_the_network(monkeypatch):
    monkeypatch.setattr(network, "reachable", lambda urls: False)
    with pytest.raises(DatasetUnavailable, match="gs://bucket/data and the network"):
        load("mnist", data_dir="gs://bucket/data")


def test_a_download_that_fails_says_so(tmp_path, monkeypatch):
    def fail(_self):
        raise OSError("the host\nwent away")

    monkeypatch.setattr(network, "reachable", lambda urls: True)
    monkeypatch.setattr("tensorflow_datasets.core.DatasetBuilder.download_and_prepare", fail)
    with pytest.raises(DatasetUnavailable, match=r"preparing it failed .the host went away.: on a machine"):
        load("mnist", data_dir=tmp_path)


def test_what_cannot_be_used_is_refused_before_it_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "reachable", lambda urls: pytest.fail("asked for the network"))
    with pytest.raises(InvalidArgument, match=r"target must be given; it names no target and has 2 ClassLabels"):
        load("amazon_us_reviews", data_dir=tmp_path)


@pytest.mark.real_data
def test_mnist(mnist_dir):
    start = time.monotonic()
    data = load("mnist", data_dir=mnist_dir)
    assert time.monotonic() - start < 30
    assert data.settings["counts"] == {"train": 54_000, "validation": 6_000, "test": 10_000}
    assert data.batch_size == 128
    sizes = np.bincount(np.concatenate([data.arrays("train")[1], data.arrays("validation")[1]]))
    assert sizes.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.all(np.abs(np.bincount(data.arrays("validation")[1]) - 0.1 * sizes) <= 1)
    pixels = data.arrays("train")[0]
    np.testing.assert_allclose(data.spec.input_mean[0], pixels.mean(dtype="float64"), rtol=1e-12)
    np.testing.assert_allclose(data.spec.input_variance[0], pixels.var(dtype="float64"), rtol=1e-10)
