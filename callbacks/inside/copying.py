"""Deep copies of callbacks, as KerasTuner makes them for every training, that share their data."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["copy_sharing"]


def copy_sharing(callback: Any, memo: dict[int, Any], *shared: str) -> Any:
    """A deep copy of a callback but for the attributes named, which it shares: data are large, and never changed.

    To be called from ``__deepcopy__``.

    Args:
        callback: any object with a ``__dict__``.
        memo: what ``copy.deepcopy`` hands on.
        *shared: names of attributes.

    Example:
        >>> class Holder:
        ...     def __init__(self, data):
        ...         self.data, self.seen = data, []
        ...     def __deepcopy__(self, memo):
        ...         return copy_sharing(self, memo, "data")
        >>> one = Holder([1, 2])
        >>> other = copy.deepcopy(one)
        >>> other.data is one.data, other.seen is one.seen
        (True, False)
    """
    memo.update({id(getattr(callback, name)): getattr(callback, name) for name in shared})
    other = object.__new__(type(callback))
    memo[id(callback)] = other
    for name, value in vars(callback).items():
        setattr(other, name, copy.deepcopy(value, memo))
    return other
