import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import iqr

from callbacks.inside.layers import mask_of
from recipes import transfer
from recipes.data import Data, Spec
from recipes.data.feature import Feature
from recipes.data.image_sizes import resized
from recipes.data.statistics.moments import moments
from recipes.data.statistics.spread import median_and_spread
from recipes.models import cnn, mlp
from recipes.models.blocks import Style
from recipes.models.inputs import model_input
from recipes.models.preprocessing import as_vector, rescaled, scaled, scaled_steps

RANDOM = np.random.default_rng(0)
TRACK = Feature("s", "sequence", (None, 2), "float32", (1.0, 10.0), (4.0, 25.0), length=4, padding=0.0)
STEPS = RANDOM.normal([1, 10], [2, 5], (3, 4, 2)).astype("float32")


def of(spec):
    """The model from raw inputs to the preprocessed tensor."""
    inputs, x = model_input(spec, spec.input_shape, None, Style())
    return keras.Model(inputs, x)


def test_sequences_are_normalized_and_keep_their_mask():
    names = {"class_names": ("no", "yes"), "features": (TRACK,)}
    model = of(Spec("some", "sequence", "binary", (None, 2), "float32", 1, **names))
    filled = np.concatenate([STEPS[:, :2], np.zeros((3, 1, 2), "float32")], axis=1)
    found = model(filled)
    np.testing.assert_allclose(found[:, :2], (STEPS[:, :2] - [1, 10]) / [2, 5], rtol=1e-5, atol=1e-5)
    assert mask_of(found).numpy().tolist() == [[True, True, False]] * 3
    averages = keras.Model(model.input, as_vector(model.output))(filled).numpy()
    np.testing.assert_allclose(averages, ((STEPS[:, :2] - [1, 10]) / [2, 5]).mean(axis=1), rtol=1e-5, atol=1e-5)


