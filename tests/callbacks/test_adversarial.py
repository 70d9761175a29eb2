"""GradientSign: the sign of the loss's gradient by the inputs, against NumPy, and what it leaves alone."""

import gc

import keras
import numpy as np
import pytest
from keras import ops

import callbacks
from callbacks import InvalidArgument
from callbacks.adversarial import GradientSign, input_scale

K = keras.layers
CLASSES = 3


def softmax_regression(*layers, shape=(4,), dtype="float32"):
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input(shape, dtype=dtype), *layers, K.Dense(CLASSES, "softmax")])


def cross_entropy(labels):
    return lambda predicted: ops.mean(keras.losses.sparse_categorical_crossentropy(labels, predicted))


def input_gradient(kernel, bias, x, labels):
    """Of the mean cross-entropy of a softmax regression, by each input; float64."""
    logits = x.astype("float64") @ kernel.astype("float64") + bias
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return (p - np.eye(CLASSES)[labels]) @ kernel.T.astype("float64") / len(x)


def table(count=40, features=4, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, features)).astype("float32"), random.integers(0, CLASSES, count)


@pytest.mark.parametrize("epsilon", [0.05, 0.7])
def test_each_input_moves_by_epsilon_in_the_direction_of_its_gradient(epsilon):
    model, (x, y) = softmax_regression(), table()
    moved = GradientSign(model, epsilon)(x, cross_entropy(y))
    gradient = input_gradient(*model.get_weights(), x, y)
    assert np.abs(gradient).min() > 1e-6
    np.testing.assert_allclose(moved, x.astype("float64") + epsilon * np.sign(gradient), rtol=1e-6, atol=1e-6)
    assert np.asarray(moved).dtype == np.float32


def test_the_loss_rises():
    model, (x, y) = softmax_regression(), table()
    loss = cross_entropy(y)
    moved = GradientSign(model, 0.3)(x, loss)
    assert float(loss(model(moved))) > float(loss(model(x))) + 0.1


@pytest.mark.parametrize("scale", [2.5, [1.0, 0.0, 10.0, 0.5]])
def test_a_scale_for_all_inputs_or_for_each(scale):
    model, (x, y) = softmax_regression(), table()
    moved = GradientSign(model, 0.1, scale)(x, cross_entropy(y))
    sign = np.sign(input_gradient(*model.get_weights(), x, y))
    np.testing.assert_allclose(moved - x, 0.1 * np.array(scale) * sign, atol=1e-6)


def test_behind_a_normalization_epsilon_counts_in_deviations_of_each_feature():
    mean, deviation = np.array([5.0, 0.0, -20.0, 1.0]), np.array([0.1, 1.0, 50.0, 3.0])
    model = softmax_regression(K.Normalization(mean=mean, variance=deviation**2))
    standard, y = table()
    x = (standard * deviation + mean).astype("float32")
    np.testing.assert_allclose(np.squeeze(input_scale(model)), deviation, rtol=1e-6)
    moved = np.asarray(GradientSign(model, 0.1)(x, cross_entropy(y)), "float64")
    sign = np.sign(input_gradient(*model.get_weights()[-2:], (x - mean) / deviation, y))
    np.testing.assert_allclose((moved - x) / deviation, 0.1 * sign, atol=1e-4)


def test_behind_a_subtraction_and_a_division_in_float64():
    mean, deviation = np.array([1.7e9, 0.0, -20.0, 1.0]), np.array([0.1, 1e-9, 50.0, 3.0])
    centred = K.Rescaling(np.ones(1), -mean, dtype="float64")
    model = softmax_regression(centred, K.Rescaling(1 / deviation, dtype="float64"), dtype="float64")
    standard, y = table()
    x = standard * deviation + mean
    np.testing.assert_allclose(input_scale(model), deviation)
    moved = np.asarray(GradientSign(model, 0.1)(x, cross_entropy(y)))
    sign = np.sign(input_gradient(*model.get_weights(), (x - mean) / deviation, y))
    np.testing.assert_allclose((moved - x) / deviation, 0.1 * sign, atol=1e-4)


def bytes_model():
    model = softmax_regression(K.Rescaling(1 / 64, offset=-2.0), K.Flatten(), shape=(2, 2, 1), dtype="uint8")
    model.layers[-1].kernel.assign(np.random.default_rng(5).normal(size=(4, CLASSES)))
    return model


