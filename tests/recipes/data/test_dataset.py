import json

import numpy as np
import pandas
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.data.assembly import usual_batch_size

pytestmark = pytest.mark.filterwarnings("ignore:.* is rare:UserWarning")


def labels(dataset):
    return [y.numpy().tolist() for _, y in dataset]


def test_no_example_is_in_two_splits_and_none_is_lost(table):
    data = Data.from_arrays(*table)
    rows = [{tuple(row) for row in data.arrays(split)[0].tolist()} for split in ("train", "validation", "test")]
    assert sum(len(split) for split in rows) == len(set.union(*rows)) == 200
    for split in ("train", "validation", "test"):
        x, y = data.arrays(split)
        assert np.array_equal(y, table[1][(x[:, 0] / 3).astype(int)])


def test_splits_are_stratified(table):
    data = Data.from_arrays(*table)
    sizes = np.bincount(table[1])
    test = np.bincount(data.arrays("test")[1], minlength=4)
    validation = np.bincount(data.arrays("validation")[1], minlength=4)
    assert np.all(np.abs(test - 0.2 * sizes) <= 1)
    assert np.all(np.abs(validation - 0.2 * (sizes - test)) <= 1)


@pytest.mark.parametrize(("examples", "share"), [(100, 0.2), (12_000, 0.2), (13_000, 0.1)])
def test_small_data_validate_on_a_larger_share(examples, share):
    data = Data.from_arrays(np.arange(examples, dtype=float)[:, None], np.arange(examples) % 2)
    assert data.settings["validation"] == share
    counts = data.settings["counts"]
    assert counts["validation"] == round(share * (counts["train"] + counts["validation"]))


def test_the_test_set_is_the_same_for_every_seed(table):
    first, second = (Data.from_arrays(*table, seed=seed) for seed in (0, 1))
    assert np.array_equal(first.arrays("test")[0], second.arrays("test")[0])
    assert not np.array_equal(first.arrays("validation")[0], second.arrays("validation")[0])


def test_statistics_are_those_of_the_training_split_only(table):
    x, y = table
    data = Data.from_arrays(x, y + 0.5)
    train, target = data.arrays("train")
    assert data.spec.input_mean == tuple(train.mean(axis=0, dtype="float64").tolist())
    assert data.spec.input_variance == tuple(train.var(axis=0, dtype="float64").tolist())
    assert data.spec.input_mean != tuple(x.mean(axis=0, dtype="float64").tolist())
    assert data.spec.target_mean == target.mean(dtype="float64")
    assert data.spec.target_variance == target.var(dtype="float64")


def test_kinds_and_tasks():
    rng = np.random.RandomState(0)
    images = Data.from_arrays(
        rng.randint(0, 255, (60, 6, 5)).astype("uint8"), np.arange(60) % 3, class_names=["a", "b", "c"]
    )
    assert (images.spec.kind, images.spec.task, images.spec.outputs) == ("image", "multiclass", 3)
    assert images.spec.input_shape == (6, 5, 1)
    assert images.train.element_spec[0].dtype == tf.uint8
    assert images.spec.class_names == ("a", "b", "c")
    binary = Data.from_arrays(rng.randn(60, 2), np.arange(60) % 2 == 0)
    assert (binary.spec.task, binary.spec.outputs, binary.arrays("train")[1].dtype) == ("binary", 1, np.int64)
    regression = Data.from_arrays(rng.randn(60, 2), rng.randn(60, 1), feature_names=["left", "right"])
    assert (regression.spec.task, regression.arrays("test")[1].shape) == ("regression", (12,))
    assert regression.spec.feature_names == ("left", "right")
    assert regression.train.element_spec[1] == tf.TensorSpec((32,), tf.float32)
    whole = Data.from_arrays(rng.randn(60, 2), np.arange(60), task="regression")
    assert whole.spec.task == "regression"


def test_a_data_frame_names_the_columns(table):
    data = Data.from_arrays(pandas.DataFrame(table[0], columns=["p", "q", "r"]), pandas.Series(table[1]))
    assert data.spec.feature_names == ("p", "q", "r")


@pytest.mark.filterwarnings("ignore:.*alone predicts")
def test_given_splits_are_used_as_they_are(table):
    x, y = table
    options = {"x_test": x[:9] + 0.5, "y_test": y[:9], "x_validation": x[:8] + 0.25, "y_validation": y[:8]}
    with pytest.warns(UserWarning, match="y: no example of class '1', '2', '3' in split '(test|validation)'"):
        data = Data.from_arrays(x, y, **options)
    assert data.settings["counts"] == {"train": 200, "validation": 8, "test": 9}
    assert (data.settings["test"], data.settings["validation"]) == ("given", "given")
    assert np.array_equal(data.arrays("test")[0], x[:9] + 0.5)


