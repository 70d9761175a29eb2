import dataclasses
import math
import re

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe, fit, mlp
from recipes.regularization import Regularizer
from recipes.trainer import Trainer
from recipes.whole_epochs.calls import EXECUTION_FLOPS, steps_for

from .trainings import same, weights

pytestmark = pytest.mark.whole_epochs


def test_a_training(classes, tiny):
    recipe = tiny(regularizer="none", learning_rate=0.2)
    run = fit(classes, recipe, epochs=4, verbose=0)
    assert run.recipe == recipe
    assert (run.epochs, run.seed, run.best_epoch, run.message, run.diverged) == (4, 0, 4, None, False)
    assert run.range_test is None
    assert set(run.history) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "momentum"}
    assert {len(curve) for curve in run.history.values()} == {4}
    assert all(type(value) is float for curve in run.history.values() for value in curve)
    assert run.history["accuracy"][-1] > 0.85
    assert run.evaluate()["accuracy"] > 0.85
    assert run.evaluate("validation")["loss"] == pytest.approx(run.history["val_loss"][-1], rel=1e-6)
    assert run.seconds > 0


def test_the_schedule_is_followed(classes, tiny):
    run = fit(classes, tiny(), epochs=4, verbose=0)
    rates, momenta = run.history["learning_rate"], run.history["momentum"]
    assert 0.05 / 25 < rates[0] <= 0.05
    assert rates[-1] == pytest.approx(0.05 / 25 / 1e4, rel=1e-4)
    assert momenta[-1] == pytest.approx(0.95, abs=1e-4)
    assert min(momenta) < 0.9
    constant = fit(classes, tiny(schedule="constant"), epochs=2, verbose=0)
    assert "learning_rate" not in constant.history
    assert float(constant.model.optimizer.learning_rate) == pytest.approx(0.05)


@pytest.mark.thorough
def test_same_seed_same_numbers(classes, tiny):
    recipe = tiny(regularizer="dropout")
    first, second, other = (fit(classes, recipe, epochs=2, seed=seed, verbose=0) for seed in (0, 0, 1))
    assert same(first, second)
    assert not same(first, other)
    assert first.history["loss"] != other.history["loss"]


def test_the_seed_decides_the_weights_before_the_first_step(classes, tiny):
    def start(seed):
        return [v.numpy() for v in Trainer(classes, tiny(), seed=seed).model.trainable_variables]

    assert all(np.array_equal(a, b) for a, b in zip(start(3), start(3), strict=True))
    assert not np.array_equal(start(3)[0], start(4)[0])


REUSED = [
    {"optimizer": "momentum", "regularizer": "l2+dropout", "normalization": "batch"},
    pytest.param(
        {"optimizer": "adam", "regularizer": "dropout+early_stopping", "schedule": "constant"},
        marks=pytest.mark.thorough,
    ),
]


@pytest.mark.parametrize("choices", REUSED, ids=lambda each: each["optimizer"])
@pytest.mark.ordinarily("momentum")
def test_a_reused_trainer_gives_what_a_fresh_fit_gives(classes, tiny, choices):
    recipe = tiny(**choices)
    fresh = fit(classes, recipe, epochs=2, seed=5, verbose=0)
    trainer = Trainer(classes, recipe, keep_functions=True)
    trainer.run(epochs=1, seed=9)
    assert same(trainer.run(epochs=2, seed=5), fresh)
    lost = trainer.run(epochs=1, seed=5, learning_rate=1e30, warn=False)
    assert lost.diverged
    assert same(trainer.run(epochs=2, seed=5), fresh)
    trainer.recipe = dataclasses.replace(recipe, learning_rate=None)
    assert trainer.run(epochs=1, seed=5).range_test is not None
    trainer.recipe = recipe
    assert same(trainer.run(epochs=2, seed=5), fresh)


