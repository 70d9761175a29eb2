"""InverseTimeDecay: its rate in every unit, and what it refuses."""

import numpy as np
import pytest

from callbacks import InvalidArgument, InverseTimeDecay


@pytest.mark.parametrize(
    ("options", "per_step"),
    [
        ({}, 0.5),
        ({"unit": "epochs"}, 0.5),  # 10 per whole schedule in any unit
        ({"rate": 4}, 0.2),
        ({"rate": 0.3, "unit": "steps"}, 0.3),
        ({"rate": 0.8, "unit": "epochs"}, 0.2),
    ],
)
def test_values(options, per_step):
    rates, _ = InverseTimeDecay(1.0, **options).values(20, steps_per_epoch=4)
    np.testing.assert_allclose(rates, [1 / (1 + per_step * t) for t in range(20)], rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": "0.1"}, "peak must be a number > 0. Received: peak='0.1'"),
        ({"rate": 0}, "rate must be a number > 0. Received: rate=0"),
        ({"rate": -2, "unit": "steps"}, "rate must be a number > 0. Received: rate=-2"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        InverseTimeDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
