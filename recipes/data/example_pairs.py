"""pairs: batches of pairs of examples, and whether both are of the same class."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice, check_integer
from .assembly import SPLITS
from .batching import gather_rows, in_order, shuffled
from .dataset import Data

__all__ = ["pairs"]


@checked
def pairs(
    data: Data,
    split: str = "train",
    *,
    seed: int | None = None,
    batch_size: int | None = None,
    first_epoch: int = 0,
) -> tf.data.Dataset:
    """Batches of pairs of examples, every other pair of the same class: what :func:`recipes.siamese` learns from.

    Every example is on the left of one pair, reshuffled in each epoch. The right example is drawn, alternately, from
    the other examples of the same class and from all other classes. The only example of a class is never on the left.
    Sample weights do not count.

    "train" has new pairs at every iteration; iteration k (an epoch) depends only on the seed and on k. "validation" and
    "test" have the same pairs at every iteration.

    Args:
        data: data with classes, from :func:`recipes.load`.
        split: "train" (default), "validation" or "test".
        seed: seed of the pairs; None (default) for the data's own.
        batch_size: pairs per batch; None (default) for the data's own in "train", and 1,024 or fewer in the others.
        first_epoch: number of the first iteration's pairs in "train", from 0.

    Returns:
        A dataset of ``({"left": x, "right": x}, same)`` of known cardinality, x of shape (batch, *input_shape) and
        ``same`` int64 of shape (batch,): 1 for the same class, 0 for different ones. "train" has only full batches of
        static shape; the others yield every pair.

    Raises:
        InvalidArgument: for a regression, an unknown split, numbers out of range, or a split without two classes, one
            of them with two examples.

    Source: Bromley et al. 1993; as many pairs of either kind: Koch et al. 2015.

    Example:
        >>> data = Data.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2, batch_size=4)
        >>> for x, same in pairs(data):
        ...     print(x["left"].shape, x["right"].shape, same.numpy())
        (4, 2) (4, 2) [1 0 1 0]
        (4, 2) (4, 2) [1 0 1 0]
        (4, 2) (4, 2) [1 0 1 0]
    """
    if not isinstance(data, Data):
        raise InvalidArgument("data", data, "what recipes.load(name) or recipes.Data.from_arrays(x, y) returns")
    if data.spec.task not in ("binary", "multiclass"):
        raise InvalidArgument("data", data.spec.name, f"data with classes, not {data.spec.task}")
    if data.spec.record:
        raise InvalidArgument(
            "data", data.spec.name, "data of one array, not records, which are inputs by name already"
        )
    check_choice("split", split, SPLITS)
    training = split == "train"
    if batch_size is None:
        batch_size = data.batch_size if training else data.evaluation_batch_size
    batch_size = check_integer("batch_size", batch_size, low=1)
    first_epoch = check_integer("first_epoch", first_epoch, low=0)
    seed = check_integer("seed", data.settings["seed"] if seed is None else seed, low=0, high=2**32 - 1)
    x, _ = data.on_device(split)
    with tf.init_scope(), tf.device("CPU:0"):
        partners = _Partners(data.arrays(split)[1], split)

        def gather(left: Any, right: Any, same: Any) -> Any:
            return {"left": gather_rows(x, left), "right": gather_rows(x, right)}, same

        lefts = partners.lefts
        if training:
            size = min(batch_size, int(lefts.shape[0]))

            def pair(left: Any, seeds: Any) -> Any:
                number = tf.ensure_shape(seeds[1], ())  # of the batch, counted over all epochs
                same = (tf.range(size, dtype=tf.int64) + number * size + 1) % 2
                return gather(left, partners.draw(left, same, tf.stack([seed, number])), same)

            # `shuffled` also yields the left examples as labels, which are dropped.
            dataset = shuffled(lefts, lefts, batch_size, seed, first_epoch=first_epoch, augment=pair)
            return dataset.map(lambda batch, _: batch).prefetch(2)
        order = tf.random.experimental.stateless_shuffle(lefts, seed=[seed, 0])
        same = (tf.range(order.shape[0], dtype=tf.int64) + 1) % 2
        right = partners.draw(order, same, tf.constant([seed, 0], tf.int64))
        chosen = in_order(tf.stack([order, right], axis=1), same, batch_size)
        return chosen.map(lambda both, same: gather(both[:, 0], both[:, 1], same)).prefetch(2)


class _Partners:
    """Draws the partners of examples.

    ``_sorted`` has the examples sorted by class, so that a class is one stretch of it. A partner of the same class lies
    some steps further within the stretch, and one of another class some steps beyond its end, both cyclically.
    """

    def __init__(self, y: np.ndarray, split: str):
        y = y.reshape(-1).astype("int64")
        counts = np.bincount(y)
        if np.count_nonzero(counts) < 2 or counts.max() < 2:
            accepted = f"one with examples of two classes in {split!r}, and two of the same"
            raise InvalidArgument("data", counts.tolist(), accepted)
        order = np.argsort(y, kind="stable")
        position = np.empty_like(order)
        position[order] = np.arange(len(y))
        starts = np.cumsum(counts) - counts
        self._total = len(y)
        self._sorted, self._position = tf.constant(order), tf.constant(position)
        self._start, self._count = tf.constant(starts[y]), tf.constant(counts[y])
        self.lefts = tf.constant(np.flatnonzero(counts[y] > 1))
        """The examples with a partner of their class."""

    def draw(self, left: Any, same: Any, seed: Any) -> Any:
        """Draws a partner for each of ``left``, of the same class where ``same`` is 1.

        Args:
            left: numbers of examples, shape (n,).
            same: 0 or 1, shape (n,).
            seed: two integers.
        """
        position, start, count = (tf.gather(table, left) for table in (self._position, self._start, self._count))
        choices = tf.where(same == 1, count - 1, self._total - count)
        steps = tf.random.stateless_uniform(tf.shape(left), seed, dtype=tf.float64) * tf.cast(choices, tf.float64)
        steps = tf.cast(steps, tf.int64)
        within = start + (position - start + 1 + steps) % count
        beyond = (start + count + steps) % self._total
        return tf.gather(self._sorted, tf.where(same == 1, within, beyond))
