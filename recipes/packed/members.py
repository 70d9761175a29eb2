"""Member: one of the trainings of a pack, with its callbacks, which see a model of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.inside.optimizer_values import has_live_momentum, set_momentum
from ...callbacks.schedules.base import StepSchedule, warn_of_contradiction
from ...callbacks.stop_on_nan import StopOnNaN

if TYPE_CHECKING:
    from ...callbacks.range_test.lr_finder import LRFinder
    from ..recipe import Recipe
    from ..trainer import Trainer

__all__ = ["Member"]


class Member:
    """A training that can be packed.

    Args:
        trainer: of its recipe and data.
        seed: of the weights, the data order and all other random numbers.
        place: in the pack, from 0. The numbers of a training depend on it in their last bit.
        listeners: callbacks that hear of the epochs' logs, and ask nothing of the model.

    Attributes:
        model: the new model.
        recipe: with its learning rate, after :meth:`begin`.
        history: name -> a value per epoch, as in Keras' ``History.history``.
        ended: whether it has stopped.
        diverged: whether a loss was NaN or infinite.
        weights: those to go back to at the end, as of Keras' ``get_weights``; None for the last ones.
        idle_places_cost: whether its pack took as long as one with all places filled.
    """

    def __init__(self, trainer: Trainer, seed: int, place: int, listeners: Sequence[keras.callbacks.Callback] = ()):
        self.trainer, self.seed, self.place, self.listeners = trainer, seed, place, listeners
        self.model = trainer.new_model(seed)
        self.recipe: Recipe = trainer.recipe
        self.found: tuple[LRFinder | None, str | None] = (None, None)
        self.callbacks: list[keras.callbacks.Callback] = []
        self.history: dict[str, list[Any]] = {}
        self.ended = self.diverged = self.idle_places_cost = False
        self.weights: list[np.ndarray] | None = None
        self._table: tuple[np.ndarray, np.ndarray | None] = (np.empty(0), None)
        self._schedule: StepSchedule | None = None

    def begin(self, epochs: int) -> None:
        """Finds the rate and makes the callbacks, while the trainer has the member's model."""
        trainer, data = self.trainer, self.trainer.data
        self.recipe, finder, remark = trainer.with_rate(self.recipe, data, self.seed)
        self.found = finder, remark
        self.callbacks = trainer.callbacks_of(self.recipe, data, epochs)
        steps = epochs * data.steps_per_epoch
        optimizer = trainer.model.optimizer
        self._schedule = next((callback for callback in self.callbacks if isinstance(callback, StepSchedule)), None)
        if self._schedule is None:
            self._table = (np.full(steps, self.recipe.learning_rate), None)
            return
        self._schedule.set_model(trainer.model)
        length = self._schedule.total_steps or steps
        rates, momenta = self._schedule.values(length, data.steps_per_epoch)
        rows = np.minimum(np.arange(steps), length - 1)  # past the end the last values hold
        if momenta is not None and not has_live_momentum(optimizer):
            set_momentum(optimizer, float(momenta[0]))  # raises, and names an optimizer that supports it
        warn_of_contradiction(self._schedule, length)
        self._table = (self._schedule.multiplier * rates[rows], None if momenta is None else momenta[rows])

    def values(self, epoch: int) -> tuple[np.ndarray, np.ndarray | None]:
        """The learning rate and the momentum at each step of an epoch."""
        steps = self.trainer.data.steps_per_epoch
        rates, momenta = self._table
        of_epoch = slice(epoch * steps, (epoch + 1) * steps)
        return rates[of_epoch], None if momenta is None else momenta[of_epoch]

    def hear_begin(self, weights: Callable[[], list[np.ndarray]]) -> None:
        """Tells the callbacks that the training begins.

        Args:
            weights: gives the member's weights at any time.
        """
        self._stand_in = _StandIn(weights)
        for callback in self._stopping:
            callback.set_model(self._stand_in)
            callback.on_train_begin({})

    @property
    def _stopping(self) -> list[keras.callbacks.Callback]:
        """The callbacks that look at the weights."""
        return [callback for callback in self.callbacks if not isinstance(callback, (StepSchedule, StopOnNaN))]

    def hear_epoch(self, epoch: int, logs: dict[str, Any], validation: dict[str, Any]) -> None:
        """Tells the callbacks of an epoch, which may end the training."""
        logs = {**logs, **{f"val_{name}": value for name, value in validation.items()}}
        if not all(math.isfinite(value) for name, value in logs.items() if name.endswith("loss")):
            self.diverged = self.ended = True
            return
        if self._schedule is not None:
            rates, momenta = self.values(epoch)
            logs["learning_rate"] = float(np.float32(rates[-1]))
            if momenta is not None:
                logs["momentum"] = float(np.float32(momenta[-1]))
        for callback in [*self._stopping, *self.listeners]:
            callback.on_epoch_end(epoch, logs)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
        if self._stand_in.stop_training:
            self.hear_end()

    def hear_end(self) -> None:
        """Tells the callbacks that the training ends."""
        if self.ended:
            return
        self.ended = True
        stopped = self._stand_in.stop_training
        for callback in self._stopping:
            callback.on_train_end({})
        self.weights = self._stand_in.replaced
        if stopped and self.weights is None:  # the pack goes on
            self.weights = self._stand_in.get_weights()


class _StandIn:
    """What the callbacks of a member know as the model: its weights, and whether to go on."""

    def __init__(self, weights: Callable[[], list[np.ndarray]]):
        self._weights = weights
        self.stop_training = False
        self.replaced: list[np.ndarray] | None = None

    def get_weights(self) -> list[np.ndarray]:
        """As Keras' method."""
        return self._weights()

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """As Keras' method; the weights are set at the end of the pack."""
        self.replaced = weights
