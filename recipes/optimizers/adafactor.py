"""Adafactor: divides by mean squares of which only the means of rows and columns are kept."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...callbacks.checks import check_bool, check_number
from ..catalogue import Entry, Range
from .base import Optimizer, cast

__all__ = ["ENTRIES", "Adafactor"]


@keras.saving.register_keras_serializable(package="recipes")
class Adafactor(Optimizer):
    """Adafactor: like RMSProp, with almost no memory, and steps in proportion to the size of the weights.

    With rate e, gradient g and B = 1 - t^-decay_exponent at step t, for a weight of two dimensions or more::

        r <- B r + (1 - B) mean of g^2 + eps_1 over its last dimension
        c <- B c + (1 - B) mean of g^2 + eps_1 over the one before
        v = r c / (mean of r over its last dimension)
        u = g / sqrt(v)
        w <- w - e max(eps_2, RMS(w)) u / max(1, RMS(u) / clip)

    A bias or other vector has a whole mean square v in place of r and c. RMS is the root mean square over the variable.

    The paper's rate min(0.01, 1/sqrt(t)) is that of a ``learning_rate`` of 0.01 with ``relative_step=True``. By default
    the rate is the schedule's alone, which Keras' and PyTorch's Adafactor do not allow: they cap it by 1/sqrt(t) in any
    case. Keras also stores v, which takes all of the memory that the method saves.

    Args:
        learning_rate: e >= 0, relative to the size of the weights, or a Keras ``LearningRateSchedule``. Default 0.01.
        decay_exponent: > 0; with larger ones the mean squares reach further back. Default 0.8.
        epsilon_1: eps_1 > 0, added to squared gradients. Default 1e-30.
        epsilon_2: eps_2 > 0, the least size of a variable for the step. Default 1e-3.
        clip: the largest root mean square of u, > 0. Default 1.
        relative_step: whether the rate is at most 1/sqrt(t). Default False.
        name: the optimizer's name.
        **options: as in :class:`recipes.optimizers.base.Optimizer`.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Shazeer and Stern 2018, arXiv:1804.04235, algorithms 4 and 5.

    Example:
        >>> kernel = keras.Variable([[3.0, 4.0]], name="kernel")
        >>> Adafactor(0.1).apply([ops.array([[1.0, -1.0]])], [kernel])
        >>> [round(float(weight), 3) for weight in kernel[0]]  # moved by a tenth of its root mean square of 3.536
        [2.646, 4.354]
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        decay_exponent: float = 0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip: float = 1.0,
        relative_step: bool = False,
        name: str = "adafactor",
        **options: Any,
    ):
        super().__init__(learning_rate, name=name, **options)
        self.relative_step = check_bool("relative_step", relative_step)
        self.decay_exponent = check_number("decay_exponent", decay_exponent, above=0)
        self.epsilon_1 = check_number("epsilon_1", epsilon_1, above=0)
        self.epsilon_2 = check_number("epsilon_2", epsilon_2, above=0)
        self.clip = check_number("clip", clip, above=0)

    def shrinks_before_step(self, variable: Any) -> bool:
        """False: it decays within the step, whose length depends on the size that the weights have before."""
        return False

    def build(self, variables: list[Any]) -> None:
        """Creates the means of rows and columns, or the mean squares, of each variable."""
        if self.built:
            return
        super().build(variables)
        self.squares: list[list[Any]] = []
        for variable in variables:
            shape = tuple(variable.shape)
            kept = {"squares": shape} if len(shape) < 2 else {"rows": shape[:-1], "columns": (*shape[:-2], shape[-1])}
            slots = [self.add_variable(part, dtype=_wide(variable), name=name) for name, part in kept.items()]
            self.squares.append(slots)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable, computed at least in single precision."""
        wide = _wide(variable)
        gradient, rate, weights, step = cast(wide, gradient, learning_rate, variable, self.iterations + 1)
        if self.relative_step:
            rate = ops.minimum(rate, ops.rsqrt(step))
        share = ops.power(step, -self.decay_exponent)
        squares = ops.square(gradient) + self.epsilon_1
        slots = self.squares[self.index_of(variable)]
        means = [squares] if len(slots) == 1 else [ops.mean(squares, -1), ops.mean(squares, -2)]
        for slot, mean in zip(slots, means, strict=True):
            self.assign_add(slot, ops.multiply(mean - slot, share))
        if len(slots) == 1:
            update = gradient * ops.rsqrt(slots[0])
        else:
            rows, columns = map(ops.convert_to_tensor, slots)
            rows = rows / ops.mean(rows, -1, keepdims=True)
            update = gradient * ops.expand_dims(ops.rsqrt(rows), -1) * ops.expand_dims(ops.rsqrt(columns), -2)
        size = ops.maximum(_root_mean_square(weights), self.epsilon_2)
        clipped = ops.maximum(_root_mean_square(update) / self.clip, 1.0)
        update = update * (size / clipped)
        if self.weight_decay and self.decays(variable):
            update = update + self.weight_decay * weights
        self.assign_sub(variable, ops.cast(rate * update, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this optimizer."""
        names = ("decay_exponent", "epsilon_1", "epsilon_2", "clip", "relative_step")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _wide(variable: Any) -> str:
    return keras.backend.result_type(keras.backend.standardize_dtype(variable.dtype), "float32")


def _root_mean_square(values: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(values)))


ENTRIES = (
    Entry(
        "adafactor",
        Adafactor,
        "RMSProp with mean squares of rows and columns alone, and steps relative to the weights.",
        "Shazeer and Stern 2018",
        (Range("learning_rate", 1e-3, 0.1, 0.01),),
        when="For large embeddings and kernels when Adam's two averages do not fit into memory. Small "
        "models gain nothing: Adam's memory is no burden there.",
    ),
)
