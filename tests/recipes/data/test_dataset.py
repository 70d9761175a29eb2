import json

import numpy as np
import pandas
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.data import Data


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


def test_datasets_share_one_copy_and_arrays_are_safe(table):
    x = np.random.RandomState(0).randint(0, 255, (40, 4, 4)).astype("uint8")
    data = Data.from_arrays(x, np.arange(40) % 2, x_test=x, y_test=np.arange(40) % 2)
    before = data.fingerprint
    assert data._on_device("train")[0] is data._on_device("train")[0]
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


NAN = np.array([[1.0, np.nan]] * 40)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.zeros((40, 2)), np.zeros(39, int), {}, "y must be as long as x, which has 40 examples"),
        (np.zeros((0, 2)), np.zeros(0, int), {}, "x must be not empty"),
        (np.zeros((40, 0)), np.zeros(40, int), {}, "at least one column"),
        (NAN, np.arange(40) % 2, {}, "x must be finite: 40 of the 40 values of column 1 in split 'train'"),
        (np.full((40, 2), 1e39), np.arange(40) % 2, {}, "x must be finite"),
        (np.zeros((40, 2)), np.full(40, np.inf), {}, "y must be finite: 40 of the 40 values of the target"),
        (np.zeros((40, 2, 2, 2, 2)), np.arange(40) % 2, {}, "x must be numbers of shape"),
        (np.zeros(40), np.arange(40) % 2, {}, "x must be numbers of shape"),
        (np.array([["a", "b"]] * 40), np.arange(40) % 2, {}, "x must be numbers, but 40 of the 40 values of column 0"),
        (np.zeros((40, 2)), None, {}, "y must be as long as x, which has 40 examples. Received: y=None"),
        (np.zeros((40, 2)), 1, {}, "y must be as long as x, which has 40 examples. Received: y=1"),
        (np.zeros((40, 2)), np.arange(40).astype(str), {}, "y must be the names of classes, each with 2 or more"),
        (np.zeros((40, 2)), np.eye(40), {}, "y must be numbers of shape .n,. for classes, not one-hot rows"),
        (np.zeros((40, 2)), np.zeros((40, 2, 2)), {}, "y must be numbers of shape"),
        (np.zeros((40, 2)), np.arange(40) % 2 - 1, {}, "y must be labels in 0..0, but 20 of 40"),
        (np.zeros((40, 2)), np.arange(40) % 3, {"class_names": ["a", "b"]}, "labels in 0..1, but 13 of 40"),
        (
            np.zeros((40, 2)),
            np.zeros(40, int),
            {},
            "y must be of 2 or more classes, but all 40 in split 'train' are '0'",
        ),
        (np.zeros((40, 2)), np.arange(40) % 3, {"task": "binary"}, "y must be exactly 2 classes"),
        (np.zeros((40, 2)), np.arange(40) % 2, {"task": "multiclass"}, "y must be 3 or more classes"),
        (np.zeros((40, 2)), np.zeros(40), {"task": "binary"}, "y must be whole numbers for task 'binary'"),
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
        (lambda x, y: (x[1:], y), "x, y must be of the same length"),
        (lambda x, y: (x[:0], y[:0]), "x, y must be of the same length, at least 1"),
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


NAN = np.nan
Y = np.arange(60) // 2 % 2
"""Of 60 examples, two of one class after two of the other."""


def record(**more):
    random = np.random.default_rng(0)
    return {
        "age": np.where(np.arange(60) % 7 == 0, -1, np.arange(60)),
        "fare": np.where(np.arange(60) % 9 == 0, NAN, random.normal(size=60)),
        "deck": np.array(["A", "B", "C", "", "A"] * 12),
        **more,
    }


def features(data):
    return {each.name: each for each in data.spec.features}


def test_records():
    data = Data.from_arrays(record(), Y, batch_size=8)
    assert (data.spec.kind, data.spec.task, data.spec.input_shape, data.spec.input_dtype) == (
        *("tabular", "binary", ()),
        "record",
    )
    assert repr(data) == "<Data arrays: binary, 3 inputs, train 38, validation 10, test 12>"
    found = features(data)
    assert {name: (each.kind, each.dtype, each.missing) for name, each in found.items()} == {
        "age": ("number", "int64", -1.0),
        "fare": ("number", "float64", "nan"),
        "deck": ("category", "string", None),
    }
    x, y = data.arrays("train")
    present = x["age"][x["age"] >= 0]
    assert found["age"].mean == pytest.approx((present.mean(),))
    assert found["fare"].variance == pytest.approx((np.nanvar(x["fare"]),))
    assert set(found["deck"].vocabulary) == {"A", "B", "C", ""}
    batch, labels = next(iter(data.train))
    assert {name: (values.dtype.name, values.shape) for name, values in batch.items()} == {
        "age": ("int64", (8,)),
        "fare": ("float64", (8,)),
        "deck": ("string", (8,)),
    }
    whole = {(age, deck): label for age, deck, label in zip(x["age"], x["deck"], y, strict=True)}
    for age, deck, label in zip(*(batch[name].numpy() for name in ("age", "deck")), labels.numpy(), strict=True):
        assert whole[age, deck.decode()] == label
    assert data.validation.element_spec[0]["deck"].dtype == tf.string


