"""CosineRestarts: its waves in every unit, and what it refuses."""

import numpy as np
import pytest

from callbacks import CosineRestarts, InvalidArgument


def waves(*lengths, last=0.0):
    return np.concatenate([last + (1 - last) * np.cos(np.pi * np.arange(n) / n / 2) ** 2 for n in lengths])


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ({}, (4, 8, 16)),
        ({"unit": "epochs"}, (4, 8, 16)),  # three waves in any unit
        ({"growth": 1}, (28 / 3,)),
        ({"first": 0.25, "growth": 1}, (7, 7, 7, 7)),
        ({"first": 4, "unit": "steps", "growth": 1.5}, (4, 6, 9, 13.5)),
        ({"first": 1, "unit": "epochs"}, (4, 8, 16)),
        ({"first": 0.5, "unit": "epochs", "growth": 3}, (2, 6, 18, 54)),
    ],
)
@pytest.mark.parametrize("last", [0.0, 0.25])
def test_values(options, lengths, last):
    rates, _ = CosineRestarts(2.0, final_fraction=last, **options).values(28, steps_per_epoch=4)
    if options == {"growth": 1}:
        expected = last + (1 - last) * np.cos(np.pi * (np.arange(28) % lengths[0]) / lengths[0] / 2) ** 2
    else:
        expected = waves(*lengths, last=last)[:28]
    np.testing.assert_allclose(rates, 2.0 * expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("growth", [1.0, 1.3, 2.0, 2.7])
@pytest.mark.parametrize("total", [70, 999])
def test_by_default_the_training_ends_at_the_end_of_the_third_wave(growth, total):
    rates, _ = CosineRestarts(1.0, growth=growth).values(total)
    assert (np.diff(rates) > 0).sum() == 2
    assert rates[-1] < 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": 0}, "peak must be a number > 0. Received: peak=0"),
        ({"first": 10}, "first must be a number > 0 and <= 1, a fraction of the training, unless unit is 'epochs' or"),
        ({"first": 0, "unit": "steps"}, "first must be a number > 0. Received: first=0"),
        ({"growth": 0.9}, "growth must be a number >= 1. Received: growth=0.9"),
        ({"final_fraction": -1}, "final_fraction must be a number >= 0 and <= 1. Received: final_fraction=-1"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        CosineRestarts(**{"peak": 0.1, **options})
    assert message in str(raised.value)
