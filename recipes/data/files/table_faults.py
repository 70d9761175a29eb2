"""Faults of the columns of a table file, each an error or a warning of one line with file, line, column and value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn
from ..string_columns import ODD, are_not

__all__ = [
    "FEWEST",
    "MANY",
    "FaultyCells",
    "check_mostly_words",
    "no_target",
    "not_finite",
    "not_numbers",
    "warn_of_counter",
    "warn_of_left_out",
    "warn_of_repeated",
]

FEWEST = 20
"""Minimum number of rows to say that a column numbers them."""
MANY = 20
"""A target of more different numbers than this is a quantity."""


@dataclass(frozen=True)
class FaultyCells:
    """FaultyCells of a column that have something in common.

    Args:
        file: name of the file.
        column: name of the column.
        count: the number of these cells.
        total: the number of cells among which they were counted.
        value: the first one.
        where: its place, e.g. "line 5".
    """

    file: str
    column: str
    count: int
    total: int
    value: Any
    where: str


def not_numbers(words: FaultyCells) -> InvalidArgument:
    """The error for words in a column that has to hold numbers."""
    count = f"{words.count:,} of {words.total:,} cells are not, the first in {words.where}"
    return InvalidArgument(words.file, words.value, f"of numbers in column {words.column!r}, but {count}")


def not_finite(cells: FaultyCells) -> InvalidArgument:
    """The error for numbers beyond float32."""
    count = f"{cells.count:,} of {cells.total:,} are not, the first in {cells.where}"
    accepted = f"finite in column {cells.column!r} (and within float32), but {count}"
    return InvalidArgument(cells.file, cells.value, accepted)


def check_mostly_words(words: FaultyCells, *, numbers: int = 0, what: str = "numbers") -> None:
    """Warns of a column of strings that is mostly numbers or dates; refuses it as a target of many numbers.

    Args:
        words: the cells that are none, among those that are not missing.
        numbers: of a target, how many different numbers it has; 0 for an input.
        what: "numbers" or "dates".
    """
    if not words.count or (what == "numbers" and words.count > ODD * words.total):
        return
    text = (
        f"column {words.column!r} is mostly {what}, but {words.count:,} of {words.total:,} cells {are_not(what)}:"
        f" {words.value!r} in {words.where}"
    )
    if numbers > MANY:
        accepted = f"a table with numbers in the target: {text}; leave missing cells empty"
        raise InvalidArgument(words.file, words.value, accepted)
    warn(f"{words.file}: {text}; taken as words. Leave missing cells empty")


def no_target(file: str, targets: list[str]) -> InvalidArgument:
    """The error for a target that is missing in every row."""
    received = targets[0] if len(targets) == 1 else targets
    return InvalidArgument("target", received, f"a column of {file} with values, but all are missing")


def warn_of_left_out(file: str, targets: list[str], count: int, rows: int, where: str) -> None:
    """Warns that rows without a value of the target were left out."""
    shown = ", ".join(map(repr, targets))
    text = f"{file}: left out {count:,} of {rows:,} rows without a value of {shown}, the first in {where}"
    warn(text)


def warn_of_repeated(file: str, column: str, value: Any, unit: str, first: int, second: int) -> None:
    """Warns that a column with repeated values does not identify the rows."""
    text = (
        f"{file}: column {column!r} does not identify the rows: {value!r} is in {unit}s {first} and {second},"
        " so training and test may share examples"
    )
    warn(text)


def warn_of_counter(file: str, column: str) -> None:
    """Warns of an input that only counts the rows."""
    text = f"column {column!r} numbers the rows; if it says nothing else, leave it out: id={column!r}"
    warn(f"{file}: {text}")
