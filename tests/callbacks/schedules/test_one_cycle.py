"""OneCycle and StepSchedule: the rate and the momentum with which each single step is made."""

import csv

import keras
import numpy as np
import pytest

import callbacks
from callbacks.schedules.shapes import one_cycle, one_cycle_momentum
from recipes.optimizers import Momentum

SEVERAL = pytest.mark.parametrize("steps", [pytest.param(1, marks=pytest.mark.thorough), 4])
"""Steps a call; with several there is more that can go wrong."""


def table(total_steps, peak=0.1, low=0.85, high=0.95, **options):
    steps = np.arange(total_steps)
    rates = one_cycle(steps, total_steps=total_steps, peak=peak, **options)
    return np.stack([rates, one_cycle_momentum(steps, total_steps=total_steps, low=low, high=high)], 1).astype(
        "float32"
    )


@pytest.fixture
def seen(recorder, make_model, run):
    """``seen(callback, ...)``: fits and returns rate and momentum of every update, shape (updates, 2)."""

    def fit(*used, steps=1, scaled=False, fits=1, epochs=2, initial_epoch=0, **options):
        optimizer = recorder(0.5, momentum=0.25, **options)
        model = make_model(
            keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer, steps_per_execution=steps
        )
        for _ in range(fits):
            run(model, *used, epochs=epochs, initial_epoch=initial_epoch)
        return optimizer.recorded()

    return fit


@pytest.mark.parametrize("steps", [1, pytest.param(5, marks=pytest.mark.thorough), 4])
def test_every_step_has_its_own_rate_and_momentum(seen, steps):
    np.testing.assert_array_equal(seen(callbacks.OneCycle(0.1), steps=steps), table(20))


@SEVERAL
def test_accumulated_gradients_are_applied_with_the_rate_of_the_batch(seen, steps):
    recorded = seen(callbacks.OneCycle(0.1), steps=steps, gradient_accumulation_steps=3)
    np.testing.assert_array_equal(recorded, table(20)[2::3])


@SEVERAL
def test_behind_loss_scaling(seen, steps):
    np.testing.assert_array_equal(seen(callbacks.OneCycle(0.1), steps=steps, scaled=True), table(20))


@SEVERAL
def test_a_second_fit_is_a_second_cycle(seen, steps):
    recorded = seen(callbacks.OneCycle(0.1), steps=steps, fits=2)
    np.testing.assert_array_equal(recorded, np.concatenate([table(20), table(20)]))


@SEVERAL
def test_initial_epoch_starts_in_the_middle(seen, steps):
    np.testing.assert_array_equal(seen(callbacks.OneCycle(0.1), steps=steps, epochs=3, initial_epoch=1), table(30)[10:])


@SEVERAL
def test_past_the_end_the_last_values_hold(seen, steps):
    recorded = seen(callbacks.OneCycle(0.1, 13), steps=steps)
    np.testing.assert_array_equal(recorded, table(13)[np.minimum(np.arange(20), 12)])


def test_every_option_reaches_the_schedule(seen):
    options = {"start_fraction": 0.6, "initial_divisor": 5.0, "final_divisor": 7.0, "shape": "linear"}
    recorded = seen(callbacks.OneCycle(0.2, momentum=(0.3, 0.4), **options), epochs=1)
    steps = np.arange(10)
    rates = one_cycle(steps, total_steps=10, peak=0.2, **options)
    momenta = one_cycle_momentum(steps, total_steps=10, low=0.3, high=0.4, start_fraction=0.6, shape="linear")
    np.testing.assert_array_equal(recorded, np.stack([rates, momenta], 1).astype("float32"))


@pytest.mark.parametrize(
    ("nesterov", "steps"),
    [(True, 4), *(pytest.param(*each, marks=pytest.mark.thorough) for each in [(False, 1), (False, 4), (True, 1)])],
)
def test_training_equals_a_numpy_loop(nesterov, steps, make_model, run, arrays):
    model = make_model(Momentum(0.7, nesterov=nesterov), steps_per_execution=steps)
    weight = model.get_weights()[0].astype("float64")
    velocity = np.zeros_like(weight)
    x, y = (a.astype("float64") for a in arrays)
    rates = one_cycle(np.arange(20), total_steps=20, peak=0.1)
    momenta = one_cycle_momentum(np.arange(20), total_steps=20)
    for step in range(20):
        rows = slice(4 * (step % 10), 4 * (step % 10) + 4)
        gradient = 2 * x[rows].T @ (x[rows] @ weight - y[rows]) / 4
        velocity = momenta[step] * velocity - rates[step] * gradient
        weight = weight + (momenta[step] * velocity - rates[step] * gradient if nesterov else velocity)
    run(model, callbacks.OneCycle(0.1), epochs=2)
    np.testing.assert_allclose(model.get_weights()[0], weight, rtol=1e-5)


