"""What all schedules share: units, warm-up, values held for an epoch."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks import ConstantRate, InvalidArgument, OneCycle, PerformanceDecay, StepDecay
from callbacks.schedules.base import StepSchedule
from recipes.optimizers import Momentum


class Count(StepSchedule):
    """Rates 1, 2, 3, ...; momentum 0.5, 0.49, ..."""

    def rates(self, total_steps):
        return 1.0 + np.arange(total_steps)

    def momenta(self, total_steps):
        return 0.5 - 0.01 * np.arange(total_steps)


def test_warm_up_rises_linearly_in_front_of_the_schedule():
    rates, momenta = Count(warm_up=0.4).values(10)
    np.testing.assert_allclose(rates, [0.2, 0.4, 0.6, 0.8, 1, 2, 3, 4, 5, 6])
    np.testing.assert_allclose(momenta, [0.5, 0.5, 0.5, 0.5, 0.5, 0.49, 0.48, 0.47, 0.46, 0.45])


@pytest.mark.parametrize(("unit", "warm_up"), [("training", 0.25), ("steps", 5), ("epochs", 1.25)])
def test_lengths_in_every_unit(unit, warm_up):
    rates, _ = Count(unit=unit, warm_up=warm_up).values(20, steps_per_epoch=4)
    np.testing.assert_allclose(rates, [*(np.arange(1, 6) / 6), *range(1, 16)])


def test_a_warm_up_as_long_as_the_training_leaves_the_last_step_to_the_schedule():
    rates, _ = Count(warm_up=1.0).values(4)
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1])


def test_per_epoch_holds_the_first_value_of_each_epoch():
    rates, momenta = Count(per="epoch").values(7, steps_per_epoch=3)
    np.testing.assert_allclose(rates, [1, 1, 1, 4, 4, 4, 7])
    np.testing.assert_allclose(momenta, [0.5, 0.5, 0.5, 0.47, 0.47, 0.47, 0.44])


def test_the_compiled_steps_get_exactly_these(recorder, make_model, run):
    for steps in (1, 4):
        optimizer = recorder(0.01)
        callback = Count(warm_up=3, unit="steps", per="epoch")
        run(make_model(optimizer, steps_per_execution=steps), callback, epochs=2)
        rates, momenta = callback.values(20, 10)
        np.testing.assert_allclose(optimizer.recorded(), np.stack([rates, momenta], axis=1), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "batches"}, "unit must be one of 'training', 'epochs', 'steps'. Received: unit='batches'"),
        ({"per": "batch"}, "per must be one of 'step', 'epoch'. Received: per='batch'"),
        ({"warm_up": -1}, "warm_up must be a number > 0 and <= 1, a fraction of the training"),
        ({"warm_up": 5}, "unless unit is 'epochs' or 'steps'. Received: warm_up=5"),
        ({"warm_up": -1, "unit": "steps"}, "warm_up must be a number > 0. Received: warm_up=-1"),
        ({"total_steps": 0}, "total_steps must be an integer >= 1. Received: total_steps=0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as error:
        Count(**options)
    assert message in str(error.value)


def test_epochs_need_their_length():
    with pytest.raises(InvalidArgument, match="steps_per_epoch must be given if lengths are in epochs"):
        Count(unit="epochs", warm_up=1).values(10)


def test_a_subclass_has_to_define_rates():
    with pytest.raises(TypeError, match="StepSchedule must define rates"):
        callbacks.StepSchedule().values(3)


@pytest.mark.parametrize(
    ("schedule", "steps", "message"),
    [
        (StepDecay(0.1, every=30, unit="epochs"), 12, "the rate is the same at all 12 steps"),
        (OneCycle(0.1, per="epoch"), 4, "the rate is the same at all 4 steps"),
        (ConstantRate(0.1, warm_up=3, unit="epochs"), 12, "the warm-up takes all 12 steps"),
        (ConstantRate(0.1), 12, None),
        (PerformanceDecay(0.1), 12, None),
        (OneCycle(0.1, total_steps=5), 12, None),
        (OneCycle(0.1), 1, None),
        (StepDecay(0.1), 12, None),
    ],
)
def test_what_a_training_cannot_follow(schedule, steps, message):
    schedule.values(steps, 4)  # which tells it the length of an epoch
    assert schedule.contradiction(steps) == message


def test_a_warning_at_the_start_of_a_training_that_a_schedule_does_not_fit():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 2), "float32")
    with pytest.warns(UserWarning, match="^StepDecay: the rate is the same at all 2 steps$"):
        model.fit(x, x[:, 0], batch_size=4, verbose=0, callbacks=[StepDecay(0.1, every=10, unit="epochs")])


@pytest.mark.parametrize("own", ["train_on_batch", "tape"])
def test_in_a_loop_of_ones_own_every_step_has_its_rate_and_momentum(own):
    optimizer = Momentum(0.1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    cycle, x, seen = callbacks.OneCycle(0.2), np.ones((2, 1), "float32"), []
    hooks = keras.callbacks.CallbackList([cycle], model=model, epochs=2, steps=4)
    hooks.on_train_begin()
    for epoch in range(2):
        hooks.on_epoch_begin(epoch)
        for batch in range(4):
            hooks.on_train_batch_begin(batch)
            if own == "train_on_batch":
                model.train_on_batch(x, x)
            else:
                optimizer.apply([np.ones((1, 1)), np.ones(1)], model.trainable_weights)
            seen.append((float(optimizer.learning_rate), float(optimizer.momentum)))
            hooks.on_train_batch_end(batch)
        hooks.on_epoch_end(epoch, {})
    hooks.on_train_end()
    np.testing.assert_allclose(np.array(seen).T, cycle.values(8), rtol=1e-6)


@pytest.mark.parametrize("steps", [0, 2.5, "10", None, [3]])
def test_the_length_of_a_table_is_checked_whoever_makes_it(steps):
    class Own(callbacks.StepSchedule):
        def rates(self, total_steps):
            return np.full(total_steps, 0.1)

    for schedule in (Own(), OneCycle(0.1), StepDecay(0.1)):
        with pytest.raises(InvalidArgument, match=r"^total_steps must be an integer >= 1"):
            schedule.rates(steps)
    with pytest.raises(InvalidArgument, match=r"^total_steps must be an integer >= 1"):
        OneCycle(0.1).momenta(steps)
