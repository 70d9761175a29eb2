"""Lookahead: slow weights that follow those of another optimizer, a part of the way every few steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ...callbacks.checks import InvalidArgument, check_integer, check_name, check_number
from ...callbacks.inside.optimizer_base import KerasOptimizer
from ..catalogue import Entry, Range

__all__ = ["ENTRIES", "Lookahead"]


@keras.saving.register_keras_serializable(package="recipes")
class Lookahead(KerasOptimizer):
    """Every k steps of another optimizer, slow weights move a part of the way to its weights, which then start there.

    With slow weights s, at first the initial weights, and the fast weights w of the other optimizer, after every k-th
    of its steps::

        s <- s + slow_rate (w - s)
        w <- s

    The other optimizer keeps its averages. The model has the fast weights; after k steps, or any multiple, they are the
    slow ones. Rate, schedule and momentum are those of the other optimizer.

    Args:
        learning_rate: of the other optimizer. Default 0.001.
        optimizer: the name of the other optimizer in the catalogue. Default "adam". Not one that finds its own step or
            averages its weights.
        steps: k, >= 1. Default 5.
        slow_rate: in (0, 1]. Default 0.5.
        name: of this optimizer.
        **options: of the other optimizer.

    Raises:
        InvalidArgument: for a value outside its range, and for ``use_ema``: an average of the fast weights.

    Source: Zhang et al. 2019, arXiv:1907.08610.

    Example:
        >>> weight = keras.Variable([1.0])
        >>> optimizer = Lookahead(0.1, optimizer="sgd", steps=2)
        >>> path = []
        >>> for _ in range(3):
        ...     optimizer.apply([ops.array([1.0])], [weight])
        ...     path.append(round(float(weight[0]), 2))
        >>> path
        [0.9, 0.9, 0.8]
    """

    follows_weights = True
    """Whether its state holds what the weights were, so that nothing else may move them."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        optimizer: str = "adam",
        steps: int = 5,
        slow_rate: float = 0.5,
        name: str = "lookahead",
        **options: Any,
    ):
        from . import OPTIMIZERS

        check_name(name)
        entry = OPTIMIZERS[optimizer]
        if optimizer == "lookahead" or getattr(entry.factory, "finds_its_own_step", False):
            raise InvalidArgument("optimizer", optimizer, "another one, that is given its learning rate")
        if getattr(entry.factory, "averages_weights", False):
            raise InvalidArgument("optimizer", optimizer, "one without averaged weights")
        if options.get("use_ema"):
            raise InvalidArgument("use_ema", True, "False: the average would be that of the fast weights")
        inner = OPTIMIZERS.build(optimizer, learning_rate=learning_rate, **options)
        super().__init__(learning_rate=0.0, name=name)  # the rate is the other optimizer's
        self.optimizer, self.inner_optimizer = optimizer, inner
        self.steps = check_integer("steps", steps, low=1)
        self.slow_rate = check_number("slow_rate", slow_rate, above=0, high=1)

    def build(self, variables: list[Any]) -> None:
        """Builds the other optimizer and creates the slow weights."""
        if self.built:
            return
        self.inner_optimizer.build(variables)
        super().build(variables)
        self.slow = self.add_optimizer_variables(variables, "slow")

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """One step of the other optimizer; see Keras' ``Optimizer.apply``."""
        variables = self.trained_variables if trainable_variables is None else list(trainable_variables)
        if not self.built:
            with keras.name_scope(self.name, caller=self):
                self.build(variables)
        before = ops.cast(ops.convert_to_tensor(self.iterations), "int32")
        starts = [ops.copy(ops.convert_to_tensor(variable)) for variable in variables]
        self.inner_optimizer.apply(grads, variables)
        after = ops.cast(ops.convert_to_tensor(self.iterations), "int32")
        syncs = ops.logical_and(after != before, ops.equal(after % self.steps, 0))  # not while gradients accumulate
        for variable, start in zip(variables, starts, strict=True):
            slow = self.slow[self.index_of(variable)]
            kept = ops.where(before == 0, start, ops.convert_to_tensor(slow))
            fast = ops.convert_to_tensor(variable)
            kept = ops.where(syncs, kept + self.slow_rate * (fast - kept), kept)
            slow.assign(kept)
            variable.assign(ops.where(syncs, kept, fast))

    @property
    def variables(self) -> list[Any]:
        """This optimizer's variables, then those of the other one."""
        return [*super().variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """The other optimizer's rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """The steps made so far."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss, scaled by the other optimizer."""
        return self.inner_optimizer.scale_loss(loss)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        own = {"optimizer": self.optimizer, "steps": self.steps, "slow_rate": self.slow_rate, "name": self.name}
        return {**self.inner_optimizer.get_config(), **own}


ENTRIES = (
    Entry(
        "lookahead",
        Lookahead,
        "Slow weights follow those of another optimizer, half of the way every five steps.",
        "Zhang et al. 2019",
        (
            Range("learning_rate", 3e-4, 3e-2, 1e-3),
            Range("steps", 2, 20, 5),
            Range("slow_rate", 0.1, 0.9, 0.5, log=False),
        ),
        when="To steady an optimizer that swings at a high constant rate. Under 1cycle there is less to "
        "steady, since the rate ends near zero.",
    ),
)
