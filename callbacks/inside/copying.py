"""copy_sharing: deep copies of callbacks, as KerasTuner makes them for every training, that share their data."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["copy_sharing"]


def copy_sharing(callback: Any, memo: dict[int, Any], *shared: str) -> Any:
    """A deep copy of a callback that shares the named attributes with it: data are large, and never changed.

    Call it from ``__deepcopy__``.

    Args:
        callback: any object with a ``__dict__``.
        memo: the argument of ``__deepcopy__``.
        *shared: names of the attributes to share.

    Example:
        >>> class Holder:
        ...     def __init__(self, data):
        ...         self.data, self.seen = data, []
        ...     def __deepcopy__(self, memo):
        ...         return copy_sharing(self, memo, "data")
        >>> holder = Holder([1, 2])
        >>> duplicate = copy.deepcopy(holder)
        >>> duplicate.data is holder.data, duplicate.seen is holder.seen
        (True, False)
    """
    memo.update({id(getattr(callback, name)): getattr(callback, name) for name in shared})
    duplicate = object.__new__(type(callback))
    memo[id(callback)] = duplicate
    for name, value in vars(callback).items():
        setattr(duplicate, name, copy.deepcopy(value, memo))
    return duplicate
