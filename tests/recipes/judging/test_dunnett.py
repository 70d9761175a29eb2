"""Dunnett's test with seeds as blocks, against SciPy, Dunnett's tables, and false alarms counted by simulation."""

import math
import warnings

import numpy as np
import pytest
import scipy.stats

from recipes.judging.dunnett import compare_with, critical_value, family_error

NAN = math.nan


@pytest.mark.parametrize("seeds", [2, 3, 8])
@pytest.mark.parametrize("level", [0.05, 0.2])
def test_one_sample_is_the_paired_t_test(seeds, level):
    control, sample = np.random.default_rng(0).normal(size=(2, seeds))
    (found,) = compare_with(control, [sample], level)
    expected = scipy.stats.ttest_rel(sample, control)
    interval = expected.confidence_interval(1.0 - level)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-4)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-3)


@pytest.mark.parametrize(
    ("comparisons", "freedom", "value"),
    # Dunnett 1964, "New tables for multiple comparisons with a control", two-sided, 5 %
    [
        (1, 10, 2.23),
        (2, 5, 3.03),
        (3, 5, 3.29),
        (9, 5, 3.97),
        (3, 10, 2.76),
        (4, 20, 2.65),
        (9, 20, 2.95),
        (5, 60, 2.58),
    ],
)
def test_dunnetts_tables(comparisons, freedom, value):
    assert critical_value(comparisons, freedom) == pytest.approx(value, abs=0.006)
    assert family_error(value, comparisons, freedom) == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize(("comparisons", "freedom"), [(2, 6), (9, 27)])
def test_the_probability_is_that_of_the_multivariate_t(comparisons, freedom):
    shape = np.full((comparisons, comparisons), 0.5) + 0.5 * np.eye(comparisons)
    t = scipy.stats.multivariate_t(shape=shape, df=freedom, seed=0)
    for bound in (1.0, 2.5):
        inside = t.cdf(np.full(comparisons, bound), lower_limit=np.full(comparisons, -bound))
        assert family_error(bound, comparisons, freedom) == pytest.approx(1 - inside, abs=2e-3)


def test_what_a_seed_does_to_all_arms_drops_out():
    random = np.random.default_rng(1)
    values = random.normal(size=(5, 4))
    shifted = values + 100.0 * random.normal(size=4)
    for one, other in zip(compare_with(values[0], values[1:]), compare_with(shifted[0], shifted[1:]), strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_an_arm_that_spreads_more_is_judged_by_its_own_spread():
    random = np.random.default_rng(2)
    control = random.normal(size=5)
    calm = [control + 0.1 * random.normal(size=5) for _ in range(6)]
    wild = control + 5.0 * random.normal(size=5)
    *_, last = compare_with(control, [*calm, wild])
    own = scipy.stats.sem(wild - control)
    assert 4 < last.freedom < 8  # its own five repeats have 4 degrees of freedom, all arms together 28
    assert (last.high - last.low) / 2 == pytest.approx(critical_value(7, last.freedom) * own, rel=1e-6)


@pytest.mark.parametrize(
    ("arms", "spread", "count"),
    [(6, 1.0, 40), *(pytest.param(12, k, 150, marks=pytest.mark.thorough) for k in (1.0, 3.0))],
)
def test_false_alarms_where_nothing_differs(arms, spread, count):
    """Comparisons of equal arms with seeds that matter; in the last case one arm spreads thrice as much."""
    random, alarms, found = np.random.default_rng(3), 0, 0
    for _ in range(count):
        values = random.normal(size=(arms, 4))
        values[-1] *= spread
        values += 2.0 * random.normal(size=4)
        alarms += any(each.p < 0.05 for each in compare_with(values[0], values[1:]))
        values[1] += 3.5
        found += compare_with(values[0], values[1:])[0].p < 0.05
    assert alarms / count <= 0.1
    assert found / count > 0.7


@pytest.mark.parametrize(
    ("control", "samples", "tested"),
    [
        ([0.5, 0.6], [[0.5, NAN], [0.5, 0.7]], [False, True]),
        ([0.5, NAN], [[0.5, 0.6]], [False]),
        ([0.5], [[0.5]], [False]),
        ([0.5, 0.6], [[math.inf, 0.6]], [False]),
        ([0.5, 0.6], [], []),
    ],
)
def test_what_cannot_be_tested(control, samples, tested):
    found = compare_with(control, samples)
    assert [math.isfinite(difference.p) for difference in found] == tested
    assert [math.isfinite(difference.high - difference.low) for difference in found] == tested


def test_those_left_out_do_not_change_the_others():
    control, sample = [0.5, 0.6, 0.55], [0.7, 0.72, 0.69]
    assert compare_with(control, [[NAN, 0.1, 0.1], sample])[1] == compare_with(control, [sample])[0]


def test_without_any_spread_nothing_is_certain():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same, other = compare_with([0.1, 0.1, 0.1], [[0.1, 0.1, 0.1], [0.3, 0.3, 0.3]])
    assert same[:3] == pytest.approx((1.0, 0.0, 0.0))
    assert all(math.isnan(value) for value in other[:3])


@pytest.mark.thorough
def test_scores_that_are_rounded_to_the_same_difference_are_no_proof():
    examples, random, alarms = 360, np.random.default_rng(0), {0.0: 0, 1 / 360: 0}
    for _ in range(1000):
        scores = np.round(random.normal(0.97, 0.004, (2, 2)) * examples) / examples
        for resolution in alarms:
            (difference,) = compare_with(scores[0], [scores[1]], resolution=resolution)
            alarms[resolution] += difference.p < 0.05
    assert alarms[1 / examples] <= 1000 * (0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000))
    (difference,) = compare_with([0.9, 0.95], [[0.9 + 1 / examples, 0.95 + 1 / examples]], resolution=1 / examples)
    assert difference.p > 0.05
    assert difference.low < 0 < difference.high
    (difference,) = compare_with([0.6, 0.6], [[0.9, 0.9]], resolution=1 / examples)
    assert difference.p < 0.05
