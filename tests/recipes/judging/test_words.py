"""The four words, and what would decide what is open, against simulation."""

import math

import numpy as np
import pytest
import scipy.stats

from recipes.judging.dunnett import NOTHING, SAME, Difference, compare_with
from recipes.judging.words import LIKELY, chance_to_decide, needed, word_of
from recipes.metric import ACCURACY, ROOT_MEAN_SQUARED_ERROR


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.001, 0.02, "better"),
        (-0.02, -0.001, "worse"),
        (-0.004, 0.004, "as good"),
        (0.001, 0.004, "as good"),  # a difference that does not matter, however sure
        (-0.001, 0.02, "open"),
        (-0.02, 0.02, "open"),
        (-0.005, 0.005, "as good"),
    ],
)
def test_the_four_words(low, high, word):
    p = 0.01 if low * high > 0 else 0.5
    mirrored = {"better": "worse", "worse": "better"}.get(word, word)
    assert word_of((low + high) / 2, Difference(p, low, high), ACCURACY, 0.05, 0.005) == word
    assert word_of((low + high) / 2, Difference(p, low, high), ROOT_MEAN_SQUARED_ERROR, 0.05, 0.005) == mirrored


def test_what_is_not_known_is_open_and_what_is_the_same_as_good():
    assert word_of(math.nan, NOTHING, ACCURACY, 0.05, 0.005) == "open"
    assert word_of(0.0, SAME, ACCURACY, 0.05, 0.0) == "as good"


@pytest.mark.parametrize("difference", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("half", [0.4, 0.9])
def test_the_chance_of_a_decision(difference, half):
    """Counted over estimates around the true difference."""
    estimates = np.abs(np.random.default_rng(0).normal(difference, 0.35, 200_000))
    counted = np.mean((estimates > half) | (estimates + half < 0.7))
    assert chance_to_decide(difference, 0.35, half, 0.7) == pytest.approx(counted, abs=0.01)


def test_a_wide_margin_decides_whatever_comes():
    assert chance_to_decide(0.3, 0.1, 0.2, 0.5) == 1.0


def test_what_is_needed_is_least_and_enough():
    """More repeats where these make the noise, more examples where those do, and both where neither alone is enough."""
    of_repeats = needed(0.01, Difference(0.2, -0.01, 0.03, 6e-5, 1e-9, 8.0, 5), 3, 0.05, 0.001)
    assert 3 < of_repeats.repeats < 40
    assert of_repeats.examples == math.inf
    of_examples = needed(0.01, Difference(0.2, -0.01, 0.03, 1e-9, 6e-5, 100.0, 5), 3, 0.05, 0.001)
    assert of_examples.repeats == math.inf
    assert 2 < of_examples.examples < 20
    both = needed(0.01, Difference(0.2, -0.01, 0.03, 3e-5, 3e-5, 20.0, 5), 3, 0.05, 0.001)
    assert (both.repeats, both.examples) == (math.inf, math.inf)
    assert 2 < both.both < 20
    assert needed(math.nan, NOTHING, 3, 0.05, 0.001) == (math.inf, math.inf, math.inf)


def test_as_many_repeats_decide_as_often_as_they_should():
    """Two arms, known spread: with the repeats that are suggested, the t-test finds the difference in about 80 %."""
    sd, difference, repeats = 0.01, 0.012, 4
    known = Difference(0.3, 0, 0, 2 * sd**2 / repeats, 0.0, 3.0, 1)
    more = int(needed(difference, known, repeats, 0.05, 0.0).repeats)
    random, found = np.random.default_rng(1), 0
    for _ in range(1000):
        found += scipy.stats.ttest_rel(*random.normal([[0.0], [difference]], sd, (2, more))).pvalue < 0.05
    assert found / 1000 == pytest.approx(LIKELY, abs=0.06)
    (compared,) = compare_with([0.0, 0.01, 0.02], [[0.005, 0.02, 0.021]])
    assert compared.freedom == pytest.approx(2.0)
