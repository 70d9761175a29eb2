"""Trainings by recipes, packed and one by one: the same epochs, scores and weights up to rounding."""

import dataclasses

import keras
import numpy as np
import pytest

import recipes
from recipes.optimizers import SGD
from recipes.packed.members import Member
from recipes.packed.reasons import reason_against
from recipes.packed.trainings import CannotPack, trained_together
from recipes.recipe import Recipe
from recipes.shared_steps import SharedSteps
from recipes.trainer import Trainer

pytestmark = pytest.mark.whole_epochs

SEEDS = (3, 4, 5)


@pytest.fixture(scope="module")
def datas(classes):
    return [classes, classes.resplit(1), classes]


@pytest.fixture(scope="module")
def weighted():
    random = np.random.default_rng(5)
    x, weights = random.normal(size=(90, 4)).astype("float32"), random.uniform(0.1, 3.0, 90)
    return recipes.Data.from_arrays(x, (x.sum(axis=1) > 0).astype(int), batch_size=16, sample_weight=weights)


def trainers(datas, recipe, steps):
    """One for each seed, each with a rate of its own, if the recipe has one."""
    resolved, made = recipe.resolved(datas[0].spec), []
    for data, seed, part in zip(datas, SEEDS, (1.0, 0.5, 0.7), strict=True):
        rate = None if resolved.learning_rate is None else part * resolved.learning_rate
        own = dataclasses.replace(resolved, learning_rate=rate)
        made.append(Trainer(data, own, seed=seed, keep_functions=True, steps=steps))
    return made


def one_by_one(datas, recipe, epochs):
    outcomes = []
    for trainer, seed in zip(trainers(datas, recipe, SharedSteps()), SEEDS, strict=True):
        with trainer.running(epochs=epochs, seed=seed) as run:
            outcomes.append((run, run.evaluate("test"), run.model.get_weights()))
    return outcomes


def together(datas, recipe, epochs, size=4):
    members = [
        Member(trainer, seed, place)
        for place, (trainer, seed) in enumerate(zip(trainers(datas, recipe, SharedSteps()), SEEDS, strict=True))
    ]
    return [
        (run, None if run is None else run.evaluate("test"), None if run is None else run.model.get_weights())
        for _, run in trained_together(members, epochs=epochs, size=size)
    ]


RECIPES = {
    "all in the model": Recipe(
        optimizer="adam", learning_rate=0.01, regularizer=("dropout", "l2"), normalization="batch"
    ),
    "range test": Recipe(optimizer="momentum", regularizer="max_norm"),
    "early stopping": Recipe(
        optimizer="momentum",
        learning_rate=0.3,
        schedule="constant",
        regularizer={"name": "early_stopping", "patience": 1},
    ),
    "best or last": Recipe(learning_rate=0.05, regularizer="early_stopping"),
}


@pytest.mark.parametrize(
    "name",
    ["all in the model", "best or last"]
    + [pytest.param(name, marks=pytest.mark.thorough) for name in ("range test", "early stopping")],
)
def test_the_same_as_one_by_one(datas, name):
    recipe, epochs = RECIPES[name], 4
    expected, packed = one_by_one(datas, recipe, epochs), together(datas, recipe, epochs)
    for (run, test, weights), (other, tested, found) in zip(expected, packed, strict=True):
        assert sorted(run.history) == sorted(other.history)
        for column, values in run.history.items():
            np.testing.assert_allclose(other.history[column], values, rtol=1e-2, atol=1e-3, err_msg=column)
        assert (other.best_epoch, other.seed, other.epochs) == (run.best_epoch, run.seed, run.epochs)
        assert other.recipe == run.recipe
        assert tested == pytest.approx(test, rel=1e-2, abs=1e-3)
        for one, another in zip(found, weights, strict=True):
            np.testing.assert_allclose(one, another, rtol=1e-2, atol=1e-3)
    if name == "early stopping":
        assert len({len(run.history["loss"]) for run, *_ in packed} | {epochs}) > 1  # not all ran to the end


def test_a_schedule_of_which_nothing_is_left_is_said(datas):
    schedule = {"name": "step", "every": 100, "unit": "epochs"}
    recipe = Recipe(optimizer="sgd", learning_rate=0.1, regularizer="none", schedule=schedule)
    with pytest.warns(UserWarning, match="the rate is the same at all"):
        together(datas, recipe, epochs=2)


