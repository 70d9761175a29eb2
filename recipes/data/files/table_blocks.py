"""TableBlocks: a table file as DataFrames of some thousand rows each, which need not fit into memory together."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....callbacks.checks import InvalidArgument
from .parquet_columns import category_names, date_names, formats_of_dates, plain_column, time_names
from .separated_values import UTF_16, first_record, has_spaces, records, separator_of, undecodable
from .table_files import PARQUET, check_table_file, check_training_header, parquet_error

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableBlocks", "open_blocks"]

ROWS = 65_536
"""Maximum number of rows of a block."""
CHARACTERS = 2**24
"""Number of characters after which a block of a CSV file ends."""
OFTEN = 4_096
"""After so many rows the characters are counted."""
HEAD = 2**20
"""Number of bytes in which the first line has to end."""


@dataclass(frozen=True)
class TableBlocks:
    """A table file to be read block by block.

    Args:
        argument: name of the path, for messages.
        path: the file.
        columns: the names of its columns, without an unnamed one that counts the rows.
        unit: what the index of the blocks counts: "line" or "row".
        separator: between the cells; "" in a Parquet file.
        spaces: whether spaces after a separator are no part of a cell.
        decimal: the decimal mark.
        numbered: whether an unnamed column comes first.
        categories, dates, times: the names of a Parquet file's columns that are categories, dates, and times, with or
            without a date.
    """

    argument: str
    path: Path
    columns: list[str]
    unit: str
    separator: str = ""
    spaces: bool = False
    decimal: str = "."
    numbered: bool = False
    categories: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    times: tuple[str, ...] = ()

    def with_decimal_commas(self) -> TableBlocks:
        """The same file, its numbers written with decimal commas."""
        return replace(self, decimal=",")

    def frames(
        self,
        columns: Sequence[str],
        strings: Collection[str] = (),
        nullable: Collection[str] = (),
        *,
        checked: bool = False,
    ) -> Iterator[pd.DataFrame]:
        """Yields some columns, block after block; the index has line numbers, or the row numbers of a Parquet file.

        Types are inferred in each block by itself, as pandas infers them.

        Args:
            columns: their names, in the order of the frames' columns.
            strings: the names of those to read as strings.
            nullable: the names of those to read with pandas' nullable types, so that whole numbers stay whole.
            checked: whether the file has been read before without an error; then it is read faster, without line
                numbers.

        Raises:
            InvalidArgument: for text that is not UTF-8, rows of another length than the header, misplaced quotes.
        """
        whole = set(nullable) & set(columns) - set(strings)
        if not self.separator:
            return self._parquet(columns, strings, whole)
        names = ["", *self.columns] if self.numbered else self.columns
        options: dict[str, Any] = {"sep": self.separator, "skipinitialspace": self.spaces, "low_memory": False}
        options |= {"index_col": False, "names": names, "decimal": self.decimal}
        options |= {"usecols": list(columns), "dtype": dict.fromkeys(set(strings) & set(columns), str)}
        if checked and not whole:
            return self._quickly(list(columns), options)
        return self._separated(list(columns), whole, {**options, "header": None})

    def _quickly(self, columns: list[str], options: dict[str, Any]) -> Iterator[pd.DataFrame]:
        import pandas as pd

        with pd.read_csv(self.path, encoding="utf-8-sig", header=0, chunksize=ROWS, **options) as reader:
            yield from (frame[columns] for frame in reader)

    def _separated(self, columns: list[str], nullable: set[str], options: dict[str, Any]) -> Iterator[pd.DataFrame]:
        import pandas as pd

        for numbers, text in self._texts(options["names"]):
            frame = pd.read_csv(io.StringIO(text), **options)[columns]
            if len(frame) != len(numbers):
                accepted = f"a table that pandas reads alike: of {len(numbers)} rows it reads {len(frame)}"
                raise InvalidArgument(self.argument, str(self.path), f"{accepted} from line {numbers[0]} on")
            if nullable:
                wanted = {**options, "usecols": sorted(nullable)}
                whole = pd.read_csv(io.StringIO(text), **wanted, dtype_backend="numpy_nullable")
                frame[list(nullable)] = whole[list(nullable)]
            frame.index = pd.Index(numbers)
            yield frame

    def _texts(self, names: Sequence[str]) -> Iterator[tuple[list[int], str]]:
        """(line numbers, text) of whole rows."""
        consumed: list[str] = []
        note = consumed.append
        lines = (note(line) or line for line in self._lines())
        path = str(self.path)
        rows = records(self.argument, path, lines, self.separator, names, skip_spaces=self.spaces)
        next(rows)
        consumed.clear()
        numbers: list[int] = []
        for line, _ in rows:
            numbers.append(line)
            if len(numbers) == ROWS or (len(numbers) % OFTEN == 0 and sum(map(len, consumed)) >= CHARACTERS):
                yield numbers, "".join(consumed)
                consumed.clear()
                numbers = []
        if numbers:
            yield numbers, "".join(consumed)

    def _lines(self) -> Iterator[str]:
        with open(self.path, "rb") as file:
            for number, raw in enumerate(file, 1):
                wrong = raw.find(b"\0")
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    wrong = error.start
                if wrong >= 0:
                    header = self.separator.join(self.columns)
                    raise undecodable(self.argument, str(self.path), header, number, raw, wrong)
                yield text

    def as_stored(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yields some columns of a Parquet file with the types that pandas gives them, block after block."""
        from pyarrow import parquet

        with parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=ROWS, columns=list(columns)):
                yield batch.to_pandas()

    def _parquet(self, columns: Sequence[str], strings: Collection[str], nullable: set[str]) -> Iterator[pd.DataFrame]:
        import pandas as pd
        import pyarrow as pa
        from pyarrow import compute, parquet

        start, formats = 1, formats_of_dates(self.path, list(columns), ROWS)
        with parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=ROWS, columns=list(columns)):
                plain = {name: plain_column(batch.column(name), formats.get(name)) for name in columns}
                arrays = [
                    compute.cast(column, pa.string()) if name in strings else column for name, column in plain.items()
                ]
                frame = pa.table(arrays, names=list(columns)).to_pandas()
                for name in nullable:
                    if pa.types.is_integer(batch.column(name).type):
                        frame[name] = batch.column(name).to_pandas(integer_object_nulls=True).astype("Int64")
                frame.index = pd.RangeIndex(start, start + len(frame))
                start += len(frame)
                yield frame


