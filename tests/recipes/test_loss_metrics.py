"""Every task and shape of output: the metrics that Keras logs are those that NumPy computes from the predictions."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, ops

from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.loss_metrics import metrics_for
from recipes.model_output import Output

N = 13  # not a multiple of the batch of 5


def model_of(*chain, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *chain])


def scores(model, y, **options):
    """What a model logs for inputs of its own shape, and what it predicts."""
    keras.utils.set_random_seed(1)
    x = 3 * np.random.default_rng(0).normal(size=(N, *model.input_shape[1:])).astype("float32")
    Recipe(learning_rate=0.1).compile(model, run_eagerly=True, **options)
    return model.evaluate(x, y, batch_size=5, verbose=0, return_dict=True), model.predict(x, verbose=0)


def integers(high, *shape):
    return np.random.default_rng(1).integers(0, high, (N, *shape))


def cross_entropy(p, y):
    p = np.clip(p.astype("float64"), 1e-7, 1 - 1e-7)
    return -np.mean(np.where(y == 1, np.log(p), np.log(1 - p)))


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (lambda: model_of(layers.Dense(3, activation="softmax")), ()),
        (lambda: model_of(layers.Dense(2), layers.Softmax()), ()),
        (lambda: model_of(layers.Dense(3), layers.Lambda(ops.softmax)), ()),
        (lambda: model_of(layers.Dense(3, activation="softmax"), shape=(5, 4)), (5,)),
        (lambda: model_of(layers.Conv2D(3, 1, activation="softmax"), shape=(4, 4, 2)), (4, 4)),
        (lambda: model_of(layers.Conv2D(3, 1, activation="softmax"), layers.Reshape((16, 3)), shape=(4, 4, 2)), (16,)),
    ],
)
def test_classes(model, shape):
    model = model()
    y = integers(model.output_shape[-1], *shape)
    logged, predicted = scores(model, y)
    assert logged["accuracy"] == pytest.approx(np.mean(predicted.argmax(axis=-1) == y), abs=1e-6)
    chosen = np.take_along_axis(predicted.astype("float64"), y[..., None], axis=-1)
    assert logged["loss"] == pytest.approx(-np.mean(np.log(chosen)), rel=1e-4)


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (lambda: model_of(layers.Dense(1, activation="sigmoid")), ()),
        (lambda: model_of(layers.Dense(1), layers.Activation("sigmoid")), (1,)),
        (lambda: model_of(layers.Dense(1), layers.Lambda(ops.sigmoid)), ()),
        (lambda: model_of(layers.Dense(1, activation="sigmoid"), layers.Reshape(())), ()),
        (lambda: model_of(layers.Dense(6, activation="sigmoid")), (6,)),
        (lambda: model_of(layers.Dense(6, activation="sigmoid"), layers.Reshape((3, 2))), (3, 2)),
        (lambda: model_of(layers.Dense(2, activation="sigmoid"), shape=(5, 4)), (5, 2)),
        (lambda: model_of(layers.Conv2D(1, 1, activation="sigmoid"), shape=(4, 4, 2)), (4, 4, 1)),
        (lambda: model_of(layers.Conv2D(1, 1, activation="sigmoid"), shape=(4, 4, 2)), (4, 4)),
        (lambda: model_of(layers.Conv2D(1, 1, activation="sigmoid"), layers.Flatten(), shape=(4, 4, 2)), (16,)),
    ],
)
def test_yes_or_no(model, shape):
    model = model()
    y = integers(2, *shape)
    logged, predicted = scores(model, y)
    answers = predicted.reshape(y.shape)
    assert logged["accuracy"] == pytest.approx(np.mean((answers > 0.5) == y), abs=1e-6)
    assert logged["loss"] == pytest.approx(cross_entropy(answers, y), rel=1e-4)


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (lambda: model_of(layers.Dense(1)), ()),
        (lambda: model_of(layers.Dense(1)), (1,)),
        (lambda: model_of(layers.Dense(3)), (3,)),
        (lambda: model_of(layers.Dense(3), layers.Reshape((3, 1))), (3, 1)),
        (lambda: model_of(layers.Dense(2), shape=(5, 4)), (5, 2)),
    ],
)
def test_numbers(model, shape):
    y = np.random.default_rng(1).normal(size=(N, *shape))
    logged, predicted = scores(model(), y)
    error = predicted.reshape(y.shape).astype("float64") - y
    assert logged["loss"] == pytest.approx(np.mean(error**2), rel=1e-5)
    assert logged["root_mean_squared_error"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert logged["mean_absolute_error"] == pytest.approx(np.mean(np.abs(error)), rel=1e-5)


@pytest.mark.parametrize("structure", ["dictionary", "list"])
def test_several_outputs_of_each_kind(structure):
    x = keras.Input((4,))
    heads = {
        "classes": layers.Dense(3, activation="softmax", name="classes")(x),
        "labels": layers.Reshape((4,), name="labels")(layers.Dense(4, activation="sigmoid")(x)),
        "number": layers.Dense(1, name="number")(x),
    }
    y = {"classes": integers(3), "labels": integers(2, 4), "number": np.zeros((N, 1))}
    as_list = structure == "list"
    model = keras.Model(x, list(heads.values()) if as_list else heads)
    logged, predicted = scores(model, list(y.values()) if as_list else y)
    predicted = dict(zip(heads, predicted, strict=True)) if as_list else predicted
    right = predicted["classes"].argmax(axis=-1) == y["classes"]
    assert logged["classes_accuracy"] == pytest.approx(np.mean(right), abs=1e-6)
    assert logged["labels_accuracy"] == pytest.approx(np.mean((predicted["labels"] > 0.5) == y["labels"]), abs=1e-6)
    error = np.sqrt(np.mean(predicted["number"].astype("float64") ** 2))
    assert logged["number_root_mean_squared_error"] == pytest.approx(error, rel=1e-5)


BINARY = functools.partial(keras.losses.binary_crossentropy, from_logits=True)


@pytest.mark.parametrize(
    ("loss", "outputs", "shape"),
    [
        (keras.losses.BinaryCrossentropy(from_logits=True), 1, ()),
        (keras.losses.BinaryCrossentropy(from_logits=True), 4, (4,)),
        (BINARY, 1, (1,)),
    ],
)
def test_logits_of_yes_are_decided_at_0(loss, outputs, shape):
    y = integers(2, *shape)
    logged, predicted = scores(model_of(layers.Dense(outputs)), y, loss=loss)
    assert set(logged) == {"loss", "accuracy"}
    logits = predicted.reshape(y.shape)
    assert logged["accuracy"] == pytest.approx(np.mean((logits > 0) == y), abs=1e-6)
    assert np.any((logits > 0) != (logits > 0.5))


def test_logits_of_classes():
    y = integers(3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    logged, predicted = scores(model_of(layers.Dense(3)), y, loss=loss)
    assert set(logged) == {"loss", "accuracy"}
    assert logged["accuracy"] == pytest.approx(np.mean(predicted.argmax(axis=-1) == y), abs=1e-6)
    one_hot = np.eye(3)[y]
    again, _ = scores(model_of(layers.Dense(3)), one_hot, loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    assert set(again) == {"loss", "accuracy"}


def own_loss(y, predicted):
    return ops.mean(ops.abs(y - predicted), axis=-1)


class OwnLogitLoss(keras.losses.BinaryCrossentropy):
    pass


SOFTMAX, SIGMOID, LINEAR = Output("softmax", "softmax"), Output("sigmoid", "sigmoid"), Output("numbers", "linear")


@pytest.mark.parametrize(
    ("loss", "output", "names"),
    [
        ("mse", LINEAR, ["root_mean_squared_error", "mean_absolute_error"]),
        (keras.losses.Huber(), LINEAR, ["root_mean_squared_error", "mean_absolute_error"]),
        ("binary_crossentropy", SIGMOID, ["accuracy"]),
        (OwnLogitLoss(from_logits=True), LINEAR, ["accuracy"]),
        (own_loss, SIGMOID, ["accuracy"]),
        (own_loss, LINEAR, []),  # it may be a cross-entropy of logits
        (own_loss, Output("unknown", "lambda"), []),
        (None, LINEAR, []),
    ],
)
def test_metrics_of_other_losses(loss, output, names):
    assert [metric.name for metric in metrics_for(loss, output)] == names


def test_labels_decide_where_either_may_be_meant():
    assert metrics_for("crossentropy", LINEAR) == metrics_for(own_loss, SOFTMAX) == ["accuracy"]
    assert metrics_for(BINARY, LINEAR)[0].threshold == 0.0
    assert metrics_for(keras.losses.BinaryCrossentropy(from_logits=True), SIGMOID)[0].threshold == 0.5


class Subclassed(keras.Model):
    """A binary classifier whose head was made before its body."""

    def __init__(self):
        super().__init__()
        self.head = layers.Dense(1, activation="sigmoid")
        self.body = layers.Dense(3)

    def call(self, inputs):
        return self.head(self.body(inputs))


def test_a_model_that_cannot_be_read_needs_a_loss():
    model = Subclassed()
    model(np.zeros((1, 4), "float32"))
    with pytest.raises(InvalidArgument, match=r"^loss must be given: what 'subclassed(_\d+)?' returns, made by"):
        Recipe().compile(model)
    y = integers(2)
    Recipe(learning_rate=0.1).compile(model, loss="binary_crossentropy", run_eagerly=True)
    x = np.random.default_rng(0).normal(size=(N, 4)).astype("float32")
    logged = model.evaluate(x, y, verbose=0, return_dict=True)
    assert logged["accuracy"] == pytest.approx(np.mean((model.predict(x, verbose=0)[:, 0] > 0.5) == y), abs=1e-6)


def test_the_task_decides_where_the_graph_does_not(binary, regression):
    model = model_of(layers.Dense(1), layers.Lambda(lambda x: ops.clip(x, 0, 1)), shape=(5,))
    with pytest.raises(InvalidArgument, match="loss must be given"):
        Recipe().compile(model)
    assert Recipe().compile(model, spec=binary.spec).loss == "binary_crossentropy"
    assert Recipe().compile(model, spec=regression.spec).loss == "mean_squared_error"
