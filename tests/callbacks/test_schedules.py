"""Schedules: values worked out by hand, and PyTorch's OneCycleLR at every step."""

from pathlib import Path

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from callbacks.schedules import annealed, exponential_sweep, one_cycle, one_cycle_momentum

GOLDEN = np.load(Path(__file__).with_name("golden") / "one_cycle.npz")
NAMES = sorted({key.split("/")[0] for key in GOLDEN})

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
