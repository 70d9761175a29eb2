"""Schedules: values worked out by hand, every step of PyTorch's schedules, and those of Keras."""

from pathlib import Path

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from callbacks.schedules.shapes import (
    annealed,
    cosine_decay,
    cosine_restarts,
    exponential_decay,
    exponential_sweep,
    inverse_time_decay,
    linear_decay,
    one_cycle,
    one_cycle_momentum,
    power_decay,
    stable_decay,
    step_decay,
)

GOLDEN = np.load(Path(__file__).with_name("golden") / "one_cycle.npz")
NAMES = sorted({key.split("/")[0] for key in GOLDEN})
SCHEDULES = np.load(Path(__file__).with_name("golden") / "schedules.npz")
PEAK = 0.3  # of all of them

# 21 steps of which 3/7 rise: the peak is at step 8, half-way up at 4, half-way down at 14, the end at 20.
HAND = {"total_steps": 21, "start_fraction": 3 / 7}
ONE_CYCLE_TABLE = [  # step, cosine, linear: peak 1, first 1/4, last 1/8
    (0, 0.25, 0.25),
    (2, 0.25 + 0.75 * (1 - np.sqrt(0.5)) / 2, 0.4375),
    (4, 0.625, 0.625),
    (8, 1.0, 1.0),
    (11, 0.125 + 0.875 * (1 + np.sqrt(0.5)) / 2, 0.78125),
    (14, 0.5625, 0.5625),
    (20, 0.125, 0.125),
    (21, 0.125, 0.125),
    (10_000, 0.125, 0.125),
]
MOMENTUM_TABLE = [  # step, both shapes: between 0.5 and 0.9
    (0, 0.9),
    (4, 0.7),
    (8, 0.5),
    (14, 0.7),
    (20, 0.9),
    (999, 0.9),
]


@pytest.mark.parametrize(("step", "cosine", "linear"), ONE_CYCLE_TABLE)
def test_one_cycle_by_hand(step, cosine, linear):
    options = {"peak": 1.0, "initial_divisor": 4.0, "final_divisor": 2.0, **HAND}
    assert one_cycle(step, shape="cosine", **options) == pytest.approx(cosine, rel=1e-12)
    assert one_cycle(step, shape="linear", **options) == pytest.approx(linear, rel=1e-12)


@pytest.mark.parametrize(("step", "value"), MOMENTUM_TABLE)
@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_one_cycle_momentum_by_hand(step, value, shape):
    assert one_cycle_momentum(step, low=0.5, high=0.9, shape=shape, **HAND) == pytest.approx(value, rel=1e-12)


def test_defaults():
    assert one_cycle(0, total_steps=100, peak=0.1) == pytest.approx(0.004)
    assert one_cycle(29, total_steps=100, peak=0.1) == pytest.approx(0.1)
    assert one_cycle(99, total_steps=100, peak=0.1) == pytest.approx(4e-7)
    assert one_cycle_momentum([0, 29, 99], total_steps=100).tolist() == pytest.approx([0.95, 0.85, 0.95])