@pytest.mark.parametrize("epsilon", [0.1, 0.05, 0.9])
def test_bytes_are_rounded_and_stay_in_their_range(epsilon):
    model, random = bytes_model(), np.random.default_rng(1)
    x, y = random.integers(0, 256, (60, 2, 2, 1)).astype("uint8"), random.integers(0, CLASSES, 60)
    x[:5], x[5:10] = 0, 255
    moved = np.asarray(GradientSign(model, epsilon)(x, cross_entropy(y)))
    sign = np.sign(input_gradient(*model.get_weights(), x.reshape(60, 4) / 64.0 - 2.0, y)).reshape(x.shape)
    assert moved.dtype == np.uint8
    np.testing.assert_array_equal(moved, np.clip(np.round(x + 255.0 * epsilon * sign), 0, 255))
    assert (moved == 0).any()
    assert (moved == 255).any()


def test_what_one_means_for_raw_inputs():
    assert input_scale(softmax_regression()) == 1.0
    assert input_scale(bytes_model()) == 255.0
    assert input_scale(softmax_regression(dtype="int16")) == 32767.0
    assert input_scale(softmax_regression(K.Dense(3), K.Normalization(mean=0.0, variance=4.0))) == 1.0


def test_epsilon_zero_moves_nothing():
    (x, y), model = table(), softmax_regression()
    np.testing.assert_array_equal(GradientSign(model, 0.0)(x, cross_entropy(y)), x)


def test_an_input_without_gradient_stays():
    model, (x, y) = softmax_regression(), table()
    model.layers[-1].kernel.assign(np.vstack([np.zeros(CLASSES), np.ones((3, CLASSES)) * [1.0, 2.0, 3.0]]))
    moved = np.asarray(GradientSign(model, 0.5)(x, cross_entropy(y)))
    np.testing.assert_array_equal(moved[:, 0], x[:, 0])
    assert (moved[:, 1:] != x[:, 1:]).all()


@pytest.mark.parametrize("kind", ["float32", "uint8"])
@pytest.mark.parametrize("training", [False, True])
def test_no_state_of_the_model_moves(kind, training):
    noisy = (K.Rescaling(0.01), K.Dense(5), K.BatchNormalization(), K.GaussianNoise(0.1), K.Dropout(0.5))
    model = softmax_regression(*noisy, dtype=kind)
    x, y = np.random.default_rng(0).integers(0, 256, (20, 4)).astype(kind), np.arange(20) % CLASSES
    before = [np.array(each) for each in model.variables]
    assert len(before) == 2 + 4 + 2 + 2  # with the seeds of noise and dropout
    sign = GradientSign(model, 0.1)
    first, second = (np.asarray(sign(x, cross_entropy(y), training=training)) for _ in range(2))
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    np.testing.assert_array_equal(first, second)  # the same dropped units, since no seed has moved


def test_training_and_inference_have_gradients_of_their_own():
    model = softmax_regression(K.Dense(5), K.BatchNormalization(), K.Dropout(0.5))
    x, y = table(100)
    sign = GradientSign(model, 0.1)
    assert not np.array_equal(sign(x, cross_entropy(y)), sign(x, cross_entropy(y), training=True))


@pytest.mark.usefixtures("young_garbage")
def test_the_model_is_not_kept_alive():
    model, (x, y) = softmax_regression(), table()
    sign = GradientSign(model, 0.1)
    del model
    gc.collect()
    with pytest.raises(ReferenceError, match="is gone"):
        sign(x, cross_entropy(y))


def two_inputs():
    a, b = keras.Input((2,)), keras.Input((2,))
    return keras.Model([a, b], K.Add()([a, b]))


@pytest.mark.parametrize("make", [two_inputs, lambda: keras.Sequential([K.Dense(2)])], ids=["two inputs", "not built"])
def test_models_without_one_known_input_are_refused(make):
    with pytest.raises(InvalidArgument, match="model must be a built model with one input"):
        GradientSign(make(), 0.1)


@pytest.mark.parametrize("epsilon", [-0.1, float("nan"), "0.1", None])
def test_sizes_that_are_refused(epsilon):
    with pytest.raises(InvalidArgument, match=r"epsilon must be a number >= 0\. Received: epsilon="):
        GradientSign(softmax_regression(), epsilon)


def test_it_can_be_had_from_the_package():
    assert callbacks.GradientSign is GradientSign
