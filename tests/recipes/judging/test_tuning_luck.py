"""The spread between repeats that share tunings, and between repeats with splits of their own."""

import math

import numpy as np
import pytest
import scipy.stats

from recipes.judging.dunnett import compare_with
from recipes.judging.noise import Noise, noise_of_examples
from recipes.judging.tuning_luck import pooled_spread


def residuals_of(values):
    return values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()


@pytest.mark.parametrize("tunings", [[], [0, 0, 0, 0], [0, 1, 2, 3]])
def test_one_tuning_or_one_for_each_repeat_is_the_usual_residual_variance(tunings):
    residuals = residuals_of(np.random.default_rng(0).normal(size=(5, 4)))
    assert pooled_spread(residuals, tunings) == pytest.approx(((residuals**2).sum() / 12, 12))


def test_balanced_tunings_count_as_repeats():
    """Where tunings differ, the variance of the mean is that of the means of the tunings: a textbook nested design."""
    random = np.random.default_rng(1)
    luck = np.repeat(random.normal(size=(4, 3)), 4, axis=1)
    values = luck + 0.1 * random.normal(size=(4, 12))
    found = pooled_spread(residuals_of(values), np.repeat([5, 2, 9], 4))
    blocks = residuals_of(values.reshape(4, 3, 4).mean(axis=2))
    assert found.variance / 12 == pytest.approx((blocks**2).sum() / 6 / 3)
    assert found.freedom == pytest.approx(6)


@pytest.mark.parametrize(
    ("tunings", "luck"),
    [([0, 1, 1], 1.0), *(pytest.param([0, 1, 1, 3, 3], k, marks=pytest.mark.thorough) for k in (0, 3))],
)
def test_false_words_where_tuning_is_luck(tunings, luck):
    random, false, shared = np.random.default_rng(2), 0, 0
    places = [tunings.index(number) for number in tunings]
    for _ in range(150):
        values = random.normal(size=(6, len(tunings))) + luck * random.normal(size=(6, len(tunings)))[:, places]
        false += any(found.p < 0.05 for found in compare_with(values[0], values[1:], tunings=tunings))
        values = random.normal(size=(6, len(tunings))) + luck * random.normal(size=(6, 1))
        shared += any(found.p < 0.05 for found in compare_with(values[0], values[1:]))
    assert false / 150 <= 0.08
    assert shared / 150 > 0.2 or luck == 0


def test_the_corrected_resampled_t_test():
    """Nadeau and Bengio 2003, equation 9, where nothing is known of the examples."""
    control, sample = np.random.default_rng(3).normal(size=(2, 10))
    (found,) = compare_with(control, [sample], overlap=0.25)
    differences = sample - control
    t = differences.mean() / math.sqrt((1 / 10 + 0.25) * differences.var(ddof=1))
    assert found.p == pytest.approx(2 * scipy.stats.t.sf(abs(t), 9), abs=1e-4)


def test_the_noise_of_the_examples_averages_out_over_the_folds():
    random = np.random.default_rng(4)
    control = random.normal(size=10)
    sample = control + random.normal(size=10)
    of_examples = Noise(1.5, 0.01)
    (five,) = compare_with(control[:5], [sample[:5]], noises=[of_examples], overlap=0.25)
    (ten,) = compare_with(control, [sample], noises=[of_examples], overlap=0.25)
    for found in (five, ten):
        assert found.of_examples >= 1.25 * 1.5 / 5  # all examples have been tested: more repeats do not help
    assert found.of_repeats >= 0


@pytest.mark.thorough
@pytest.mark.parametrize(("examples", "arms", "size", "repeats"), [(300, 2, 5, 3), (600, 6, 20, 5), (300, 6, 10, 10)])
def test_false_words_where_the_splits_are_drawn_anew(examples, arms, size, repeats):
    """Least squares on inputs that are equally good; each repeat holds out another fold."""
    random, false = np.random.default_rng(5), 0
    for _ in range(200):
        x = random.normal(size=(examples, arms * size))
        y = np.sign(x.sum(axis=1) / math.sqrt(arms * size) + 0.3 * random.normal(size=examples))
        right = []
        for number in range(repeats):
            if number % 5 == 0:
                folds = np.array_split(random.permutation(examples), 5)
            held, train = folds[number % 5], np.setdiff1d(np.arange(examples), folds[number % 5])
            parts = [x[:, arm * size : (arm + 1) * size] for arm in range(arms)]
            weights = [np.linalg.lstsq(part[train], y[train], rcond=None)[0] for part in parts]
            right.append([np.sign(part[held] @ w) == y[held] for part, w in zip(parts, weights, strict=True)])
        differences = [[1.0 * row[arm] - row[0] for row in right] for arm in range(1, arms)]
        noises = [[noise_of_examples(each[np.newaxis], 5 / examples) for each in arm] for arm in differences]
        means = [Noise(*np.mean(arm, axis=0) / [1, repeats]) for arm in noises]
        scores = np.array([[answers.mean() for answers in row] for row in right]).T
        found = compare_with(scores[0], scores[1:], resolution=5 / examples, noises=means, overlap=0.25)
        false += any(difference.p < 0.05 for difference in found)
    assert false / 200 <= 0.08
