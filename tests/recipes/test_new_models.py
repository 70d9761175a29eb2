"""New models that were only read serve other trainings of the same seed, to the bit; nothing else is served."""

import random

import keras
import numpy as np
import pytest

import recipes
from recipes import Recipe
from recipes.new_models import NewModel, NewModels, new_model_key
from recipes.shared_steps import SharedSteps
from recipes.trainer import Trainer

DATA = recipes.load("breast_cancer")
RECIPE = Recipe(regularizer="dropout(rate=0.3)", learning_rate=0.01)


def trained(steps, recipe, *, seed=0, data=DATA):
    trainer = Trainer(data, recipe, seed=seed, keep_functions=True, steps=steps)
    with trainer.running(epochs=2, seed=seed) as run:
        return run.history, [np.array(weight) for weight in run.model.get_weights()]


def key(seed=0, data=DATA, **choices):
    return new_model_key(Recipe(**choices).resolved(data.spec), data.spec, seed)


@pytest.mark.parametrize("regularizer", [pytest.param("none", marks=pytest.mark.thorough), "l2+dropout(rate=0.3)"])
def test_trainings_with_models_of_others_are_the_same_to_the_bit(regularizer):
    recipe = [
        Recipe(optimizer=name, regularizer=regularizer, learning_rate=0.01) for name in ("momentum", "adam", "momentum")
    ]
    shared = SharedSteps()
    for each in recipe:
        (history, weights), (alone, own) = trained(shared, each, seed=3), trained(SharedSteps(), each, seed=3)
        assert history == alone
        assert all(map(np.array_equal, weights, own))
    assert len(shared.new_models) == 1


def test_the_random_states_are_those_after_the_model_was_built():
    steps = SharedSteps()
    for _ in range(2):  # the second time another model is read, and kept
        trained(steps, RECIPE, seed=5)
    states = []
    for each in (steps, SharedSteps()):
        Trainer(DATA, RECIPE, seed=5, keep_functions=True, steps=each).new_model(5)
        states.append((np.random.random(), random.random(), keras.random.randint((3,), 0, 10**6).numpy().tolist()))
    assert states[0] == states[1]


def test_a_model_is_built_once_for_all_optimizers(monkeypatch):
    built = []
    build = Recipe.build_model
    monkeypatch.setattr(Recipe, "build_model", lambda *given, **options: built.append(0) or build(*given, **options))
    steps = SharedSteps()
    for name in ("momentum", "adam"):
        for seed in (0, 1, 2):
            trained(steps, Recipe(optimizer=name, learning_rate=0.01), seed=seed)
    assert len(built) == 3 + 1, "the first model of the first optimizer is trained itself"


def test_a_trained_model_is_not_kept():
    steps = SharedSteps()
    trained(steps, Recipe(learning_rate=0.01))
    assert len(steps.new_models) == 0


def test_keys_tell_apart_what_makes_other_models():
    keys = [
        key(),
        key(seed=1),
        key(activation="relu"),
        key(initializer="glorot_uniform"),
        key(bias=0.5),
        key(regularizer="none"),
        key(regularizer="dropout(rate=0.1)"),
        key(regularizer="dropout(rate=0.2)"),
        key(model="mlp(hidden=(5,))"),
        key(normalization="batch"),
        key(precision="mixed_bfloat16"),
        key(data=DATA.resplit(1)),
    ]
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_what_does_not_make_the_model_makes_no_difference():
    assert key() == key(optimizer="adam", learning_rate=0.1, schedule="constant") != key(regularizer="none")
    assert key(regularizer="none") == key(regularizer="early_stopping")


def test_what_is_of_ones_own_has_no_key():
    calls = []

    def build(spec):
        calls.append(0)  # another width each time
        return keras.Sequential([keras.Input(spec.input_shape), keras.layers.Dense(len(calls)), keras.layers.Dense(1)])

    layer = keras.layers.Rescaling(0.5)
    assert key(model=build) is None
    assert key(model={"name": "mlp", "preprocessing": layer}) is None
    assert key(initializer=keras.initializers.HeNormal()) is None
    assert key(bias=keras.initializers.RandomNormal()) is None


def new(number, units=10):
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(units, use_bias=False)])
    return NewModel(model, number, ("key", number))


def test_the_least_recently_kept_are_dropped():
    models = NewModels()
    for number in range(200):
        models.keep(new(number))
    assert len(models) == 128
    assert models.take(("key", 0)) is None
    last = models.take(("key", 199))
    assert (last.seed, models.take(("key", 199))) == (199, None)
    models.keep(NewModel(last.model, 0, None))
    assert len(models) == 127


def test_few_large_models_are_kept():
    models = NewModels()
    for number in range(5):
        models.keep(new(number, units=1_200_000))  # 48 MB each
    assert len(models) == 2
    for number in range(5):
        models.take(("key", number))
    models.keep(new(9, units=1_200_000))
    assert len(models) == 1, "what was taken does not count"
