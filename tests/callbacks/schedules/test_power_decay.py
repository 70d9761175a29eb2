"""PowerDecay: its scale in every unit, and what it refuses."""

import numpy as np
import pytest

from callbacks import InvalidArgument, InverseTimeDecay, PowerDecay


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({}, 4),
        ({"unit": "epochs"}, 4),  # a fifth of the schedule in any unit
        ({"scale": 0.5}, 10),
        ({"scale": 7, "unit": "steps"}, 7),
        ({"scale": 1.5, "unit": "epochs"}, 6),
    ],
)
@pytest.mark.parametrize("exponent", [1.0, 0.5, 2])
def test_values(options, scale, exponent):
    rates, _ = PowerDecay(1.0, exponent=exponent, **options).values(20, steps_per_epoch=4)
    np.testing.assert_allclose(rates, [(1 + t / scale) ** -exponent for t in range(20)], rtol=1e-12)


def test_with_exponent_one_it_is_inverse_time():
    one, other = PowerDecay(0.3, scale=0.1), InverseTimeDecay(0.3, rate=10)
    np.testing.assert_allclose(one.values(50)[0], other.values(50)[0], rtol=1e-12)


def test_a_huge_exponent_is_nearly_zero_and_warns_of_nothing():
    rates = PowerDecay(1.0, exponent=1e9).values(5)[0]
    assert rates.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": -1}, "peak must be a number > 0. Received: peak=-1"),
        (
            {"scale": 5},
            "scale must be a number > 0 and <= 1, a fraction of the training, unless unit is 'epochs' or 'steps'",
        ),
        ({"scale": 0, "unit": "steps"}, "scale must be a number > 0. Received: scale=0"),
        ({"exponent": 0}, "exponent must be a number > 0. Received: exponent=0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        PowerDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
