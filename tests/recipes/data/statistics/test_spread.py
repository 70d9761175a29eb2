import numpy as np
import pytest
from scipy.stats import iqr

from recipes.data.statistics import spread
from recipes.data.statistics.spread import median_and_spread, sample


def test_it_is_what_scipy_computes():
    x = np.random.default_rng(0).normal([5.0, -1e9], [2.0, 300.0], (2001, 2))
    medians, spreads = median_and_spread(x)
    np.testing.assert_array_equal(medians, np.median(x, axis=0))
    np.testing.assert_allclose(spreads, iqr(x, axis=0, scale="normal"), rtol=1e-4)
    x[0] = 1e9, np.inf
    np.testing.assert_allclose(median_and_spread(x)[1], spreads, rtol=0.01)


def test_mostly_zeros_are_judged_by_the_others():
    x = np.zeros((100, 3))
    x[:20, 0] = 50.0
    x[:40, 1] = [1e-9] * 20 + [8.0] * 20
    assert median_and_spread(x)[1] == (50.0, pytest.approx((1e-9 + 8.0) / 2), 1.0)


def test_large_integers_are_exact():
    x = 2**60 + np.array([[-8], [0], [1], [3], [9]])
    assert median_and_spread(x) == ((2**60 + 1,), (pytest.approx(3 / 1.349),))


def test_a_column_that_only_rounding_varies_is_constant():
    assert median_and_spread(np.array([[0.3], [0.1 + 0.2], [0.3], [0.1 + 0.2]]))[1] == (1.0,)


def test_large_tables_are_sampled_always_alike(monkeypatch):
    monkeypatch.setattr(spread, "VALUES", 4_000)
    x = np.random.default_rng(0).normal(size=(50_000, 2))
    rows = sample(x)
    assert rows.shape == (2_000, 2)
    np.testing.assert_array_equal(rows, sample(x))
    np.testing.assert_allclose(median_and_spread(x)[1], 1.0, rtol=0.1)
