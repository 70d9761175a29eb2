"""table_blocks: raw inputs from a CSV, TSV or Parquet file, read as training reads it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.files.separated_values import (
    SEPARATORS,
    TABS,
    check_header,
    decoded,
    first_record,
    has_spaces,
    is_number,
    records,
    separator_of,
)
from ..data.files.table_files import DECIMAL_COMMA, PARQUET, check_counts, mixed_marks, parquet_error
from ..data.names import Names
from ..data.spec import Spec
from ..data.statistics.feature_statistics import ABSENT
from ..stored.reading import read_bytes
from .blocks import Block, in_parts
from .columns import Rows, without_others
from .number_columns import number_table

__all__ = ["table_blocks"]

WHOLE = re.compile(r"[-+]?\d+")
HEAD = 2**20
"""Number of bytes in which the first line has to end."""


def table_blocks(
    file: Path, spec: Spec, ignored: MutableMapping[str, None], keep: Sequence[str] = (), rows: int | None = None
) -> Iterator[Block]:
    """The rows of a table file: columns by name where the model's have names, else arrays of numbers.

    Args:
        file: a .csv, .tsv, .tab, .parquet or .pq file; see :func:`recipes.data.files.table_files.read_table`. An
            unnamed first column that counts the rows is left out. The cells of CSV and TSV files stay strings, but
            "1,5" becomes "1.5" in columns of numbers where it does in training.
        spec: of the data that the model was trained on. Columns are matched by name where the model's have names;
            a first line of numbers alone is a header only if these are the names.
        ignored: gets the names of the columns that the model does not take, such as an id or the target.
        keep: names of the columns to copy, as the file has them.
        rows: of a block; None (default) for all at once.

    Yields:
        Blocks, whose inputs are :class:`Rows` or arrays of shape (n, features).

    Raises:
        InvalidArgument: naming the line, column and value at fault.
    """
    names = spec.names if spec.record or spec.feature_names else None
    read = _parquet if file.suffix.lower() in PARQUET else _separated
    for part in read(file, spec, names, keep, rows):
        columns: Any = part.rows
        if part.by_name and names is not None:
            taken = without_others(columns, names, ignored, keep)
            columns = Rows(taken, file.name, columns.numbers, columns.unit, part=columns.part)
        elif not spec.record:
            dtype = spec.input_dtype if spec.kind == "tabular" else "float32"
            columns = number_table(columns, dtype, part.rows.where, spec.input_missing)
        yield Block(columns, len(part.rows.numbers), part.rows.where, part.kept, part.read)


@dataclass(frozen=True)
class _Part:
    """Some rows of a file, whether they go by name, and as for :class:`Block`."""

    rows: Rows
    by_name: bool
    kept: dict[str, Any]
    read: float


def _check_kept(file: Path, keep: Sequence[str], listed: Sequence[str]) -> None:
    for name in keep:
        if name not in listed:
            shown = ", ".join(listed[:20]) + (", ..." if len(listed) > 20 else "")
            raise InvalidArgument("keep", name, f"columns of {file.name}: {shown or 'it names none'}")


def _parquet(file: Path, spec: Spec, names: Names | None, keep: Sequence[str], rows: int | None) -> Iterator[_Part]:
    """The rows of a Parquet file."""
    texts = {feature.name for feature in spec.features if feature.dtype == "string" and not feature.format}
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise parquet_error("input", str(file), error) from None
    try:
        with parquet.ParquetFile(file) as opened:
            total = opened.metadata.num_rows
            schema = opened.schema_arrow
            indices = [name for name in (schema.pandas_metadata or {}).get("index_columns", []) if str(name) == name]
            written = [name for name in schema.names if name not in indices]
            check_header("input", str(file), written)
            _check_kept(file, keep, schema.names)
            listed = written if names is None else names.match(written)
            if not total:
                raise InvalidArgument("input", str(file), "a table with rows, but it has none")
            start = 1
            for batch in _batches(opened, rows):
                columns = {
                    user: _values(batch.column(schema.get_field_index(name)), user in texts)
                    for user, name in zip(listed, written, strict=True)
                }
                numbers = range(start, start + batch.num_rows)
                part = Rows(columns, file.name, numbers, "row", part=batch.num_rows < total)
                start += batch.num_rows
                kept = {name: batch.column(schema.get_field_index(name)) for name in keep}
                yield _Part(part, names is not None, kept, (start - 1) / total)
    except (OSError, pa.ArrowException) as error:
        raise parquet_error("input", str(file), error) from None


def _batches(opened: Any, rows: int | None) -> Iterator[Any]:
    """The rows of an open Parquet file, one row group in memory at a time; without a number, all in one batch."""
    if rows is None:
        yield from opened.read().combine_chunks().to_batches()
        return
    for group in range(opened.metadata.num_row_groups):  # all groups in one call would be buffered
        yield from opened.iter_batches(batch_size=rows, row_groups=[group])


def _values(column: Any, text: bool) -> list[Any]:
    """A column as a list, None for missing values; of texts as strings."""
    series = column.to_pandas(integer_object_nulls=True)
    series = series.astype("string") if text else series
    values: list[Any] = series.astype(object).where(series.notna(), None).tolist()
    return values


def _separated(file: Path, spec: Spec, names: Names | None, keep: Sequence[str], rows: int | None) -> Iterator[_Part]:
    """The rows of a CSV or TSV file."""
    size = file.stat().st_size
    with open(file, "rb") as raw:
        try:
            head = io.TextIOWrapper(io.BytesIO(raw.read(HEAD)), "utf-8-sig", "ignore", newline="").read()
            raw.seek(0)
            separator = _separator(file, head, names)
            first = first_record(head, separator)
            if not first:
                decoded("input", str(file), read_bytes(file))
                raise InvalidArgument("input", str(file), "a table, but the file is empty")
            text = io.TextIOWrapper(raw, "utf-8-sig", newline="")
            spaces = has_spaces(head, separator)
            every = records("input", str(file), text, separator, first, skip_spaces=spaces)
            header = _header(file, first, first_record(head, separator, skip_spaces=False), spec, names)
            _check_kept(file, keep, first if header else [])
            places = {name: first.index(name) for name in keep}
            checks = _Checks(file, spec, separator)
            if header:
                next(every)
            lines = None
            for listed, part in in_parts(every, rows):
                lines, cells = zip(*listed, strict=True)
                columns = [list(column) for column in zip(*cells, strict=True)]
                kept = {name: columns[place] for name, place in places.items()}
                by_name = dict(zip(header or map(str, range(len(first))), columns, strict=True))
                if header and header[0] == "" and len(header) > 1:
                    checks.count(by_name.pop(""))
                by_name = checks.with_decimal_points(by_name)
                yield _Part(Rows(by_name, file.name, lines, "line", part=part), bool(header), kept, raw.tell() / size)
            if lines is None:
                raise InvalidArgument("input", str(file), "a table with rows, but it has none below its header")
        except UnicodeDecodeError:
            decoded("input", str(file), read_bytes(file))
            raise


def _separator(file: Path, head: str, names: Names | None) -> str:
    """What separates the cells: where the names have such characters, what gives the model's columns."""
    usual = separator_of(str(file), head)
    if names is None or file.suffix.lower() in TABS:
        return usual
    found = (one for one in SEPARATORS if set(names.inner) <= set(names.match(first_record(head, one))))
    return next(found, usual)


