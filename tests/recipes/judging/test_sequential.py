"""Levels of repeated looks, against the published bounds of Lan and DeMets and a simulated random walk."""

import numpy as np
import pytest
import scipy.stats

from callbacks.checks import InvalidArgument
from recipes.judging.sequential import looks_until, nominal_levels


@pytest.mark.parametrize(
    ("looks", "bounds"),
    # of the spending function that resembles Pocock's: Lan and DeMets 1983; Jennison and Turnbull 2000, chapter 7
    [
        (1, [1.96]),
        (2, [2.157, 2.201]),
        (5, [2.438, 2.427, 2.410, 2.397, 2.386]),
    ],
)
def test_published_bounds(looks, bounds):
    levels = nominal_levels([(k + 1) / looks for k in range(looks)])
    assert scipy.stats.norm.isf(np.array(levels) / 2) == pytest.approx(bounds, abs=1e-3)


@pytest.mark.parametrize("level", [0.05, 0.2])
def test_all_looks_together_keep_the_level(level):
    looks = looks_until(3, 27)
    levels = nominal_levels([look / looks[-1] for look in looks], level)
    walks = np.random.default_rng(0).normal(size=(40_000, looks[-1])).cumsum(axis=1)
    statistics = walks[:, np.array(looks) - 1] / np.sqrt(looks)
    crossed = (2 * scipy.stats.norm.sf(np.abs(statistics)) < levels).any(axis=1).mean()
    assert crossed == pytest.approx(level, abs=0.005)


def test_the_first_looks_do_not_depend_on_the_later_ones():
    assert nominal_levels([0.1, 0.4, 1.0])[:2] == pytest.approx(nominal_levels([0.1, 0.4]))


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.0, 1.0], [0.5, 1.1], [-0.1]])
def test_shares_that_do_not_ascend(shares):
    with pytest.raises(InvalidArgument, match="shares must be ascending"):
        nominal_levels(shares)


def test_each_look_has_half_as_many_repeats_again():
    assert looks_until(3, 27) == [3, 5, 8, 12, 18, 27]
    assert looks_until(3, 4) == [3, 4]
    assert looks_until(3, 3) == [3]
