"""numbers_of_strings: targets that are numbers written as strings, such as prices "$1,200"."""

from __future__ import annotations

import numpy as np

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn
from ..string_columns import as_strings
from ..strings.number_strings import mark_of, numbers_in
from .whole_numbers import FEW

__all__ = ["numbers_of_strings"]


def numbers_of_strings(
    arrays: dict[str, np.ndarray], task: str | None, arguments: dict[str, str]
) -> dict[str, np.ndarray] | None:
    """The targets as float64, or None if they are the names of classes.

    Strings that are all numbers are quantities with the task "regression", or without a task if there are more than 20
    different ones that are no plain whole numbers, or mostly different; a warning says so. Otherwise they are names.

    Args:
        arrays: split -> y, strings in training.
        task: None to infer it.
        arguments: split -> name of its y, for messages.

    Raises:
        InvalidArgument: for values in other splits that are no such numbers, and missing ones.
    """
    train = arrays["train"].tolist()
    different = dict.fromkeys(train)
    if task not in (None, "regression") or (task is None and len(different) <= FEW):
        return None
    mark = mark_of(different)
    repeated = len(different) <= len(train) // 2
    if mark is None or (task is None and repeated and all(map(str.isdigit, different))):
        return None
    numbers = {}
    for split, y in arrays.items():
        argument = arguments[split]
        numbers[split] = numbers_in(as_strings(argument, y, "number", mark, split=split).tolist(), mark)
        missing = np.isnan(numbers[split])
        if missing.any():
            accepted = f"given for every example, but {missing.sum()} of {len(y)} in split {split!r} are missing"
            raise InvalidArgument(argument, y[missing][0], accepted)
    if task is None:
        warn(
            f"{arguments['train']} has strings of {len(different):,} different numbers, such as {train[0]!r}: this is"
            " a regression; pass task='multiclass' if they are classes, or task='regression' to confirm"
        )
    return numbers
