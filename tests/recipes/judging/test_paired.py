"""Two models on the same examples: the paired t-test, and how often it errs where nothing differs."""

import math

import numpy as np
import pytest
import scipy.stats

from recipes.judging.dunnett import NOTHING, SAME
from recipes.judging.paired import compare_paired


def test_the_paired_t_test():
    """Against SciPy's; the degrees of freedom are about those of the examples."""
    random = np.random.default_rng(0)
    new, old = random.normal(0.1, 1, 800), random.normal(0, 1, 800)
    found = compare_paired(new - old)
    test = scipy.stats.ttest_rel(new, old)
    assert found.p == pytest.approx(test.pvalue, rel=0.02)
    interval = test.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=0.01)


def test_several_comparisons_share_the_level():
    differences = np.random.default_rng(1).normal(0.05, 1, 400)
    one, ten = compare_paired(differences), compare_paired(differences, comparisons=10)
    assert ten.p == pytest.approx(min(1, 10 * one.p))
    assert ten.high - ten.low == pytest.approx(
        (one.high - one.low) * scipy.stats.t.ppf(1 - 0.0025, 400) / scipy.stats.t.ppf(1 - 0.025, 400), rel=0.01
    )


@pytest.mark.parametrize("accuracy", [0.7, 0.95])
def test_equal_models_are_seldom_called_different(accuracy):
    """Of seven slices of 60 examples, some as accurate as 0.95: any of them in at most 5 % of the trials."""
    random = np.random.default_rng(2)
    wrong = 0
    for _ in range(400):
        right = random.random((2, 7, 60)) < accuracy
        found = [compare_paired(slice_, 7, resolution=1 / 60) for slice_ in right[0].astype(float) - right[1]]
        wrong += any(difference.p < 0.05 for difference in found)
    assert wrong / 400 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_what_cannot_be_compared():
    assert compare_paired(np.zeros(9)) == SAME
    assert compare_paired(np.array([1.0])) is NOTHING
    assert compare_paired(np.array([1.0, np.nan])) is NOTHING
    assert compare_paired(np.full(9, 0.25)) is NOTHING
    assert compare_paired(np.ones(50), resolution=0.02).p < 0.01  # every answer differs, not by chance
