"""VectorizedPack: a pack whose members are computed in one step of operations on all of them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ...callbacks.inside.vectorized import vectorized
from ..data.batching import permutation
from ..data.named_arrays import apply
from ..whole_epochs.arrays import Split, as_batch
from .pack import Pack, like

__all__ = ["VectorizedPack"]


class VectorizedPack(Pack):
    """The step of one member is applied to the stacks of all (see :mod:`callbacks.inside.vectorized`).

    The matrix products become batched ones, and all else works on longer arrays: that pays where a step is many small
    operations, as on accelerators and in recurrent networks. Places without a member are computed, too.
    """

    idle_places_cost = True

    def _train_steps(
        self,
        arrays: Split,
        active: tf.Tensor,
        counts: tf.Tensor,
        starts: tf.Tensor,
        orders: tf.Tensor,
        rates: tf.Tensor,
        momenta: tf.Tensor | None,
        start: tf.Tensor,
        stop: tf.Tensor,
        *metrics: tf.Tensor,
        size: int,
    ) -> list[tf.Tensor]:
        self._set_shapes(counts, starts, orders, rates, *([] if momenta is None else [momenta]), *metrics)
        length = size * tf.shape(rates)[1]
        rows = [permutation(counts[member], orders[member])[:length] for member in range(self.size)]
        rows = tf.stack(rows) + starts[:, None]

        def step(number: tf.Tensor, state: list[Any], metrics: list[Any]) -> tuple[Any, ...]:
            batch = _rows_of(arrays, tf.slice(rows, [0, number * size], [self.size, size]))
            live = [rates[:, number], *([] if momenta is None else [momenta[:, number]])]
            arguments = (batch, live, state, metrics)
            changed = vectorized(lambda given: self._train_member(*given), arguments)
            return (number + 1, *tf.nest.map_structure(like, (state, metrics), changed))

        state = [variable.read_value() for variable in self._state]
        _, state, metrics = tf.while_loop(lambda number, *_: number < stop, step, [start, state, [*metrics]])
        for variable, value in zip(self._state, state, strict=True):
            variable.assign(value)
        return list(metrics)

    def _test_steps(
        self,
        arrays: Split,
        active: tf.Tensor,
        counts: tf.Tensor,
        starts: tf.Tensor,
        count: tf.Tensor,
        more: tf.Tensor,
        *,
        size: int,
    ) -> list[tf.Tensor]:
        self._set_shapes(counts, starts)
        state = [variable.read_value() for variable in self._state]
        batches = (count + size - 1) // size

        def test(number: tf.Tensor, metrics: list[Any]) -> tuple[Any, ...]:
            further = number >= batches  # one example of the splits that have it
            first = tf.where(further, count + number - batches, number * size)
            places = first + tf.range(tf.where(further, 1, tf.minimum(size, count - first)))
            places = tf.minimum(places, counts[:, None] - 1) + starts[:, None]
            tested = vectorized(lambda given: self._test_member(*given), (_rows_of(arrays, places), state, metrics))
            has = counts > first
            return number + 1, [
                tf.where(tf.reshape(has, [-1] + [1] * (len(old.shape) - 1)), like(old, new), old)
                for new, old in zip(tested, metrics, strict=True)
            ]

        _, metrics = tf.while_loop(lambda number, _: number < batches + more, test, [tf.constant(0), self._zeros()])
        return metrics

    def _set_shapes(self, *tensors: tf.Tensor) -> None:
        """Tells TensorFlow that the first axis is that of the members."""
        for tensor in tensors:
            tensor.set_shape([self.size, *tensor.shape[1:]])


def _rows_of(arrays: Split, places: tf.Tensor) -> tuple[Any, ...]:
    """The examples of a batch of each member: x, y and perhaps weights, of shapes (members, batch, ...)."""
    x, y, weights = arrays
    taken = None if weights is None else tf.gather(weights, places)
    return as_batch(apply(lambda array: tf.gather(array, places), x), tf.gather(y, places), taken)