def open_blocks(argument: str, path: Path) -> TableBlocks:
    """The header of a table file, with the checks of :func:`recipes.data.files.table_files.read_table`.

    Args:
        argument: name of the path, for messages.
        path: the file.

    Raises:
        InvalidArgument: as there.

    Example:
        >>> open_blocks("name", Path("churn.csv")).columns                 # doctest: +SKIP
        ['customerID', 'age', 'Churn']
    """
    suffix = check_table_file(argument, path)
    if suffix in PARQUET:
        names, schema = _parquet_names(argument, path)
        categories, dates, times = (tuple(of(schema)) for of in (category_names, date_names, time_names))
        return TableBlocks(argument, path, names, "row", categories=categories, dates=dates, times=times)
    with open(path, "rb") as file:
        raw = file.read(HEAD)
    if raw[:2] in UTF_16 or b"\0" in raw.split(b"\n", 1)[0]:
        raise undecodable(argument, str(path), "", 1, raw, max(raw.find(b"\0"), 0))
    head = raw.decode("utf-8-sig", "replace")
    separator = separator_of(str(path), head)
    names = first_record(head, separator)
    numbered = check_training_header(argument, str(path), names)
    spaces = has_spaces(head, separator)
    return TableBlocks(argument, path, names[numbered:], "line", separator, spaces, numbered=bool(numbered))


def _parquet_names(argument: str, path: Path) -> tuple[list[str], Any]:
    """The names of the columns, and the schema."""
    try:
        from pyarrow import parquet

        schema = parquet.read_schema(path)
    except Exception as error:
        raise parquet_error(argument, str(path), error) from None
    indices = (schema.pandas_metadata or {}).get("index_columns", [])
    names = [name for name in schema.names if name not in indices]
    check_training_header(argument, str(path), names)
    return names, schema
