"""CosineDecay: its length in every unit, and what it refuses."""

import numpy as np
import pytest

from callbacks import CosineDecay, InvalidArgument


@pytest.mark.parametrize(
    ("options", "length"),
    [
        ({}, 20),
        ({"unit": "steps"}, 20),  # the whole schedule in any unit
        ({"length": 0.5}, 10),
        ({"length": 15, "unit": "steps"}, 15),
        ({"length": 2, "unit": "epochs"}, 8),
        ({"length": 10, "unit": "epochs"}, 40),  # longer than the training
    ],
)
@pytest.mark.parametrize("last", [0.0, 0.25])
def test_values(options, length, last):
    rates, _ = CosineDecay(2.0, final_fraction=last, **options).values(20, steps_per_epoch=4)
    angles = np.pi * np.minimum(np.arange(20), length) / length
    np.testing.assert_allclose(rates, 2.0 * (last + (1 - last) * np.cos(angles / 2) ** 2), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": 0}, "peak must be a number > 0. Received: peak=0"),
        ({"length": 1.01}, "length must be a number > 0 and <= 1, a fraction of the training"),
        ({"length": 0, "unit": "epochs"}, "length must be a number > 0. Received: length=0"),
        ({"final_fraction": 2}, "final_fraction must be a number >= 0 and <= 1. Received: final_fraction=2"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        CosineDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
