"""unframed: pandas DataFrames as tables of numbers or as records, their columns matched by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .disk.stored import Stored
from .names import check_columns, checked_names, column_names, is_frame
from .statistics.deviations import EXACT

__all__ = ["categories_of", "check_order", "column_of", "unframed", "unframed_targets", "without_categories"]


def unframed(inputs: Mapping[str, Any], arguments: Mapping[str, str], names: Sequence[str] = ()) -> dict[str, Any]:
    """Replaces pandas DataFrames by tables or, if any has columns other than numbers, by records.

    A column of whole numbers that float64 would round, beside one of floats, makes it a record, too, and so does a
    dictionary of columns in another split. Columns are matched with the training split's by name, in any order; by
    position only where one of them has no names.

    Args:
        inputs: split -> x; anything but a DataFrame is left as it is, but for a dictionary of columns beside a training
            table with ``names``.
        arguments: split -> name of its inputs, for messages.
        names: names of the training split's columns, where it has none of its own.

    Raises:
        InvalidArgument: for duplicate or empty column names, and for columns that are missing or unknown in a split.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"age": [3, 4], "name": ["x", None]})
        >>> unframed({"train": frame}, {"train": "x"})["train"]["name"].tolist()
        ['x', None]
    """
    train, replaced = inputs.get("train"), dict(inputs)
    expected = _training_names(train, arguments, names)
    if expected and not isinstance(train, Mapping) and not is_frame(train):
        replaced = {split: _framed(arguments[split], x, expected) for split, x in replaced.items()}
    listed: dict[str, list[str]] = {}
    for split, x in replaced.items():
        if is_frame(x):
            listed[split] = _listed(arguments[split], x, expected)
        elif isinstance(x, Mapping):
            listed[split] = checked_names(arguments[split], x)
        else:
            continue
        if expected:
            check_columns(arguments[split], listed[split], expected)
    frames = {split: x for split, x in replaced.items() if is_frame(x)}
    records = any(isinstance(x, Mapping) for x in replaced.values())
    # beside an array, missing values are NaN in a table
    suits = _plain_table if isinstance(train, Mapping) or is_frame(train) else _has_numbers_only
    plain = not records and all(suits(x) for x in frames.values())
    for split, x in frames.items():
        places = [listed[split].index(name) for name in expected or listed[split]]
        if plain:
            table = x.iloc[:, places]
            replaced[split] = table.to_numpy("int64") if _rounded(table) else table.to_numpy("float64", na_value=np.nan)
        else:
            columns = (x.iloc[:, place] for place in places)
            replaced[split] = dict(zip(expected or listed[split], map(column_of, columns), strict=True))
    return replaced


def check_order(x: Any, others: Mapping[str, Any], argument: str = "x") -> None:
    """Refuses pandas objects whose index holds the same labels as that of x in another order.

    Rows belong together by position. Where the indexes say otherwise, one of them has been shuffled or sorted alone;
    other labels, such as those of a reset index, say nothing.

    Args:
        x: inputs of any form.
        others: what goes with them, by the name of the argument: targets, weights, ...
        argument: name of the inputs, for messages.

    Raises:
        InvalidArgument: naming the first label that has another place.

    Example:
        >>> import pandas
        >>> x, y = pandas.DataFrame({"a": [1, 2]}), pandas.Series([0, 1], index=[1, 0])
        >>> check_order(x, {"y": y.sort_index()})
        >>> check_order(x, {"y": y})
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: y must be in the order of x: both indexes hold the same labels, so order it by
        y.loc[x.index], or drop its index if the rows belong together as they are. Received: y='1 in row 1'
    """
    index = _index(x)
    for name, values in others.items():
        own = _index(values)
        if index is None or own is None or len(index) != len(own) or index.equals(own):
            continue
        if index.is_unique and own.is_unique and own.isin(index).all():
            row = int(np.argmax(np.asarray(index != own)))
            accepted = f"in the order of {argument}: both indexes hold the same labels, so order it by"
            remedy = f"{name}.loc[{argument}.index], or drop its index if the rows belong together as they are"
            raise InvalidArgument(name, f"{own[row]} in row {row + 1}", f"{accepted} {remedy}")


def _index(values: Any) -> Any:
    """The index of a pandas object, or of the first one in a dictionary of columns; None for others."""
    if isinstance(values, Mapping):
        return next((value.index for value in values.values() if hasattr(value, "iloc")), None)
    return values.index if hasattr(values, "iloc") else None


def categories_of(x: Any, names: Sequence[str] = ()) -> list[str]:
    """The columns that are pandas categories, or read from a file as such: of a DataFrame, or of a dictionary.

    Args:
        x: inputs of any form.
        names: names of a DataFrame's columns, where it has none of its own.

    Example:
        >>> import pandas
        >>> categories_of({"a": pandas.Categorical(["1", "2"]), "b": ["1", "2"]})
        ['a']
    """
    if is_frame(x):
        listed = names if len(names) == len(x.columns) else map(str, x.columns)
        columns = dict(zip(listed, (x.iloc[:, place] for place in range(len(x.columns))), strict=True))
    elif isinstance(x, Mapping):
        columns = dict(x)
    else:
        return []
    return [name for name, values in columns.items() if _is_category(values)]


def without_categories(values: Any) -> Any:
    """A pandas category as the strings that its values are written as, or as dates; anything else unchanged."""
    if getattr(getattr(values, "dtype", None), "name", "") != "category":
        return values
    import pandas

    return column_of(pandas.Series(values))


def _is_category(values: Any) -> bool:
    if isinstance(values, Stored):
        return values.category
    dtype: Any = getattr(values, "dtype", None)
    # every file writes categories of dates as dates
    return getattr(dtype, "name", "") == "category" and dtype.categories.dtype.kind != "M"


def unframed_targets(targets: Mapping[str, Any], arguments: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Replaces DataFrames of several targets by arrays, their columns in the order of the training split's.

    Args:
        targets: split -> y; anything but a DataFrame of two or more columns is left as it is.
        arguments: split -> name of its targets, for messages.

    Returns:
        (split -> y, names of the training split's columns; none if they have no names).

    Raises:
        InvalidArgument: for duplicate or empty column names, and for columns that are missing or unknown in a split.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"rain": [0, 1], "wind": [1, 1]})
        >>> ys, names = unframed_targets({"train": frame, "test": frame[["wind", "rain"]]}, {"train": "y", "test": "t"})
        >>> ys["test"].tolist(), names
        ([[0, 1], [1, 1]], ['rain', 'wind'])
    """
    frames = {split: y for split, y in targets.items() if is_frame(y) and len(y.columns) > 1}
    train = frames.get("train")
    names = (column_names(arguments["train"], train) if train is not None else None) or []
    replaced = dict(targets)
    for split, y in frames.items():
        listed = column_names(arguments[split], y, names)
        places = list(range(len(y.columns)))
        if names and listed:
            check_columns(arguments[split], listed, names)
            places = [listed.index(name) for name in names]
        replaced[split] = y.iloc[:, places].to_numpy()
    return replaced, names


