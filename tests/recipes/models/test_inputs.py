import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes import transfer
from recipes.data import Data, Spec
from recipes.data.feature import Feature
from recipes.data.reading import _resized
from recipes.models import cnn, mlp
from recipes.models.blocks import Style
from recipes.models.inputs import as_vector, model_input

NAN = np.nan
RANDOM = np.random.default_rng(0)


def number(name="n", dtype="float32", mean=3.0, variance=4.0, missing=None):
    return Feature(name, "number", (), dtype, (mean,), (variance,), missing=missing)


def category(values, name="c", dtype="string"):
    return Feature(name, "category", (), dtype, vocabulary=tuple(values))


WORDS = Feature("t", "text", (), "string", vocabulary=("film", "good", "bad"), length=4)


def of(spec):
    """The model from raw inputs to the preprocessed tensor."""
    inputs, x = model_input(spec, spec.input_shape, None, Style())
    return keras.Model(inputs, x)


def encoder(*features):
    """The same for records of these features."""
    return of(Spec("some", "mixed", "binary", (), "record", 1, class_names=("no", "yes"), features=features))


def encoded(features, **columns):
    """What becomes of these columns of a record, as NumPy."""
    model = encoder(*features)
    by_name = {each.name: each for each in features}
    raw = {name: tf.constant(values, by_name[name].dtype) for name, values in columns.items()}
    found = model(raw, training=False).numpy()
    assert found.dtype == np.float32
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_numbers_have_zero_mean_and_unit_variance(dtype):
    values = np.array([1, 3, 9], dtype)
    np.testing.assert_allclose(encoded([number(dtype=dtype)], n=values)[:, 0], (values.astype(float) - 3) / 2)


def test_booleans():
    feature = number(dtype="bool", mean=0.25, variance=0.1875)
    expected = (np.array([1.0, 0.0]) - 0.25) / np.sqrt(0.1875)
    np.testing.assert_allclose(encoded([feature], n=[True, False])[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("missing", "dtype", "value"),
    [("nan", "float32", NAN), ("nan", "float64", NAN), (-1.0, "int64", -1), (-999.0, "float32", -999.0)],
)
def test_the_mean_stands_for_missing_numbers_and_a_second_number_says_so(missing, dtype, value):
    found = encoded([number(dtype=dtype, missing=missing)], n=[5, value, 0])
    np.testing.assert_allclose(found, [[1.0, 0.0], [0.0, 1.0], [-1.5, 0.0]])


def test_categories_are_one_hot_in_the_order_of_their_frequency():
    found = encoded([category(["B", "A", ""])], c=["A", "", "B", "Z", "a"])
    unknown = [1, 0, 0, 0]
    np.testing.assert_array_equal(found, [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0], unknown, unknown])


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_categories_of_whole_numbers(dtype):
    found = encoded([category([7, 0, 3], dtype=dtype)], c=[0, 7, 3, 9])
    np.testing.assert_array_equal(found, [[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]])


@pytest.mark.parametrize(("values", "width", "learned"), [(31, 32, False), (32, 11, True), (999, 50, True)])
def test_a_category_of_many_values_has_vectors(values, width, learned):
    names = [f"v{number}" for number in range(values)]
    model = encoder(category(names))
    found = model({"c": tf.constant([names[0], names[-1], "other", "another"])}).numpy()
    assert found.shape == (4, width)
    embeddings = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    assert bool(embeddings) is learned
    np.testing.assert_array_equal(found[2], found[3])  # those that training has not shown
    if learned:
        (table,) = embeddings[0].get_weights()
        np.testing.assert_array_equal(found, table[[1, values, 0, 0]])
        assert len(table) == values + 1


