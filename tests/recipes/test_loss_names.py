"""Losses of a recipe in place of the task's."""

import keras
import numpy as np
import pytest
from sklearn.metrics import hinge_loss

import recipes
from callbacks.checks import InvalidArgument
from recipes.loss_names import LOSSES, TASKS, NamedLoss, build_loss, loss_weight
from recipes.recipe import Recipe

RANDOM = np.random.default_rng(0)
LABELS, SHARES = RANDOM.integers(0, 3, 20), RANDOM.dirichlet(np.ones(3), 20).astype("float32")


def pinball(y, predicted, share=0.9):
    return keras.ops.maximum(share * (y - predicted), (share - 1) * (y - predicted))


class Cubed(keras.losses.Loss):
    def call(self, y, predicted):
        return keras.ops.abs(y - predicted) ** 3


@pytest.fixture
def registered():
    recipes.register("loss", "pinball", pinball)
    yield
    for name in LOSSES.added:
        del LOSSES.entries[name]


def test_losses_take_the_targets_of_the_data():
    one_hot = np.eye(3)[LABELS]
    for name in ("categorical_focal_crossentropy", "categorical_hinge"):
        expected = float(keras.losses.get(name)(one_hot, SHARES).numpy().mean())
        assert float(build_loss(name)(LABELS, SHARES)) == pytest.approx(expected, rel=1e-6)
    for name in TASKS:
        assert keras.losses.deserialize(keras.losses.serialize(build_loss(name))).get_config()


def test_the_focal_loss_of_classes_and_of_answers_is_that_of_keras():
    one_hot, answers = np.eye(3)[LABELS], RANDOM.integers(0, 2, (20, 2)).astype("float32")
    theirs, shares = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=1.5), SHARES[:, :2]
    focal = build_loss({"name": "focal", "gamma": 1.5})
    assert float(focal(LABELS, SHARES)) == pytest.approx(float(theirs(one_hot, SHARES)), rel=1e-5)
    assert float(focal(LABELS[:, None], SHARES)) == float(focal(LABELS, SHARES))
    binary = keras.losses.BinaryFocalCrossentropy(gamma=1.5)
    assert float(focal(answers, shares)) == pytest.approx(float(binary(answers, shares)), rel=1e-5)
    assert float(focal(answers[:, 0], shares[:, :1])) == pytest.approx(
        float(binary(answers[:, :1], shares[:, :1])), rel=1e-5
    )
    plain = -np.log(SHARES[np.arange(20), LABELS]).mean()
    assert float(build_loss("focal(gamma=0)")(LABELS, SHARES)) == pytest.approx(plain, rel=1e-6)


def test_the_multiclass_hinge_is_that_of_scikit_learn_on_logits():
    logits = RANDOM.normal(size=(20, 3), scale=2.0).astype("float32")
    loss, probabilities = build_loss("multiclass_hinge"), keras.ops.softmax(logits)
    assert float(loss(LABELS, probabilities)) == pytest.approx(hinge_loss(LABELS, logits), rel=1e-5)
    assert float(loss(LABELS, keras.ops.softmax(100 * np.eye(3)[LABELS]))) == 0.0
    wrong = keras.ops.softmax(np.float32([[0.0, 80.0, 0.0]]))
    assert float(loss(np.array([0]), wrong)) == pytest.approx(81, rel=1e-3)  # beyond what a clipped logarithm reaches


@pytest.mark.usefixtures("registered")
def test_own_losses_are_of_one_form_and_saved_by_name():
    y, predicted = RANDOM.normal(size=7), RANDOM.normal(size=(7, 1)).astype("float32")
    loss = build_loss({"name": "pinball", "share": 0.8})
    error = y - predicted[:, 0]
    assert float(loss(y, predicted)) == pytest.approx(np.mean(np.maximum(0.8 * error, -0.2 * error)), rel=1e-6)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert isinstance(again, NamedLoss)
    assert float(again(y, predicted)) == float(loss(y, predicted))
    kept = keras.losses.deserialize(keras.losses.serialize(build_loss({"name": "huber", "delta": 0.1})))
    assert kept.options == {"delta": 0.1}  # which Keras alone loses
    recipes.register("loss", "cubed", Cubed)
    assert [loss_weight(name, 10.0) for name in ("pinball", "cubed", "mean_squared_error")] == [0.1, 0.001, 0.01]
    assert loss_weight("mean_absolute_percentage_error", 10.0) == 1.0


@pytest.mark.thorough
@pytest.mark.usefixtures("registered")
def test_a_recipe_compiles_with_its_loss(regression):
    y = regression.arrays("test")[1]
    for loss in ("mean_absolute_error", pinball):
        recipe = Recipe(loss=loss, model={"name": "mlp", "hidden": (2,)}, regularizer="none")
        assert Recipe.from_json(recipe.to_json()) == recipe
        model = recipe.compile(recipe.build_model(regression.spec), spec=regression.spec)
        scores = model.evaluate(regression.test, verbose=0, return_dict=True)
        error = y - model.predict(regression.test, verbose=0)[:, 0]
        mean = np.abs(error).mean() if loss is not pinball else np.maximum(0.9 * error, -0.1 * error).mean()
        scale = regression.spec.target_variance**0.5
        assert scores["loss"] == pytest.approx(mean / scale, rel=1e-3)
        assert scores["root_mean_squared_error"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-3)
    assert "loss" not in Recipe().to_json()
    assert Recipe(loss=keras.losses.LogCosh()) == Recipe(loss="log_cosh") != Recipe()
    assert ("loss", "pinball") in Recipe(loss="pinball").names


def test_what_does_not_suit_is_refused(classes):
    for make, message in (
        (lambda: Recipe(loss="huber").check(classes.spec), "loss must be one for multiclass: sparse_categorical"),
        (lambda: Recipe(loss="hubr"), "unknown loss 'hubr': did you mean 'huber'"),
        (lambda: Recipe(loss={"name": "huber", "d": 1}), "given options that it has"),
        (lambda: Recipe(loss=keras.losses.BinaryCrossentropy(from_logits=True)), "one of probabilities"),
        (lambda: Recipe(loss=keras.losses.Huber(2.0)), "given with its delta"),
        (lambda: Recipe(loss=keras.losses.Tversky()), "unknown loss 'Tversky'"),
        (lambda: Recipe(loss=lambda y, predicted: y), "a named function, or registered"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            make()
