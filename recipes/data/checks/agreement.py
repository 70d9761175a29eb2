"""check_alike: the arrays of a split must have the names, shapes and types of the training split's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ..named_arrays import Inputs, items

__all__ = ["check_alike"]


def check_alike(argument: str, train: tuple[Inputs, np.ndarray], split: tuple[Inputs, np.ndarray]) -> None:
    """Raises unless the arrays of a split have the names, shapes and types of the training split's.

    A record's numbers may be of another type, and sequences passed as lists of another length.

    Args:
        argument: name of the split's inputs, for messages.
        train: (x, y) of the training split.
        split: (x, y) of the split to compare.

    Raises:
        InvalidArgument: naming the arrays that differ, with their types and shapes.
    """
    lists = {key for x, _ in (train, split) for key, values in items(x) if isinstance(values, list)}
    first, second = ({**dict(items(x)), "the target": y} for x, y in (train, split))
    keys = dict.fromkeys([*first, *second])
    wrong = [
        key
        for key in keys
        if key not in first or key not in second or _form(first[key], key in lists) != _form(second[key], key in lists)
    ]
    if wrong:
        accepted = f"like the training split, {_described(first, wrong, 'n')}"
        raise InvalidArgument(argument, _described(second, wrong), accepted)


def _form(values: Any, varying: bool) -> Any:
    if isinstance(values, list):
        return values[0].dtype, values[0].shape[1:]
    if varying and values.ndim == 3:
        return values.dtype, values.shape[2:]
    numbers = values.ndim == 1 and values.dtype.kind in "fiub"
    return "number" if numbers else values.dtype, values.shape[1:]


def _described(arrays: Mapping[str, Any], keys: Sequence[str], count: str = "") -> str:
    """Types and shapes of these arrays, for messages."""

    def words(key: str) -> str:
        name = f"{key}: " if key else ""
        if key not in arrays:
            return f"{name}nothing"
        values = arrays[key]
        size = count or str(len(values))
        if isinstance(values, list):
            return f"{name}{size} sequences of shape (steps, {values[0].shape[1]})"
        return f"{name}{_dtype(values)} of shape ({', '.join([size, *map(str, values.shape[1:])])})"

    return ", ".join(words(key) for key in keys)


def _dtype(values: Any) -> str:
    return "strings" if values.dtype == object else str(values.dtype)
