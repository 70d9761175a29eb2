import numpy as np

from recipes.data.statistics.column_statistics import column_statistics, missing_columns

NAN = np.nan


def test_each_column_has_the_statistics_of_its_values():
    random = np.random.default_rng(0)
    x = random.normal([0, 5, 1e9, 3], [1, 2, 3, 4], (200, 4))
    x[::3, 1] = NAN
    x[:, 3] = NAN
    mean, variance, median, spread = column_statistics(x)
    np.testing.assert_allclose(mean, [*np.nanmean(x[:, :3], axis=0), 0], rtol=1e-12)
    np.testing.assert_allclose(variance, [*np.nanvar(x[:, :3], axis=0), 1], rtol=1e-9)
    low, high = np.nanquantile(x[:, :3], [0.25, 0.75], axis=0)
    np.testing.assert_allclose(spread, [*((high - low) / 1.349), 1], rtol=1e-6)
    present = np.sort(x[:, 1][~np.isnan(x[:, 1])])
    assert (median[1], median[3]) == (present[len(present) // 2], 0)
    assert missing_columns(x) == (1, 3)


def test_without_missing_values():
    x = np.arange(6).reshape(3, 2)
    assert (column_statistics(x)[0], missing_columns(x), missing_columns(x / 2)) == ((2, 3), (), ())
