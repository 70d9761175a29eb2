"""Sample weights stay with their examples, from the arrays to the batches."""

import pickle

import numpy as np
import pandas as pd
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.data.tfds.selection import select
from recipes.data.weights import check_weights, normalized, separate_weights
from recipes.saved_run import SavedRun, data_of

N = 120


def _arrays(seed=0):
    """Examples whose first column is their weight."""
    random = np.random.default_rng(seed)
    w = random.integers(1, 9, N).astype("float64")
    x = np.column_stack([w, random.normal(size=(N, 2))])
    return x, (np.arange(N) % 3 == 0).astype("int64"), w


@pytest.fixture(scope="module")
def data():
    x, y, w = _arrays()
    return recipes.Data.from_arrays(x, y, sample_weight=w, batch_size=16, name="weighted")


def test_weights_are_divided_with_their_examples(data):
    for part in (data, *data.folds(3)):
        assert part.weighted
        for split in ("train", "validation", "test"):
            x, _ = part.arrays(split)
            assert part.sample_weight(split) == pytest.approx(x[:, 0])
            assert len(x) == part.settings["counts"][split]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_batches_have_the_weights_in_units_of_their_mean(data, split):
    mean = data.sample_weight(split).mean()
    seen = 0
    for x, y, w in data.batches(split, seed=3, batch_size=7):
        assert w.numpy() * mean == pytest.approx(x.numpy()[:, 0], rel=1e-6)
        assert w.dtype == "float32"
        seen += len(y)
    assert seen == data.settings["counts"][split] // 7 * 7 or split == "validation"
    in_order = np.concatenate([w for _, _, w in data.batches("test", batch_size=7)])
    assert in_order == pytest.approx(normalized(data.sample_weight("test")))
    assert normalized(data.sample_weight("train")).mean() == pytest.approx(1.0)


def test_batches_without_weights(data):
    x, y, _ = _arrays()
    plain = recipes.Data.from_arrays(x, y, batch_size=16, name="weighted")
    assert not plain.weighted
    assert plain.sample_weight("test") is None
    for left, right in zip(data.batches("train", seed=1, weighted=False), plain.batches("train", seed=1), strict=True):
        assert len(left) == len(right) == 2
        assert np.array_equal(left[0], right[0])
    others = recipes.Data.from_arrays(x, y, sample_weight=x[::-1, 0], batch_size=16, name="weighted")
    assert len({data.fingerprint, plain.fingerprint, others.fingerprint}) == 3
    assert data.spec == plain.spec  # nothing else depends on the weights
    assert data.spec.input_mean == plain.spec.input_mean


def test_augmented_batches_keep_the_weights_of_their_images():
    images = np.zeros((40, 4, 4, 1), "uint8") + np.arange(40, dtype="uint8")[:, None, None, None]
    weights = np.arange(40.0) + 1
    data = recipes.Data.from_arrays(images, np.arange(40) % 2, sample_weight=weights, batch_size=8)
    mean = data.sample_weight("train").mean()
    for x, _, w in data.batches("train", augment=lambda x, seed: x):
        assert w.numpy() * mean == pytest.approx(x.numpy()[:, 0, 0, 0] + 1.0, rel=1e-5)


def test_weights_survive_pickling_and_renaming(data):
    again = pickle.loads(pickle.dumps(data))
    assert np.array_equal(again.sample_weight("test"), data.sample_weight("test"))
    assert again.fingerprint == data.fingerprint
    frame = pd.DataFrame({"a/b": [1.0, 2.0, np.nan] * 20, "w": np.arange(60.0) + 1, "kind": ["x", "y", "y"] * 20})
    record = recipes.Data.from_arrays(frame, np.arange(60) % 2, sample_weight="w")
    loose = recipes.Data.from_arrays(frame.drop(columns="w"), np.arange(60) % 2)
    assert record.weighted
    assert np.array_equal(record.with_names(loose.spec).sample_weight("test"), record.sample_weight("test"))
    assert [feature.name for feature in record.spec.features] == ["a/b", "kind"]


@pytest.mark.parametrize("form", ["frame", "record"])
def test_a_column_by_name(form):
    x, y, w = _arrays()
    columns = {"weight": x[:, 0], "a": x[:, 1], "b": x[:, 2]}
    inputs = pd.DataFrame(columns) if form == "frame" else columns
    test = pd.DataFrame({name: values[:9] for name, values in columns.items()})
    test = test if form == "frame" else {name: values.to_numpy() for name, values in test.items()}
    data = recipes.Data.from_arrays(inputs, y, x_test=test, y_test=y[:9], sample_weight="weight", duplicates="ignore")
    assert data.sample_weight("test").tolist() == w[:9].tolist()
    assert sorted(np.concatenate([data.sample_weight("train"), data.sample_weight("validation")])) == sorted(w)
    names = data.spec.feature_names if form == "frame" else tuple(feature.name for feature in data.spec.features)
    assert names == ("a", "b")


def test_a_split_that_was_given_without_weights_counts_each_example_once():
    x, y, w = _arrays()
    data = recipes.Data.from_arrays(x, y, x_test=x[:9] + 9, y_test=y[:9], sample_weight=w)
    assert data.sample_weight("test").tolist() == [1.0] * 9
    both = recipes.Data.from_arrays(x, y, x_test=x[:9] + 9, y_test=y[:9], sample_weight_test=w[:9])
    assert both.sample_weight("test").tolist() == w[:9].tolist()
    assert set(both.sample_weight("train")) == {1.0}


