"""score_writer: a table of scores as a CSV, TSV, Parquet or JSON lines file, written block by block."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.files.table_files import PARQUET, SEPARATED

__all__ = ["SUFFIXES", "Write", "cells", "json_lines", "score_writer"]

JSON_LINES = ".jsonl"
SUFFIXES = (*SEPARATED, *PARQUET, JSON_LINES)
"""Suffixes of the files that can be written."""

Write = Callable[[Sequence[Any]], None]
"""Writes some rows, as columns in the order of the names: lists, arrays of numbers, or Arrow arrays."""


@contextmanager
def score_writer(file: BinaryIO, suffix: str, names: Sequence[str]) -> Iterator[Write]:
    """Writes a table of scores into an open file.

    Args:
        file: to write into.
        suffix: one of :data:`SUFFIXES`; it says how the table is written.
        names: of the columns.

    Example:
        >>> file = io.BytesIO()
        >>> with score_writer(file, ".csv", ["id", "prediction", "yes"]) as write:
        ...     write([["007", None], ["yes", "no"], np.float32([0.9, 0.1])])
        >>> file.getvalue().decode().splitlines()
        ['id,prediction,yes', '007,yes,0.9', ',no,0.1']
    """
    if suffix in PARQUET:
        with _parquet_writer(file, names) as write:
            yield write
        return
    text = io.TextIOWrapper(file, "utf-8", newline="")
    if suffix == JSON_LINES:
        yield lambda columns: text.writelines(json_lines(names, columns))
    else:
        rows = csv.writer(text, delimiter="," if suffix == ".csv" else "\t", lineterminator="\n")
        rows.writerow(names)
        yield lambda columns: rows.writerows(zip(*map(cells, columns), strict=True))
    text.flush()
    text.detach()


def json_lines(names: Sequence[str], columns: Sequence[Any]) -> Iterator[str]:
    """The rows as JSON objects, one a line.

    Example:
        >>> list(json_lines(["id", "yes"], [["007"], np.float32([0.1])]))
        ['{"id": "007", "yes": 0.1}\\n']
    """
    for row in zip(*map(_values, columns), strict=True):
        yield json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n"


def cells(column: Any) -> list[str]:
    """A column as the cells of a CSV file: numbers with as few digits as tell them apart, "" for None.

    Example:
        >>> cells(np.float32([0.1])), cells(["007", None, ["a", "b"]])
        (['0.1'], ['007', '', '["a", "b"]'])
    """
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        shortest: list[str] = column.astype(str).tolist()
        return shortest
    return [value if isinstance(value, str) else _cell(value) for value in _values(column)]


def _cell(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _values(column: Any) -> list[Any]:
    """A column as values that JSON has."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return [float(text) for text in column.astype(str).tolist()]
    return [_value(value) for value in (column if isinstance(column, list) else column.to_pylist())]


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (str, int, list, dict, type(None))) else str(value)


@contextmanager
def _parquet_writer(file: BinaryIO, names: Sequence[str]) -> Iterator[Write]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        accepted = "a .csv, .tsv or .jsonl file; Parquet files need pyarrow (pip install pyarrow)"
        raise InvalidArgument("to", "Parquet", accepted) from None
    writer: Any = None

    def write(columns: Sequence[Any]) -> None:
        nonlocal writer
        for name, column in zip(names, columns, strict=True):
            try:
                array = column if isinstance(column, pa.Array) else pa.array(column, kinds.get(name))
                array = array.cast(kinds.get(name, pa.string())) if pa.types.is_null(array.type) else array
                if array.type != kinds.setdefault(name, array.type):
                    raise pa.ArrowInvalid(f"{array.type} after {kinds[name]}")
                arrays.append(array)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                reason = str(error).splitlines()[0][:100]
                accepted = f"columns with values of one type, for a Parquet file ({reason}); a .jsonl file has no types"
                raise InvalidArgument("keep", name, accepted) from None
        table = pa.table(arrays, names=list(names))
        arrays.clear()
        if writer is None:
            writer = parquet.ParquetWriter(file, table.schema)
        writer.write_table(table)

    arrays: list[Any] = []
    kinds: dict[str, Any] = {}
    try:
        yield write
    finally:
        if writer is not None:
            writer.close()  # while the file is open, also after an error
