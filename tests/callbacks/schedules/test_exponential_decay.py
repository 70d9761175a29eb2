"""ExponentialDecay: both forms in every unit, and what it refuses."""

import numpy as np
import pytest

from callbacks import ExponentialDecay, InvalidArgument


@pytest.mark.parametrize(
    ("options", "steps"),  # in which the rate falls to a tenth
    [
        ({}, 10),
        ({"unit": "steps"}, 10),  # half of the schedule in any unit
        ({"tenfold": 1.0}, 20),
        ({"tenfold": 5, "unit": "steps"}, 5),
        ({"tenfold": 2, "unit": "epochs"}, 8),
        ({"rate": np.log(10)}, 20),  # per whole training
        ({"rate": np.log(10) / 5, "unit": "steps"}, 5),
        ({"rate": np.log(10) / 2, "unit": "epochs"}, 8),
    ],
)
def test_values(options, steps):
    rates, _ = ExponentialDecay(3.0, **options).values(20, steps_per_epoch=4)
    np.testing.assert_allclose(rates, [3.0 * 10 ** (-t / steps) for t in range(20)], rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": 0}, "peak must be a number > 0. Received: peak=0"),
        (
            {"tenfold": 20},
            "tenfold must be a number > 0 and <= 1, a fraction of the training, unless unit is 'epochs' or",
        ),
        ({"tenfold": -1, "unit": "epochs"}, "tenfold must be a number > 0. Received: tenfold=-1"),
        ({"rate": 0}, "rate must be a number > 0. Received: rate=0"),
        ({"rate": 2, "tenfold": 0.5}, "rate must be None if tenfold is given. Received: rate=2"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        ExponentialDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