def test_names_of_columns_become_plain():
    data = Data.from_arrays({"two words": np.arange(60.0), "c-d (e)": np.arange(60.0) % 7}, Y)
    assert list(features(data)) == list(data.arrays("test")[0]) == ["two_words", "c_d__e_"]


def test_a_data_frame_with_gaps():
    frame = pandas.DataFrame(
        {
            "name": [f"passenger {i}" for i in range(60)],
            "deck": ["A", None, NAN, "B", "A"] * 12,
            "age": [3.0, NAN, 5.0, 6.0, 9.0] * 12,
            "sex": pandas.Categorical(["f", "m", None] * 20),
            "alone": [True, False, False] * 20,
            "married": pandas.array([True, None, False] * 20, "boolean"),
            "ports called at": [1, 2, 3] * 20,
        }
    )
    with pytest.warns(UserWarning, match="dataset 'arrays': left out 'name', strings of which hardly two are equal"):
        data = Data.from_arrays(frame, pandas.Series(["no", "yes", "yes", "no"] * 15))
    found = features(data)
    assert {name: (each.kind, each.dtype, each.missing) for name, each in found.items()} == {
        "deck": ("category", "string", None),
        "age": ("number", "float64", "nan"),
        "sex": ("category", "string", None),
        "alone": ("number", "bool", None),
        "married": ("number", "float64", "nan"),
        "ports_called_at": ("number", "int64", None),
    }
    assert (data.spec.class_names, data.spec.feature_names) == (("no", "yes"), ())
    assert set(found["deck"].vocabulary) == {"", "A", "B"}
    assert set(found["sex"].vocabulary) == {"", "f", "m"}
    x, y = data.arrays("train")
    assert list(x) == list(found)
    assert np.array_equal(np.isnan(x["age"]), (x["deck"] == "") & (x["age"] != 5))
    seen = {str(row) for row in zip(*(values.tolist() for values in (*x.values(), y)), strict=True)}
    rows = {name.replace(" ", "_"): frame[name] for name in frame if name != "name"}
    rows["deck"], rows["sex"] = rows["deck"].fillna(""), rows["sex"].astype(object).fillna("")
    rows["married"] = rows["married"].astype(float)
    rows["y"] = pandas.Series([0, 1, 1, 0] * 15)
    assert seen <= {str(row) for row in zip(*(values.tolist() for values in rows.values()), strict=True)}