def test_pipelines(table):
    data = Data.from_arrays(*table, batch_size=10)
    assert data.steps_per_epoch == len(labels(data.train)) == 12
    assert data.train is data.train
    for split in ("validation", "test"):
        dataset = getattr(data, split)
        assert labels(dataset) == labels(dataset) == [data.arrays(split)[1].tolist()]
        assert int(dataset.cardinality()) == 1
    assert (
        labels(data.batches("train")) == labels(data.batches("train", seed=0)) != labels(data.batches("train", seed=1))
    )
    shuffled = labels(data.batches("test", seed=3))
    assert shuffled != labels(data.test)
    assert sorted(shuffled[0]) == sorted(labels(data.test)[0])
    assert sum(len(batch) for batch in labels(data.batches("test", seed=3, batch_size=7))) == 40
    assert data.batches("train", batch_size=7).element_spec[0].shape == (7, 3)
    unbroken = data.batches("train")
    labels(unbroken)
    assert labels(unbroken) == labels(data.batches("train", first_epoch=1))
    both = data.batches("train", first_epoch=1, epochs=2)  # whoever reads it before changes nothing
    unbroken = data.batches("train")
    _, second, third = (labels(unbroken) for _ in range(3))
    assert labels(both) == labels(both) == second + third


def test_datasets_share_one_copy_and_arrays_are_safe():
    x = np.random.RandomState(0).randint(0, 255, (40, 4, 4)).astype("uint8")
    data = Data.from_arrays(x, np.arange(40) % 2, x_test=x, y_test=np.arange(40) % 2, duplicates="ignore")
    before = data.fingerprint
    assert data.on_device("train")[0] is data.on_device("train")[0]
    with pytest.raises(ValueError, match="read-only"):
        data.arrays("train")[0][0] = 0
    kept = x.copy()
    x[:] = 0
    assert np.array_equal(data.arrays("test")[0][..., 0], kept)
    del data.__dict__["fingerprint"]
    assert data.fingerprint == before


def test_batch_size_default():
    small = Data.from_arrays(np.zeros((10_000, 1)), np.arange(10_000) % 2)
    large = Data.from_arrays(np.zeros((15_000, 1)), np.arange(15_000) % 2)
    assert (small.batch_size, large.batch_size) == (32, 128)


def test_settings_and_fingerprint_tell_data_apart(table):
    x, y = table
    data, again, other = Data.from_arrays(x, y), Data.from_arrays(x, y), Data.from_arrays(x, y, seed=1)
    changed = x.copy()
    changed[0, 0] += 1
    assert json.loads(json.dumps(data.settings)) == again.settings
    assert data.settings["seed"] == 0
    assert len(data.fingerprint) == 16
    prints = {data.fingerprint, again.fingerprint, other.fingerprint, Data.from_arrays(changed, y).fingerprint}
    assert data.fingerprint == again.fingerprint
    assert len(prints) == 3


def test_fingerprint_tells_shapes_apart():
    y = np.arange(40) % 2
    tall, wide = (Data.from_arrays(np.zeros((40, *size), "uint8"), y) for size in ((2, 8), (4, 4)))
    assert tall.fingerprint != wide.fingerprint


INFINITE = np.array([[1.0, np.inf]] * 40)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.zeros((40, 2)), np.zeros(39, int), {}, "y must be as long as x, which has 40 examples"),
        (np.zeros((0, 2)), np.zeros(0, int), {}, "x must be not empty"),
        (np.zeros((40, 0)), np.zeros(40, int), {}, "at least one column"),
        (INFINITE, np.arange(40) % 2, {}, "x must be finite: 40 of the 40 values of column 1 in split 'train'"),
        (np.full((40, 2), 1e39), np.arange(40) % 2, {}, "x must be finite"),
        (np.zeros((40, 2)), np.full(40, np.inf), {}, "y must be finite: 40 of the 40 values of the target"),
        (np.zeros((40, 2, 2, 2, 2)), np.arange(40) % 2, {}, "x must be numbers of shape"),
        (np.zeros(40), np.arange(40) % 2, {}, "x must be numbers of shape"),
        (np.array([["a", "b"]] * 40), np.arange(40) % 2, {}, "x must be numbers, but 40 of the 40 values of column 0"),
        (np.zeros((40, 2)), None, {}, "y must be as long as x, which has 40 examples. Received: y=None"),
        (np.zeros((40, 2)), 1, {}, "y must be as long as x, which has 40 examples. Received: y=1"),
        (
            np.zeros((40, 2)),
            np.char.add("v", np.arange(40).astype(str)),
            {},
            "y must be the names of classes, each with 2 or more",
        ),
        (np.zeros((40, 2)), np.eye(40), {}, "y must be used with task='multiclass' for one-hot rows"),
        (np.zeros((40, 2)), np.zeros((40, 2, 2)), {}, "y must be numbers of shape"),
        (np.zeros((40, 2)), np.arange(40) % 3, {"class_names": ["a", "b"]}, "labels in 0..1, but 13 of 40"),
        (
            np.zeros((40, 2)),
            np.zeros(40, int),
            {},
            "y must be of 2 or more classes, but all 40 in split 'train' are '0'",
        ),
        (np.zeros((40, 2)), np.arange(40) % 3, {"task": "binary"}, "y must be exactly 2 classes"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"task": "multiclass"}, "y must be 3 or more classes"),
        (np.zeros((40, 2)), np.arange(40) / 2, {"task": "binary"}, "y must be whole numbers for task 'binary'"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"task": "sorting"}, "task must be one of"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"feature_names": ["a"]}, "feature_names must be 2 names"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"x_test": np.zeros((4, 2))}, "y_test must be given"),
        (
            np.zeros((40, 2)),
            np.arange(40) % 2,
            {"x_test": np.zeros((4, 3)), "y_test": np.zeros(4, int)},
            "x_test must be like the training split, float32 of shape .n, 2.",
        ),
        (np.zeros((40, 2)), np.arange(40) % 2, {"validation": 0.0}, "validation must be a number > 0 and < 1"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"test": 1}, "test must be a number > 0 and < 1"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"seed": -1}, "seed must be an integer >= 0"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"batch_size": 0}, "batch_size must be an integer >= 1"),
        (np.zeros((40, 2)), np.array([0] * 39 + [1]), {}, "class '1' has only 1"),
    ],
)
def test_bad_arrays_and_options_are_refused(x, y, options, message):
    with pytest.raises(InvalidArgument, match=message):
        Data.from_arrays(x, y, **options)


