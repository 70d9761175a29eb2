"""SideBySide: a pack whose members are computed at the same time, each on a core."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..data.batching import permutation
from ..environment import cores
from ..whole_epochs.arrays import rows_of
from .pack import Pack, Places, like

__all__ = ["SideBySide"]


class SideBySide(Pack):
    """Each member runs the steps of an epoch by itself, as many members at once as there are cores.

    One small training leaves all but one core idle, and works on so few numbers that they stay in the core's cache.
    Every operation is that of a training alone, so that any layer may be used. Places without a member cost nothing.
    """

    idle_places_cost = False

    def _trained(
        self, places: Places, orders: tf.Tensor, live: list[Any], batches: tuple[Any, Any], stacks: Any, *, size: int
    ) -> Any:
        start, stop = batches

        def trained(given: Any) -> Any:
            count, first, order, live, state, metrics = given
            rows = first + permutation(count, order)

            def step(number: tf.Tensor, state: list[Any], metrics: list[Any]) -> tuple[Any, ...]:
                batch = rows_of(places.arrays, rows, number * size, size, whole=True)
                changed = self._train_member(batch, [values[number] for values in live], state, metrics)
                return (number + 1, *tf.nest.map_structure(like, (state, metrics), changed))

            loop = [start, state, metrics]
            return tuple(tf.while_loop(lambda number, *_: number < stop, step, loop, parallel_iterations=1)[1:])

        given = (places.counts, places.starts, orders, live, *stacks)
        return _side_by_side(trained, given, places.active, kept=stacks)

    def _tested(self, places: Places, lengths: tuple[Any, Any], state: list[Any], *, size: int) -> list[tf.Tensor]:
        def tested(given: Any) -> Any:
            count, first, state, metrics = given
            rows = tf.range(first, first + count)

            def test(number: tf.Tensor, metrics: list[Any]) -> tuple[Any, ...]:
                counted = self._test_member(rows_of(places.arrays, rows, number * size, size), state, metrics)
                return number + 1, tf.nest.map_structure(like, metrics, counted)

            loop = [tf.constant(0), metrics]
            batches = (count + size - 1) // size
            return tuple(tf.while_loop(lambda number, _: number < batches, test, loop, parallel_iterations=1)[1:])

        zeros = self._zeros()
        given = (places.counts, places.starts, state, zeros)
        return list(_side_by_side(tested, given, places.active, kept=(zeros,))[0])


def _side_by_side(function: Any, given: Any, active: tf.Tensor, *, kept: Any) -> Any:
    """``function`` of what each active member is given; for the others their part of ``kept``."""
    signature = tf.nest.map_structure(lambda stack: tf.TensorSpec(stack.shape[1:], stack.dtype), kept)
    places = tf.where(active)[:, 0]
    given = tf.nest.map_structure(lambda stack: tf.gather(stack, places), given)
    changed = tf.map_fn(function, given, fn_output_signature=signature, parallel_iterations=cores())
    number = tf.maximum(tf.cumsum(tf.cast(active, tf.int32)) - 1, 0)  # among the active ones

    def spread(new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.reshape(active, [-1] + [1] * (len(old.shape) - 1)), tf.gather(new, number), old)

    return tf.nest.map_structure(spread, changed, kept)
