"""What a model returns is read from its graph."""

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from recipes.model_output import Output, ends_in, read_outputs


class Own(layers.Layer):
    def call(self, inputs):
        return ops.sigmoid(inputs)


class OwnDense(layers.Dense):
    """Keras' layer under another name."""


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


def kind_of(output, *inputs):
    (read,) = read_outputs(keras.Model(list(inputs), output))
    return read.kind


INPUT = keras.Input((4,))
STEPS = keras.Input((5, 4))
IMAGE = keras.Input((6, 6, 2))
NUMBERS = layers.Dense(3)(INPUT)
CLASSES = layers.Dense(3, activation="softmax")(INPUT)
YES = layers.Dense(3, activation="sigmoid")(INPUT)
STEP_CLASSES = layers.Dense(3, activation="softmax")(STEPS)
MASK = layers.Conv2D(1, 3, activation="sigmoid")(IMAGE)
HEAD = keras.Sequential([keras.Input((3,)), layers.Reshape((3,))])
MEMBER = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Softmax()])


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        # one layer
        ("softmax", lambda: CLASSES),
        ("softmax", lambda: layers.Softmax()(NUMBERS)),
        ("softmax", lambda: layers.Softmax(axis=1)(NUMBERS)),
        ("softmax", lambda: ops.softmax(NUMBERS)),
        ("softmax", lambda: layers.Dense(3, activation=layers.Softmax())(INPUT)),
        ("softmax", lambda: layers.Dense(3, activation=ops.softmax)(INPUT)),
        ("sigmoid", lambda: ops.sigmoid(NUMBERS)),
        ("sigmoid", lambda: layers.Activation(ops.sigmoid)(NUMBERS)),
        ("sigmoid", lambda: layers.Dense(1, activation=lambda x: ops.sigmoid(2 * x))(INPUT)),
        ("sigmoid", lambda: OwnDense(1, activation="sigmoid")(INPUT)),
        ("numbers", lambda: NUMBERS),
        ("numbers", lambda: layers.Dense(3, activation="relu")(INPUT)),
        ("numbers", lambda: layers.Dense(3, activation=lambda x: 2 * x)(INPUT)),
        ("numbers", lambda: layers.LSTM(2)(STEPS)),
        # through what changes nothing, or only shapes
        ("softmax", lambda: layers.Activation("linear", dtype="float32")(CLASSES)),
        ("softmax", lambda: ops.cast(CLASSES, "float64")),
        ("softmax", lambda: layers.Identity()(layers.Reshape((1, 3))(CLASSES))),
        ("softmax", lambda: layers.Lambda(lambda x: x)(CLASSES)),
        ("softmax", lambda: layers.Lambda(lambda x: ops.softmax(2 * x))(NUMBERS)),
        ("softmax", lambda: layers.GlobalAveragePooling1D()(STEP_CLASSES)),
        ("softmax", lambda: layers.TimeDistributed(layers.Dense(3, activation="softmax"))(STEPS)),
        ("sigmoid", lambda: layers.Flatten()(MASK)),
        ("sigmoid", lambda: MASK[..., 0]),
        ("sigmoid", lambda: layers.Permute((2, 1, 3))(MASK)),
        ("sigmoid", lambda: layers.Concatenate()([YES, ops.sigmoid(NUMBERS)])),
        ("numbers", lambda: layers.Reshape((3, 1))(NUMBERS)),
        ("numbers", lambda: layers.Add()([NUMBERS, INPUT[:, :3]]) / 2.0),
        ("numbers", lambda: ops.exp(NUMBERS)),
        ("numbers", lambda: layers.Rescaling(10.0)(YES)),  # numbers within a range
        # models within
        ("softmax", lambda: HEAD(CLASSES)),
        ("sigmoid", lambda: HEAD(YES)),
        ("numbers", lambda: HEAD(NUMBERS)),
        ("softmax", lambda: layers.Average()([MEMBER(INPUT), CLASSES])),
        # decisions, as an ensemble's votes
        ("softmax", lambda: layers.Average()([ops.one_hot(ops.argmax(CLASSES, axis=-1), 3), CLASSES])),
        ("sigmoid", lambda: ops.cast(YES > 0.5, "float32")),
        # what the graph does not tell
        ("unknown", lambda: layers.Softmax(axis=1)(STEPS)),
        ("unknown", lambda: layers.Dense(1, activation="softmax")(INPUT)),
        ("unknown", lambda: layers.Flatten()(STEP_CLASSES)),
        ("unknown", lambda: layers.Permute((2, 1))(layers.Dense(5, activation="softmax")(STEPS))),
        ("unknown", lambda: layers.Average()([CLASSES, YES])),
        ("unknown", lambda: layers.Concatenate()([YES, NUMBERS])),
        ("unknown", lambda: 1 / (1 + ops.exp(-NUMBERS))),
        ("unknown", lambda: (1 + ops.tanh(NUMBERS)) / 2),
        ("unknown", lambda: ops.exp(NUMBERS) / ops.sum(ops.exp(NUMBERS), axis=-1, keepdims=True)),
        ("unknown", lambda: 5 * ops.sigmoid(NUMBERS)),
        ("unknown", lambda: ops.log(CLASSES)),
        ("unknown", lambda: layers.Dense(3, activation="log_softmax")(INPUT)),
        ("unknown", lambda: layers.Dense(1, activation="hard_sigmoid")(INPUT)),
        ("unknown", lambda: layers.Lambda(lambda x: tf.nn.sigmoid(2 * x), output_shape=(3,))(NUMBERS)),
        ("unknown", lambda: Own()(NUMBERS)),
    ],
)
def test_what_an_output_is(kind, output):
    output = output()
    inputs = {id(IMAGE): IMAGE, id(STEPS): STEPS, id(INPUT): INPUT}
    needed = [tensor for tensor in inputs.values() if _reaches(output, tensor)]
    assert kind_of(output, *needed) == kind


