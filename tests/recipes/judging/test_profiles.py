"""Performance profiles."""

import numpy as np

from recipes.judging.profiles import performance_profile, ratios_to_best


def test_a_profile_counts_the_datasets_within_a_factor():
    losses = [[0.1, 0.2, np.nan], [0.3, 0.15, 0.3], [0.0, 0.0, 0.02]]
    ratios = ratios_to_best(losses, floors=[0.0, 0.0, 0.005])
    np.testing.assert_allclose(ratios, [[1, 2, np.inf], [2, 1, 2], [1, 1, 4]])
    factors, shares = performance_profile(ratios)
    assert factors.tolist() == [1, 2, 4]
    np.testing.assert_allclose(shares.T * 3, [[2, 3, 3], [2, 3, 3], [0, 1, 2]])


def test_where_none_has_a_loss_none_is_the_best():
    assert np.isinf(ratios_to_best([[np.nan, np.nan]])).all()
