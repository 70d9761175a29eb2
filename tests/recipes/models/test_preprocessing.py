import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.inside.layers import mask_of
from recipes import transfer
from recipes.data import Data, Spec
from recipes.data.feature import Feature
from recipes.data.reading import resized
from recipes.models import cnn, mlp
from recipes.models.blocks import Style
from recipes.models.inputs import model_input
from recipes.models.preprocessing import as_vector

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
