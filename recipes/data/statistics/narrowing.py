"""narrowed: tables, sequences and targets in the narrowest type of numbers that keeps their values apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..disk.stored import Stored
from ..named_arrays import Inputs
from .column_statistics import column_statistics
from .scaling import Scaling
from .spread import sample

__all__ = ["narrowed", "narrowed_inputs", "native", "wide"]


def native(values: np.ndarray) -> np.ndarray:
    """An array in this machine's byte order; files of instruments often have the other.

    Example:
        >>> native(np.array([1, 2], ">f8")).dtype.name, native(np.array([1, 2], ">u2")).dtype == np.uint16
        ('float64', True)
    """
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def wide(values: np.ndarray) -> np.ndarray:
    """Numbers as float32, float64 or int64: the narrowest that holds every number of their type.

    uint64 becomes int64 or, if that does not hold the values, float64, as do types beyond 64 bits.

    Example:
        >>> [wide(np.zeros(1, dtype)).dtype.name for dtype in ("float16", "int8", "int32", "uint64")]
        ['float32', 'float32', 'float64', 'int64']
    """
    dtype = values.dtype
    if dtype.name in ("float32", "float64", "int64"):
        return values
    if dtype == np.uint64:
        fits = not values.size or values.max() <= np.iinfo(np.int64).max
        return values.astype(np.int64 if fits else np.float64)
    if dtype.name == "bfloat16" or np.can_cast(dtype, np.float32):
        return values.astype(np.float32)
    return values.astype(np.float64)


def narrowed_inputs(inputs: Mapping[str, Inputs]) -> dict[str, Inputs]:
    """The inputs of all splits, with each table, vector and sequence :func:`narrowed`. Columns (n,) keep their types.

    Example:
        >>> inputs = {"train": {"size": np.ones((2, 3)), "age": np.ones(2)}}
        >>> {name: array.dtype.name for name, array in narrowed_inputs(inputs)["train"].items()}
        {'size': 'float32', 'age': 'float64'}
    """
    if not isinstance(inputs["train"], dict):
        return narrowed(inputs)
    replaced = {split: dict(x) if isinstance(x, dict) else x for split, x in inputs.items()}
    for key, values in inputs["train"].items():
        if isinstance(values, list) or values.ndim > 1:
            columns = {split: x[key] for split, x in inputs.items() if isinstance(x, dict) and key in x}
            for split, array in narrowed(columns).items():
                replaced[split][key] = array
    return replaced


def narrowed(splits: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of all splits in float32 if that keeps apart the values of every column, else in float64 or int64.

    Whether it does is judged by a sample of the training split: see :func:`recipes.data.statistics.scaling.type_for`.

    Args:
        splits: split -> numbers of shape (n,), (n, columns) or (n, steps, size), finite, of the types of :func:`wide`;
            or a list of arrays (steps, size). Anything else, such as strings and images, is left as it is.

    Example:
        >>> [array.dtype.name for array in narrowed({"train": 1.7e9 + np.arange(9.0), "test": np.ones(1)}).values()]
        ['float64', 'float64']
    """
    first = splits["train"]
    if isinstance(first, list):
        dtype = _type(np.concatenate(first), whole=False)
    elif first.ndim > 3 or first.dtype.kind not in "fi":
        return dict(splits)
    else:
        whole = first.ndim == 2 and all(getattr(array, "dtype", None) == np.int64 for array in splits.values())
        dtype = _type(first[:, np.newaxis] if first.ndim == 1 else first, whole=whole)
    return {split: _cast(array, dtype) for split, array in splits.items()}


def _cast(values: Any, dtype: str) -> Any:
    """Numbers in this type, anything else unchanged."""
    if isinstance(values, list):
        return [_cast(array, dtype) for array in values]
    numbers = isinstance(values, (np.ndarray, Stored)) and values.dtype.kind in "fi"
    return values.astype(dtype, copy=False) if numbers else values


def _type(train: Any, *, whole: bool) -> str:
    """The type for columns (n, ..., columns) of a training split."""
    if train.dtype == np.float32 or not len(train):
        return "float32"
    rows = sample(train)
    needed = Scaling.of(*column_statistics(rows)).dtype
    return "float64" if needed == "int64" and not whole else needed