def test_a_text_is_the_average_of_its_words():
    model = encoder(WORDS)
    (table,) = next(layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)).get_weights()
    assert table.shape == (3 + 2, 16)
    texts = ["good film", "Good, FILM!", "film", "odd film", "good bad film good bad bad bad", "", "?"]
    found = model({"t": tf.constant(texts)}).numpy()
    film, good, bad, unknown = table[2], table[3], table[4], table[1]
    expected = [
        *((good + film) / 2, (good + film) / 2, film, (unknown + film) / 2),
        *((good + bad + film + good) / 4, 0 * film, 0 * film),  # four words are read; without words it is 0, not NaN
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_vectors():
    feature = Feature("v", "vector", (2,), "float32", (1.0, 10.0), (4.0, 25.0))
    np.testing.assert_allclose(encoded([feature], v=[[3, 0], [1, 15]]), [[1, -2], [0, 1]])


def test_the_parts_of_a_record_stand_side_by_side():
    vector = Feature("v", "vector", (2,), "float32", (1.0, 10.0), (4.0, 25.0))
    features = [vector, category(["B", "A"]), number("a.b", missing=-1.0), number("z")]
    found = encoded(features, v=[[3, 0]], c=["A"], z=[5], **{"a.b": [-1]})
    np.testing.assert_allclose(found, [[0, 0, 1, 0, 1, 1, 1, -2]])  # columns in their order, then the rest
    model = encoder(*features)
    assert {name: (each.dtype, each.shape) for name, each in model.input.items()} == {
        "v": ("float32", (None, 2)),
        "c": ("string", (None,)),
        "a.b": ("float32", (None,)),
        "z": ("float32", (None,)),
    }


TRACK = Feature("s", "sequence", (None, 2), "float32", (1.0, 10.0), (4.0, 25.0), length=4, padding=0.0)
STEPS = RANDOM.normal([1, 10], [2, 5], (3, 4, 2)).astype("float32")


def test_what_fills_up_a_sequence_is_not_read():
    model = encoder(TRACK)
    short = STEPS[:, :2]
    filled = np.concatenate([short, np.zeros((3, 5, 2), "float32")], axis=1)
    expected = model({"s": short}).numpy()
    np.testing.assert_allclose(model({"s": filled}).numpy(), expected, atol=1e-6)
    assert np.abs(model({"s": STEPS}).numpy() - expected).max() > 1e-3


def test_sequences_are_normalized_and_keep_their_mask():
    feature = dataclasses.replace(TRACK, name="inputs")
    names = {"class_names": ("no", "yes"), "features": (feature,)}
    model = of(Spec("some", "sequence", "binary", (None, 2), "float32", 1, **names))
    filled = np.concatenate([STEPS[:, :2], np.zeros((3, 1, 2), "float32")], axis=1)
    found = model(filled)
    np.testing.assert_allclose(found[:, :2], (STEPS[:, :2] - [1, 10]) / [2, 5], rtol=1e-5, atol=1e-5)
    assert keras.src.backend.get_keras_mask(found).numpy().tolist() == [[True, True, False]] * 3
    averages = keras.Model(model.input, as_vector(model.output))(filled).numpy()
    np.testing.assert_allclose(averages, ((STEPS[:, :2] - [1, 10]) / [2, 5]).mean(axis=1), rtol=1e-5, atol=1e-5)


def test_one_row_of_numbers_an_example():
    for shape, expected in (((5,), 5), ((4, 3), 12), ((4, 3, 2), 24), ((None, 3), 3)):
        assert as_vector(keras.Input(shape)).shape == (None, expected)
    steps = keras.Input((None, 3))
    x = RANDOM.normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(keras.Model(steps, as_vector(steps))(x), x.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_raw_images_are_resized_as_reading_did(dtype):
    high = np.iinfo(dtype).max if dtype != "float32" else 1.0
    raw = [(high * RANDOM.random((*size, 3))).astype(dtype) for size in ((9, 7), (4, 5), (6, 12), (5, 6))] * 10
    stored = np.stack([_resized(tf.constant(each), (5, 6)).numpy() for each in raw])
    assert stored.dtype == dtype
    spec = Data.from_arrays(stored, np.arange(40) // 4 % 2).spec
    model = of(dataclasses.replace(spec, resized=True))
    assert model.input_shape == (None, None, None, 3)
    mean, deviation = np.array(spec.input_mean), np.sqrt(spec.input_variance)
    for each, small in zip(raw[:4], stored, strict=False):
        expected = (small.astype("float64") - mean) / deviation
        np.testing.assert_allclose(model(each[np.newaxis])[0], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            model(small[np.newaxis])[0], expected, rtol=1e-4, atol=1e-5
        )  # those of one size stay


def test_what_is_resized_and_then_normalized_by_the_batch_answers_the_same_alone_and_among_others(tmp_path):
    """Keras' Resizing would put all layers after it into training mode wherever ``training`` is not given."""
    x = RANDOM.integers(0, 256, (40, 12, 12, 3)).astype("uint8")
    spec = dataclasses.replace(Data.from_arrays(x, np.arange(40) % 2).spec, resized=True)
    model = cnn(spec, filters=(4,), hidden=(5,), normalization="batch")
    before = [np.array(each) for each in model.weights]
    expected = np.asarray(model(x, training=False))
    assert not np.allclose(expected, np.asarray(model(x, training=True)), atol=1e-3)
    for variable, value in zip(model.weights, before, strict=True):
        variable.assign(value)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    copied = transfer(model, Data.from_arrays(x, np.arange(40) % 2), freeze=False)
    copied = keras.Model(copied.input, copied.get_layer("outputs").input)
    below = keras.Model(model.input, model.get_layer("outputs").input)
    for answer in (model, loaded, served.serve):
        np.testing.assert_allclose(np.asarray(answer(tf.constant(x))), expected, atol=1e-5)
        np.testing.assert_allclose(np.asarray(answer(tf.constant(x[:1]))), expected[:1], atol=1e-5)
    np.testing.assert_allclose(np.asarray(copied(x)), np.asarray(below(x, training=False)), atol=1e-5)


def test_resizing_is_that_of_tensorflow():
    image = (255 * RANDOM.random((9, 7, 3))).astype("uint8")
    expected = tf.image.resize(image.astype("float32"), (4, 6)).numpy()
    assert np.abs(_resized(tf.constant(image), (4, 6)).numpy() - expected).max() <= 1.0


def test_an_answer_for_a_text_without_words():
    spec = Data.from_arrays([f"good film number {i}" for i in range(40)], np.arange(40) // 2 % 2).spec
    assert np.isfinite(mlp(spec, hidden=(4,))(tf.constant(["good film", "", "..."]))).all()