@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_that_of_pytorch(name, shape):
    total, peak, start, initial, final, low, high = GOLDEN[f"{name}/case"]
    steps, common = np.arange(int(total)), {"total_steps": int(total), "start_fraction": start, "shape": shape}
    rates = one_cycle(steps, peak=peak, initial_divisor=initial, final_divisor=final, **common)
    momenta = one_cycle_momentum(steps, low=low, high=high, **common)
    expected_rates, expected_momenta = GOLDEN[f"{name}/{shape}"]
    np.testing.assert_allclose(rates, expected_rates, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(momenta, expected_momenta, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("total_steps", "expected"),
    [(1, [1.0]), (2, [1.0, 0.5]), (3, [1.0, 0.75, 0.5]), (4, [0.9, 0.96, 0.73, 0.5])],
)
def test_a_few_steps_begin_at_the_peak_and_reach_the_end(total_steps, expected):
    # Of 4 steps, 0.3 * 4 - 1 = 0.2 of a step rises: the peak lies between steps 0 and 1, and 2.8 steps fall.
    if total_steps == 4:
        expected = [0.9, *(1.0 - 0.5 * (k - 0.2) / 2.8 for k in (1, 2, 3))]
    rates = one_cycle(
        np.arange(total_steps),
        total_steps=total_steps,
        peak=1.0,
        initial_divisor=1 / 0.9,
        final_divisor=1.8,
        shape="linear",
    )
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


@pytest.mark.parametrize("start_fraction", [1e-6, 0.02, 0.5, 0.95, 0.98, 0.999999])
@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_the_last_step_reaches_the_end_wherever_the_peak_is(start_fraction, shape):
    steps = np.arange(50)
    rates = one_cycle(steps, total_steps=50, peak=1.0, start_fraction=start_fraction, shape=shape)
    momenta = one_cycle_momentum(steps, total_steps=50, start_fraction=start_fraction, shape=shape)
    assert rates[-1] == pytest.approx(4e-6)
    assert momenta[-1] == pytest.approx(0.95)
    assert rates.max() <= 1.0
    assert rates.min() >= 4e-6 * (1 - 1e-9)
    assert momenta.min() >= 0.85 - 1e-12


def test_arrays_of_any_shape_and_float64():
    steps = np.arange(12).reshape(3, 4)
    rates = one_cycle(steps, total_steps=12, peak=1.0)
    assert rates.shape == (3, 4)
    assert rates.dtype == np.float64
    assert rates[1, 2] == one_cycle(6, total_steps=12, peak=1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"total_steps": 0}, "total_steps must be an integer >= 1. Received: total_steps=0"),
        ({"total_steps": 2.5}, "total_steps must be an integer >= 1. Received: total_steps=2.5"),
        ({"start_fraction": 0}, "start_fraction must be a number > 0 and < 1. Received: start_fraction=0"),
        ({"start_fraction": 1.0}, "start_fraction must be a number > 0 and < 1. Received: start_fraction=1.0"),
        ({"peak": -1}, "peak must be a number > 0. Received: peak=-1"),
        ({"initial_divisor": 0.5}, "initial_divisor must be a number >= 1. Received: initial_divisor=0.5"),
        ({"final_divisor": 0}, "final_divisor must be a number >= 1. Received: final_divisor=0"),
        ({"shape": "cos"}, "shape must be one of 'cosine', 'linear'. Received: shape='cos'"),
    ],
)
def test_bad_input_to_one_cycle(options, message):
    with pytest.raises(InvalidArgument) as raised:
        one_cycle(0, **{"total_steps": 10, "peak": 0.1, **options})
    assert str(raised.value) == message


def test_bad_input_to_one_cycle_momentum():
    with pytest.raises(InvalidArgument, match=r"high must be a number >= 0.9 and < 1. Received: high=0.8"):
        one_cycle_momentum(0, total_steps=10, low=0.9, high=0.8)
    with pytest.raises(InvalidArgument, match=r"low must be a number >= 0 and < 1. Received: low=-0.1"):
        one_cycle_momentum(0, total_steps=10, low=-0.1)
    with pytest.raises(InvalidArgument, match=r"high must be .* < 1"):
        one_cycle_momentum(0, total_steps=10, high=1.0)


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        ("linear", [2.0, 2.0, 3.0, 4.0, 6.0, 6.0]),
        ("cosine", [2.0, 2.0, 4 - 2 * np.sqrt(0.5), 4.0, 6.0, 6.0]),
    ],
)
def test_annealed(shape, values):
    np.testing.assert_allclose(annealed(2.0, 6.0, [-1.0, 0.0, 0.25, 0.5, 1.0, 9.0], shape), values, rtol=1e-12)


