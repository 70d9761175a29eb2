"""What can be found out about an optimizer without training: memory, live momentum, whether it finds its own step."""

from __future__ import annotations

import keras
import numpy as np

from ...callbacks.inside.optimizer_values import has_live_momentum
from ..catalogue import Entry

__all__ = ["columns", "finds_its_own_step", "state_memory"]

SIZE = 1000


def finds_its_own_step(entry: Entry) -> bool:
    """Whether the optimizer evaluates the loss to find the length of its step, as line search and Newton do.

    Its learning rate only multiplies that, or starts the search: it needs no range test and no schedule.

    Example:
        >>> from recipes.optimizers import OPTIMIZERS
        >>> [name for name, entry in OPTIMIZERS.items() if finds_its_own_step(entry)]
        ['hessian_free', 'line_search', 'exact_line_search', 'newton']
    """
    return bool(getattr(entry.factory, "finds_its_own_step", False))


def state_memory(optimizer: keras.optimizers.Optimizer) -> float:
    """The memory that an unbuilt optimizer keeps from step to step, in multiples of the weights' own.

    Example:
        >>> state_memory(keras.optimizers.Adam())
        2.0
    """
    weights = keras.Variable(np.zeros((SIZE, 1), "float32"), name="kernel")
    optimizer.build([weights])
    kept = sum(int(np.prod(each.shape)) for each in optimizer.variables if len(each.shape))
    return kept / SIZE


def columns(entry: Entry) -> dict[str, str]:
    """What ``recipes list optimizers`` says beside the entry itself: column -> text."""
    optimizer = entry.build()
    momentum = "live" if has_live_momentum(optimizer) else ""
    return {"momentum": momentum, "memory": f"{state_memory(optimizer):g} x"}
