"""SideBySide: a pack whose members are computed at the same time, each on a core."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..data.batching import permutation
from ..environment import cores
from ..evaluation import Evaluator
from ..whole_epochs.arrays import Split, rows_of
from ..whole_epochs.compiled import Compiled
from .pack import Pack, Stacked, like

__all__ = ["SideBySide"]


class SideBySide(Pack):
    """Each member runs the steps of an epoch by itself, as many members at once as there are cores.

    One small training leaves all but one core idle, and works on so few numbers that they stay in the core's cache.
    Every operation is that of a training alone, so that any layer may be used. Places without a member cost nothing.
    """

    idle_places_cost = False

    def __init__(self, model: keras.Model, numbers: Sequence[keras.Variable], size: int, batch_size: int):
        super().__init__(model, numbers, size, batch_size)
        self._states: list[list[tf.Tensor]] = []
        self._zeros = [tf.constant(start) for start in self._start]
        self._train, self._test = Compiled(self._train_steps), Compiled(self._test_steps)
        self._traced: set[Any] = set()

    def load(self, starts: Mapping[int, Sequence[np.ndarray]]) -> None:
        first = next(iter(starts.values()))
        self._states = [[tf.constant(value) for value in starts.get(place, first)] for place in range(self.size)]

    def values(self) -> list[np.ndarray]:
        return [np.stack([value.numpy() for value in of_all]) for of_all in zip(*self._states, strict=True)]

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
        steps, size = rates.shape[1], min(self.batch_size, *data.counts)

        def train(place: int) -> dict[str, float]:
            number = split[place]
            live = [tf.constant(table[place], tf.float32) for table in (rates, momenta) if table is not None]
            fixed = (data.counts[number], data.starts[number], tf.constant(orders[place], tf.int64))
            state, metrics = self._states[place], self._zeros
            for start in range(0, steps, stride):
                bounds = tf.constant(start), tf.constant(min(start + stride, steps))
                given = (*fixed, *bounds, *live, *state, *metrics)
                state, metrics, results = self._train(data.arrays, *given, size=size, live=len(live))
            self._states[place] = state
            return _numbers(results)

        return self._on_cores(train, active, "train")

    def evaluate(
        self, data: Stacked, split: np.ndarray, batch_size: int, *, active: np.ndarray | None = None
    ) -> list[dict[str, float]]:
        def test(place: int) -> dict[str, float]:
            number = split[place]
            given = (data.counts[number], data.starts[number], *self._states[place])
            return _numbers(self._test(data.arrays, *given, size=batch_size))

        return self._on_cores(test, active, "test")

    def evaluator(self, model: Evaluator) -> Evaluator:
        return _OfMember(self, [tf.identity(variable.value) for variable in self.variables], model)

    def test(self, state: Sequence[tf.Tensor], split: Split, size: int) -> dict[str, float]:
        """Loss and metrics of a member with this state on a split, in batches of this size."""
        return _numbers(self._test(split, tf.shape(split[1])[0], tf.constant(0), *state, size=size))

    def _on_cores(
        self, function: Callable[[int], dict[str, float]], active: np.ndarray | None, what: str
    ) -> list[dict[str, float]]:
        """``function`` of each active place, at once on all cores; nothing for the others."""
        places = [place for place in range(self.size) if active is None or active[place]]
        results: list[dict[str, float]] = [{} for _ in range(self.size)]
        if places and what not in self._traced:  # tracing uses Keras' state of this thread
            results[places[0]] = function(places[0])
            self._traced.add(what)
            places = places[1:]
        with ThreadPoolExecutor(cores()) as pool:
            for place, result in zip(places, pool.map(function, places), strict=True):
                results[place] = result
        return results

    # --- the compiled functions -------------------------------------------------------------------------------------

    def _train_steps(
        self,
        arrays: Split,
        count: tf.Tensor,
        first: tf.Tensor,
        order: tf.Tensor,
        start: tf.Tensor,
        stop: tf.Tensor,
        *given: tf.Tensor,
        size: int,
        live: int,
    ) -> tuple[list[tf.Tensor], list[tf.Tensor], dict[str, tf.Tensor]]:
        """Trains on batches ``start`` to ``stop`` (exclusive); given are the live values, the state and the metrics."""
        tables, state, metrics = given[:live], [*given[live : -len(self._zeros)]], [*given[-len(self._zeros) :]]
        self._set_shapes(state, metrics)
        rows = first + permutation(count, tf.ensure_shape(order, [2]))

        def step(number: tf.Tensor, state: list[Any], metrics: list[Any]) -> tuple[Any, ...]:
            batch = rows_of(arrays, rows, number * size, size, whole=True)
            changed = self._train_member(batch, [table[number] for table in tables], state, metrics)
            return (number + 1, *tf.nest.map_structure(like, (state, metrics), changed))

        loop = [start, state, metrics]
        _, state, metrics = tf.while_loop(lambda number, *_: number < stop, step, loop)
        return state, metrics, self._results_of_member(metrics)

    def _test_steps(
        self, arrays: Split, count: tf.Tensor, first: tf.Tensor, *state: tf.Tensor, size: int
    ) -> dict[str, tf.Tensor]:
        """Evaluates the examples of a split."""
        self._set_shapes(state)
        rows = tf.range(first, first + count)

        def test(number: tf.Tensor, metrics: list[Any]) -> tuple[Any, ...]:
            counted = self._test_member(rows_of(arrays, rows, number * size, size), [*state], metrics)
            return number + 1, tf.nest.map_structure(like, metrics, counted)

        batches = (count + size - 1) // size
        _, metrics = tf.while_loop(lambda number, _: number < batches, test, [tf.constant(0), [*self._zeros]])
        return self._results_of_member(metrics)

    def _set_shapes(self, state: Sequence[tf.Tensor], metrics: Sequence[tf.Tensor] = ()) -> None:
        """Tells TensorFlow the shapes, whose first axis a compiled function leaves open."""
        for tensor, variable in zip([*state, *metrics], [*self.variables, *self._metrics], strict=False):
            tensor.set_shape(variable.shape)


@dataclasses.dataclass(frozen=True)
class _OfMember:
    """The compiled evaluation of a pack for one state, and the model's predictions."""

    pack: SideBySide
    state: list[tf.Tensor]
    model: Evaluator

    def evaluate(self, split: Split, size: int) -> dict[str, Any]:
        """As :meth:`recipes.evaluation.Evaluator.evaluate`."""
        return self.pack.test(self.state, split, size)

    def predict(self, split: Split, size: int) -> list[Any]:
        """As :meth:`recipes.evaluation.Evaluator.predict`."""
        return self.model.predict(split, size)


def _numbers(results: dict[str, tf.Tensor]) -> dict[str, float]:
    return {name: value.numpy().item() for name, value in sorted(results.items())}
