"""numbers_of: the numbers of a column of raw inputs, or an error that names the row and the value at fault."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.input_arrays import is_absent
from ..data.spec import Spec
from ..data.statistics.column_statistics import missing_columns
from ..data.statistics.deviations import EXACT
from ..data.statistics.feature_statistics import ABSENT

__all__ = [
    "BOOLEANS",
    "TRUTH",
    "Where",
    "nth_row",
    "number_table",
    "numbers_of",
    "refuse_missing",
    "refuse_missing_columns",
    "whole_numbers",
]

BOOLEANS = {"true": 1.0, "false": 0.0}
"""How a file has the values of a column of booleans."""

TRUTH = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
"""Strings accepted in a column of booleans."""

Where = Callable[[int], str]
"""From the position of a row to what messages call it."""


def nth_row(row: int) -> str:
    """What messages call a row of inputs that come from no file.

    Example:
        >>> nth_row(0)
        'row 1'
    """
    return f"row {row + 1}"


def numbers_of(
    argument: str, values: Sequence[Any], where: Where = nth_row, words: Mapping[str, float] | None = None
) -> np.ndarray:
    """A column as float64 (n,), NaN where a value is missing: None, NaN, or a string such as "", "?" and "NA".

    Args:
        argument: name of the column, for messages.
        values: numbers, strings or None.
        where: names a row, for messages.
        words: numbers that words in lower case stand for.

    Raises:
        InvalidArgument: for values that are no numbers, infinite, or too large for float32, the first with its row.

    Example:
        >>> numbers_of("age", ["3", "", 4.5]).tolist()
        [3.0, nan, 4.5]
    """
    wrong: list[int] = []
    try:
        numbers = np.fromiter(map(float, values), np.float64, len(values))
    except (TypeError, ValueError, OverflowError):
        numbers, wrong = _checked_numbers(values, words or {})
    if wrong:
        accepted = f"numbers, but {len(wrong)} of {len(values)} are none, the first in {where(wrong[0])}"
        raise InvalidArgument(argument, values[wrong[0]], accepted)
    with np.errstate(over="ignore"):
        infinite = np.flatnonzero(np.isinf(numbers.astype(np.float32)))  # the type that models compute with
    if len(infinite):
        count = f"{len(infinite)} of {len(values)} are infinite or too large for float32"
        accepted = f"finite, but {count}, the first in {where(int(infinite[0]))}"
        raise InvalidArgument(argument, numbers[infinite[0]].item(), accepted)
    return numbers


def _checked_numbers(values: Sequence[Any], words: Mapping[str, float]) -> tuple[np.ndarray, list[int]]:
    """The numbers, NaN for missing ones, and the positions of values that are none."""
    numbers, wrong = np.full(len(values), np.nan), list[int]()
    for row, value in enumerate(values):
        text = value.strip().lower() if isinstance(value, str) else None
        if text in ABSENT if text is not None else is_absent(value):
            continue
        number = value if text is None else words.get(text, text)
        try:
            numbers[row] = float(number)
        except (TypeError, ValueError, OverflowError):
            wrong.append(row)
    return numbers, wrong


def number_table(
    columns: Mapping[str, Sequence[Any]], dtype: Any, where: Where = nth_row, missing: Collection[int] = ()
) -> np.ndarray:
    """Columns of numbers as an array of shape (n, features) of this type.

    Args:
        columns: name -> values as in :func:`numbers_of`, or "true" and "false".
        dtype: of the array: a floating-point type, or int64.
        where: names a row, for messages.
        missing: positions of the columns in which values may be missing; NaN in the array.

    Raises:
        InvalidArgument: naming the column, the row and the value at fault.

    Example:
        >>> number_table({"age": ["3", 4], "vip": ["True", False]}, "float32").tolist()
        [[3.0, 1.0], [4.0, 0.0]]
    """
    converted = []
    for place, (name, values) in enumerate(columns.items()):
        argument = f"input[{name!r}]"
        numbers = numbers_of(argument, values, where, BOOLEANS)
        if place not in missing:
            refuse_missing(argument, np.isnan(numbers), where)
        if np.issubdtype(dtype, np.integer):
            parts = np.flatnonzero(numbers != np.round(numbers))
            if len(parts):
                count = f"{len(parts)} of {len(numbers)} are not, the first in {where(int(parts[0]))}"
                raise InvalidArgument(argument, numbers[parts[0]].item(), f"whole numbers, as in training, but {count}")
            numbers = whole_numbers(values, numbers)
        converted.append(numbers.astype(dtype))
    return np.stack(converted, axis=1)


def refuse_missing(argument: str, missing: np.ndarray, where: Where = nth_row) -> None:
    """Raises InvalidArgument, naming the first, if some value of a column is missing that none was in training.

    Args:
        argument: name of the column.
        missing: booleans, shape (n,).
        where: names a row.
    """
    if missing.any():
        count = f"it is missing in {missing.sum()} of {len(missing)}, the first in {where(int(missing.argmax()))}"
        raise InvalidArgument(argument, None, f"given in every row, as in training; {count}")


def refuse_missing_columns(table: np.ndarray, spec: Spec) -> None:
    """Raises InvalidArgument for missing values in columns of a table that had none in training.

    Args:
        table: numbers, shape (n, columns).
        spec: of the data.
    """
    for place in missing_columns(table):
        if place not in spec.input_missing:
            name = spec.feature_names[place] if spec.feature_names else str(place)
            refuse_missing(f"input[{name!r}]", np.isnan(table[:, place]))


def whole_numbers(values: Sequence[Any], numbers: np.ndarray) -> np.ndarray:
    """``numbers``, whole ones, as int64; from ``values`` itself where it may hold larger ones than floats do.

    Example:
        >>> whole_numbers(["9007199254740993"], np.array([9007199254740992.0])).tolist()
        [9007199254740993]
    """
    integers = numbers.astype(np.int64)
    for place in np.flatnonzero(np.abs(numbers) >= EXACT).tolist():
        value = values[place].strip() if isinstance(values[place], str) else values[place]
        if isinstance(value, (int, np.integer)) or (isinstance(value, str) and value.lstrip("+-").isdigit()):
            integers[place] = int(value)
    return integers
