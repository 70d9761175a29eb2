"""tf.data pipelines of every form give the Data of the same arrays, or one line."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.data import Data

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3)).astype("float32")
Y = np.arange(40) % 2
WEIGHT = 1.0 + np.arange(40) % 3
TEXTS = np.array([f"a text about {n} things" for n in range(40)])
SEQUENCES = [RANDOM.normal(size=(2 + n % 4, 2)).astype("float32") for n in range(40)]
PHOTOS = [RANDOM.integers(0, 256, (5 + n % 3, 6 + n % 4, 3)).astype("uint8") for n in range(40)]
RECORD = {"age": np.arange(40.0), "name": TEXTS, "sizes": X}


class Pair(NamedTuple):
    features: np.ndarray
    label: np.ndarray


def slices(*parts):
    return tf.data.Dataset.from_tensor_slices(parts)


def generated(values, shape, dtype="float32", y=Y):
    signature = (tf.TensorSpec(shape, dtype), tf.TensorSpec((), "int64"))
    return tf.data.Dataset.from_generator(lambda: zip(values, y, strict=True), output_signature=signature)


def without_shapes():
    with_shapes = generated(X, (3,))
    return with_shapes.map(lambda x, y: tf.numpy_function(lambda a, b: (a, b), (x, y), ("float32", "int64")))


TABLE, PICTURE = {"x": X, "y": Y}, {"x": PHOTOS, "y": Y, "image_size": (4, 5)}
FORMS = {
    "examples": (slices(X, Y), {}, TABLE),
    "named pairs": (tf.data.Dataset.from_tensor_slices(Pair(X, Y)), {}, TABLE),
    "batches": (slices(X, Y).batch(7), {}, TABLE),
    "batches of one": (slices(X, Y).batch(1), {"batched": True}, TABLE),
    "full batches": (slices(X, Y).batch(8, drop_remainder=True), {"batched": True}, TABLE),
    "unknown shapes": (without_shapes(), {}, TABLE),
    "weights": (slices(X, Y, WEIGHT).batch(9), {}, {**TABLE, "sample_weight": WEIGHT}),
    "weighted full batches": (
        slices(X, Y, WEIGHT).batch(8, drop_remainder=True),
        {},
        {**TABLE, "sample_weight": WEIGHT},
    ),
    "dictionaries": (tf.data.Dataset.from_tensor_slices({"a": X, "b": Y}).batch(7), {"target": "b"}, TABLE),
    "records": (slices(RECORD, Y).batch(7), {}, {"x": RECORD, "y": Y}),
    "examples of records": (slices(RECORD, Y), {}, {"x": RECORD, "y": Y}),
    "nested records": (
        slices({"a": {"b": X[:, 0]}, "c": X[:, 1]}, Y),
        {},
        {"x": {"a.b": X[:, 0], "c": X[:, 1]}, "y": Y},
    ),
    "record with its target": (
        *(tf.data.Dataset.from_tensor_slices({**RECORD, "label": Y}), {"target": "label"}),
        {"x": RECORD, "y": Y},
    ),
    "texts": (slices(TEXTS, Y).batch(8, drop_remainder=True), {}, {"x": TEXTS, "y": Y}),
    "classes of texts": (slices(X, np.where(Y, "yes", "no")), {}, {"x": X, "y": np.where(Y, "yes", "no")}),
    "sequences": (generated(SEQUENCES, (None, 2)), {}, {"x": SEQUENCES, "y": Y}),
    "ragged batches": (generated(SEQUENCES, (None, 2)).ragged_batch(7), {}, {"x": SEQUENCES, "y": Y}),
    "one-hot": (
        slices(X, np.eye(3)[np.arange(40) % 3]),
        {"task": "multiclass"},
        {"x": X, "y": np.eye(3)[np.arange(40) % 3]},
    ),
    "images": (generated(PHOTOS, (None, None, 3), "uint8"), {"image_size": (4, 5)}, PICTURE),
    "images of one size": (
        slices(np.zeros((40, 6, 6), "uint8") + np.arange(40, dtype="uint8")[:, None, None], Y),
        {},
        None,
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("memory", [0.5, 0])
@pytest.mark.ordinarily("0.5", "0-records", "0-images")
def test_a_pipeline_is_as_the_arrays_that_it_yields(form, memory, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pipeline, options, arrays = FORMS[form]
    task = {"task": options["task"]} if "task" in options else {}
    if arrays is None:
        arrays = {"x": np.stack([image for image, _ in pipeline.as_numpy_iterator()]), "y": Y}
    expected = Data.from_arrays(**arrays, **task, name="pipeline")
    data = Data.from_pipeline(pipeline, memory=memory, **options)
    assert data.fingerprint == expected.fingerprint
    assert data.spec == expected.spec
    assert data.settings == expected.settings


@pytest.mark.parametrize("kind", ["validation", "test"])
@pytest.mark.ordinarily("test")
def test_other_pipelines_are_the_other_splits(kind):
    data = Data.from_pipeline(slices(X, Y), **{kind: slices(X[:20] + 1, Y[:20]).batch(4)}, seed=3, batch_size=5)
    arrays = {f"x_{kind}": X[:20] + 1, f"y_{kind}": Y[:20]}
    assert data.fingerprint == Data.from_arrays(X, Y, **arrays, seed=3).fingerprint
    assert (data.settings[kind], data.batch_size) == ("given", 5)


def test_a_pipeline_is_read_once():
    passes = []

    def rows():
        passes.append(1)
        yield from zip(X, Y, strict=True)

    signature = (tf.TensorSpec((3,), "float32"), tf.TensorSpec((), "int64"))
    data = Data.from_pipeline(tf.data.Dataset.from_generator(rows, output_signature=signature).batch(4))
    for _ in range(2):
        list(data.train)
    assert len(passes) == 1


def test_large_pipelines_are_read_from_disk_where_equal_ones_share_their_files(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, second = (Data.from_pipeline(slices(X, Y).batch(size), memory=0) for size in (7, 7))
    assert first.on_disk
    assert not Data.from_pipeline(slices(X, Y)).on_disk
    assert first.fingerprint == second.fingerprint
    assert len(list((tmp_path / "keras-training-recipes" / "decoded").iterdir())) == 1


def test_infinite_values_are_refused_from_disk_as_from_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    broken = np.where(np.arange(40)[:, None] == 30, np.inf, X)
    for memory in (0.5, 0):
        with pytest.raises(InvalidArgument, match="must be finite: 1 of the"):
            Data.from_pipeline(slices(broken, Y).batch(7), memory=memory)
    assert list((tmp_path / "keras-training-recipes" / "decoded").iterdir()) == []


def test_the_class_names_of_a_pipeline(tmp_path):
    import keras

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(8):
            pixels = RANDOM.integers(0, 256, (6, 6, 3)).astype("uint8")
            keras.utils.save_img(tmp_path / name / f"{number}.png", pixels)
    options = {"image_size": (6, 6), "verbose": False, "batch_size": 5}
    for mode in ("int", "binary"):
        pipeline = keras.utils.image_dataset_from_directory(tmp_path, label_mode=mode, shuffle=False, **options)
        data = Data.from_pipeline(pipeline, test=0.25)
        assert (data.spec.task, data.spec.class_names, data.spec.input_shape) == ("binary", ("cat", "dog"), (6, 6, 3))


def failing():
    return slices(X, Y).map(lambda x, y: (tf.debugging.check_numerics(x / 0, "no number\nat all"), y))


@pytest.mark.parametrize(
    ("pipeline", "options", "message"),
    [
        (X, {}, r"train must be a tf.data.Dataset of \(x, y\) or \(x, y, weight\)"),
        (slices(X, Y), {"test": X}, r"test must be a tf.data.Dataset .*, or a fraction in \(0, 1\)"),
        (slices(X, Y), {"test": 1.5}, "test must be a number > 0 and < 1"),
        (slices(X, Y).repeat(), {}, "train must be finite: leave out .repeat"),
        (slices(X, Y).take(0), {}, "train must be a dataset with examples"),
        (slices(X, Y), {"memory": 2}, "memory must be a number"),
        (slices(X, Y), {"batched": 1}, "batched must be True or False"),
        (slices(X, Y), {"target": "y"}, "target must be None, since train has pairs"),
        (tf.data.Dataset.from_tensor_slices({"a": X, "b": Y}), {}, "dictionaries and target=KEY"),
        (
            tf.data.Dataset.from_tensor_slices({"a": X, "b": Y}),
            {"target": "c"},
            "a key of the dictionaries in train: a, b",
        ),
        (tf.data.Dataset.from_tensor_slices({"b": Y}), {"target": "b"}, "dictionaries with inputs besides the target"),
        (tf.data.Dataset.from_tensor_slices(X), {}, "Received: train='elements of TensorSpec'"),
        (slices(X, Y, Y, Y), {}, "Received: train='elements of 4 components'"),
        (slices(X), {}, "Received: train='elements of 1 component'"),
        (slices((X, X), Y), {}, "several inputs named by a dictionary. Received: train='tuple in x'"),
        (slices(X, {"a": Y}), {}, "one target. Received: train='dict in y'"),
        (slices(X, Y).map(lambda x, y: (tf.sparse.from_dense(x), y)), {}, "dense: .map.tf.sparse.to_dense"),
        (slices(X, Y).window(3), {}, "Received: train='DatasetSpec for x'"),
        (
            slices(X, Y).batch(8, drop_remainder=True),
            {},
            r"batched must be True or False.* x \(8, 3\), y \(8,\) may be one",
        ),
        (generated(SEQUENCES, (None, 2)).padded_batch(3), {}, r"as it is before .padded_batch\(\)"),
        (failing(), {}, "it fails after 0 examples. Received: train='no number'"),
        (generated(PHOTOS, (None, None, 3), "uint8"), {}, "pass image_size="),
    ],
    ids=range(22),
)
def test_what_is_refused(pipeline, options, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        Data.from_pipeline(pipeline, **options)
    assert "\n" not in str(error.value)
