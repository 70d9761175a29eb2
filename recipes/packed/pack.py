"""Pack: the compiled training step of several members, each with its own weights, rate, data order and seed."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ...callbacks.inside.optimizer_values import leaves
from ...callbacks.inside.vectorized import vectorized
from ..whole_epochs.accuracy import accuracy_of_logits
from ..whole_epochs.arrays import Split
from ..whole_epochs.compiled import Compiled

__all__ = ["Pack", "Places", "Stacked", "like"]


class Stacked:
    """The examples of several splits, one split after the other.

    Args:
        splits: x, y and weights of each split, as tensors.

    Attributes:
        arrays: x, y and weights of all splits.
        counts: the examples of each split.
        starts: the place of its first one.
    """

    def __init__(self, splits: Sequence[Split]):
        self.counts = np.array([int(y.shape[0]) for _, y, _ in splits], np.int32)
        self.starts = np.cumsum([0, *self.counts[:-1]]).astype(np.int32)
        self.arrays: Split = splits[0]
        if len(splits) > 1:
            self.arrays = tf.nest.map_structure(_joined, *splits)


def _joined(*arrays: tf.Tensor | None) -> tf.Tensor | None:
    return None if arrays[0] is None else tf.concat(arrays, axis=0)


class Places(NamedTuple):
    """The examples of the members of a pack.

    Attributes:
        arrays: of all splits, one after the other.
        active: whether the place has a member that is trained.
        counts, starts: the examples of the place's split, and where the first one is.
    """

    arrays: Split
    active: tf.Tensor
    counts: tf.Tensor
    starts: tf.Tensor


class Pack(abc.ABC):
    """Trains and evaluates several members of one form at once.

    The state of all members is kept in stacks: for each variable of the model, its optimizer, its metrics and the
    numbers of its step one tensor whose first axis is that of the members. One compiled function of Keras' own layers,
    losses, metrics and of the optimizer is applied to all of them; in which way, the subclass says. What no member has
    in common (the order of its examples, its dropout masks, its rate) is drawn or given for each as it would be alone.

    Args:
        model: built and compiled, with the optimizer and the metrics built.
        numbers: further variables of the step: strengths and rates.
        size: the number of members.
        batch_size: examples per batch.

    Attributes:
        idle_places_cost: whether a place without a member takes as long as one that has one.
    """

    idle_places_cost: bool

    def __init__(self, model: keras.Model, numbers: Sequence[keras.Variable], size: int, batch_size: int):
        self.model, self.numbers, self.size, self.batch_size = model, numbers, size, batch_size
        metrics = model.metrics_variables
        own = {id(variable): variable for variable in [*model.variables, *model.optimizer.variables, *numbers]}
        for variable in metrics:
            own.pop(id(variable), None)
        self.variables, self._metrics = [*own.values()], list(metrics)
        self._rates = [leaf.learning_rate for leaf in leaves(model.optimizer)]
        self._momenta = [
            leaf.momentum for leaf in leaves(model.optimizer) if "momentum" in getattr(leaf, "live_hyperparameters", ())
        ]
        model.reset_metrics()
        self._start = [variable.numpy() for variable in self._metrics]
        self._state: list[tf.Variable] = []
        self._train, self._test = Compiled(self._train_steps), Compiled(self._test_steps)
        self._results = tf.function(lambda metrics: vectorized(self._results_of_member, metrics), autograph=False)

    # --- the state --------------------------------------------------------------------------------------------------

    def load(self, starts: Mapping[int, Sequence[np.ndarray]]) -> None:
        """Starts the members.

        Args:
            starts: the values of :attr:`variables` by place. The other places get those of the first.
        """
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
        """The stacks of :attr:`variables`."""
        return [variable.numpy() for variable in self._state]

    def weights(self) -> list[np.ndarray]:
        """The stacks of the model's weights, in the order of its ``get_weights``."""
        places = {id(variable): place for place, variable in enumerate(self.variables)}
        return [self._state[places[id(weight)]].numpy() for weight in self.model.weights]

    # --- calls ------------------------------------------------------------------------------------------------------

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
        """Trains all members for an epoch.

        Args:
            data: the training splits.
            split: of each member, shape (members,).
            orders: seed and epoch of each member, shape (members, 2).
            rates, momenta: one for each member and step of the epoch, shape (members, steps); momenta may be None.
            active: whether the place trains, shape (members,). Default None: all. Of the others the state and what is
                returned are undefined.
            stride: batches per call.

        Returns:
            The loss and the metrics of each member.
        """
        steps = rates.shape[1]
        places = self._places(active), data.counts[split], data.starts[split]
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
        """Loss and metrics of each member on its split.

        Args:
            data: the splits, whose lengths are nearly the same.
            split: of each member, shape (members,).
            batch_size: examples per batch.
            active: as in :meth:`train`.
        """
        count, most = int(min(data.counts)), int(max(data.counts))
        lengths = tf.constant(count), tf.constant(most - count)
        places = self._places(active), data.counts[split], data.starts[split]
        metrics = self._test(data.arrays, *places, *lengths, size=batch_size)
        return self._of_members(self._results(metrics))

    def _places(self, active: np.ndarray | None) -> np.ndarray:
        return np.ones(self.size, bool) if active is None else active

    def _of_members(self, logs: dict[str, tf.Tensor]) -> list[dict[str, float]]:
        arrays = {name: value.numpy() for name, value in sorted(logs.items())}
        return [{name: array[member].item() for name, array in arrays.items()} for member in range(self.size)]

    # --- the compiled functions -------------------------------------------------------------------------------------

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
        """Trains on batches ``start`` to ``stop`` (exclusive) of an epoch, and returns the metrics."""
        live = [values for values in (rates, momenta) if values is not None]
        self._set_shapes(active, counts, starts, orders, *live, *metrics)
        places, values = Places(arrays, active, counts, starts), [variable.read_value() for variable in self._state]
        state, counted = self._trained(places, orders, live, (start, stop), (values, [*metrics]), size=size)
        for variable, value in zip(self._state, state, strict=True):
            variable.assign(value)
        return list(counted)

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
        """The metrics after the first ``count`` examples of each split, and up to ``more`` further ones."""
        self._set_shapes(active, counts, starts)
        places, state = Places(arrays, active, counts, starts), [variable.read_value() for variable in self._state]
        return self._tested(places, (count, more), state, size=size)

    @abc.abstractmethod
    def _trained(
        self, places: Places, orders: tf.Tensor, live: list[Any], batches: tuple[Any, Any], stacks: Any, *, size: int
    ) -> Any:
        """The stacks of state and metrics after these batches of an epoch, from the first to before the second."""

    @abc.abstractmethod
    def _tested(self, places: Places, lengths: tuple[Any, Any], state: list[Any], *, size: int) -> list[tf.Tensor]:
        """The stacks of the metrics after all examples of the splits."""

    def _train_member(
        self, batch: Any, live: list[Any], state: list[Any], metrics: list[Any]
    ) -> tuple[list[Any], list[Any]]:
        """One step of one member, as Keras' ``train_step``, with the values of the variables as arguments."""
        model = self.model
        x, y, weight = (*batch, None) if len(batch) == 2 else batch
        values = {id(variable): value for variable, value in zip(self.variables, state, strict=True)}
        for variables, value in zip([self._rates, self._momenta], live, strict=False):
            values |= {id(variable): tf.cast(value, variable.dtype) for variable in variables}
        mapping = [(variable, values[id(variable)]) for variable in self.variables]
        weights = [values[id(variable)] for variable in model.trainable_variables]
        with keras.StatelessScope([*mapping, *zip(self._metrics, metrics, strict=True)], collect_losses=True) as scope:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                y_pred = model(x, training=True)
                loss = model.compute_loss(x, y, y_pred, weight, training=True)
            self._count(x, y, y_pred, weight, loss)
            gradients = tape.gradient(loss, weights)
            model.optimizer.apply(gradients, model.trainable_variables)
            return self._now(scope, self.variables), self._now(scope, self._metrics)

    def _test_member(self, batch: Any, state: list[Any], metrics: list[Any]) -> list[Any]:
        model = self.model
        x, y, weight = (*batch, None) if len(batch) == 2 else batch
        mapping = [*zip(self.variables, state, strict=True), *zip(self._metrics, metrics, strict=True)]
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            y_pred = model(x, training=False)
            loss = model.compute_loss(x, y, y_pred, weight, training=False)
            self._count(x, y, y_pred, weight, loss)
            return self._now(scope, self._metrics)

    def _count(self, x: Any, y: Any, y_pred: Any, weight: Any, loss: Any) -> None:
        """Adds a batch to the metrics."""
        model = self.model
        size = tf.shape(tf.nest.flatten(x)[0])[0]
        model.metrics[0].update_state(loss, sample_weight=size)
        with accuracy_of_logits(model):
            model.compute_metrics(x, y, y_pred, weight)

    def _results_of_member(self, metrics: list[Any]) -> dict[str, Any]:
        with keras.StatelessScope([*zip(self._metrics, metrics, strict=True)]):
            return self.model.get_metrics_result()

    def _now(self, scope: keras.StatelessScope, variables: Sequence[keras.Variable]) -> list[Any]:
        return [scope.get_current_value(variable) for variable in variables]

    def _set_shapes(self, *tensors: tf.Tensor) -> None:
        """Tells TensorFlow that the first axis is that of the members."""
        for tensor in tensors:
            tensor.set_shape([self.size, *tensor.shape[1:]])

    def _zeros(self) -> list[tf.Tensor]:
        """The metrics before the first batch."""
        return [tf.constant(np.stack([start] * self.size)) for start in self._start]


def like(before: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
    """The new value of a variable, of the shape of the old one."""
    return tf.ensure_shape(after, before.shape)
