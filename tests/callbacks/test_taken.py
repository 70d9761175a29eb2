"""Data that a model or its loss does not take, in every function that is given a model and data."""

import keras
import numpy as np
import pytest

import callbacks
import recipes
from callbacks.checks import InvalidArgument
from callbacks.taken import in_one_line, taken_by

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int64")


@pytest.fixture(scope="module")
def model():
    layers = [keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential(layers)
    model.compile("sgd", "binary_crossentropy")
    return model


WORDS = np.array(["a", "b"] * 12)
MISFITS = {"width": (X[:, :2], Y), "words": (WORDS, Y), "images": (np.zeros((24, 3, 3), "float32"), Y)}
USES = {
    "gradient_report": callbacks.gradient_report,
    "find_learning_rate": lambda model, x, y: callbacks.find_learning_rate(model, x, y, steps=10, batch_size=5),
    "recalibrate_batch_norm": lambda model, x, y: callbacks.recalibrate_batch_norm(model, x),
    "diagnose": lambda model, x, y: recipes.diagnose(model, x, y, seconds=0.1),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("misfit", MISFITS)
def test_inputs_that_do_not_fit(model, use, misfit):
    x, y = MISFITS[misfit]
    with pytest.raises(InvalidArgument) as refused:
        USES[use](model, x, y)
    assert refused.value.argument == "data"
    assert "that the model and its loss take, but: " in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "of shape (" in str(refused.value)


@pytest.mark.parametrize("use", ["gradient_report", "find_learning_rate"])
@pytest.mark.parametrize("data", ["arrays", "dataset"])
def test_targets_that_the_loss_does_not_take(model, use, data):
    import tensorflow as tf

    x, y = (X, X) if data == "arrays" else (tf.data.Dataset.from_tensor_slices((X, X)).batch(4), None)
    with pytest.raises(InvalidArgument, match="must have the same shape"):
        USES[use](model, x, y)


@pytest.mark.parametrize(
    "callback",
    [
        callbacks.SeveralValidations((X[:, :2], Y), times=1),
        callbacks.StochasticWeightAveraging(0.0, data=X[:, :2]),
        callbacks.RecalibrateBatchNorm(X[:, :2]),
    ],
)
def test_data_of_callbacks(model, callback):
    with pytest.raises(InvalidArgument, match="data that the model and its loss take, but: "):
        model.fit(X, Y, verbose=0, callbacks=[callback])


def test_a_model_that_is_not_compiled_is_named():
    with pytest.raises(InvalidArgument, match=r"^model must be a compiled Keras model"):
        callbacks.find_learning_rate(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), X, Y)


def test_other_errors_stay_as_they_are(model):
    looked = []

    def batches():
        looked.append(True)
        return [(X, Y, None)]

    with pytest.raises(KeyError, match="mine"), taken_by(model, "data", batches):
        raise KeyError("mine")
    assert looked
    with taken_by(model, "data", batches):
        model(X)
    assert len(looked) == 1


def test_a_later_batch_is_the_cause():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    y = np.where(np.arange(24) < 20, 1, 7)
    with pytest.raises(InvalidArgument, match="label value of 7"):
        callbacks.find_learning_rate(model, X, y, steps=30, batch_size=4)


def test_one_line():
    assert in_one_line(ValueError("\x1b[1mshape\nis  bad\x1b[0m\n\nArguments received by f()")) == "shape is bad"
    assert in_one_line(KeyError()) == "KeyError"


@pytest.mark.parametrize("weights", [{"name": 1.0}, {0: "abc"}, {0: -1.0}, [1.0, 2.0]])
def test_class_weights_are_numbers(model, weights):
    with pytest.raises(InvalidArgument, match=r"^class_weight"):
        callbacks.gradient_report(model, X, Y, class_weight=weights)