def test_another_training_split_needs_weights(data):
    x, y = data.arrays("train")
    few = data.with_train(x[:9], y[:9], how="few", sample_weight=x[:9, 0])
    assert few.sample_weight("train").tolist() == x[:9, 0].tolist()
    assert np.array_equal(few.sample_weight("test"), data.sample_weight("test"))
    shares = np.bincount(y[:9], x[:9, 0])
    assert few.spec.class_shares == pytest.approx(shares / shares.sum())
    with pytest.raises(InvalidArgument, match="sample_weight must be given, since these data have sample weights"):
        data.with_train(x[:9], y[:9], how="few")
    plain = recipes.Data.from_arrays(*_arrays()[:2], batch_size=16)
    assert set(plain.with_train(x, y, how="weighted", sample_weight=x[:, 0]).sample_weight("test")) == {1.0}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(N - 1), r"sample_weight must be 120 numbers >= 0, one for each example. Received: .*\(119,\)"),
        (np.ones((N, 2)), r"one for each example. Received: sample_weight='float64 of shape \(120, 2\)'"),
        (["1"] * N, "sample_weight must be 120 numbers >= 0"),
        (np.r_[-1.0, np.ones(N - 1)], "one for each example, but 1 are not. Received: sample_weight=-1.0"),
        (np.r_[np.nan, np.ones(N - 1)], "but 1 are not. Received: sample_weight=nan"),
        (np.r_[np.inf, np.ones(N - 1)], "but 1 are not. Received: sample_weight=inf"),
        (np.zeros(N), "above 0 for at least one example of every split, but all 77 in 'train' are 0"),
        (
            "weight",
            "sample_weight must be an array, since the inputs in split 'train' have no names",
        ),
    ],
)
def test_what_is_no_weight_is_refused_in_a_line(weights, message):
    x, y, _ = _arrays()
    with pytest.raises(InvalidArgument, match=message) as error:
        recipes.Data.from_arrays(x, y, sample_weight=weights)
    assert "\n" not in str(error.value)


def test_unknown_columns_and_splits_are_refused():
    splits = {"train": ({"a": [1, 2], "b": [1, 2]}, [0, 1])}
    with pytest.raises(InvalidArgument, match="sample_weight must be a column of the inputs in split 'train': a, b"):
        separate_weights(splits, {"train": "w"})
    with pytest.raises(InvalidArgument, match="sample_weight_test must be None without x_test and y_test"):
        separate_weights(splits, {"test": [1.0]})


def test_other_forms_of_weights():
    assert check_weights("w", pd.Series([1, 2], index=[5, 6]), 2).tolist() == [1.0, 2.0]
    assert check_weights("w", [[1], [0]], 2).tolist() == [1.0, 0.0]
    assert check_weights("w", np.array([True, False]), 2).tolist() == [1.0, 0.0]


def _info(keys=None):
    import tensorflow as tf
    import tensorflow_datasets as tfds

    features = {"x": tfds.features.Tensor(shape=(3,), dtype=tf.float32), "w": tf.float32, "text": tfds.features.Text()}
    features["label"] = tfds.features.ClassLabel(num_classes=2)

    class Info:
        supervised_keys = keys

    Info.features = tfds.features.FeaturesDict(features)
    return Info


def test_a_feature_of_a_dataset_can_be_the_weight():
    selection = select("some", _info(), sample_weight="w", exclude=["text"])
    assert [source.name for source in selection.inputs] == ["x"]
    assert selection.weight.name == "w"
    assert [source.name for source in selection.to_read.targets] == ["label", "w"]
    assert select("some", _info(("x", "label", "w")), sample_weight="w").weight.name == "w"
    with pytest.warns(UserWarning, match="sample weights 'w' of dataset 'some' are not used; sample_weight='w' uses"):
        select("some", _info(("x", "label", "w")))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": "weight"}, "sample_weight must be one of"),
        ({"sample_weight": "text"}, "sample_weight must be a number, which 'text' is not: it is of kind string"),
        ({"sample_weight": "w", "target": "w"}, "sample_weight must be another feature than the target"),
    ],
)
def test_a_feature_that_cannot_be_the_weight_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        select("some", _info(), **options)


@pytest.mark.filterwarnings("ignore:.*alone predicts")
def test_a_dataset_with_weights(data_dir):
    data = recipes.load("characters", data_dir=data_dir)
    name = next(feature.name for feature in data.spec.features if feature.kind == "number")
    with pytest.warns(UserWarning, match="class 'symbol' is rare"):  # by weight
        weighted = recipes.load("characters", data_dir=data_dir, sample_weight=name)
    assert name not in [feature.name for feature in weighted.spec.features]
    column = data.spec.names.inner[name]
    assert np.array_equal(weighted.sample_weight("test"), data.arrays("test")[0][column])
    assert weighted.settings["options"] == {"sample_weight": name}
    again = data_of(SavedRun(None, None, weighted.spec, {}, {"data": weighted.settings}), data_dir)
    assert again.fingerprint == weighted.fingerprint
