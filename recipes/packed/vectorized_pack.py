"""VectorizedPack: a pack whose members are computed in one step of operations on all of them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ...callbacks.inside.vectorized import vectorized
from ..data.batching import permutation
from ..data.named_arrays import apply
from ..whole_epochs.arrays import Split, as_batch
from .pack import Pack, Places, like

__all__ = ["VectorizedPack"]


class VectorizedPack(Pack):
    """The step of one member is applied to the stacks of all (see :mod:`callbacks.inside.vectorized`).

    The matrix products become batched ones, and all else works on longer arrays: that pays where a step is many small
    operations, as on accelerators and in recurrent networks. Places without a member are computed, too.
    """

    idle_places_cost = True

    def _trained(
        self, places: Places, orders: tf.Tensor, live: list[Any], batches: tuple[Any, Any], stacks: Any, *, size: int
    ) -> Any:
        start, stop = batches
        length = size * tf.shape(live[0])[1]
        rows = [permutation(places.counts[member], orders[member])[:length] for member in range(self.size)]
        rows = tf.stack(rows) + places.starts[:, None]

        def step(number: tf.Tensor, state: list[Any], metrics: list[Any]) -> tuple[Any, ...]:
            batch = _rows_of(places.arrays, tf.slice(rows, [0, number * size], [self.size, size]))
            arguments = (batch, [values[:, number] for values in live], state, metrics)
            changed = vectorized(lambda given: self._train_member(*given), arguments)
            return (number + 1, *tf.nest.map_structure(like, (state, metrics), changed))

        return tf.while_loop(lambda number, *_: number < stop, step, [start, *stacks])[1:]

    def _tested(self, places: Places, lengths: tuple[Any, Any], state: list[Any], *, size: int) -> list[tf.Tensor]:
        count, more = lengths
        batches = (count + size - 1) // size

        def test(number: tf.Tensor, metrics: list[Any]) -> tuple[Any, ...]:
            further = number >= batches  # one example of the splits that have it
            first = tf.where(further, count + number - batches, number * size)
            rows = first + tf.range(tf.where(further, 1, tf.minimum(size, count - first)))
            rows = tf.minimum(rows, places.counts[:, None] - 1) + places.starts[:, None]
            arguments = (_rows_of(places.arrays, rows), state, metrics)
            tested = vectorized(lambda given: self._test_member(*given), arguments)
            has = places.counts > first
            return number + 1, [
                tf.where(tf.reshape(has, [-1] + [1] * (len(old.shape) - 1)), like(old, new), old)
                for new, old in zip(tested, metrics, strict=True)
            ]

        _, metrics = tf.while_loop(lambda number, _: number < batches + more, test, [tf.constant(0), self._zeros()])
        return metrics


def _rows_of(arrays: Split, places: tf.Tensor) -> tuple[Any, ...]:
    """The examples of a batch of each member: x, y and perhaps weights, of shapes (members, batch, ...)."""
    x, y, weights = arrays
    taken = None if weights is None else tf.gather(weights, places)
    return as_batch(apply(lambda array: tf.gather(array, places), x), tf.gather(y, places), taken)
