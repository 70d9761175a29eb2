"""Examples without a target: found, and left out with a warning."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn
from ..input_arrays import is_absent
from ..named_arrays import take

__all__ = ["examples_at", "with_values"]


def with_values(argument: str, split: str, y: Any) -> np.ndarray | None:
    """The examples that have a target: the indices, with a warning, if some have none; None if all have one.

    A target is missing if it is NaN, None, pandas' NA or masked, or if one of several is.

    Args:
        argument: name of y, for messages.
        split: name of its split.
        y: targets of any form.

    Raises:
        InvalidArgument: if all are missing.
    """
    missing = _missing(y)
    if missing is None or not missing.any():
        return None
    count, first = int(missing.sum()), int(missing.argmax())
    if count == len(missing):
        accepted = f"the targets of split {split!r}, but all {count:,} are missing"
        raise InvalidArgument(argument, list(np.ravel(np.ma.getdata(y))[:3]), accepted)
    warn(f"{argument}: left out {count:,} of {len(missing):,} examples without a target, the first at index {first:,}")
    return np.flatnonzero(~missing)


def examples_at(values: Any, indices: np.ndarray) -> Any:
    """Some of the examples of inputs or targets of any form: arrays, a Series, lists, or several by name."""
    if isinstance(values, dict):
        return {name: examples_at(column, indices) for name, column in values.items()}
    if isinstance(values, (list, tuple)):
        return [values[index] for index in indices.tolist()]
    return values.iloc[indices] if hasattr(values, "iloc") else take(values, indices)


def _missing(y: Any) -> np.ndarray | None:
    """Whether the target of each example is missing, shape (n,); None where none can be."""
    if hasattr(y, "isna"):  # of pandas
        return np.asarray(y.isna(), bool)
    if np.ma.isMaskedArray(y):
        masked = np.ma.getmaskarray(y) | _absent(y.data)
    elif isinstance(y, np.ndarray):
        masked = _absent(y)
    elif isinstance(y, (list, tuple)):
        masked = np.array([any(map(is_absent, row)) if isinstance(row, (list, tuple)) else is_absent(row) for row in y])
    else:
        return None
    return masked.any(axis=tuple(range(1, masked.ndim))) if masked.ndim else None


def _absent(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "f":
        return np.isnan(y)
    if y.dtype.kind != "O":
        return np.zeros(y.shape, bool)
    return np.array([is_absent(value) for value in y.ravel()], bool).reshape(y.shape)