def _header(file: Path, first: list[str], spaced: list[str], spec: Spec, names: Names | None) -> list[str]:
    """The user's names of the columns in the first line; [] if it is a row of numbers.

    ``spaced`` has the cells of the line with the spaces after separators, which may be part of a name.
    """
    if names is None:
        if spec.kind == "tabular" and not all(map(is_number, first)):
            accepted = "numbers without a header, since the model was trained on columns without names"
            raise InvalidArgument("input", ", ".join(first), accepted)
        return []
    listed = names.match(first)
    if not set(listed) <= set(names.inner):
        matched = names.match(spaced)
        listed = matched if set(matched) <= set(names.inner) else listed
    if not spec.record and set(listed) != set(names.inner) and all(map(is_number, first)):
        return []
    check_header("input", str(file), listed[1:] if listed[0] == "" and len(listed) > 1 else listed)
    return listed


@dataclass
class _Checks:
    """What has to hold from the first to the last row of a file."""

    file: Path
    spec: Spec
    separator: str
    first: int | None = None
    following: int = 0
    comma: tuple[str, str] | None = None
    point: tuple[str, str] | None = None
    words: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.words = {feature.name for feature in self.spec.features if feature.dtype == "string"}

    def count(self, cells: Sequence[str]) -> None:
        """Checks that an unnamed first column counts the rows."""
        whole = all(WHOLE.fullmatch(cell) for cell in cells)
        numbers = np.array(cells).astype(int if whole else object)
        if self.first is None or not whole:
            check_counts("input", str(self.file), numbers)
            self.first = int(numbers[0])
        else:  # with the number that the rows before lead to
            check_counts("input", str(self.file), np.concatenate([[self.first + self.following - 1], numbers]))
        self.following += len(cells)

    def with_decimal_points(self, columns: dict[str, list[str]]) -> dict[str, list[str]]:
        """Replaces decimal commas in columns of numbers; refuses them beside numbers with a point, as training does."""
        if self.separator != ";":
            return columns
        for name in set(columns) - self.words:
            present = [cell for cell in columns[name] if cell.strip().lower() not in ABSENT]
            if all(re.fullmatch(DECIMAL_COMMA, cell) for cell in present):
                self.comma = next(((name, cell) for cell in present if "," in cell), self.comma)
            else:
                numbers = (cell for cell in present if is_number(cell) and "." in cell)
                self.point = next(((name, cell) for cell in numbers), self.point)
        if self.comma and self.point:
            raise mixed_marks("input", str(self.file), *self.comma, *self.point)
        if not self.comma:
            return columns
        return {
            name: cells if name in self.words else [cell.replace(",", ".") for cell in cells]
            for name, cells in columns.items()
        }
