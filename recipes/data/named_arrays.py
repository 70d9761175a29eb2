"""Operations on inputs that are one array, or several by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .disk.stored import Stored

__all__ = ["Inputs", "apply", "concatenate", "items", "length", "take"]

Inputs = Any
"""A NumPy array, a :class:`Stored` one, or a dictionary of these, all of the same length."""


def items(x: Inputs) -> list[tuple[str, Any]]:
    """(name, array) pairs; the name of a single array is empty."""
    return list(x.items()) if isinstance(x, dict) else [("", x)]


def apply(function: Callable[[Any], Any], x: Inputs) -> Any:
    """Applies ``function`` to every array and keeps the structure.

    Example:
        >>> apply(len, {"a": np.zeros(3)})
        {'a': 3}
    """
    return {name: function(value) for name, value in x.items()} if isinstance(x, dict) else function(x)


def length(x: Inputs) -> int:
    """The number of examples.

    Example:
        >>> length({"a": np.zeros((3, 2)), "b": np.zeros(3)})
        3
    """
    return len(next(iter(x.values())) if isinstance(x, dict) else x)


def take(x: Inputs, indices: np.ndarray) -> Inputs:
    """The examples at ``indices``, integers of shape (k,). Arrays on disk stay there.

    Example:
        >>> take({"a": np.arange(4)}, np.array([2, 0]))
        {'a': array([2, 0])}
    """
    shared: dict[int, np.ndarray] = {}  # columns of one table share the numbers of their rows

    def taken(array: Any) -> Any:
        if not isinstance(array, Stored):
            return array[indices]
        view = array.with_rows(shared[id(array.rows)]) if id(array.rows) in shared else array.select(indices)
        shared[id(array.rows)] = view.rows
        return view

    return apply(taken, x)


def concatenate(first: Inputs, second: Inputs) -> Inputs:
    """The examples of both: views of the same file stay on disk, all else is joined in memory."""
    shared: dict[tuple[int, int], np.ndarray] = {}

    def joined(one: Any, other: Any) -> Any:
        if not (isinstance(one, Stored) and isinstance(other, Stored) and one.path == other.path):
            return np.concatenate([np.asarray(one), np.asarray(other)])
        key = id(one.rows), id(other.rows)
        view = one.with_rows(shared[key]) if key in shared else one.joined(other)
        shared[key] = view.rows
        return view

    if isinstance(first, dict):
        return {name: joined(first[name], second[name]) for name in first}
    return joined(first, second)