def test_one_row_of_numbers_an_example():
    for shape, expected in (((5,), 5), ((4, 3), 12), ((4, 3, 2), 24), ((None, 3), 3)):
        assert as_vector(keras.Input(shape)).shape == (None, expected)
    steps = keras.Input((None, 3))
    x = RANDOM.normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(keras.Model(steps, as_vector(steps))(x), x.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_raw_images_areresized_as_reading_did(dtype):
    high = np.iinfo(dtype).max if dtype != "float32" else 1.0
    raw = [(high * RANDOM.random((*size, 3))).astype(dtype) for size in ((9, 7), (4, 5), (6, 12), (5, 6))] * 10
    stored = np.stack([resized(tf.constant(each), (5, 6)).numpy() for each in raw])
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


def test_what_isresized_and_then_normalized_by_the_batch_answers_the_same_alone_and_among_others(tmp_path):
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
    assert np.abs(resized(tf.constant(image), (4, 6)).numpy() - expected).max() <= 1.0


def test_an_answer_for_a_text_without_words():
    spec = Data.from_arrays([f"good film number {i}" for i in range(40)], np.arange(40) // 2 % 2).spec
    assert np.isfinite(mlp(spec, hidden=(4,))(tf.constant(["good film", "", "..."]))).all()


def scaled_table(x, dtype):
    """What :func:`scaled` makes of a table, through a file and a SavedModel's function, and the Spec's statistics."""
    values = np.asarray(x)
    mean, variance = moments(values)
    inputs = keras.Input(values.shape[1:], dtype=dtype)
    model = keras.Model(inputs, scaled(inputs, mean, variance, *median_and_spread(values)))
    again = keras.Model.from_config(model.get_config())
    answers = tf.function(again)(tf.constant(values, dtype)).numpy()
    np.testing.assert_array_equal(answers, model(tf.constant(values, dtype)).numpy())
    assert answers.dtype == "float32"
    return answers


def standardized(x):
    """The columns less their mean, over their standard deviation, in extended precision."""
    x = np.asarray(x)
    exact = (x - x[0] if x.dtype == "int64" else x).astype(np.longdouble)
    return ((exact - exact.mean(axis=0)) / exact.std(axis=0)).astype("float64")


@pytest.mark.parametrize(("offset", "tolerance"), [(0.0, 1e-6), (1e6, 1e-6), (1.7e9, 1e-6), (1e12, 1e-4), (1e15, 0.1)])
def test_numbers_of_any_unit_are_standardized(offset, tolerance):
    units = np.array([1e-12, 1e-6, 1.0, 1e6, 1e12])
    x = (offset + np.random.default_rng(0).normal(size=(500, 5))) * units
    np.testing.assert_allclose(scaled_table(x, "float64"), standardized(x), atol=tolerance)
    if not offset:
        np.testing.assert_allclose(scaled_table(x, "float32"), standardized(x), atol=tolerance)


@pytest.mark.parametrize("low", [0, 2**53, 2**60, -(2**62)])
def test_integers_of_any_size_are_standardized(low):
    x = low + np.random.default_rng(0).integers(0, 100, size=(500, 2))
    np.testing.assert_allclose(scaled_table(x, "int64"), standardized(x), atol=0.02)  # the mean is rounded
    if low == 2**60:  # far ones do not wrap around
        x[0] = np.iinfo("int64").min
        assert np.all(scaled_table(x, "int64")[0] < -7)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float16"])
def test_narrow_types(dtype):
    x = (np.random.default_rng(0).normal(size=(500, 2)) > 0).astype(dtype)
    np.testing.assert_allclose(scaled_table(x.astype("float64"), dtype), standardized(x), atol=1e-6)


def test_one_outlier_does_not_spoil_its_column():
    x = np.random.default_rng(0).normal(size=(501, 3))
    x[0] = 1e9, 1e30, 0.0
    scales = scaled_table(x, "float64")
    z = (x[1:, :2] - np.median(x[:, :2], axis=0)) / iqr(x[:, :2], axis=0, scale="normal")
    bounded = np.arcsinh(z) / np.sqrt(1 + (np.arcsinh(z) / 8) ** 2)
    np.testing.assert_allclose(scales[1:, :2], bounded, rtol=1e-3, atol=1e-5)
    assert np.all((scales[0, :2] > 7) & (scales[0, :2] < 8))
    np.testing.assert_allclose(scales[:, 2], standardized(x)[:, 2], atol=1e-6)
    np.testing.assert_allclose(scaled_table(x, "float32"), scales, atol=1e-5)


def test_a_constant_becomes_zero():
    x = np.stack([np.full(9, 0.1), np.full(9, 1.7e9), np.arange(9.0)], axis=1)
    np.testing.assert_array_equal(scaled_table(x, "float64")[:, :2], 0.0)


def test_columns_of_usual_units_keep_the_layer_of_keras():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, scaled(inputs, (170.0, 0.0), (100.0, 1.0), (171.0, 0.0), (9.0, 1.0)))
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Normalization"]


def test_targets_keep_their_values_apart():
    x = keras.Input((2,))
    model = keras.Model(x, rescaled(x, (1e9, 5.0), (4.0, 9.0), name="target"))
    assert model.output.dtype == "float64"
    np.testing.assert_array_equal(model(np.array([[0.5, 1.0]])), [[1e9 + 1.0, 8.0]])
    assert keras.Model(x, rescaled(x, 5.0, 4.0, name="target")).output.dtype == "float32"


def test_sequences_with_large_offsets():
    steps = np.random.default_rng(0).normal([1.7e9, 1.0], [1000.0, 1.0], (40, 3, 2))
    mean, variance = moments(steps)
    track = Feature("s", "sequence", (None, 2), "float64", mean, variance, length=3, padding=0.0)
    inputs = keras.Input((None, 2), dtype="float64")
    outputs = scaled_steps(track, inputs)
    padded = np.concatenate([steps, np.zeros((40, 1, 2))], axis=1)
    answers = keras.Model(inputs, outputs)(tf.constant(padded)).numpy()
    np.testing.assert_allclose(answers[:, :3].reshape(-1, 2), standardized(steps.reshape(-1, 2)), atol=1e-4)
    assert mask_of(outputs) is not None
