"""Facts about an optimizer, without training: memory, live momentum, whether it finds its own step."""

from __future__ import annotations

import keras
import numpy as np

from ...callbacks.inside.optimizer_values import has_live_momentum
from ..catalogue import Entry

__all__ = ["columns", "finds_its_own_step", "state_memory"]

SIZE = 50


def finds_its_own_step(entry: Entry) -> bool:
    """Whether the optimizer finds the length of its step by evaluating the loss, as line search and Newton do.

    Its learning rate only multiplies that length, or starts the search: it needs no range test and no schedule.

    Example:
        >>> from recipes.optimizers import OPTIMIZERS
        >>> [name for name, entry in OPTIMIZERS.items() if finds_its_own_step(entry)]
        ['conjugate_gradient', 'hessian_free', 'line_search', 'exact_line_search', 'newton']
    """
    return bool(getattr(entry.factory, "finds_its_own_step", False))


def state_memory(optimizer: keras.optimizers.Optimizer) -> float:
    """The memory for an unbuilt optimizer's state, in multiples of that of the weights.

    Example:
        >>> state_memory(keras.optimizers.Adam())
        2.0
    """
    weights = keras.Variable(np.zeros((SIZE, SIZE), "float32"), name="kernel")
    last = keras.Variable(np.zeros((1, 1), "float32"), name="kernel")  # of the outputs, which may be treated apart
    optimizer.build([weights, last])
    size = sum(int(np.prod(variable.shape)) for variable in optimizer.variables if len(variable.shape))
    return round(size / SIZE**2, 2)


def columns(entry: Entry) -> dict[str, str]:
    """The additional columns of ``recipes list optimizers``: name -> text."""
    optimizer = entry.build()
    momentum = "live" if has_live_momentum(optimizer) else ""
    return {"momentum": momentum, "memory": f"{state_memory(optimizer):g} x"}
