"""LinearDecay: its lengths in every unit, and what it refuses."""

import numpy as np
import pytest

from callbacks import InvalidArgument, LinearDecay


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1.0, 0.901, 0.802, 0.703, 0.604, 0.505, 0.406, 0.307, 0.208, 0.109]),
        ({"length": 0.5, "final_fraction": 0.5}, [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5]),
        ({"length": 4, "unit": "steps", "final_fraction": 0}, [1.0, 0.75, 0.5, 0.25, 0, 0, 0, 0, 0, 0]),
        ({"length": 2, "unit": "epochs", "final_fraction": 0}, [1.0, 0.75, 0.5, 0.25, 0, 0, 0, 0, 0, 0]),
        ({"unit": "epochs", "final_fraction": 0}, np.linspace(1.0, 0.1, 10)),  # None: the whole of it in any unit
        ({"length": 0.5, "warm_up": 0.2, "final_fraction": 0}, [1 / 3, 2 / 3, 1, 0.75, 0.5, 0.25, 0, 0, 0, 0]),
    ],
)
def test_values(options, expected):
    rates, momenta = LinearDecay(1.0, **options).values(10, steps_per_epoch=2)
    np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-15)
    assert momenta is None


@pytest.mark.parametrize("length", [0, -1, 1.5, "half"])
def test_a_length_that_is_no_fraction(length):
    with pytest.raises(InvalidArgument, match=r"length must be a number > 0 and <= 1, a fraction of the training, .*"):
        LinearDecay(0.1, length=length)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": 0}, "peak must be a number > 0. Received: peak=0"),
        ({"length": 0, "unit": "epochs"}, "length must be a number > 0. Received: length=0"),
        ({"final_fraction": 1.1}, "final_fraction must be a number >= 0 and <= 1. Received: final_fraction=1.1"),
        ({"final_fraction": -0.1}, "final_fraction must be a number >= 0 and <= 1. Received: final_fraction=-0.1"),
        ({"warm_up": 2}, "warm_up must be a number > 0 and <= 1, a fraction of the training"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        LinearDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