def test_exponential_sweep():
    rates = exponential_sweep([0, 1, 2, 3, 4, 99], total_steps=5, low=1e-4, high=1.0)
    np.testing.assert_allclose(rates, [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1.0], rtol=1e-12)
    with pytest.raises(InvalidArgument, match=r"high must be a number > 0\.1"):
        exponential_sweep(0, total_steps=5, low=0.1, high=0.1)
    with pytest.raises(InvalidArgument, match="low must be a number > 0"):
        exponential_sweep(0, total_steps=5, low=0.0, high=0.1)
    with pytest.raises(InvalidArgument, match="total_steps must be an integer >= 2"):
        exponential_sweep(0, total_steps=1, low=0.01, high=0.1)


# --- three phases ---------------------------------------------------------------------------------------------------

# 33 steps of which 1/3 rise: the peak is at step 10, back at the first rate at 20, the end at 32.
THREE_PHASES_TABLE = [  # step, cosine, linear: peak 1, first 1/4, last 1/8; momentum between 0.5 and 0.9
    (0, 0.25, 0.25, 0.9),
    (5, 0.625, 0.625, 0.7),
    (10, 1.0, 1.0, 0.5),
    (15, 0.625, 0.625, 0.7),
    (20, 0.25, 0.25, 0.9),
    (23, 0.125 + 0.125 * (1 + np.sqrt(0.5)) / 2, 0.21875, 0.9),
    (26, 0.1875, 0.1875, 0.9),
    (32, 0.125, 0.125, 0.9),
    (33, 0.125, 0.125, 0.9),
    (999, 0.125, 0.125, 0.9),
]


@pytest.mark.parametrize(("step", "cosine", "linear", "momentum"), THREE_PHASES_TABLE)
def test_three_phases_by_hand(step, cosine, linear, momentum):
    common = {"total_steps": 33, "start_fraction": 1 / 3, "phases": 3}
    for shape, value in (("cosine", cosine), ("linear", linear)):
        rate = one_cycle(step, peak=1.0, initial_divisor=4.0, final_divisor=2.0, shape=shape, **common)
        assert rate == pytest.approx(value, rel=1e-12)
        assert one_cycle_momentum(step, low=0.5, high=0.9, shape=shape, **common) == pytest.approx(momentum, rel=1e-12)


@pytest.mark.parametrize(("total_steps", "expected"), [(1, [1]), (2, [1, 0.25]), (3, [1, 0.375, 0.25])])
def test_three_phases_in_a_few_steps(total_steps, expected):
    options = {"peak": 1.0, "initial_divisor": 2.0, "final_divisor": 2.0, "shape": "linear", "phases": 3}
    np.testing.assert_allclose(one_cycle(np.arange(total_steps), total_steps=total_steps, **options), expected)


