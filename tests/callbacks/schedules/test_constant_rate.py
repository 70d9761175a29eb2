"""ConstantRate: one rate, after a warm-up."""

import numpy as np
import pytest

from callbacks import ConstantRate, InvalidArgument


def test_values():
    assert ConstantRate(0.3).values(4)[0].tolist() == [0.3] * 4
    rates, momenta = ConstantRate(0.4, warm_up=1, unit="epochs").values(9, steps_per_epoch=3)
    np.testing.assert_allclose(rates, [0.1, 0.2, 0.3, *[0.4] * 6], rtol=1e-12)
    assert momenta is None


@pytest.mark.parametrize("peak", [0, -1, "x", None, True])
def test_bad_arguments(peak):
    with pytest.raises(InvalidArgument, match=r"peak must be a number > 0\. Received: peak="):
        ConstantRate(peak)