@pytest.mark.thorough
def test_a_learning_rate_given_to_run_replaces_the_recipes(classes, tiny):
    trainer = Trainer(classes, tiny())
    run = trainer.run(epochs=1, seed=0, learning_rate=0.01)
    assert run.recipe.learning_rate == 0.01
    assert same(run, fit(classes, tiny(learning_rate=0.01), epochs=1, verbose=0))
    assert not same(run, trainer.run(epochs=1, seed=0))


@pytest.mark.parametrize("steps", [6, pytest.param(4, marks=pytest.mark.thorough)])
def test_results_do_not_depend_on_steps_per_execution(classes, tiny, steps):
    assert classes.steps_per_epoch == 6
    recipe = tiny(regularizer="dropout")
    run, one = (fit(classes, recipe, epochs=2, verbose=0, steps_per_execution=count) for count in (steps, 1))
    assert all(np.array_equal(v, w) for v, w in zip(weights(run), weights(one), strict=True))
    assert run.history["val_loss"] == one.history["val_loss"]
    np.testing.assert_allclose(run.history["loss"], one.history["loss"], rtol=1e-6)


@pytest.mark.parametrize("steps", [0, 1.5, "all"])
def test_impossible_steps_per_execution(classes, tiny, steps):
    with pytest.raises(InvalidArgument, match="steps_per_execution must be an integer >= 1"):
        fit(classes, tiny(), epochs=1, verbose=0, steps_per_execution=steps)


def test_the_range_test_finds_the_rate(classes, tiny):
    recipe = tiny(learning_rate=None, regularizer="dropout")
    found, again = (fit(classes, recipe, epochs=1, verbose=0) for _ in range(2))
    assert found.recipe.learning_rate == found.range_test.suggest()
    assert found.recipe == dataclasses.replace(recipe, learning_rate=found.recipe.learning_rate)
    assert 15 < len(found.range_test.losses) <= 300
    assert same(found, again)
    assert np.array_equal(found.range_test.losses, again.range_test.losses)
    assert same(found, fit(classes, found.recipe, epochs=1, verbose=0))


def test_early_stopping_restores_its_best_epoch(classes, tiny):
    recipe = tiny(regularizer={"name": "early_stopping", "patience": 2}, schedule="constant", learning_rate=0.5)
    run = fit(classes, recipe, epochs=30, seed=1, verbose=0)
    losses = run.history["val_loss"]
    assert len(losses) < 30
    assert run.best_epoch == int(np.argmin(losses)) + 1
    assert run.best_epoch == len(losses) - 2
    assert run.evaluate("validation")["loss"] <= min(losses) * (1 + 1e-6)  # less, with a share of linear regression


@pytest.mark.thorough
@pytest.mark.parametrize("learning_rate", [0.05, 1.5])
def test_under_one_cycle_the_last_epoch_is_kept_unless_another_is_better_by_more_than_noise(
    classes, tiny, learning_rate
):
    recipe = tiny(regularizer="early_stopping", learning_rate=learning_rate)
    run = fit(classes, recipe, epochs=10, seed=1, verbose=0)
    losses = run.history["val_loss"]
    lowest, last = min(losses), losses[-1]
    noise = max(last, math.sqrt(last)) / math.sqrt(len(classes.arrays("validation")[1]))
    assert run.best_epoch == (int(np.argmin(losses)) + 1 if lowest < last - noise else 10)
    assert run.evaluate("validation")["loss"] == pytest.approx(losses[run.best_epoch - 1], rel=1e-6)


class Counter(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs, self.logs = 0, {}

    def on_epoch_end(self, epoch, logs=None):
        self.epochs, self.logs = self.epochs + 1, dict(logs)


def test_callbacks_of_the_user_are_called(classes, tiny):
    counter = Counter()
    fit(classes, tiny(), epochs=2, verbose=0, callbacks=[counter])
    assert counter.epochs == 2
    assert {"val_loss", "learning_rate"} <= set(counter.logs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be an integer >= 1"),
        ({"epochs": 1.0}, "epochs must be an integer >= 1"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"seed": 2**32}, "seed must be an integer >= 0 and <= 4294967295"),
        ({"recipe": "adam"}, "recipe must be a recipes.Recipe"),
        ({"data": "digits"}, "data must be what recipes.load"),
    ],
)
def test_what_is_refused(classes, options, message):
    with pytest.raises(InvalidArgument, match=message):
        fit(**{"data": classes, "verbose": 0, **options})


