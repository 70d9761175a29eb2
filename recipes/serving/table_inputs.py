"""table_inputs: raw inputs from a CSV, TSV or Parquet file, read as training reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.warning import warn
from ..data.files.separated_values import check_header, is_number
from ..data.files.table_files import DECIMAL_COMMA, PARQUET, Cells, check_counts, mixed_marks, read_cells, read_parquet
from ..data.names import Names
from ..data.spec import Spec
from ..data.statistics.feature_statistics import ABSENT
from .columns import Rows, table_of
from .number_columns import number_table

__all__ = ["table_inputs"]

WHOLE = re.compile(r"[-+]?\d+")


def table_inputs(file: Path, spec: Spec) -> Any:
    """The rows of a table file: columns by name for records, else an array of numbers.

    Args:
        file: a .csv, .tsv, .tab, .parquet or .pq file; see :func:`recipes.data.files.table_files.read_table`. An
            unnamed first column that counts the rows is left out. The cells of CSV and TSV files stay strings in
            records, but "1,5" becomes "1.5" in columns of numbers where it does in training.
        spec: of the data that the model was trained on. Columns are matched by name where the model's have names;
            a first line of numbers alone is a header only if these are the names. Columns that the model does not take,
            such as an id or the target, are ignored with a warning, unless one that it takes is missing.

    Returns:
        :class:`Rows`, or an array of shape (n, features).

    Raises:
        InvalidArgument: naming the line, column and value at fault.
    """
    names = spec.names if spec.record or spec.feature_names else None
    rows, by_name = (_parquet if file.suffix.lower() in PARQUET else _separated)(file, spec, names)
    if spec.record:
        return rows
    if by_name:
        return table_of(rows, spec)
    dtype = spec.input_dtype if spec.kind == "tabular" else "float32"
    return number_table(rows, dtype, rows.where, spec.input_missing)


def _parquet(file: Path, spec: Spec, names: Names | None) -> tuple[Rows, bool]:
    """The rows of a Parquet file, and whether they go by name."""
    texts = [feature.name for feature in spec.features if feature.dtype == "string" and not feature.format]
    frame = read_parquet("input", str(file), file.read_bytes(), strings=texts)
    if not len(frame):
        raise InvalidArgument("input", str(file), "a table with rows, but it has none")
    numbered = frame.astype(object).where(frame.notna(), None)
    listed = list(frame.columns) if names is None else names.match(frame.columns)
    columns = {name: numbered.iloc[:, place].tolist() for place, name in enumerate(listed)}
    columns = columns if names is None else _taken(file, columns, names)
    return Rows(columns, file.name, list(frame.index), "row"), names is not None


def _separated(file: Path, spec: Spec, names: Names | None) -> tuple[Rows, bool]:
    """The rows of a CSV or TSV file, and whether they go by name."""
    cells = read_cells("input", file)
    header = _header(file, cells, spec, names)
    rows, lines = (cells.rows[1:], cells.lines[1:]) if header else (cells.rows, cells.lines)
    if not rows:
        raise InvalidArgument("input", str(file), "a table with rows, but it has none below its header")
    listed = header or [str(place) for place in range(len(cells.rows[0]))]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(listed)}
    if header and header[0] == "" and len(header) > 1:
        first = columns.pop("")
        whole = all(WHOLE.fullmatch(cell) for cell in first)
        check_counts("input", str(file), np.array(first).astype(int if whole else object))
    if header and names is not None:
        columns = _taken(file, columns, names)
    if cells.separator == ";":
        _replace_decimal_commas(file, columns, spec)
    return Rows(columns, file.name, lines, "line"), bool(header)


def _header(file: Path, cells: Cells, spec: Spec, names: Names | None) -> list[str]:
    """The user's names of the columns in the first line; [] if it is a row of numbers."""
    first = cells.rows[0]
    if names is None:
        if spec.kind == "tabular" and not all(map(is_number, first)):
            accepted = "numbers without a header, since the model was trained on columns without names"
            raise InvalidArgument("input", ", ".join(first), accepted)
        return []
    listed = names.match(first)
    if not set(listed) <= set(names.inner):  # a space after a separator may be part of a name
        spaced = names.match(cells.spaced)
        listed = spaced if set(spaced) <= set(names.inner) else listed
    if not spec.record and set(listed) != set(names.inner) and all(map(is_number, first)):
        return []
    check_header("input", str(file), listed[1:] if listed[0] == "" and len(listed) > 1 else listed)
    return listed


def _taken(file: Path, columns: dict[str, list[Any]], names: Names) -> dict[str, list[Any]]:
    """The columns that the model takes; a warning names the others. All of them where one that it takes is missing."""
    others = [name for name in columns if name not in names.inner]
    if not others or not set(names.inner) <= set(columns):
        return columns
    shown = ", ".join(map(repr, others[:5])) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
    warn(f"{file.name}: ignored columns that the model does not take: {shown}")
    return {name: values for name, values in columns.items() if name in names.inner}


def _replace_decimal_commas(file: Path, columns: dict[str, list[Any]], spec: Spec) -> None:
    """Replaces them in columns of numbers; refuses them beside numbers with a decimal point, as training does."""
    words = {feature.name for feature in spec.features if feature.dtype == "string"}
    commas, points = None, None
    for name in set(columns) - words:
        present = [cell for cell in columns[name] if cell.strip().lower() not in ABSENT]
        if all(re.fullmatch(DECIMAL_COMMA, cell) for cell in present):
            commas = next(((name, cell) for cell in present if "," in cell), commas)
        else:
            points = next(((name, cell) for cell in present if is_number(cell) and "." in cell), points)
    if commas and points:
        raise mixed_marks("input", str(file), *commas, *points)
    if commas:
        for name in set(columns) - words:
            columns[name] = [cell.replace(",", ".") for cell in columns[name]]
