"""The noise of a finite test split: a two-way analysis by hand, and planted components."""

import math

import numpy as np
import pytest
import scipy.stats

from recipes.judging.dunnett import compare_with
from recipes.judging.noise import NO_NOISE, noise_of_examples
from recipes.tuning.judging.samples import DEFAULT_RULE, Rule, Sample, compare_samples


def planted(random, repeats, examples, of_repeats, of_examples, rest):
    """Differences with these standard deviations of their three parts."""
    return (
        of_repeats * random.normal(size=(repeats, 1))
        + of_examples * random.normal(size=examples)
        + rest * random.normal(size=(repeats, examples))
    )


def test_the_mean_squares_of_a_two_way_table():
    """Against the textbook's sums of squares."""
    d = np.random.default_rng(0).normal(size=(3, 7))
    rows, columns, mean = d.mean(axis=1), d.mean(axis=0), d.mean()
    of_examples = 3 * ((columns - mean) ** 2).sum() / 6
    total = ((d - mean) ** 2).sum()
    rest = (total - 7 * ((rows - mean) ** 2).sum() - 3 * ((columns - mean) ** 2).sum()) / 12
    assert noise_of_examples(d).variance == pytest.approx(max(0.0, of_examples - rest) / 21)


def test_planted_components_are_found():
    """On average over tables; the noise between repeats, which is larger, is not in it."""
    random = np.random.default_rng(1)
    found = [noise_of_examples(planted(random, 4, 200, 3.0, 1.0, 2.0)).variance for _ in range(300)]
    assert np.mean(found) == pytest.approx(1.0 / 200, rel=0.1)


def test_a_single_repeat_holds_the_rest_too():
    d = np.random.default_rng(2).normal(size=(1, 50))
    assert noise_of_examples(d).variance == pytest.approx(d.var(ddof=1) / 50)


@pytest.mark.parametrize("differing", [1, 4, 20])
def test_few_examples_that_differ_leave_few_degrees_of_freedom(differing):
    d = np.zeros((1, 1000))
    d[0, :differing] = 1.0
    noise = noise_of_examples(d, resolution=1e-3)
    assert noise.variance == pytest.approx(differing / 1000**2, rel=0.03)
    assert noise.variance**2 / noise.doubt == pytest.approx(2 * differing, rel=0.1)


def test_where_no_example_differs_one_might():
    assert noise_of_examples(np.zeros((3, 100)), resolution=0.01).variance == 0.01**2
    assert noise_of_examples(np.zeros((3, 100))) == NO_NOISE
    assert noise_of_examples(np.ones((3, 1))) == NO_NOISE


def test_the_interval_of_one_difference_is_mcnemars():
    """One repeat of two classifiers, whose seeds make no noise: p close to that of the exact test."""
    right = np.ones((2, 400))
    right[0, :18], right[1, 18:24] = 0.0, 0.0  # 18 against 6 of the 24 examples that differ
    samples = [
        Sample((1, 2, 3), [row.mean()] * 3, [k] * 3, dict.fromkeys((1, 2, 3), row)) for k, row in enumerate(right)
    ]
    found = compare_samples(samples[0], {"other": samples[1]}, Rule(resolution=1 / 400))["other"]
    assert found.p == pytest.approx(scipy.stats.binomtest(6, 24).pvalue, abs=0.02)
    assert found.low < 12 / 400 < found.high


@pytest.mark.parametrize(("repeats", "examples"), [(3, 60), pytest.param(10, 300, marks=pytest.mark.thorough)])
def test_intervals_hold_both_kinds_of_noise(repeats, examples):
    """Two equal arms on fresh test examples: the interval misses 0 in about 5 %; of repeats alone, far more often."""
    random, missed = np.random.default_rng(3), {True: 0, False: 0}
    for _ in range(200):
        contributions = [planted(random, repeats, examples, 0.05, 1.0, 1.0) for _ in range(2)]
        seeds = range(repeats)
        for known in missed:
            samples = [
                Sample(seeds, list(c.mean(axis=1)), list(c[:, 0]), dict(enumerate(c)) if known else {})
                for c in contributions
            ]
            missed[known] += compare_samples(samples[0], {"a": samples[1]}, DEFAULT_RULE)["a"].p < 0.05
    assert missed[True] / 200 <= 0.08
    assert missed[False] / 200 > 0.12


def test_the_interval_of_a_mean_holds_both():
    random = np.random.default_rng(4)
    c = planted(random, 5, 40, 0.3, 1.0, 1.0)
    scores = list(c.mean(axis=1))
    narrow = Sample(range(5), scores, scores).interval(DEFAULT_RULE)
    wide = Sample(range(5), scores, scores, dict(enumerate(c))).interval(DEFAULT_RULE)
    expected = scipy.stats.t.interval(0.95, 4, np.mean(scores), scipy.stats.sem(scores))
    assert narrow == pytest.approx(expected)
    # Resampled over both, as the pigeonhole bootstrap does, which counts the rest once more.
    means = []
    for _ in range(2000):
        rows, columns = random.integers(5, size=5), random.integers(40, size=40)
        means.append(c[np.ix_(rows, columns)].mean())
    half = (wide[1] - wide[0]) / 2
    assert scipy.stats.sem(scores) * 1.96 < half < 2.3 * np.std(means) * scipy.stats.t.ppf(0.975, 4) / 1.96


def test_repeats_without_outcomes_are_left_out_of_the_noise():
    c = np.random.default_rng(5).normal(size=(2, 4, 30))
    samples = [Sample(range(4), list(part.mean(axis=1)), list(part[:, 0]), dict(enumerate(part))) for part in c]
    partial = Sample(range(4), samples[1].scores, samples[1].losses, {2: c[1][2], 3: c[1][3]})
    found = compare_samples(samples[0], {"a": partial}, DEFAULT_RULE)["a"]
    assert found.of_examples == pytest.approx(noise_of_examples(c[1][2:] - c[0][2:]).variance)
    (alone,) = compare_with(samples[0].scores, [partial.scores])
    assert found.of_repeats == pytest.approx(alone.of_repeats)
    assert math.isfinite(found.p)


def test_the_luck_of_tuning_counts_where_one_of_both_is_tuned():
    scores = [[0.90, 0.91, 0.90, 0.91, 0.90, 0.91], [0.92, 0.97, 0.96, 0.88, 0.87, 0.89]]
    seeds, tunings = range(1, 7), (0, 1, 1, 3, 3, 3)

    def half(*of_each):
        control, other = (Sample(seeds, s, s, tunings=t) for s, t in zip(scores, of_each, strict=True))
        found = compare_samples(control, {"other": other}, Rule())["other"]
        return found.high - found.low

    once = (0,) * 6
    assert half(once, tunings) == half(tunings, once) == half(tunings, tunings)
    assert half(once, once) == half((), ()) != half(once, tunings)