@SEVERAL
def test_no_momentum_leaves_it_alone(seen, steps):
    recorded = seen(callbacks.OneCycle(0.1, momentum=None), steps=steps, epochs=1)
    np.testing.assert_array_equal(recorded[:, 0], table(10)[:, 0])
    assert set(recorded[:, 1].tolist()) == {0.25}


@SEVERAL
def test_the_same_model_with_and_then_without_momentum(recorder, make_model, run, steps):
    optimizer = recorder(0.5)
    model = make_model(optimizer, steps_per_execution=steps)
    run(model, callbacks.OneCycle(0.1), epochs=1)
    optimizer.momentum = 0.25
    run(model, callbacks.OneCycle(0.1, momentum=None), epochs=1)
    assert set(optimizer.recorded()[10:, 1].tolist()) == {0.25}


@pytest.mark.parametrize("optimizer", ["Adam", "SGD"])
def test_momentum_that_cannot_change_is_refused_before_any_step(optimizer, make_model, run):
    model = make_model(getattr(keras.optimizers, optimizer)(0.01))
    before = model.get_weights()[0]
    with pytest.raises(ValueError, match=rf"{optimizer} keeps the momentum .* recipes\.optimizers\.Momentum"):
        run(model, callbacks.OneCycle(0.1, momentum=(0.85, 0.95)))
    np.testing.assert_array_equal(model.get_weights()[0], before)


@SEVERAL
def test_history_and_csv(make_model, run, tmp_path, steps):
    model = make_model(steps_per_execution=steps)
    path = tmp_path / "log.csv"
    history = run(model, callbacks.OneCycle(0.1), keras.callbacks.CSVLogger(path), epochs=2)
    expected = table(20)[[9, 19]]
    np.testing.assert_array_equal(np.float32(history["learning_rate"]), expected[:, 0])
    np.testing.assert_array_equal(np.float32(history["momentum"]), expected[:, 1])
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["learning_rate"]) for row in rows] == history["learning_rate"]
    assert [float(row["momentum"]) for row in rows] == history["momentum"]


def test_plot_shows_rate_and_momentum(make_model, run):
    callback = callbacks.OneCycle(0.1)
    rate, momentum = callback.plot(40).axes
    np.testing.assert_allclose(rate.lines[0].get_ydata(), callback.rates(40))
    np.testing.assert_allclose(momentum.lines[0].get_ydata(), callback.momenta(40))
    assert (rate.get_ylabel(), momentum.get_ylabel(), momentum.get_xlabel()) == ("learning rate", "momentum", "step")
    assert len(callbacks.OneCycle(0.1, momentum=None).plot(40).axes) == 1
    assert len(callbacks.OneCycle(0.1, 12).plot().axes[0].lines[0].get_xdata()) == 12
    run(make_model(), callback, epochs=2)
    assert len(callback.plot().axes[0].lines[0].get_xdata()) == 20
    run(make_model(keras.optimizers.Adam()), callback, epochs=1)
    assert len(callback.plot().axes) == 1


@pytest.mark.parametrize("length", [None, 0, -3, 2.5])
def test_plot_of_unknown_length(length):
    with pytest.raises(ValueError, match="total_steps must be an integer >= 1"):
        callbacks.OneCycle(0.1, None if length is None else 12).plot(length)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": 0}, "peak must be a number > 0. Received: peak=0"),
        ({"total_steps": 0}, "total_steps must be an integer >= 1. Received: total_steps=0"),
        ({"start_fraction": 1}, "start_fraction must be a number > 0 and < 1. Received: start_fraction=1"),
        ({"initial_divisor": 0.9}, "initial_divisor must be a number >= 1. Received: initial_divisor=0.9"),
        ({"final_divisor": "x"}, "final_divisor must be a number >= 1. Received: final_divisor='x'"),
        ({"shape": "exp"}, "shape must be one of 'cosine', 'linear'. Received: shape='exp'"),
        ({"momentum": 0.9}, r"a pair \(low, high\) with 0 <= low <= high < 1. Received: momentum=0.9"),
        ({"momentum": (0.9, 0.8)}, r"a pair \(low, high\) .* Received: momentum=\(0.9, 0.8\)"),
        ({"momentum": (0.5, 1.0)}, "momentum must be a number >= 0 and < 1. Received: momentum=1.0"),
        ({"momentum": "no"}, "a pair .* Received: momentum='no'"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(callbacks.InvalidArgument, match=message):
        callbacks.OneCycle(**{"peak": 0.1, **options})


def test_a_schedule_has_to_define_its_rates(make_model, run):
    with pytest.raises(TypeError, match=r"StepSchedule must define rates\(\)"):
        run(make_model(), callbacks.StepSchedule())
