"""StepDecay: its interval in every unit, and what it refuses."""

import numpy as np
import pytest

from callbacks import InvalidArgument, StepDecay


@pytest.mark.parametrize(
    ("options", "levels"),  # how often the factor was applied at each of 12 steps, 3 an epoch
    [
        ({}, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]),
        ({"unit": "epochs"}, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]),  # a third of the schedule in any unit
        ({"every": 0.5}, [0] * 6 + [1] * 6),
        ({"every": 1.0}, [0] * 12),
        ({"every": 5, "unit": "steps"}, [0] * 5 + [1] * 5 + [2] * 2),
        ({"every": 2, "unit": "epochs"}, [0] * 6 + [1] * 6),
        ({"every": 1, "unit": "epochs"}, np.arange(12) // 3),
        ({"every": 5, "unit": "steps", "per": "epoch"}, [0] * 6 + [1] * 6),  # 5 steps end within the second epoch
    ],
)
@pytest.mark.parametrize("factor", [0.1, 0.5])
def test_values(options, levels, factor):
    rates, _ = StepDecay(2.0, factor=factor, **options).values(12, steps_per_epoch=3)
    np.testing.assert_allclose(rates, 2.0 * factor ** np.array(levels, float), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": float("inf")}, "peak must be a number > 0. Received: peak=inf"),
        (
            {"every": 10},
            "every must be a number > 0 and <= 1, a fraction of the training, unless unit is 'epochs' or 'steps'",
        ),
        ({"every": 0, "unit": "epochs"}, "every must be a number > 0. Received: every=0"),
        ({"factor": 1}, "factor must be a number > 0 and < 1. Received: factor=1"),
        ({"factor": 10}, "factor must be a number > 0 and < 1. Received: factor=10"),
        ({"factor": 0}, "factor must be a number > 0 and < 1. Received: factor=0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        StepDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
