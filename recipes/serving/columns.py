"""columns_of, table_of: records and rows as columns by name; Rows, columns that know where they were read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.names import Names, check_columns, check_present, checked_names, is_frame
from ..data.spec import Spec
from .number_columns import nth_row, number_table

__all__ = ["Rows", "columns_of", "flat", "table_of", "without_others"]


class Rows(dict[str, list[Any]]):
    """Columns by name that were read from a file.

    Args:
        columns: name -> values.
        file: name of the file.
        numbers: the number of each row.
        unit: what these count: "line" or "row".
        part: whether these are a part of the file's rows.

    Example:
        >>> Rows({"age": ["3", "x"]}, "rows.csv", [2, 4], "line").where(1)
        'line 4 of rows.csv'
    """

    def __init__(
        self, columns: Mapping[str, list[Any]], file: str, numbers: Sequence[int], unit: str, *, part: bool = False
    ):
        super().__init__(columns)
        self.file, self.numbers, self.unit, self.part = file, numbers, unit, part

    def where(self, row: int) -> str:
        """What messages call the row at this position."""
        among = f" (among {self.unit}s {self.numbers[0]} to {self.numbers[-1]})" if self.part else ""
        return f"{self.unit} {self.numbers[row]} of {self.file}{among}"


def columns_of(inputs: Any, ranks: Mapping[str, int], names: Names) -> dict[str, list[Any]]:
    """Records as columns: lists of the same length by the user's names. Values are not checked.

    Args:
        inputs: columns by name, a record as a dictionary of single values, a list of records, or a DataFrame.
        ranks: number of dimensions of a single value, by column: 0 for numbers, categories and texts.
        names: names of the columns; the inputs may have the model's names.

    Raises:
        InvalidArgument: for anything else, and for unknown or missing columns, or columns of different lengths.

    Example:
        >>> columns_of([{"age": 3, "deck": "B"}, {"deck": "A"}], {"age": 0, "deck": 0}, Names(["age", "deck"]))
        {'age': [3, None], 'deck': ['B', 'A']}
    """
    if is_frame(inputs):
        frame = inputs.astype(object).where(inputs.notna(), None)
        listed = checked_names("input", map(str, frame.columns))
        inputs = {name: frame.iloc[:, place].tolist() for place, name in enumerate(listed)}
    if isinstance(inputs, (list, tuple)) and inputs and all(isinstance(record, Mapping) for record in inputs):
        records = [flat(record, names) for record in inputs]
        every = dict.fromkeys(name for record in records for name in record)
        columns: dict[str, Any] = {name: [record.get(name) for record in records] for name in every}
    elif isinstance(inputs, Mapping):
        columns = flat(inputs, names)
        if all(_rank(value) == ranks.get(name, 0) for name, value in columns.items()):
            columns = {name: [value] for name, value in columns.items()}
    else:
        shown = f"{inputs.dtype} of shape {inputs.shape}" if isinstance(inputs, np.ndarray) else type(inputs).__name__
        raise InvalidArgument("input", shown, f"records with {', '.join(ranks)}, by name")
    check_columns(
        "input", columns, list(ranks), "records with", "; predict_table takes a DataFrame with other columns too"
    )
    sizes = {name: 0 if _rank(values) == 0 else len(values) for name, values in columns.items()}
    if not any(sizes.values()):
        raise InvalidArgument("input", "none", "at least one example")
    if len(set(sizes.values())) > 1 or not all(sizes.values()):
        raise InvalidArgument("input", sizes, "columns of the same length, at least 1")
    return {name: list(columns[name]) for name in ranks}


def table_of(inputs: Any, spec: Spec) -> np.ndarray:
    """A table of numbers, shape (n, features), in the order of training, from columns or rows by name.

    Args:
        inputs: as in :func:`columns_of`.
        spec: the Spec of a table with named columns.

    Raises:
        InvalidArgument: for unknown or missing columns, missing values, and values other than numbers.

    Example:
        >>> table_of([{"area": 3, "age": 1}, {"age": 2, "area": 4}], spec)       # doctest: +SKIP
        array([[1., 3.], [2., 4.]], dtype=float32)
    """
    where = inputs.where if isinstance(inputs, Rows) else nth_row
    columns = columns_of(inputs, dict.fromkeys(spec.feature_names, 0), spec.names)
    return number_table(columns, spec.input_dtype, where, spec.input_missing)


def without_others(
    columns: Mapping[str, Any], names: Names, ignored: MutableMapping[str, None], kept: Collection[str] = ()
) -> dict[str, Any]:
    """The columns that the model takes.

    Args:
        columns: by the user's names.
        names: of the columns that the model takes.
        ignored: gets the names of the others.
        kept: others that are not to be named there.

    Raises:
        InvalidArgument: naming those that the model takes and the table has not.

    Example:
        >>> ignored = {}
        >>> without_others({"id": [7], "age": [3]}, Names(["age"]), ignored), list(ignored)
        ({'age': [3]}, ['id'])
    """
    check_present("input", columns, list(names.inner))
    ignored.update((name, None) for name in columns if name not in names.inner and name not in kept)
    return {name: values for name, values in columns.items() if name in names.inner}


def flat(record: Mapping[Any, Any], names: Names) -> dict[str, Any]:
    """A record by the user's names; nested records become columns with names joined by ".".

    Example:
        >>> flat({"home": {"town": "Ulm"}, "age": 3}, Names(["age", "home.town"]))
        {'home.town': 'Ulm', 'age': 3}
    """
    pairs = list(_pairs(record))
    matched = checked_names("input", names.match(name for name, _ in pairs))
    return dict(zip(matched, (value for _, value in pairs), strict=True))


def _pairs(record: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{name}", nested) for name, nested in _pairs(value))
        else:
            yield str(key), value


def _rank(value: Any) -> int:
    """The number of dimensions of a value, which may be a ragged list."""
    if isinstance(value, (list, tuple)):
        return 1 + (_rank(value[0]) if value else 0)
    return int(np.ndim(value)) if isinstance(value, np.ndarray) or hasattr(value, "__array__") else 0