def test_a_member_that_diverges_is_left_to_be_trained_alone(datas):
    recipe = Recipe(optimizer="sgd", learning_rate=1e9, regularizer="none", schedule="constant")
    assert [run for run, *_ in together(datas, recipe, 2)] == [None, None, None]


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        (Recipe(learning_rate=0.1, regularizer="sam"), "SharpnessAware"),
        (Recipe(learning_rate=0.1, regularizer="ema"), "averaged weights"),
        (Recipe(learning_rate=0.1, schedule="performance", regularizer="none"), "PerformanceDecay"),
        (Recipe(learning_rate=0.1, optimizer="line_search", regularizer="none"), "line_search"),
    ],
    ids=["step", "average", "schedule", "optimizer"],
)
def test_what_cannot_be_packed_says_why(classes, recipe, reason):
    trainer = Trainer(classes, recipe, seed=0, steps=SharedSteps())
    with trainer.as_new(trainer.new_model(0)):
        callbacks = trainer.callbacks_of(recipe.resolved(classes.spec), classes, 2)
        assert reason in reason_against(trainer, callbacks, 4)


@pytest.mark.thorough
def test_convolutions_are_the_same_as_one_by_one(images):
    recipe, datas = Recipe(model="cnn", learning_rate=0.01, regularizer="none"), [images] * 3
    for (run, test, _), (other, tested, _) in zip(
        one_by_one(datas, recipe, 2), together(datas, recipe, 2), strict=True
    ):
        np.testing.assert_allclose(other.history["loss"], run.history["loss"], rtol=1e-3)
        assert tested == pytest.approx(test, rel=1e-2, abs=1e-3)


@pytest.mark.thorough
def test_recurrent_layers_that_cannot_be_vectorized_are_side_by_side(images):
    recipe = Recipe(model={"name": "rnn", "units": (4, 4)}, learning_rate=0.01, regularizer="none")
    datas = [images] * 3
    for (run, *_), (other, *_) in zip(one_by_one(datas, recipe, 2), together(datas, recipe, 2), strict=True):
        np.testing.assert_allclose(other.history["loss"], run.history["loss"], rtol=1e-3)


def test_other_layers_are_refused(classes):
    model = keras.Sequential([keras.Input((4,)), Doubled(), keras.layers.Dense(3, activation="softmax")])
    recipe = Recipe(learning_rate=0.01, regularizer="none").resolved(classes.spec)
    trainer = Trainer(classes, recipe, model=model, seed=0)
    assert reason_against(trainer, [], 2) == "the layer Doubled"


def test_steps_that_differ_are_refused(classes):
    recipe = Recipe(learning_rate=0.01, regularizer="none")
    steps = SharedSteps()
    members = [
        Member(
            Trainer(classes, recipes.Recipe(**{**vars(recipe), "activation": activation}), seed=0, steps=steps),
            0,
            place,
        )
        for place, activation in enumerate(["relu", "elu"])
    ]
    with pytest.raises(CannotPack, match="steps that differ"):
        list(trained_together(members, epochs=1, size=2))


class Doubled(keras.layers.Layer):
    """A layer that does not come with Keras, and may keep what it knows in Python."""

    def call(self, inputs):
        return 2 * inputs


class Counting(SGD):
    """An optimizer of somebody's own, which counts in Python."""

    def update_step(self, gradient, variable, learning_rate):
        self.steps = getattr(self, "steps", 0) + 1
        super().update_step(gradient, variable, learning_rate)


def test_an_optimizer_of_ones_own_is_not_packed(classes):
    recipe = Recipe(learning_rate=0.1, regularizer="none", optimizer=Counting(0.1, name="counting"))
    trainer = Trainer(classes, recipe, seed=0, steps=SharedSteps())
    with trainer.as_new(trainer.new_model(0)):
        assert reason_against(trainer, [], 4) == "the optimizer counting"


def test_sample_weights(weighted):
    recipe = Recipe(optimizer="adam", learning_rate=0.01, regularizer="none")
    expected, packed = (train([weighted] * 3, recipe, 3) for train in (one_by_one, together))
    for (run, test, _), (other, tested, _) in zip(expected, packed, strict=True):
        for column, values in run.history.items():
            np.testing.assert_allclose(other.history[column], values, rtol=1e-2, atol=1e-3, err_msg=column)
        assert tested == pytest.approx(test, rel=1e-2, abs=1e-3)