def _training_names(train: Any, arguments: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """The names of the training split's columns; none if it is an array and ``names`` is empty."""
    if isinstance(train, Mapping):
        return checked_names(arguments["train"], train)
    if not is_frame(train):
        return list(names)
    listed = column_names(arguments["train"], train)
    if not names:
        return listed or list(map(str, train.columns))
    if listed is not None and list(names) != listed:
        raise InvalidArgument(
            "feature_names", list(names), f"None for {arguments['train']}, which names its columns itself"
        )
    if len(names) != len(train.columns):
        accepted = f"{len(train.columns)} names, one for each column of {arguments['train']}"
        raise InvalidArgument("feature_names", list(names), accepted)
    return checked_names("feature_names", names)


def _listed(argument: str, frame: Any, expected: list[str]) -> list[str]:
    """The names of a DataFrame's columns, or the expected ones by position if it has no names."""
    listed = column_names(argument, frame, expected)
    if listed is None and len(expected) == len(frame.columns):
        return expected
    return listed or list(map(str, frame.columns))


def _framed(argument: str, x: Any, names: Sequence[str]) -> Any:
    """A dictionary of columns as a DataFrame, beside a training table with names; anything else is left."""
    if not isinstance(x, Mapping):
        return x
    import pandas

    check_columns(argument, checked_names(argument, x), names)
    return pandas.DataFrame({name: np.asarray(values) for name, values in x.items()})


def _plain_table(frame: Any) -> bool:
    """Whether all columns are numbers that one type holds, and none is missing."""
    if not _has_numbers_only(frame) or frame.isna().to_numpy().any():
        return False
    return all(dtype.kind in "iub" for dtype in frame.dtypes) or not _rounded(frame)


def _has_numbers_only(frame: Any) -> bool:
    return all(dtype.kind in "fiub" for dtype in frame.dtypes)


def _rounded(frame: Any) -> bool:
    """Whether float64 would round whole numbers of the DataFrame that int64 holds."""
    columns = [frame.iloc[:, place] for place, dtype in enumerate(frame.dtypes) if dtype.kind in "iu" and len(frame)]
    limits = [abs(int(limit)) for column in columns for limit in (column.min(), column.max())]
    return EXACT < max(limits, default=0) <= np.iinfo(np.int64).max


def column_of(values: Any) -> np.ndarray:
    """A column of a DataFrame: numbers with NaN, dates with NaT, or other values with None for missing ones."""
    absent = values.isna()
    if values.dtype.name == "category" and not _is_category(values):
        values = values.astype(values.dtype.categories.dtype)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "Mm":
        return values.to_numpy()
    if values.dtype.kind not in "fiub":
        texts = values.astype(object)
        if values.dtype.name == "category":  # its values only matter as labels
            texts = texts.map(str)
        return texts.where(~absent, None).to_numpy(object)
    dtype = getattr(values.dtype, "numpy_dtype", None)  # of pandas' nullable types
    if dtype is None:
        return values.to_numpy()
    return values.to_numpy("float64", na_value=np.nan) if absent.any() else values.to_numpy(dtype)