@pytest.mark.parametrize("gaps", ["train", "test"])
def test_gaps_in_one_split_only(gaps):
    plain, holed = {"a": [1, 2] * 30, "b": [1, 2, 3] * 20}, {"a": [1, None] * 30, "b": [1, 2, 3] * 20}
    train, test = (pandas.DataFrame(holed if split == gaps else plain) for split in ("train", "test"))
    data = Data.from_arrays(train, np.arange(60) // 3 % 2, x_test=test, y_test=Y)
    assert {name: (each.dtype, each.missing) for name, each in features(data).items()} == {
        "a": ("float64", "nan"),
        "b": ("int64", None),
    }
    assert {data.arrays(split)[0]["a"].dtype.name for split in ("train", "validation", "test")} == {"float64"}
    assert np.isnan(data.arrays(gaps)[0]["a"]).any()


TEXTS = np.array(
    [f"{'good' if label else 'bad'} film number {i} " + "and so on " * (i % 5) for i, label in enumerate(Y)]
)


@pytest.mark.parametrize(
    "x", [TEXTS, TEXTS.tolist(), TEXTS.astype(object), np.char.encode(TEXTS), pandas.Series(TEXTS)]
)
def test_texts(x):
    data = Data.from_arrays(x, Y, batch_size=8)
    assert (data.spec.kind, data.spec.input_dtype, data.spec.features[0].kind) == ("text", "string", "text")
    assert data.train.element_spec[0] == tf.TensorSpec((8,), tf.string)
    found = {text: label for split in ("train", "test") for text, label in zip(*data.arrays(split), strict=True)}
    assert all(("good" in text) == bool(label) for text, label in found.items())
    assert data.fingerprint == Data.from_arrays(TEXTS, Y, batch_size=8).fingerprint


def test_sequences():
    random = np.random.default_rng(0)
    steps = random.normal(3, 2, (60, 5, 2))
    data = Data.from_arrays(steps, Y)
    assert (data.spec.kind, data.spec.input_shape, data.spec.features[0].padding) == ("sequence", (5, 2), None)
    train = data.arrays("train")[0]
    np.testing.assert_allclose(data.spec.input_mean, train.mean(axis=(0, 1)), rtol=1e-5)
    ragged = [each[: 1 + i % 5] for i, each in enumerate(steps)]
    data = Data.from_arrays(ragged, Y)
    (feature,) = data.spec.features
    assert (data.spec.input_shape, feature.padding, feature.length) == ((None, 2), 0.0, 5)
    train = data.arrays("train")[0]
    assert train.shape == (38, 5, 2)
    real = np.concatenate([row[(row != 0).any(axis=1)] for row in train])
    np.testing.assert_allclose(feature.mean, real.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(feature.variance, real.var(axis=0), rtol=1e-5)
    originals = {each.astype("float32").tobytes() for each in ragged}
    assert all(row[(row != 0).any(axis=1)].tobytes() in originals for row in train)


def test_sequences_whose_test_split_alone_varies():
    train, test = [np.ones((3, 1))] * 60, [np.ones((2, 1)), np.ones((4, 1))] * 30
    data = Data.from_arrays(train, Y, x_test=test, y_test=Y)
    assert (data.spec.input_shape, data.spec.features[0].padding, data.arrays("train")[0].shape) == (
        *((None, 1), 0.0),
        (38 + 10, 4, 1),
    )


def test_several_kinds_at_once():
    random = np.random.default_rng(0)
    x = record(
        photo=random.integers(0, 255, (60, 6, 5)).astype("uint8"),
        track=[random.normal(size=(1 + i % 3, 2)) for i in range(60)],
        review=TEXTS,
        box=random.normal(size=(60, 4)),
    )
    data = Data.from_arrays(x, Y)
    assert data.spec.kind == "mixed"
    kinds = {"photo": "image", "track": "sequence", "review": "text", "box": "vector"}
    assert {name: each.kind for name, each in features(data).items() if name in kinds} == kinds
    assert features(data)["track"].padding == 0.0
    assert {name: values.shape[1:] for name, values in data.arrays("test")[0].items()} == {
        **dict.fromkeys(["age", "fare", "deck", "review"], ()),
        "photo": (6, 5, 1),
        "track": (3, 2),
        "box": (4,),
    }


def test_several_targets():
    y = np.random.default_rng(0).normal([5, -5], [1, 2], (60, 2))
    data = Data.from_arrays(np.arange(60.0)[:, None], y, batch_size=8)
    assert (data.spec.task, data.spec.outputs) == ("regression", 2)
    train = data.arrays("train")[1].astype("float64")
    assert data.spec.target_mean == pytest.approx(tuple(train.mean(axis=0)))
    assert data.spec.target_variance == pytest.approx(tuple(train.var(axis=0)))
    assert data.train.element_spec[1] == tf.TensorSpec((8, 2), tf.float32)
    data = Data.from_arrays(np.arange(60.0)[:, None], [[i % 3] if i % 2 else [0, 2] for i in range(60)], batch_size=8)
    assert (data.spec.task, data.spec.outputs, data.spec.class_names) == ("multilabel", 3, ("0", "1", "2"))
    x, y = data.arrays("test")
    assert [np.flatnonzero(row).tolist() for row in y] == [[i % 3] if i % 2 else [0, 2] for i in x[:, 0].astype(int)]


def test_fingerprints_of_records():
    first, again = Data.from_arrays(record(), Y), Data.from_arrays(record(), Y)
    assert first.fingerprint == again.fingerprint
    changed = record()
    changed["deck"][0] = "Z"
    renamed = {"old" if name == "age" else name: values for name, values in record().items()}
    narrower = {**record(), "age": record()["age"].astype("int32")}
    prints = [Data.from_arrays(x, Y).fingerprint for x in (changed, renamed, narrower)]
    joined = []
    for pair in (["a", "bc"], ["ab", "c"]):  # the same letters in the same order
        x, y = {"a": np.array(pair * 30), "b": np.arange(60)}, np.arange(60) // 3 % 2
        data = Data.from_arrays(x, y, x_test=x, y_test=y, x_validation=x, y_validation=y)
        joined.append(data.fingerprint)
    assert len({first.fingerprint, *prints, *joined}) == 6


def test_records_are_not_shared_with_the_caller():
    x = record()
    data = Data.from_arrays(x, Y)
    kept = {name: values.copy() for name, values in data.arrays("test")[0].items()}
    x["age"][:] = 0
    assert np.array_equal(data.arrays("test")[0]["age"], kept["age"])
    with pytest.raises(ValueError, match="read-only"):
        data.arrays("train")[0]["fare"][0] = 0
    given = Data.from_arrays(x, Y, x_test=x, y_test=Y)
    x["fare"][:] = 0
    assert np.isnan(given.arrays("test")[0]["fare"]).any()


def test_another_training_split_of_records():
    data = Data.from_arrays(record(review=TEXTS), Y)
    x, y = data.arrays("train")
    half = data.with_train({name: values[::2] for name, values in x.items()}, y[::2], how="every other")
    assert half.spec == data.spec
    assert half.settings["counts"] == {"train": 19, "validation": 10, "test": 12}
    assert half.arrays("train")[0]["review"].tolist() == x["review"][::2].tolist()
    assert half.fingerprint != data.fingerprint
    assert len(list(half.train)) == half.steps_per_epoch
    for wrong in ({**x, "age": x["age"].astype(float)}, {"age": x["age"]}, x["age"]):
        with pytest.raises(InvalidArgument, match=r"^x must be"):
            data.with_train(wrong, y, how="changed")
    with pytest.raises(InvalidArgument, match="x, y must be of the same length"):
        data.with_train(x, y[1:], how="changed")
