"""Whole groups on either side, beside scikit-learn's splitters of the same purpose."""

import numpy as np
import pytest
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from callbacks.checks import InvalidArgument
from recipes.data.splitting.group_splits import carve_groups, group_folds


def problem(seed, groups=40, classes=3, pure=False):
    """(groups, labels) of groups of 1 to 20 examples; each of one class if ``pure``."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 21, groups)
    codes = random.permutation(np.repeat(np.arange(groups), sizes))
    labels = (codes if pure else np.arange(len(codes))) % classes
    return codes, labels


def unevenness(labels, held):
    """How far the shares of the classes that are held out are apart."""
    shares = np.bincount(labels[held], minlength=labels.max() + 1) / np.bincount(labels)
    return np.abs(shares - len(held) / len(labels)).max()


def assert_apart(groups, staying, held):
    assert np.array_equal(np.sort(np.concatenate([staying, held])), np.arange(len(groups)))
    assert not set(groups[staying].tolist()) & set(groups[held].tolist())


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_groups_are_whole_shares_are_met_and_classes_even(seed, fraction, pure):
    groups, labels = problem(seed, pure=pure)
    staying, held = carve_groups("test", fraction, seed, groups, labels)
    assert_apart(groups, staying, held)
    assert abs(len(held) / len(groups) - fraction) < 0.05
    splitter = GroupShuffleSplit(50, test_size=fraction, random_state=seed)
    theirs = [unevenness(labels, other) for _, other in splitter.split(labels, labels, groups)]
    assert unevenness(labels, held) < np.median(theirs)  # those of scikit-learn look at no class
    folds = StratifiedGroupKFold(round(1 / fraction), shuffle=True, random_state=seed).split(labels, labels, groups)
    assert unevenness(labels, held) <= max(unevenness(labels, other) for _, other in folds) + 0.02


def test_without_classes_the_share_is_met_as_well_as_groups_allow():
    groups, _ = problem(1)
    staying, held = carve_groups("test", 0.3, 0, groups)
    assert_apart(groups, staying, held)
    assert abs(len(held) - 0.3 * len(groups)) <= 1


def test_a_group_that_alone_has_a_class_stays():
    groups = np.repeat(np.arange(10), 10)
    labels = np.where(groups == 7, 1, 0)
    for seed in range(20):
        staying, _ = carve_groups("test", 0.5, seed, groups, labels)
        assert 7 in groups[staying]


def test_the_same_for_ever():
    assert carve_groups("test", 0.25, 7, np.arange(12) // 2)[1].tolist() == [6, 7]
    labels = np.arange(12) // 2 % 2
    first, again, other = (
        carve_groups("test", 0.3, seed, np.arange(12) // 2, labels)[1].tolist() for seed in (0, 0, 3)
    )
    assert first == again != other


@pytest.mark.parametrize("stratified", [True, False])
def test_folds_hold_out_every_group_once(stratified):
    groups, labels = problem(2)
    folds = group_folds(4, 0, groups, labels if stratified else None)
    assert np.array_equal(np.sort(np.concatenate([held for _, held in folds])), np.arange(len(groups)))
    for staying, held in folds:
        assert_apart(groups, staying, held)
        assert abs(len(held) / len(groups) - 0.25) < 0.1
    expected = StratifiedGroupKFold(4, shuffle=True, random_state=0)
    strata = labels if stratified else np.zeros(len(groups), int)
    for (_, held), (_, theirs) in zip(folds, expected.split(strata, strata, groups), strict=True):
        assert np.array_equal(held, theirs)


def test_what_cannot_be_divided_is_refused():
    with pytest.raises(InvalidArgument, match="groups must be 2 or more different groups, to hold out 'test'"):
        carve_groups("test", 0.2, 0, np.zeros(9, int))
    with pytest.raises(InvalidArgument, match="groups of which 2 or more have the same class, to hold out 'test'"):
        carve_groups("test", 0.2, 0, np.arange(8) // 4, np.arange(8) // 4)
    with pytest.raises(InvalidArgument, match="folds must be at most the number of groups, 3"):
        group_folds(4, 0, np.arange(9) // 3)
    with pytest.raises(InvalidArgument, match="test must be a number"):
        carve_groups("test", 1.5, 0, np.arange(9))
