"""Simulated power, against Student's t and Dunnett's test worked out, and counted false words."""

import math

import numpy as np
import pytest
import scipy.stats

from recipes.judging.power import differences_told, power, smallest_told


def test_of_one_comparison_it_is_that_of_the_paired_t_test():
    told = differences_told(spread=1.0, repeats=6)
    for difference in (1.0, 2.0):
        shift, bound = difference / math.sqrt(2 / 6), scipy.stats.t.ppf(0.975, 5)
        assert power(difference, told) == pytest.approx(scipy.stats.nct.sf(bound, 5, shift), abs=0.04)
    assert power(smallest_told(told), told) == pytest.approx(0.8, abs=0.01)
    assert power(0.0, told) == pytest.approx(0.025, abs=0.015)


def test_the_noise_of_the_examples_stays_however_many_repeats():
    few, many = (smallest_told(differences_told(0.0, count, of_examples=1.0)) for count in (3, 30))
    assert few == pytest.approx(many, rel=0.1)
    assert few == pytest.approx(scipy.stats.t.ppf(0.975, 50) + 0.84, rel=0.1)
    one, all_folds = (smallest_told(differences_told(0.0, n, of_examples=1.0, overlap=0.25)) for n in (2, 5))
    assert all_folds < one


def test_shared_tunings_cost_power():
    separate, shared = (power(2.0, differences_told(1.0, 5, tunings=each)) for each in (range(5), [0, 1, 1, 3, 3]))
    assert shared < separate


def test_a_single_repeat_tells_nothing():
    assert np.isinf(differences_told(1.0, 1)).all()
