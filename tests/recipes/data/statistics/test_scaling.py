import numpy as np
import pytest

from recipes.data.statistics.scaling import ROUNDING, Scaling, type_for


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("ratio", [0.0, 1e3, 1e4, 1e9, 1e11])
def test_the_type_rounds_by_less_than_a_ten_thousandth_of_the_scale(ratio, scale):
    centre = ratio * scale
    dtype = type_for(centre, scale)
    narrow = np.spacing(np.float32(centre)) / 2 if centre else 0.0
    assert (dtype == "float32") == (narrow <= ROUNDING * scale)
    assert dtype == "float32" or np.spacing(centre) / 2 <= ROUNDING * scale


def test_integers_where_float64_rounds_and_float64_where_squares_overflow():
    assert type_for(2**60, 10.0) == type_for(-(2**60), 10.0) == "int64"
    assert type_for(0.0, 1e-20) == type_for(0.0, 1e20) == "float64"


def test_only_columns_whose_deviation_exceeds_their_spread_are_scaled_by_it():
    random = np.random.default_rng(0)
    normal, tails = random.normal(size=10_000), np.exp(2 * random.normal(size=10_000))
    mean, variance = (0.0, 7.4), (float(normal.var()), float(tails.var()))
    scaling = Scaling.of(mean, variance, (0.01, 1.0), (1.0, 2.7))
    assert scaling.heavy == (False, True)
    assert scaling.centre == (0.0, 1.0)
    assert scaling.scale == (variance[0] ** 0.5, 2.7)
    assert Scaling.of(mean, variance).heavy == (False, False)
