"""Inputs that are one array, or several by name: what has to be done to all of them alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .stored import Stored

__all__ = ["Inputs", "apply", "concatenate", "items", "length", "take"]

Inputs = Any
"""A NumPy array, a :class:`Stored` one, or a dictionary of such, all of the same length."""


def items(x: Inputs) -> list[tuple[str, Any]]:
    """The arrays with their names; the name of a single array is empty."""
    return list(x.items()) if isinstance(x, dict) else [("", x)]


def apply(function: Callable[[Any], Any], x: Inputs) -> Any:
    """The same structure with each array replaced by what ``function`` makes of it.

    Example:
        >>> apply(len, {"a": np.zeros(3)})
        {'a': 3}
    """
    return {name: function(value) for name, value in x.items()} if isinstance(x, dict) else function(x)


def length(x: Inputs) -> int:
    """How many examples there are.

    Example:
        >>> length({"a": np.zeros((3, 2)), "b": np.zeros(3)})
        3
    """
    return len(next(iter(x.values())) if isinstance(x, dict) else x)


def take(x: Inputs, indices: np.ndarray) -> Inputs:
    """The examples at these places, integers of shape (k,); what is on disk stays there.

    Example:
        >>> take({"a": np.arange(4)}, np.array([2, 0]))
        {'a': array([2, 0])}
    """
    return apply(lambda each: each.select(indices) if isinstance(each, Stored) else each[indices], x)


def concatenate(first: Inputs, second: Inputs) -> Inputs:
    """The examples of both: where they are rows of the same file, they stay there, otherwise in memory."""
    if isinstance(first, dict):
        return {name: concatenate(first[name], second[name]) for name in first}
    if isinstance(first, Stored) and isinstance(second, Stored) and first.path == second.path:
        return first.joined(second)
    return np.concatenate([np.asarray(first), np.asarray(second)])
