import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.splitting.splits import carve, folds_of


@pytest.mark.parametrize("fraction", [0.08, 0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("sizes", [[100, 100], [101, 59, 33, 7], [500, 2, 3, 5], [13] * 10])
def test_stratified_within_one_example(fraction, sizes):
    labels = np.random.RandomState(1).permutation(np.repeat(np.arange(len(sizes)), sizes))
    staying, held = carve("validation", fraction, 0, labels=labels)
    assert np.array_equal(np.sort(np.concatenate([staying, held])), np.arange(len(labels)))
    counts = np.bincount(labels[held], minlength=len(sizes))
    assert np.all(np.abs(counts - np.array(sizes) * fraction) <= 1)
    assert abs(len(held) - fraction * len(labels)) <= max(1, (fraction > 0.5) * len(sizes))
    assert np.all(np.bincount(labels[staying], minlength=len(sizes)) >= 1)


def test_uniform_without_labels():
    staying, held = carve("test", 0.25, 3, count=10)
    assert len(held) == 2
    assert np.array_equal(np.sort(np.concatenate([staying, held])), np.arange(10))


def test_same_seed_same_split_other_seed_other_split():
    labels = np.arange(100) % 4
    first, again, other = (carve("validation", 0.2, seed, labels=labels)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_stays_the_same_for_ever():
    assert carve("test", 0.3, 7, labels=np.arange(20) % 2)[1].tolist() == [0, 3, 5, 7, 10, 16]
    assert carve("test", 0.3, 7, count=10)[1].tolist() == [0, 5, 8]


def test_errors():
    with pytest.raises(InvalidArgument, match=r"validation .* class 'rare' has only 1. Received: validation=0.2"):
        carve("validation", 0.2, 0, labels=np.array([0] * 9 + [1]), class_names=("common", "rare"))
    with pytest.raises(InvalidArgument, match=r"each of the 5 classes .of 20 examples it holds out 2"):
        carve("validation", 0.1, 0, labels=np.arange(20) % 5)
    with pytest.raises(InvalidArgument, match="2 or more examples"):
        carve("test", 0.1, 0, count=1)
    with pytest.raises(InvalidArgument, match="test must be a number"):
        carve("test", 1.0, 0, count=10)


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("sizes", [[100, 100], [101, 59, 33, 7], [13] * 4])
def test_folds_are_stratified_and_disjoint(count, seed, sizes):
    labels = np.random.RandomState(1).permutation(np.repeat(np.arange(len(sizes)), sizes))
    pairs = folds_of(count, seed, labels=labels)
    assert len(pairs) == count
    held = [part for _, part in pairs]
    assert np.array_equal(np.sort(np.concatenate(held)), np.arange(len(labels)))  # each once
    for staying, part in pairs:
        assert np.array_equal(np.sort(np.concatenate([staying, part])), np.arange(len(labels)))
        assert np.array_equal(staying, np.sort(staying))
        assert np.array_equal(part, np.sort(part))
        counts = np.bincount(labels[part], minlength=len(sizes))
        assert np.all(np.abs(counts - np.array(sizes) / count) < 1)


def test_folds_without_labels():
    pairs = folds_of(3, 0, examples=11)
    assert sorted(len(part) for _, part in pairs) == [3, 4, 4]
    assert sorted(np.concatenate([part for _, part in pairs]).tolist()) == list(range(11))
    assert all(not set(staying) & set(part) and len(staying) + len(part) == 11 for staying, part in pairs)


def test_folds_depend_on_the_seed_alone():
    labels = np.arange(60) % 3
    first, again, other = ([part.tolist() for _, part in folds_of(4, seed, labels=labels)] for seed in (0, 0, 1))
    assert first == again != other


def test_too_many_folds():
    with pytest.raises(InvalidArgument, match=r"folds must be at most the number of examples, 3. Received: folds=4"):
        folds_of(4, 0, examples=3)
    with pytest.raises(InvalidArgument, match=r"at most the size of every class, but 'rare' has 2. Received: folds=3"):
        folds_of(3, 0, labels=np.array([0] * 9 + [1] * 2), class_names=("common", "rare"))
    with pytest.raises(InvalidArgument, match="but 5 has 1"):
        folds_of(2, 0, labels=np.array([0] * 9 + [5]))
