import numpy as np
import pytest
import tensorflow as tf

from recipes.data.batching import in_order, shuffled


def labels(dataset):
    return [y.numpy().tolist() for _, y in dataset]


def flat(dataset):
    return [label for batch in labels(dataset) for label in batch]


def make(count=50, batch=8, seed=0, **options):
    values = tf.range(count, dtype=tf.int64)
    return shuffled(tf.stack([values, values * 2], axis=1), values, batch, seed, **options)


def test_in_order_gives_all_in_order():
    values = tf.range(10)
    dataset = in_order(values, values, 4)
    assert labels(dataset) == labels(dataset) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert int(dataset.cardinality()) == 3


def test_shuffled_is_without_replacement_and_pairs_stay_together():
    dataset = make(48)
    for x, y in dataset:
        assert np.array_equal(x[:, 1], y * 2)
    assert sorted(flat(dataset)) == list(range(48))


def test_every_iteration_has_another_order():
    dataset = make(48)
    orders = [flat(dataset) for _ in range(4)]
    assert len({tuple(order) for order in orders}) == 4
    assert all(order != sorted(order) for order in orders)


def test_order_depends_on_the_seed_alone():
    tf.random.set_seed(1)
    first = make(seed=0)
    tf.random.set_seed(2)
    second, other = make(seed=0), make(seed=1)
    sequence = [labels(first) for _ in range(3)]
    assert sequence == [labels(second) for _ in range(3)]
    assert sequence[0] != labels(other)


def test_first_epoch_goes_on_where_another_was():
    unbroken, resumed = make(), make(first_epoch=2)
    sequence = [labels(unbroken) for _ in range(4)]
    assert [labels(resumed) for _ in range(2)] == sequence[2:]


def test_repeat_draws_a_new_order_each_time():
    twice = labels(make(16, 8).repeat(2))
    assert len(twice) == 4
    assert twice[:2] != twice[2:]


@pytest.mark.parametrize(("count", "steps", "batch"), [(50, 6, 8), (48, 6, 8), (5, 1, 5)])
def test_full_batches_of_static_shape_and_known_cardinality(count, steps, batch):
    dataset = make(count)
    assert dataset.element_spec[0].shape == (batch, 2)
    assert dataset.element_spec[1].shape == (batch,)
    assert int(dataset.cardinality()) == steps == len(labels(dataset))


def test_what_is_dropped_differs_between_epochs():
    dataset = make(50)
    dropped = [tuple(sorted(set(range(50)) - set(flat(dataset)))) for _ in range(4)]
    assert all(len(left) == 2 for left in dropped)
    assert len(set(dropped)) > 1


def test_without_dropping_all_are_there():
    dataset = make(50, drop_remainder=False)
    assert sorted(flat(dataset)) == list(range(50))
    assert int(dataset.cardinality()) == 7


def test_can_be_made_and_read_inside_a_distribution_scope():
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        dataset = make(16)
    assert labels(dataset) == labels(make(16))


def test_no_thread_of_tensorflow_waits_when_an_iterator_is_dropped():
    values = tf.range(10)
    for dataset in (in_order(values, values, 4), in_order(values, values, 16), make(), make().map(lambda x, y: y)):
        assert dataset.options().autotune.enabled is False
