"""The logs of a training: numbers, and arrays where a metric has one value per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["number_columns", "numbers", "plain_log"]


def plain_log(value: Any) -> Any:
    """A value of the logs as a float, or as a list of floats.

    Example:
        >>> plain_log(np.float32(0.5)), plain_log(np.array([0.5, 1.0]))
        (0.5, [0.5, 1.0])
    """
    return np.asarray(value, np.float64).tolist()


def numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The logs as floats under one name each: an array "f1" becomes "f1[0]", "f1[1]", ...

    Example:
        >>> numbers({"loss": 0.5, "f1": np.array([0.25, 1.0])})
        {'loss': 0.5, 'f1[0]': 0.25, 'f1[1]': 1.0}
    """
    named: dict[str, float] = {}
    for name, value in (logs or {}).items():
        array = np.asarray(value, np.float64)
        if array.ndim == 0:
            named[name] = float(array)
        for place in np.ndindex(array.shape) if array.ndim else ():
            named[name + "".join(f"[{index}]" for index in place)] = float(array[place])
    return named


def number_columns(history: Mapping[str, Sequence[Any]]) -> dict[str, list[float]]:
    """The columns of a History as floats, where an array has a column for each of its values: see :func:`numbers`.

    Example:
        >>> number_columns({"loss": [2.0, 1.0], "f1": [np.array([0.1, 0.2]), np.array([0.3, 0.4])]})
        {'loss': [2.0, 1.0], 'f1[0]': [0.1, 0.3], 'f1[1]': [0.2, 0.4]}
    """
    columns: dict[str, list[float]] = {}
    for name, values in history.items():
        for value in values:
            for column, number in numbers({name: value}).items():
                columns.setdefault(column, []).append(number)
    return columns
