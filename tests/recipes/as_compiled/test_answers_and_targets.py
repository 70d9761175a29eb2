import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.answers import as_answers, from_logits
from recipes.as_compiled.targets import takes_one_hot

LOGITS = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -2.0]], "float32")


class Compiled:
    def __init__(self, loss):
        self.loss = loss


def test_logits_become_probabilities():
    softmax = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    for loss in (keras.losses.SparseCategoricalCrossentropy, keras.losses.CategoricalCrossentropy):
        np.testing.assert_allclose(as_answers(Compiled(loss(from_logits=True)), LOGITS, "multiclass"), softmax, 1e-6)
        np.testing.assert_array_equal(as_answers(Compiled(loss()), softmax, "multiclass"), softmax)
    binary = Compiled(keras.losses.BinaryCrossentropy(from_logits=True))
    np.testing.assert_allclose(as_answers(binary, LOGITS[:, :1], "binary"), 1 / (1 + np.exp(-LOGITS[:, :1])), 1e-6)
    two = Compiled(keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    expected = np.exp(LOGITS[:, 1:2]) / np.exp(LOGITS[:, :2]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(as_answers(two, LOGITS[:, :2], "binary"), expected, 1e-6)
    np.testing.assert_array_equal(as_answers(Compiled("mse"), LOGITS[:, 0], "regression"), LOGITS[:, :1])
    assert not from_logits("sparse_categorical_crossentropy")
    with pytest.raises(InvalidArgument, match="a model with one output"):
        as_answers(Compiled("mse"), [LOGITS, LOGITS], "regression")


def own(y, p):
    return keras.losses.sparse_categorical_crossentropy(y, p)


@pytest.mark.parametrize(
    ("loss", "outputs", "one_hot"),
    [
        ("sparse_categorical_crossentropy", 3, False),
        ("categorical_crossentropy", 3, True),
        ("SparseCategoricalCrossentropy", 3, False),
        ("kl_divergence", 3, True),
        (keras.losses.SparseCategoricalCrossentropy(), 3, False),
        (keras.losses.CategoricalFocalCrossentropy(), 3, True),
        (keras.losses.categorical_crossentropy, 3, True),
        (keras.losses.sparse_categorical_crossentropy, 3, False),
        (own, 3, False),
        (None, 3, False),
    ],
)
def test_targets_as_the_loss_takes_them(classes, loss, outputs, one_hot):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(outputs)])
    model.compile("sgd", loss)
    assert takes_one_hot(model, classes.spec) == one_hot