def test_the_largest_seed(classes, tiny):
    assert not fit(classes, tiny(), epochs=1, seed=2**32 - 1, verbose=0).diverged


def test_binary_learns(binary, tiny):
    run = fit(binary, tiny(learning_rate=0.3), epochs=6, verbose=0)
    assert run.evaluate()["accuracy"] > 0.9
    assert run.model.output_shape == (None, 1)


def test_regression_learns(regression, tiny):
    run = fit(regression, tiny(learning_rate=0.05), epochs=8, verbose=0)
    scores = run.evaluate()
    assert scores["root_mean_squared_error"] < 0.4 * np.sqrt(regression.spec.target_variance)
    assert scores["loss"] < 0.2


def test_images_learn(images):
    recipe = Recipe(model={"name": "cnn", "filters": (4,), "hidden": ()}, learning_rate=0.1)
    assert fit(images, recipe, epochs=4, verbose=0).evaluate()["accuracy"] > 0.9


@pytest.mark.thorough
def test_half_precision_trains(classes, tiny):
    keras.config.set_dtype_policy("mixed_float16")
    recipe = tiny(regularizer="l2+dropout", normalization="batch")
    trainer = Trainer(classes, recipe)
    runs = [trainer.run(epochs=3, seed=0), trainer.run(epochs=3, seed=0), fit(classes, recipe, epochs=3, verbose=0)]
    assert isinstance(runs[0].model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert runs[0].history["loss"][-1] < runs[0].history["loss"][0]
    assert runs[0].history["learning_rate"][-1] < 1e-4
    assert runs[0].history == runs[1].history == runs[2].history


def test_one_step_is_enough():
    data = recipes.Data.from_arrays(np.arange(40.0, dtype="float32").reshape(20, 2), np.arange(20) % 2, batch_size=64)
    assert data.steps_per_epoch == 1
    run = fit(data, Recipe(model={"name": "mlp", "hidden": (3,)}, learning_rate=0.1), epochs=1, verbose=0)
    assert len(run.history["loss"]) == 1


class Widen(Regularizer):
    name = "widen"

    def after_activation(self, rank, *, normalized=False):
        return keras.layers.GaussianNoise(0.5)


def test_a_regularizer_of_the_user_takes_part(classes, tiny):
    run = fit(classes, tiny(regularizer=[Widen()]), epochs=1, verbose=0)
    assert any(isinstance(layer, keras.layers.GaussianNoise) for layer in run.model.layers)


@pytest.mark.parametrize(("batch", "steps", "expected"), [(1, 1, 1), (16, 6, 6), (128, 400, 400)])
def test_small_models_take_a_whole_epoch_in_one_call(batch, steps, expected):
    assert steps_for(mlp(input_shape=(4,), outputs=3, hidden=(8,)), batch, steps) == expected


def test_large_models_take_fewer_steps_a_call():
    model = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(1000)])
    per_step = 6.0 * 1000 * 1000 * 100
    for steps in (50, 101, 1000):
        calls = max(1, int(np.ceil(steps * per_step / EXECUTION_FLOPS)))
        assert steps_for(model, 100, steps) == int(np.ceil(steps / calls))
    image = keras.Sequential([keras.Input((64, 64, 16)), keras.layers.Conv2D(64, 3, padding="same")])
    per_step = 6 * 9 * 16 * 64 * 64 * 64 * 100
    assert steps_for(image, 100, 1000) == int(np.ceil(1000 / np.ceil(1000 * per_step / EXECUTION_FLOPS)))


@pytest.mark.thorough
def test_progress_is_shown_only_when_asked(classes, tiny, capsys):
    fit(classes, tiny(), epochs=1, verbose=0)
    assert not capsys.readouterr().out
    fit(classes, tiny(), epochs=1, verbose=2)
    assert re.search(r"loss: \d", capsys.readouterr().out)
