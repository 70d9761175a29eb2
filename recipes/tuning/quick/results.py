"""What a training returns, as KerasTuner takes it: one number for each name and epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ....callbacks.inside.logs import number_columns, numbers
from .objective import check_logged, directions_of

__all__ = ["in_numbers"]


def in_numbers(result: Any, epochs: Sequence[Mapping[str, float]], objective: Any) -> Any:
    """The result of a training with one number for each name: a vector "f1" becomes "f1[0]", "f1[1]", ...

    KerasTuner takes the mean of a vector without a word, and fails where an epoch has no validation.

    Args:
        result: a History, a dictionary or a number.
        epochs: the logs of each epoch in numbers, if the training was observed.
        objective: of the search. In an epoch without it, it is worse than in any other.

    Raises:
        MissingObjective: for a History or dictionary without it.
    """
    if isinstance(result, Mapping):
        named = numbers(result)
        check_logged(objective, named)
        return named
    if not isinstance(result, keras.callbacks.History):
        return result
    rows = list(epochs) if len(epochs) == len(result.epoch) else _rows(result.history)
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_logged(objective, names)
    worst = {name: float("inf" if way == "min" else "-inf") for name, way in directions_of(objective).items()}
    history = keras.callbacks.History()
    history.epoch = list(range(len(rows)))
    history.history = {name: [row.get(name, worst.get(name, float("nan"))) for row in rows] for name in names}
    return history


def _rows(history: Mapping[str, Sequence[Any]]) -> list[dict[str, float]]:
    """The epochs of a History, of the columns that have every epoch."""
    columns = number_columns(history)
    count = max(map(len, columns.values()), default=0)
    return [{name: values[k] for name, values in columns.items() if len(values) == count} for k in range(count)]