def _reaches(output, tensor):
    """Whether the output depends on this input."""
    try:
        keras.Model([tensor], output)
    except ValueError:
        return False
    return True


def test_the_order_of_layers_does_not_matter():
    """A head that was made before the body is not the last of ``model.layers``."""
    head = layers.Dense(1, activation="sigmoid", name="head")
    inputs = keras.Input((4,))
    side = head(layers.Dense(3)(inputs))
    deep = layers.Dense(3, name="a")(layers.Dense(3, name="b")(inputs))
    model = keras.Model(inputs, [side, deep])
    assert model.layers[-1] is not head
    assert [output.kind for output in read_outputs(model)] == ["sigmoid", "numbers"]


def test_reading_leaves_the_model_as_it_was():
    dense = layers.Dense(3)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Lambda(lambda x: ops.sigmoid(2 * x))(dense(inputs)))
    before, output = model.get_config(), dense.output
    assert ends_in(model) == "sigmoid"
    assert model.get_config() == before
    assert dense.output is output


def test_the_scale_goes_with_the_targets():
    def scale(*more):
        return read_outputs(keras.Sequential([keras.Input((4,)), layers.Dense(2), *more]))[0].scale

    assert scale() is None
    assert scale(layers.Rescaling(3.0)) == (3.0,)
    assert scale(layers.Rescaling([1.0, 2.0]), layers.Activation("linear")) == (1.0, 2.0)
    assert scale(layers.Rescaling(3.0), layers.Reshape((2, 1))) == (3.0,)
    assert scale(layers.Rescaling([1.0, 2.0]), layers.Reshape((2, 1))) is None
    assert scale(layers.Rescaling(3.0), layers.Dense(2)) is None


@pytest.mark.parametrize(
    ("chain", "kind"),
    [
        ([layers.Dense(3), layers.Softmax()], "softmax"),
        ([layers.Dense(1, activation="sigmoid"), layers.Activation("linear", dtype="float32")], "sigmoid"),
        ([layers.Dense(1)], "numbers"),
        ([layers.Dense(1, activation="sigmoid"), layers.Flatten()], "unknown"),
        ([], "unknown"),
    ],
)
def test_a_chain_without_an_input(chain, kind):
    assert read_outputs(keras.Sequential(chain))[0].kind == kind


def test_a_subclassed_model_is_not_read():
    assert read_outputs(Subclassed()) == [Output("unknown", "subclassed")]
    assert ends_in(Subclassed()) == "subclassed"