def test_bad_splits_and_numbers_are_refused(table):
    data = Data.from_arrays(*table)
    with pytest.raises(InvalidArgument, match="split must be one of 'train', 'validation', 'test'"):
        data.arrays("dev")
    for options, name in (
        ({"seed": 0.5}, "seed"),
        ({"batch_size": 0}, "batch_size"),
        ({"first_epoch": -1}, "first_epoch"),
        ({"epochs": 0}, "epochs"),
    ):
        with pytest.raises(InvalidArgument, match=f"^{name} must be"):
            data.batches("train", **options)


def test_another_training_split_of_the_same_data(table):
    data = Data.from_arrays(*table)
    x, y = data.arrays("train")
    half = data.with_train(x[::2], y[::2], how="every other example")
    assert half.spec == data.spec  # the statistics too: a model for one fits the other
    np.testing.assert_array_equal(half.arrays("train")[0], x[::2])
    for split in ("validation", "test"):
        np.testing.assert_array_equal(half.arrays(split)[0], data.arrays(split)[0])
    assert half.settings["train"] == "every other example"
    assert half.settings["counts"]["train"] == len(y) // 2
    assert half.steps_per_epoch == len(y) // 2 // data.batch_size
    assert half.fingerprint != data.fingerprint
    assert "train" not in data.settings
    json.dumps(half.settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[:, :1], y), "x must be float32 of shape"),
        (lambda x, y: (x.astype("float64"), y), "x must be float32 of shape"),
        (lambda x, y: (x, y.astype("float32")), "y must be int64 of shape"),
        (lambda x, y: (x[1:], y), "x, y must be arrays of the same length"),
        (lambda x, y: (x[:0], y[:0]), "x, y must be arrays of the same length, at least 1"),
    ],
)
def test_what_cannot_be_a_training_split(table, change, message):
    data = Data.from_arrays(*table)
    with pytest.raises(InvalidArgument, match=message):
        data.with_train(*change(*data.arrays("train")), how="changed")


def test_the_largest_value_of_images_is_that_of_the_training_split():
    x = np.zeros((60, 4, 4), "uint8")
    data = Data.from_arrays(x, np.arange(60) % 3)
    assert data.spec.input_max == 255.0  # nothing but black says nothing
    train = {image.tobytes() for image in data.arrays("train")[0]}
    assert len(train) == 1
    x[:] = np.arange(60)[:, None, None]
    data = Data.from_arrays(x, np.arange(60) % 3)
    assert data.spec.input_max == data.arrays("train")[0].max() <= 59
    assert Data.from_arrays(x.reshape(60, 16).astype(float), np.arange(60) % 3).spec.input_max is None


def test_the_usual_batch_size_leaves_at_most_a_quarter_out_of_an_epoch():
    for examples in range(1, 400):
        size = usual_batch_size(examples)
        assert size <= 32
        assert examples < size or examples % size <= examples / 4
    assert [usual_batch_size(examples) for examples in (1, 33, 42, 43, 63, 64, 90, 9999, 10_000)] == [
        *(32, 32, 32, 21, 31, 32, 30, 32, 128)
    ]
    x = np.arange(63.0)[:, None]
    data = Data.from_arrays(x, x[:, 0], x_validation=x + 100, y_validation=x[:, 0], x_test=x + 200, y_test=x[:, 0])
    assert (data.batch_size, data.steps_per_epoch) == (31, 2)