@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize("phases", [2, 3])
def test_a_thousand_steps_are_those_of_pytorch(phases, shape):
    common = {"total_steps": 1000, "shape": shape, "phases": phases}
    rates, momenta = SCHEDULES[f"one_cycle_{phases}_{shape}"]
    assert len(rates) == 1000
    np.testing.assert_allclose(one_cycle(np.arange(1000), peak=PEAK, **common), rates, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(one_cycle_momentum(np.arange(1000), **common), momenta, rtol=1e-12)


@pytest.mark.parametrize(("name", "start_fraction"), [("half", 0.5), ("early", 0.1), ("odd", 0.45)])
def test_three_phases_with_another_rise_are_those_of_pytorch(name, start_fraction):
    rates, momenta = SCHEDULES[f"three_{name}"]
    common = {"total_steps": len(rates), "start_fraction": start_fraction, "phases": 3}
    steps = np.arange(len(rates))
    np.testing.assert_allclose(one_cycle(steps, peak=PEAK, **common), rates, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(one_cycle_momentum(steps, **common), momenta, rtol=1e-12)


# --- the other schedules --------------------------------------------------------------------------------------------

HALF = np.sqrt(0.5)
BY_HAND = {  # name -> function of the step, {step: value}; peak 2
    "linear": (
        lambda t: linear_decay(t, peak=2.0, length=10, final_fraction=0.25),
        {0: 2.0, 1: 1.85, 5: 1.25, 9: 0.65, 10: 0.5, 11: 0.5, 10**6: 0.5},
    ),
    "linear to 1 %": (lambda t: linear_decay(t, peak=2.0, length=4), {0: 2.0, 2: 1.01, 4: 0.02, 9: 0.02}),
    "power": (lambda t: power_decay(t, peak=2.0, scale=10), {0: 2.0, 5: 4 / 3, 10: 1.0, 20: 2 / 3, 990: 0.02}),
    "power 2": (
        lambda t: power_decay(t, peak=2.0, scale=10, exponent=2),
        {0: 2.0, 10: 0.5, 30: 0.125, 90: 0.02},
    ),
    "tenfold": (
        lambda t: exponential_decay(t, peak=2.0, tenfold=10),
        {0: 2.0, 5: 2.0 / np.sqrt(10), 10: 0.2, 20: 0.02, 50: 2e-5},
    ),
    "exp": (
        lambda t: exponential_decay(t, peak=2.0, rate=0.1),
        {0: 2.0, 10: 0.7357588823428847, 20: 0.2706705664732254, 100: 9.079985952496971e-05},
    ),
    "step": (
        lambda t: step_decay(t, peak=2.0, every=3, factor=0.5),
        {0: 2.0, 2: 2.0, 3: 1.0, 5: 1.0, 6: 0.5, 8: 0.5, 9: 0.25, 30: 2.0 / 1024},
    ),
    "inverse_time": (
        lambda t: inverse_time_decay(t, peak=2.0, rate=0.5),
        {0: 2.0, 1: 4 / 3, 2: 1.0, 6: 0.5, 198: 0.02},
    ),
    "cosine": (
        lambda t: cosine_decay(t, peak=2.0, length=8, final_fraction=0.5),
        {0: 2.0, 2: 1.5 + 0.5 * HALF, 4: 1.5, 6: 1.5 - 0.5 * HALF, 8: 1.0, 9: 1.0, 16: 1.0},
    ),
    "cosine to zero": (lambda t: cosine_decay(t, peak=2.0, length=8), {0: 2.0, 4: 1.0, 8: 0.0, 99: 0.0}),
    "stable": (
        lambda t: stable_decay(t, total_steps=20, peak=2.0, decay=8, final_fraction=0.5),
        {0: 2.0, 12: 2.0, 14: 1.5, 16: 2.0 - HALF, 20: 1.0, 99: 1.0},
    ),
    "stable linear": (
        lambda t: stable_decay(t, total_steps=20, peak=2.0, decay=8, shape="linear"),
        {0: 2.0, 12: 2.0, 13: 1.75, 16: 1.0, 20: 0.0},
    ),
    "stable cosine": (
        lambda t: stable_decay(t, total_steps=20, peak=2.0, decay=8, shape="cosine"),
        {12: 2.0, 14: 1.0 + HALF, 16: 1.0, 20: 0.0},
    ),
    "restarts": (
        lambda t: cosine_restarts(t, peak=2.0, first=4, final_fraction=0.5),
        {0: 2.0, 1: 1.5 + 0.5 * HALF, 2: 1.5, 4: 2.0, 6: 1.5 + 0.5 * HALF, 8: 1.5, 12: 2.0, 20: 1.5, 28: 2.0, 44: 1.5},
    ),
    "restarts by 3/2": (
        lambda t: cosine_restarts(t, peak=2.0, first=4, growth=1.5),
        {0: 2.0, 2: 1.0, 4: 2.0, 7: 1.0, 10: 2.0, 19: 2.0, 32.5: 2.0},
    ),
    "restarts without growth": (
        lambda t: cosine_restarts(t, peak=2.0, first=4, growth=1),
        {0: 2.0, 2: 1.0, 4: 2.0, 6: 1.0, 4000: 2.0, 4002: 1.0},
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name):
    function, table = BY_HAND[name]
    for step, value in table.items():
        assert float(function(step)) == pytest.approx(value, rel=1e-12, abs=1e-15), step
    together = function(np.array([list(table)]))
    np.testing.assert_allclose(together, [list(table.values())], rtol=1e-12, atol=1e-15)
    assert together.dtype == np.float64
    assert function(0).dtype == np.float64


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("linear", lambda t: linear_decay(t, peak=PEAK, length=80)),
        ("exponential", lambda t: exponential_decay(t, peak=PEAK, rate=-np.log(0.97))),
        ("exponential", lambda t: exponential_decay(t, peak=PEAK, tenfold=np.log(10) / -np.log(0.97))),
        ("step", lambda t: step_decay(t, peak=PEAK, every=15, factor=0.4)),
        ("inverse_time", lambda t: inverse_time_decay(t, peak=PEAK, rate=0.07)),
        ("power", lambda t: power_decay(t, peak=PEAK, scale=20, exponent=1.5)),
        ("cosine", lambda t: cosine_decay(t, peak=PEAK, length=100, final_fraction=0.1)),
        ("restarts_equal", lambda t: cosine_restarts(t, peak=PEAK, first=15, growth=1)),
        ("restarts_doubled", lambda t: cosine_restarts(t, peak=PEAK, first=10, final_fraction=0.1)),
        ("restarts_tripled", lambda t: cosine_restarts(t, peak=PEAK, first=7, growth=3)),
    ],
)
def test_every_step_of_pytorchs_schedules(name, function):
    expected = SCHEDULES[name]
    assert len(expected) >= 100
    np.testing.assert_allclose(function(np.arange(len(expected))), expected, rtol=1e-11, atol=1e-15)


K = keras.optimizers.schedules


@pytest.mark.parametrize(
    ("theirs", "function"),
    [
        (K.PolynomialDecay(PEAK, 40, 0.01 * PEAK), lambda t: linear_decay(t, peak=PEAK, length=40)),
        (K.ExponentialDecay(PEAK, 20, 0.1), lambda t: exponential_decay(t, peak=PEAK, tenfold=20)),
        (
            K.ExponentialDecay(PEAK, 7, 0.4, staircase=True),
            lambda t: step_decay(t, peak=PEAK, every=7, factor=0.4),
        ),
        (K.InverseTimeDecay(PEAK, 20, 1.0), lambda t: inverse_time_decay(t, peak=PEAK, rate=1 / 20)),
        (K.InverseTimeDecay(PEAK, 20, 1.0), lambda t: power_decay(t, peak=PEAK, scale=20)),
        (K.CosineDecay(PEAK, 40, alpha=0.2), lambda t: cosine_decay(t, peak=PEAK, length=40, final_fraction=0.2)),
        (
            K.CosineDecayRestarts(PEAK, 6, t_mul=2.0, alpha=0.1),
            lambda t: cosine_restarts(t, peak=PEAK, first=6, final_fraction=0.1),
        ),
    ],
    ids=["linear", "exponential", "step", "inverse_time", "power", "cosine", "cosine_restarts"],
)
def test_the_schedules_of_keras(theirs, function):
    steps = [0, 1, 5, 8, 13, 19, 20, 23, 30, 39, 40, 41]
    np.testing.assert_allclose(function(np.array(steps)), [float(theirs(step)) for step in steps], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("share", "total", "whole"), [(0.07, 100, 7), (0.14, 50, 7), (0.28, 25, 7), (0.1, 30, 3)])
def test_a_stage_whose_length_is_a_rounded_fraction_begins_on_time(share, total, whole):
    assert share * total >= whole  # 7.000000000000001: floor(7 / that) would be 0
    starts = np.arange(1, total // whole + 1) * whole
    rates = step_decay(starts, peak=1.0, every=share * total, factor=0.5)
    np.testing.assert_array_equal(rates, 0.5 ** np.arange(1, len(starts) + 1))
    assert (cosine_restarts(starts, peak=1.0, first=share * total, growth=1) == 1.0).all()
    waves = np.cumsum(2.0 ** np.arange(12)) * whole
    np.testing.assert_allclose(cosine_restarts(waves, peak=1.0, first=share * total), 1.0, rtol=1e-12)


def test_a_growth_near_one_is_as_good_as_one():
    steps = np.arange(1000)
    near, one = (cosine_restarts(steps, peak=1.0, first=37.5, growth=growth) for growth in (1 + 1e-13, 1))
    np.testing.assert_allclose(near, one, atol=1e-9)


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (linear_decay, {"length": 0}, "length must be a number > 0. Received: length=0"),
        (linear_decay, {"length": 5, "final_fraction": 1.5}, "final_fraction must be a number >= 0 and <= 1. Received"),
        (power_decay, {"scale": -1}, "scale must be a number > 0. Received: scale=-1"),
        (power_decay, {"scale": 5, "exponent": 0}, "exponent must be a number > 0. Received: exponent=0"),
        (exponential_decay, {"tenfold": 0}, "tenfold must be a number > 0. Received: tenfold=0"),
        (exponential_decay, {"rate": -1}, "rate must be a number > 0. Received: rate=-1"),
        (exponential_decay, {}, "tenfold must be given if rate is None. Received: tenfold=None"),
        (exponential_decay, {"rate": 1, "tenfold": 2}, "rate must be None if tenfold is given. Received: rate=1"),
        (step_decay, {"every": 0}, "every must be a number > 0. Received: every=0"),
        (step_decay, {"every": 5, "factor": 10}, "factor must be a number > 0 and < 1. Received: factor=10"),
        (inverse_time_decay, {"rate": 0}, "rate must be a number > 0. Received: rate=0"),
        (cosine_decay, {"length": "all"}, "length must be a number > 0. Received: length='all'"),
        (cosine_decay, {"length": 5, "final_fraction": -1}, "final_fraction must be a number >= 0 and <= 1."),
        (stable_decay, {"total_steps": 9, "decay": 0}, "decay must be a number > 0. Received: decay=0"),
        (stable_decay, {"total_steps": 9, "decay": 1, "shape": "x"}, "shape must be one of 'sqrt', 'linear', 'cosine'"),
        (cosine_restarts, {"first": 0}, "first must be a number > 0. Received: first=0"),
        (cosine_restarts, {"first": 5, "growth": 0.5}, "growth must be a number >= 1. Received: growth=0.5"),
        (cosine_restarts, {"first": 5, "final_fraction": 2}, "final_fraction must be a number >= 0 and <= 1."),
        (one_cycle, {"total_steps": 9, "phases": 4}, "phases must be one of 2, 3. Received: phases=4"),
        (
            one_cycle,
            {"total_steps": 9, "phases": 3, "start_fraction": 0.6},
            "start_fraction must be a number > 0 and <= 0.5. Received: start_fraction=0.6",
        ),
    ],
)
def test_bad_input_to_the_others(function, options, message):
    with pytest.raises(InvalidArgument) as raised:
        function(0, **{"peak": 0.1, **options})
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (linear_decay, {"length": 1}),
        (power_decay, {"scale": 1}),
        (exponential_decay, {"rate": 1}),
        (step_decay, {"every": 1}),
        (inverse_time_decay, {"rate": 1}),
        (cosine_decay, {"length": 1}),
        (cosine_restarts, {"first": 1}),
        (stable_decay, {"total_steps": 9, "decay": 1}),
    ],
)
def test_a_bad_peak(function, options):
    with pytest.raises(InvalidArgument, match=r"peak must be a number > 0\. Received: peak=-0\.1"):
        function(0, peak=-0.1, **options)
