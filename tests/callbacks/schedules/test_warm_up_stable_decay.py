"""WarmUpStableDecay: its parts in every unit, and what it refuses; composed of PyTorch's schedules."""

import numpy as np
import pytest

from callbacks import CosineDecay, InvalidArgument, WarmUpStableDecay


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"shape": "linear", "warm_up": 0}, [1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5]),
        ({"shape": "linear", "decay": 0.5, "warm_up": 0.2}, [1 / 3, 2 / 3, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25]),
        ({"decay": 4, "warm_up": 1, "unit": "steps"}, [0.5, 1, 1, 1, 1, 1, 1, 0.5, 1 - 0.5**0.5, 1 - 0.75**0.5]),
        ({"decay": 2, "warm_up": 1, "unit": "epochs", "shape": "cosine", "final_fraction": 0.5},
         [1 / 3, 2 / 3, 1, 1, 1, 1, 1, 0.75 + 0.125**0.5 / 2, 0.75, 0.75 - 0.125**0.5 / 2]),
    ],
)  # fmt: skip
def test_values(options, expected):
    rates, momenta = WarmUpStableDecay(1.0, **options).values(10, steps_per_epoch=2)
    np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-15)
    assert momenta is None


def test_the_usual_parts():
    rates, _ = WarmUpStableDecay(0.1).values(1000)
    assert (rates == 0.1).sum() == 950 * 0.8 + 1  # and the step before the fall
    assert (np.diff(rates[:51]) > 0).all()
    assert (np.diff(rates[-190:]) < 0).all()
    assert 0 < rates[-1] < 0.001


def test_a_cosine_after_a_rise_is_its_parts():
    rates, _ = CosineDecay(0.1, warm_up=0.05).values(100)
    np.testing.assert_allclose(rates[:5], 0.1 * np.arange(1, 6) / 6)
    np.testing.assert_allclose(rates[5:], 0.05 * (1 + np.cos(np.pi * np.arange(95) / 95)), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": 0}, "peak must be a number > 0. Received: peak=0"),
        ({"decay": 1.5}, "decay must be a number > 0 and <= 1, a fraction of the training"),
        ({"shape": "exponential"}, "shape must be one of 'sqrt', 'linear', 'cosine'. Received: shape='exponential'"),
        ({"final_fraction": 2}, "final_fraction must be a number >= 0 and <= 1. Received: final_fraction=2"),
        ({"warm_up": -1}, "warm_up must be a number > 0 and <= 1, a fraction of the training"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        WarmUpStableDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
