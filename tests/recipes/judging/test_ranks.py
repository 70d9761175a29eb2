"""Ranks over datasets, against the numbers of Demšar's paper, SciPy and (recorded) autorank and scikit-posthocs."""

import numpy as np
import pytest
from scipy import stats

from recipes.judging.ranks import critical_difference, rank_test

TABLE = """
0.763 0.768 0.771 0.798
0.599 0.591 0.590 0.569
0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657
0.882 0.888 0.886 0.898
0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685
0.583 0.583 0.563 0.625
0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000
0.940 0.962 0.965 0.962
0.619 0.666 0.614 0.669
0.972 0.981 0.975 0.975
0.957 0.978 0.946 0.970
"""
"""Areas under the curve of four decision trees on 14 datasets, after table 6 of Demšar 2006."""


@pytest.fixture(scope="module")
def auc():
    return np.array(TABLE.split(), float).reshape(-1, 4)


def test_the_critical_differences_of_the_paper():
    assert critical_difference(4, 14, 0.10) == pytest.approx(1.12, abs=0.005)
    assert critical_difference(4, 14, 0.05) == pytest.approx(1.25, abs=0.005)
    by_hand = {2: 1.960, 5: 2.728, 10: 3.164}  # its table 5
    for candidates, quantile in by_hand.items():
        error = np.sqrt(candidates * (candidates + 1) / 6)
        assert critical_difference(candidates, 1) == pytest.approx(quantile * error, rel=1e-3)


def test_friedmans_test_is_that_of_scipy(auc):
    test = rank_test(1 - auc)
    assert test.chi_square == pytest.approx(stats.friedmanchisquare(*auc.T).statistic)
    assert test.average == pytest.approx([3.142857, 2.0, 2.928571, 1.928571], abs=1e-6)  # autorank's
    assert test.f == pytest.approx(13 * test.chi_square / (14 * 3 - test.chi_square))
    assert test.p_value == pytest.approx(stats.f.sf(test.f, 3, 39))


def test_the_p_values_of_pairs_are_those_of_scikit_posthocs(auc):
    test = rank_test(1 - auc)
    recorded = {(0, 1): 0.088673, (0, 2): 0.971686, (0, 3): 0.061683, (1, 2): 0.226697, (2, 3): 0.170052}
    assert {pair: round(test.p_of(*pair), 6) for pair in recorded} == recorded


def test_few_datasets_are_permuted():
    """Three datasets that agree on the better of two: one chance in four."""
    assert rank_test([[1, 2]] * 3).p_value == pytest.approx(0.25, abs=0.02)
    assert rank_test([[1, 1], [2, 2]]).p_value == 1.0
    assert np.isnan(rank_test([[1, 2]]).p_value)


def test_a_missing_loss_is_the_worst():
    assert rank_test([[0.1, np.nan, 0.3], [np.nan, 0.2, np.nan]]).ranks.tolist() == [[1, 3, 2], [2.5, 1, 2.5]]
