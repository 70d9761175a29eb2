"""Cuts in time, beside scikit-learn's TimeSeriesSplit."""

import numpy as np
import pytest
from sklearn.model_selection import TimeSeriesSplit

from callbacks.checks import InvalidArgument
from recipes.data.splitting.time_splits import carve_latest, forward_folds

DAYS = np.datetime64("2019-01-01") + np.random.default_rng(0).permutation(50)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_the_latest_are_held_out(fraction):
    staying, held = carve_latest("test", fraction, DAYS)
    assert DAYS[staying].max() < DAYS[held].min()
    assert len(held) == round(50 * fraction)
    assert np.array_equal(np.sort(np.concatenate([staying, held])), np.arange(50))


def test_examples_of_the_same_time_stay_together():
    times = np.array([3, 1, 1, 1, 1, 2, 2, 2, 3, 3])
    assert carve_latest("test", 0.2, times)[1].tolist() == [0, 8, 9]
    assert carve_latest("test", 0.5, times)[1].tolist() == [0, 5, 6, 7, 8, 9]


def test_groups_stay_whole_at_the_nearest_cut():
    times, groups = np.arange(10), np.array([0, 1, 0, 1, 2, 3, 3, 2, 4, 4])
    assert carve_latest("test", 0.3, times, groups)[1].tolist() == [8, 9]
    assert carve_latest("test", 0.5, times, groups)[1].tolist() == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("size", [12, 23, 50])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_folds_are_those_of_scikit_learn_where_all_times_differ(count, size):
    times = np.random.default_rng(size).permutation(size) * 1.5
    order = np.argsort(times)
    theirs = TimeSeriesSplit(count).split(order)
    for (staying, held), (before, after) in zip(forward_folds(count, times), theirs, strict=True):
        assert staying.tolist() == sorted(order[before].tolist())
        assert held.tolist() == sorted(order[after].tolist())


def test_folds_cut_neither_times_nor_groups():
    days = np.repeat(np.arange(20), 7)
    weeks = days // 5
    for groups in (None, weeks):
        folds = forward_folds(3, days, groups)
        for staying, held in folds:
            assert days[staying].max() < days[held].min()
            assert groups is None or not set(weeks[staying].tolist()) & set(weeks[held].tolist())
        assert [len(held) for _, held in folds] == [35, 35, 35]


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(InvalidArgument, match=r"time must be enough different times to hold out 'test'.*='1 different"):
        carve_latest("test", 0.2, np.ones(9))
    with pytest.raises(
        InvalidArgument, match="keep whole groups apart to hold out 'test', but at every cut a group has"
    ):
        carve_latest("test", 0.2, np.arange(9), np.arange(9) % 2)
    with pytest.raises(
        InvalidArgument, match=r"enough different times for 3 folds. Received: time='3 different times'"
    ):
        forward_folds(3, np.arange(9) // 3)
