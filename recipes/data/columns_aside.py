"""Columns that are taken out of the inputs by name: left out, weights, groups, times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_choice
from .input_arrays import dense
from .names import is_frame

__all__ = ["column_values", "columns_of", "excluded", "without"]

Splits = dict[str, tuple[Any, Any]]


def columns_of(x: Any, names: Sequence[str] | None = None) -> list[str | int]:
    """What the columns of inputs are called: by name, or by position for an array without names; [] for no columns.

    Args:
        x: a DataFrame, a dictionary of columns, or anything else that :meth:`recipes.Data.from_arrays` takes.
        names: of the columns of an array, or of a DataFrame whose columns are just numbered.

    Example:
        >>> columns_of({"a": [1], "b": [2]}), columns_of(np.zeros((4, 2))), columns_of(np.zeros((4, 2)), ["a", "b"])
        (['a', 'b'], [0, 1], ['a', 'b'])
    """
    if isinstance(x, Mapping):
        return list(x)
    if is_frame(x):
        listed: list[str | int] = [str(column) for column in x.columns]
        return list(names) if names is not None and len(names) == len(listed) else listed
    table = _table(x)
    if table is None:
        return []
    width = table.shape[1]
    return list(names) if names is not None and len(names) == width else list(range(width))


def column_values(argument: str, column: Any, split: str, x: Any, names: Sequence[str] | None = None) -> Any:
    """The values of one column, shape (n,).

    Raises:
        InvalidArgument: for an unknown column, naming the argument and the columns.

    Example:
        >>> column_values("time", "b", "train", np.array([[1, 5], [2, 6]]), ["a", "b"]).tolist()
        [5, 6]
    """
    columns = columns_of(x, names)
    if column not in columns:
        known = f"a column of the inputs in split {split!r}"
        if not any(isinstance(name, str) for name in columns):
            raise InvalidArgument(argument, column, f"an array, since the inputs in split {split!r} have no names")
        raise InvalidArgument(argument, column, f"{known}: {', '.join(map(str, columns))}")
    if isinstance(x, Mapping):
        return x[column]
    place = columns.index(column)
    return x.iloc[:, place].to_numpy() if is_frame(x) else _table(x)[:, place]


def without(x: Any, left_out: Sequence[Any], names: Sequence[str] | None = None) -> Any:
    """The inputs without these columns; those that they do not have are ignored.

    Example:
        >>> without({"a": [1], "b": [2]}, ["b", "c"])
        {'a': [1]}
    """
    if isinstance(x, Mapping):
        return {name: values for name, values in x.items() if name not in left_out}
    columns = columns_of(x, names)
    kept = [place for place, column in enumerate(columns) if column not in left_out]
    if len(kept) == len(columns):
        return x
    if not is_frame(x):
        return _table(x)[:, kept]
    rest = x.iloc[:, kept]
    return rest if names is None else rest.set_axis([columns[place] for place in kept], axis=1)


def excluded(
    splits: Splits, exclude: Sequence[Any], names: Sequence[str] | None, gone: Sequence[str] = ()
) -> tuple[Splits, Sequence[str] | None]:
    """The splits without the columns that the user leaves out, and the names of the remaining columns, if given.

    Args:
        splits: split -> (x, y), of which "train" is one.
        exclude: names of columns of the training inputs, or positions where they have no names.
        names: of the columns of an array, or None.
        gone: columns that have been taken out before, which may be named.

    Raises:
        InvalidArgument: for anything but a list of columns, an unknown one, and if no column remains.

    Example:
        >>> excluded({"train": ({"a": [1], "b": [2]}, [0])}, ["b"], None)
        ({'train': ({'a': [1]}, [0])}, None)
    """
    if isinstance(exclude, (str, Mapping)) or not isinstance(exclude, Sequence):
        raise InvalidArgument("exclude", exclude, "a list of columns to leave out")
    for column in exclude:
        if not isinstance(column, (str, int, np.integer)) or isinstance(column, bool):
            raise InvalidArgument("exclude", column, "a list of names or positions of columns")
    wanted = [column for column in exclude if column not in gone]
    if not wanted:
        return splits, names
    columns = columns_of(splits["train"][0], names)
    if not columns:
        raise InvalidArgument("exclude", list(exclude), "empty, since the inputs have no columns")
    wanted = [str(column) if str(column) in columns else column for column in wanted]
    for column in wanted:
        if column not in columns:
            check_choice("exclude", column, columns)
    if set(columns) <= set(wanted):
        raise InvalidArgument("exclude", list(exclude), "fewer than all columns of the inputs")
    rest = {split: (without(x, wanted, names), y) for split, (x, y) in splits.items()}
    return rest, names if names is None else [name for name in names if name not in wanted]


def _table(x: Any) -> Any:
    """An array of shape (n, columns), also of a list of rows or a sparse matrix; None for anything else."""
    if isinstance(x, (list, tuple)):
        if not len(x) or not isinstance(x[0], (list, tuple, np.ndarray)):
            return None
        try:
            x = np.asarray(x)
        except ValueError:  # sequences of different lengths
            return None
    return dense("x", x) if getattr(x, "ndim", 0) == 2 else None
