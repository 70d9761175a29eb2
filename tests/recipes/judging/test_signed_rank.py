"""The Bayesian signed-rank test, against (recorded) numbers of baycomp and Wilcoxon's test of SciPy."""

import numpy as np
import pytest
from scipy import stats

from recipes.judging.signed_rank import signed_rank

FIRST = [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.0, 0.940, 0.619, 0.972, 0.957]
SECOND = [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.0, 0.962, 0.666, 0.981, 0.978]
FOURTH = [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.0, 0.962, 0.669, 0.975, 0.970]


@pytest.mark.parametrize(
    ("a", "b", "region", "recorded"),
    [
        (FIRST, SECOND, 0.0, (0.0009, 0.0, 0.9991)),
        (FIRST, SECOND, 0.01, (0.0, 0.3308, 0.6692)),
        (SECOND, FOURTH, 0.0, (0.2148, 0.0, 0.7852)),
        (SECOND, FOURTH, 0.01, (0.0029, 0.7274, 0.2698)),
    ],
)
def test_the_probabilities_are_those_of_baycomp(a, b, region, recorded):
    """baycomp 1.0.3 with 50,000 draws."""
    assert signed_rank(np.subtract(a, b), region) == pytest.approx(recorded, abs=0.01)


def test_without_a_region_it_agrees_with_wilcoxons_test():
    differences = np.random.default_rng(1).normal(0.3, 1, 40)
    p_value = stats.wilcoxon(differences, alternative="less").pvalue
    assert signed_rank(differences, 0.0).better == pytest.approx(p_value, abs=0.02)


def test_a_candidate_without_scores_loses():
    assert signed_rank([-np.inf] * 8, 1.0).worse > 0.99
    assert signed_rank([-np.inf, np.inf] * 4, 1.0).better < 0.6
    assert signed_rank([0.0] * 8, 1.0).as_good == 1.0
