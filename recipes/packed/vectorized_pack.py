"""VectorizedPack: a pack whose members are computed in one step of operations on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...callbacks.inside.vectorized import vectorized
from ..data.batching import permutation
from ..data.named_arrays import apply
from ..whole_epochs.arrays import Split, as_batch
from ..whole_epochs.compiled import Compiled
from .pack import Pack, Stacked, like

__all__ = ["VectorizedPack"]


class VectorizedPack(Pack):
    """The step of one member is applied to the stacks of all (see :mod:`callbacks.inside.vectorized`).

    The state is kept in stacks, whose first axis is that of the members. Matrix products become batched ones, and all
    else works on longer arrays: that pays where a step is many small operations, as on accelerators and in recurrent
    networks. Places without a member are computed, too.
    """

    idle_places_cost = True

    def __init__(self, model: keras.Model, numbers: Sequence[keras.Variable], size: int, batch_size: int):
        super().__init__(model, numbers, size, batch_size)
        self._state: list[tf.Variable] = []
        self._train, self._test = Compiled(self._train_steps), Compiled(self._test_steps)
        self._results = tf.function(lambda metrics: vectorized(self._results_of_member, metrics), autograph=False)

    def load(self, starts: Mapping[int, Sequence[np.ndarray]]) -> None:
        first = next(iter(starts.values()))
        stacks = [
            np.stack(of_all) for of_all in zip(*(starts.get(place, first) for place in range(self.size)), strict=True)
        ]
        if not self._state:
            self._state = [tf.Variable(stack, trainable=False) for stack in stacks]
            return
        for variable, stack in zip(self._state, stacks, strict=True):
            variable.assign(stack)

    def values(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in self._state]

    def train(
        self,
        data: Stacked,
        split: np.ndarray,
        orders: np.ndarray,
        rates: np.ndarray,
        momenta: np.ndarray | None,
        *,
        active: np.ndarray | None = None,
        stride: int,
    ) -> list[dict[str, float]]:
        steps = rates.shape[1]
        places = data.counts[split], data.starts[split]
        fixed = (data.arrays, *places, tf.constant(orders, tf.int64))
        tables = [None if values is None else tf.constant(values, tf.float32) for values in (rates, momenta)]
        metrics = self._zeros()
        for start in range(0, steps, stride):
            bounds = tf.constant(start), tf.constant(min(start + stride, steps))
            metrics = self._train(*fixed, *tables, *bounds, *metrics, size=min(self.batch_size, *data.counts))
        return self._of_members(self._results(metrics))

    def evaluate(
        self, data: Stacked, split: np.ndarray, batch_size: int, *, active: np.ndarray | None = None
    ) -> list[dict[str, float]]:
        count, most = int(min(data.counts)), int(max(data.counts))
        lengths = tf.constant(count), tf.constant(most - count)
        places = data.counts[split], data.starts[split]
        metrics = self._test(data.arrays, *places, *lengths, size=batch_size)
        return self._of_members(self._results(metrics))

    def _of_members(self, logs: dict[str, tf.Tensor]) -> list[dict[str, float]]:
        arrays = {name: value.numpy() for name, value in sorted(logs.items())}
        return [{name: array[member].item() for name, array in arrays.items()} for member in range(self.size)]

    def _train_steps(
        self,
        arrays: Split,
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

    def _zeros(self) -> list[tf.Tensor]:
        """The metrics before the first batch."""
        return [tf.constant(np.stack([start] * self.size)) for start in self._start]

    def _set_shapes(self, *tensors: tf.Tensor) -> None:
        """Tells TensorFlow that the first axis is that of the members."""
        for tensor in tensors:
            tensor.set_shape([self.size, *tensor.shape[1:]])


def _rows_of(arrays: Split, places: tf.Tensor) -> tuple[Any, ...]:
    """The examples of a batch of each member: x, y and perhaps weights, of shapes (members, batch, ...)."""
    x, y, weights = arrays
    taken = None if weights is None else tf.gather(weights, places)
    return as_batch(apply(lambda array: tf.gather(array, places), x), tf.gather(y, places), taken)
