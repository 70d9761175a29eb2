"""Every schedule of the catalogue: its ranges, in a Recipe, in a training."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks.checks import InvalidArgument
from recipes import Recipe, fit
from recipes.schedules import SCHEDULES

NAMES = [
    *("one_cycle", "constant", "linear", "power", "exponential", "step", "inverse_time", "performance", "cosine"),
    *("cosine_warm_up", "warm_up_stable_decay", "cosine_restarts"),
]


def test_the_names():
    assert list(SCHEDULES) == NAMES


def test_every_schedule_of_callbacks_has_an_entry():
    kinds = {each for each in vars(callbacks).values() if isinstance(each, type)}
    kinds = {each for each in kinds if issubclass(each, callbacks.StepSchedule)} - {callbacks.StepSchedule}
    assert {type(SCHEDULES.build(name, peak=1.0, warm_up=0.1)) for name in SCHEDULES} == kinds


@pytest.mark.parametrize("name", NAMES)
def test_the_tunable_options(name):
    entry = SCHEDULES[name]
    assert entry.hyperparameters
    plain = SCHEDULES.build(name, peak=0.1) or callbacks.ConstantRate(0.1)
    usual = SCHEDULES.build(name, peak=0.1, **{each.name: each.default for each in entry.hyperparameters})
    np.testing.assert_array_equal(usual.values(60)[0], plain.values(60)[0])  # the default is what one gets
    for each in entry.hyperparameters:
        assert each.low <= each.default <= each.high
        curves = []
        for value in (each.low, each.high):
            built = SCHEDULES.build(name, peak=0.1, **{each.name: value})
            assert getattr(built, each.name) == value
            curves.append(built.values(60)[0])
            assert curves[-1].max() <= 0.1 * (1 + 1e-12)
            assert curves[-1].min() >= 0.0
        assert (curves[0] != curves[1]).any() or (name, each.name) == ("performance", "factor")  # which needs a plateau


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_option(name):
    with pytest.raises(InvalidArgument, match=rf"schedule '{name}' must be given options that it has .*colour"):
        Recipe(schedule={"name": name, "colour": "red"})


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ({"name": "step", "every": 10}, "every must be a number > 0 and <= 1, a fraction of the training, .* every=10"),
        ({"name": "step", "factor": 2.0}, "factor must be a number > 0 and < 1"),
        ({"name": "linear", "final_fraction": -1}, "final_fraction must be"),
        ({"name": "exponential", "tenfold": 0.5, "rate": 2.0}, "rate must be None if tenfold is given"),
        ({"name": "cosine_restarts", "growth": 0.5}, "growth must be a number >= 1"),
        ({"name": "performance", "patience": 0}, "patience must be an integer >= 1"),
        ({"name": "one_cycle", "phases": 1}, "phases must be one of 2, 3"),
        ({"name": "constant", "warm_up": 2}, "warm_up must be"),
        ({"name": "constant", "peak": 0.1}, "without the peak"),
    ],
)
def test_a_recipe_checks_options_at_once(schedule, message):
    with pytest.raises(InvalidArgument, match=message):
        Recipe(schedule=schedule)


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back_as_json(name):
    options = {each.name: each.at(0.25) for each in SCHEDULES[name].hyperparameters}
    recipe = Recipe(schedule={"name": name, **options}, learning_rate=0.1, regularizer="none")
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    _, one = recipe.callbacks(steps_per_epoch=6, epochs=10)
    _, other = again.callbacks(steps_per_epoch=6, epochs=10)
    assert one.total_steps == other.total_steps == 60
    np.testing.assert_array_equal(one.values(60)[0], other.values(60)[0])
    assert Recipe.from_json(Recipe(schedule=name).to_json()).schedule == name


def test_constant_needs_no_callback_unless_it_warms_up():
    assert SCHEDULES.build("constant", peak=0.1) is None
    assert isinstance(SCHEDULES.build("constant", peak=0.1, warm_up=0.1), callbacks.ConstantRate)


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_fit(name, classes, tiny):
    options = {"factor": 0.5, "patience": 1, "min_delta": 100.0} if name == "performance" else {"warm_up": 0.3}
    run = fit(classes, tiny(schedule={"name": name, **options}, regularizer="none"), epochs=3, verbose=0)
    steps = classes.steps_per_epoch
    rates, _ = SCHEDULES.build(name, peak=0.05, **options).values(3 * steps, steps)
    if name == "performance":  # nothing counts as a gain
        rates[2 * steps :] *= 0.5
    np.testing.assert_allclose(run.history["learning_rate"], rates[steps - 1 :: steps], rtol=1e-6)
    assert ("momentum" in run.history) == (name == "one_cycle")
    assert np.isfinite(run.history["loss"]).all()


@pytest.mark.thorough
def test_fit_with_the_options_of_a_recipe_and_another_unit(classes, tiny):
    schedule = {"name": "step", "every": 1, "unit": "epochs", "factor": 0.5}
    run = fit(classes, tiny(schedule=schedule), epochs=3, verbose=0)
    assert run.history["learning_rate"] == pytest.approx([0.05, 0.025, 0.0125])
    quarter = fit(classes, tiny(schedule={"name": "step", "every": 0.25}), epochs=4, verbose=0)
    assert quarter.history["learning_rate"] == pytest.approx([0.05, 0.005, 5e-4, 5e-5])


def test_in_a_plain_script_lengths_in_epochs_need_no_steps(classes):
    """Recipe.callbacks without steps_per_epoch: the schedule learns them from fit."""
    recipe = Recipe(schedule={"name": "step", "every": 2, "unit": "epochs"}, learning_rate=0.1, regularizer="none")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    recipe.compile(model)
    x, y = classes.arrays("train")
    history = model.fit(x, y, epochs=3, verbose=0, callbacks=recipe.callbacks(epochs=3)).history
    assert history["learning_rate"] == pytest.approx([0.1, 0.1, 0.01])
