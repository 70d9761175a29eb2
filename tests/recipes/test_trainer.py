"""Trainers that share compiled steps, against trainings of their own: only strengths, rates and the rate may differ."""

import json

import keras
import numpy as np
import pytest

import recipes
from recipes.regularization import REGULARIZERS, EarlyStopping
from recipes.shared_steps import SharedSteps
from recipes.trainer import Trainer
from recipes.training import fit

pytestmark = pytest.mark.whole_epochs

CASES = {
    "l2": ({"name": "l2", "strength": 0.5}, {"name": "l2", "strength": 1e-3}),
    "l1": ({"name": "l1", "strength": 0.1}, {"name": "l1", "strength": 1e-3}),
    "dropout": ({"name": "dropout", "rate": 0.5}, {"name": "dropout", "rate": 0.1, "input_rate": 0.1}),
    "with dropout": (
        ({"name": "l2", "strength": 0.5}, {"name": "dropout", "rate": 0.3}),
        ({"name": "l2", "strength": 1e-3}, "dropout"),
    ),
}


def weights(run):
    return [each.tobytes() for each in run.model.get_weights()]


def train(data, recipe, steps, *, seed=3, epochs=2):
    return Trainer(data, recipe, seed=seed, keep_functions=True, steps=steps).run(epochs=epochs, seed=seed)


@pytest.mark.parametrize("name", ["l2", "l1", "with dropout"])
@pytest.mark.ordinarily("with dropout")
def test_each_is_what_a_fit_of_its_own_gives(name, classes, tiny):
    strong, weak = (tiny(regularizer=each) for each in CASES[name])
    built = {each: fit(classes, each, epochs=2, seed=3, verbose=0) for each in (strong, weak)}
    expected = {each: (weights(run), run.history) for each, run in built.items()}
    assert expected[strong][0] != expected[weak][0]
    steps, models = SharedSteps(), set()
    for recipe in (strong, weak, strong):
        trainer = Trainer(classes, recipe, seed=3, keep_functions=True, steps=steps)
        with trainer.running(epochs=2, seed=3) as run:
            assert (weights(run), run.history) == expected[recipe]
            assert run.recipe == recipe
            inside = run.evaluate("test")
        models.add(id(run.model))
        assert run.evaluate("test") == inside == pytest.approx(built[recipe].evaluate("test"), rel=1e-6)
    assert len(models) == len(steps) == 1


@pytest.mark.thorough
def test_a_step_is_traced_once(classes, tiny, monkeypatch):
    steps, traced, compute_loss = SharedSteps(), [], keras.Model.compute_loss

    def counting(*arguments, **options):
        traced.append(1)
        return compute_loss(*arguments, **options)

    monkeypatch.setattr(keras.Model, "compute_loss", counting)
    counts = []
    for strength, rate in ((1e-3, 0.05), (0.1, 0.1), (1.0, 0.2)):
        recipe = tiny(regularizer={"name": "l2", "strength": strength}, learning_rate=rate)
        train(classes, recipe, steps, epochs=1)
        counts.append(len(traced))
    assert counts[0] > 0
    assert counts == [counts[0]] * 3


@pytest.mark.thorough
def test_what_is_saved_has_numbers(classes, tiny, tmp_path):
    steps = SharedSteps()
    train(classes, tiny(regularizer="l2"), steps, epochs=1)
    run = train(classes, tiny(regularizer={"name": "l2", "strength": 0.25}), steps, epochs=1)
    run.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    penalties = [getattr(layer, "kernel_regularizer", None) for layer in loaded.layers]
    found = [penalty.get_config() for penalty in penalties if penalty is not None]  # the linear part has none
    assert found == 2 * [{"l2": 0.125}]
    json.dumps(run.model.get_config())
    x = classes.arrays("test")[0]
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), run.model.predict(x, verbose=0))


DIFFERENT = [
    ("l2", "none"),
    ("l2", "l1"),
    ("l2", "l2+dropout"),
    ({"name": "elastic_net", "l1": 0.1, "l2": 0.2}, {"name": "elastic_net", "l1": 0.1, "l2": 0.3}),
    (("l1", {"name": "l2", "strength": 0.25}), ("l1", {"name": "l2", "strength": 0.5})),
    ({"name": "dropout", "rate": 0.1}, {"name": "dropout", "rate": 0.1, "input_rate": 0.1}),
    ({"name": "dropout", "rate": 0.1}, {"name": "dropout", "rate": 0.0}),
    ({"name": "label_smoothing", "epsilon": 0.1}, {"name": "label_smoothing", "epsilon": 0.2}),
    ({"name": "weight_decay", "strength": 0.1}, {"name": "weight_decay", "strength": 0.2}),
    ({"name": "max_norm", "limit": 1.0}, {"name": "max_norm", "limit": 2.0}),
]


def test_what_differs_in_more_is_traced_for_itself(classes, tiny):
    for one, other in DIFFERENT:
        keys = [Trainer(classes, tiny(regularizer=each), steps=SharedSteps()).key for each in (one, other, one)]
        assert keys[0] == keys[2] != keys[1], (one, other)
    for options in ({"optimizer": "adam"}, {"activation": "relu"}, {"schedule": "constant"}):
        trainers = [Trainer(classes, tiny(**each), steps=SharedSteps()) for each in ({}, options)]
        assert trainers[0].key != trainers[1].key


@pytest.mark.parametrize("name", ["l1", "l2", "dropout", "elastic_net", "max_norm", "input_noise"])
def test_what_acts_in_the_model_alone(name):
    assert REGULARIZERS.build(name).acts_in_model_alone


@pytest.mark.parametrize("name", ["weight_decay", "label_smoothing", "early_stopping", "weight_noise", "augmentation"])
def test_what_acts_elsewhere_too(name):
    assert not REGULARIZERS.build(name).acts_in_model_alone


def test_what_a_training_learns_of_the_numbers_of_examples(classes, tiny, monkeypatch):
    seen = {}

    def rate_of(*arguments):
        *_, seen["range test"] = arguments
        return 0.01, None

    class Spy(EarlyStopping):
        def callbacks(self, *, validation_examples=None, **options):
            seen["early stopping"] = validation_examples
            return super().callbacks(validation_examples=validation_examples, **options)

    monkeypatch.setattr("recipes.trainer.found_rate", rate_of)
    fit(classes, tiny(learning_rate=None, regularizer=Spy()), epochs=1, verbose=0)
    counts = classes.settings["counts"]
    assert seen == {"range test": counts["train"], "early stopping": counts["validation"]}


@pytest.mark.parametrize("loss", [None, "huber"])
def test_splits_of_a_regression_share_a_step_and_train_as_alone(regression, loss):
    """Their targets have other scales, by which the loss is weighted."""
    recipe = recipes.Recipe(learning_rate=0.03, regularizer="none", loss=loss)
    steps, keys = SharedSteps(), set()
    for data in (regression, regression.resplit(1), regression):
        shared = Trainer(data, recipe, seed=1, keep_functions=True, steps=steps)
        keys.add(shared.key)
        with shared.running(epochs=2, seed=1) as run:
            outcome = run.history, run.evaluate("test")
        with Trainer(data, recipe, seed=1).running(epochs=2, seed=1) as alone:
            assert outcome == (alone.history, alone.evaluate("test"))
    assert len(keys) == 1
    assert regression.spec.target_variance != regression.resplit(1).spec.target_variance
