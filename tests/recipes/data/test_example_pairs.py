import time

import numpy as np
import pytest
import tensorflow as tf

import recipes
from callbacks.checks import InvalidArgument
from recipes import pairs

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:.*{text}:UserWarning") for text in (" is rare", "alone predicts", "same inputs")
]


def numbered(counts, batch_size=8, **options):
    """Data whose x is (number of the example, its class), with that many examples of each class in "train"."""
    y = np.repeat(np.arange(len(counts)), counts)
    y = np.random.default_rng(0).permutation(y)
    x = np.stack([np.arange(len(y)), y], axis=1).astype("float32")
    others = {"x_validation": x, "y_validation": y, "x_test": x, "y_test": y}
    return recipes.Data.from_arrays(x, y, **others, batch_size=batch_size, **options)


def rows(dataset):
    """All pairs of one pass: (left example, right example, left class, right class, same)."""
    batches = [np.concatenate([x["left"], x["right"], same[:, None]], axis=1) for x, same in dataset]
    return np.concatenate(batches).astype(int)[:, [0, 2, 1, 3, 4]]


@pytest.fixture(scope="module")
def uneven():
    return numbered((40, 9, 3, 28))


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_half_are_of_the_same_class(uneven, split):
    left, right, left_class, right_class, same = rows(pairs(uneven, split)).T
    assert len(same) == 80
    assert sorted(left) == list(range(80))  # each once
    assert (left != right).all()
    np.testing.assert_array_equal(same, left_class == right_class)
    assert same.tolist() == [1, 0] * 40


@pytest.mark.thorough
def test_partners_are_drawn_evenly():
    found = rows(pairs(numbered((4, 3, 5), batch_size=12)).repeat(1000))
    classes = dict(found[:, [0, 2]])
    for left in range(12):
        for same in (0, 1):
            partners = found[(found[:, 0] == left) & (found[:, 4] == same), 1]
            able = [other for other in range(12) if other != left and (classes[other] == classes[left]) == same]
            counts = np.bincount(partners, minlength=12)
            assert np.flatnonzero(counts).tolist() == able
            # about 500 draws: within 5 standard deviations of the same for each
            expected = len(partners) / len(able)
            assert abs(counts[able] - expected).max() < 5 * np.sqrt(expected)


def test_one_that_is_alone_in_its_class_comes_right():
    found = rows(pairs(numbered((1, 5, 6)), "validation"))
    assert len(found) == 11
    assert not (found[:, 2] == 0).any()
    together = np.concatenate([rows(pairs(numbered((1, 5, 6), seed=seed), "validation")) for seed in range(20)])
    assert (together[:, 3] == 0).any()


def test_training_pairs_are_new_in_each_epoch_and_follow_from_the_seed(uneven):
    tf.random.set_seed(1)
    first, second, other = (pairs(uneven, seed=seed) for seed in (3, 3, 4))
    epochs = [rows(first).tolist() for _ in range(3)]
    tf.random.set_seed(2)
    assert epochs == [rows(second).tolist() for _ in range(3)]
    assert len({str(each) for each in epochs}) == 3
    assert rows(other).tolist() != epochs[0]
    resumed = pairs(uneven, seed=3, first_epoch=1)
    assert [rows(resumed).tolist() for _ in range(2)] == epochs[1:]
    partners = [{left: right for left, right, *_, same in each if not same} for each in epochs[:2]]
    assert len({left for left in partners[0] if partners[0][left] == partners[1].get(left)}) < 10


def test_the_seed_by_default_is_that_of_the_data():
    data = numbered((20, 20), seed=5)
    assert rows(pairs(data)).tolist() == rows(pairs(data, seed=5)).tolist()
    assert rows(pairs(data)).tolist() != rows(pairs(data, seed=0)).tolist()


@pytest.mark.parametrize("split", ["validation", "test"])
def test_other_splits_have_fixed_pairs(uneven, split):
    dataset = pairs(uneven, split)
    assert rows(dataset).tolist() == rows(dataset).tolist() == rows(pairs(uneven, split)).tolist()
    assert rows(dataset).tolist() == rows(pairs(uneven, split, batch_size=7)).tolist()
    other = rows(pairs(uneven, split, seed=1))
    assert rows(dataset)[:, 0].tolist() != other[:, 0].tolist()


def test_shapes_and_cardinality(images):
    dataset = pairs(images)
    x, same = dataset.element_spec
    assert {side: (each.shape, each.dtype) for side, each in x.items()} == {
        "left": ((16, 6, 6, 1), tf.uint8),
        "right": ((16, 6, 6, 1), tf.uint8),
    }
    assert (same.shape, same.dtype) == ((16,), tf.int64)
    assert int(dataset.cardinality()) == images.steps_per_epoch == len(list(dataset))
    whole = pairs(images, "test", batch_size=10)
    count = images.settings["counts"]["test"]
    assert int(whole.cardinality()) == -(-count // 10)
    assert sum(len(same) for _, same in whole) == count
    assert pairs(images, batch_size=1000).element_spec[1].shape == (images.settings["counts"]["train"],)


def test_odd_batches_are_half_and_half_over_an_epoch(uneven):
    _, _, left_class, right_class, same = rows(pairs(uneven, batch_size=5)).T
    assert same.sum() == 40
    np.testing.assert_array_equal(same, left_class == right_class)


def test_can_be_made_and_read_inside_a_distribution_scope(uneven):
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        dataset = pairs(uneven, seed=0)
    assert rows(dataset).tolist() == rows(pairs(uneven, seed=0)).tolist()


def test_whole_batches_are_moved():
    """60,000 examples: reading single ones would take tens of seconds."""
    y = np.arange(60_000) % 10
    x = np.zeros((60_000, 8, 8), "uint8")
    dataset = pairs(recipes.Data.from_arrays(x, y, batch_size=128))
    for _ in dataset.take(1):
        pass
    start = time.perf_counter()
    assert sum(len(same) for _, same in dataset) > 40_000
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "training"}, "split must be one of 'train', 'validation', 'test'"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"seed": 0.5}, "seed must be an integer >= 0"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1"),
        ({"first_epoch": -1}, "first_epoch must be an integer >= 0"),
    ],
)
def test_what_is_refused(classes, options, message):
    with pytest.raises(InvalidArgument, match=message):
        pairs(classes, **options)


def test_data_that_have_no_pairs(regression):
    with pytest.raises(InvalidArgument, match="data must be data with classes, not regression"):
        pairs(regression)
    with pytest.raises(InvalidArgument, match=r"data must be what recipes.load\(name\)"):
        pairs("digits")
    x, y = np.zeros((4, 2), "float32"), np.array([0, 1, 2, 2])
    with pytest.warns(UserWarning, match="no example of class '0', '1' in split 'test'"):
        data = recipes.Data.from_arrays(
            x, y, x_validation=x[:3], y_validation=y[:3], x_test=x[2:], y_test=y[2:], task="multiclass"
        )
    assert len(rows(pairs(data))) == 2
    for split in ("validation", "test"):
        with pytest.raises(InvalidArgument, match=f"examples of two classes in '{split}', and two of the same"):
            pairs(data, split)
