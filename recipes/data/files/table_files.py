"""read_table: a CSV, TSV or Parquet file as a DataFrame whose index holds line numbers."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....callbacks.checks import InvalidArgument, check_path
from .file_kinds import PARQUET, check_kind, nearest_file
from .separated_values import (
    TABS,
    check_header,
    decoded,
    first_record,
    has_spaces,
    is_number,
    line_numbers,
    separator_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DECIMAL_COMMA",
    "PARQUET",
    "SEPARATED",
    "TableFile",
    "check_counts",
    "check_table_file",
    "check_training_header",
    "is_table_file",
    "mixed_marks",
    "parquet_error",
    "read_parquet",
    "read_table",
]

SEPARATED = (".csv", *TABS)
DECIMAL_COMMA = r"[-+]?\d+(,\d+)?"
"""Numbers that are written with a decimal comma, or none."""
ACCEPTED = "a .csv, .tsv or .parquet file"
LONG = 60
"""Maximum number of characters to show of a first line that is no header."""


@dataclass(frozen=True)
class TableFile:
    """A table that was read from a file.

    Args:
        path: the absolute path of the file.
        frame: its columns, all named differently. The index holds the line number of each row in a CSV or TSV file,
            counted from 1, or the row number in a Parquet file.
        unit: what the index counts: "line" or "row".
        sha256: of the file's bytes, hexadecimal.
    """

    path: Path
    frame: pd.DataFrame
    unit: str
    sha256: str

    @property
    def facts(self) -> dict[str, str]:
        """The path and the SHA-256, for the settings of a Data."""
        return {"path": str(self.path), "sha256": self.sha256}


def is_table_file(name: Any) -> bool:
    """Whether ``name`` is the path of a table file, not the name of a dataset.

    That is any ``os.PathLike``, a string that ends in .csv, .tsv, .tab, .parquet or .pq, and the path of an existing
    file with another suffix, which :func:`read_table` refuses.

    Example:
        >>> is_table_file("churn.csv"), is_table_file("titanic"), is_table_file("glue/sst2:1.0.0")
        (True, False, False)
    """
    if isinstance(name, os.PathLike):
        return True
    path = Path(name).expanduser()
    return path.suffix.lower() in (*SEPARATED, *PARQUET) or (path.suffix != "" and path.is_file())


def read_table(
    argument: str, path: str | os.PathLike[str], *, strings: Collection[str] = (), nullable: Collection[str] = ()
) -> TableFile:
    """Reads a table with a header, as ``pandas.read_csv`` or ``pandas.read_parquet`` does, but without guesses.

    Text is UTF-8, with or without a byte order mark. Cells are separated by tabs in .tsv and .tab files, in .csv files
    by whichever of "," ";" tab and "|" the header has most of. Spaces after the separators are skipped where the header
    has them after all. Blank lines are skipped; empty cells and pandas' usual words (NA, NaN, null, ...) are missing
    values. Where cells are separated by ";" and no number has a decimal point, "1,5" is a number.

    Args:
        argument: name of the path, for messages.
        path: the file.
        strings: names of columns to read as strings, e.g. postcodes.
        nullable: names of columns to read with pandas' nullable types, so that whole numbers with missing cells stay
            whole.

    Raises:
        InvalidArgument: in one line, with the line, column and value at fault: a file that does not exist, is empty
            or of another kind, text that is not UTF-8, a row with more or fewer cells than the header, unnamed columns
            and columns named alike, fewer than two columns, no rows.

    Example:
        >>> read_table("name", "churn.csv").frame                     # doctest: +SKIP
    """
    file = Path(path).expanduser()
    suffix = check_table_file(argument, path)
    raw = file.read_bytes()
    if not raw.strip():
        raise InvalidArgument(argument, str(path), "a table, but the file is empty")
    read = read_parquet if suffix in PARQUET else _separated
    frame = read(argument, str(path), raw, set(strings), set(nullable))
    if suffix in PARQUET:
        check_training_header(argument, str(path), list(frame.columns))
    if not len(frame):
        raise InvalidArgument(argument, str(path), "a table with rows, but it has none below its header")
    unit = "row" if suffix in PARQUET else "line"
    return TableFile(file.resolve(), frame, unit, hashlib.sha256(raw).hexdigest())


def check_table_file(argument: str, path: str | os.PathLike[str]) -> str:
    """The suffix of a table file, in lower case.

    Raises:
        InvalidArgument: for a file that does not exist, is empty, or is of another kind.
    """
    file = Path(check_path(argument, path)).expanduser()
    suffixes = (*SEPARATED, *PARQUET)
    if not file.is_file():
        received = "it is a directory" if file.is_dir() else f"there is no such file{nearest_file(file, suffixes)}"
        raise InvalidArgument(argument, str(path), f"{ACCEPTED}, but {received}")
    check_kind(argument, file, str(path), suffixes, ACCEPTED)
    if not file.stat().st_size:
        raise InvalidArgument(argument, str(path), "a table, but the file is empty")
    return file.suffix.lower()


def read_parquet(
    argument: str, path: str, raw: bytes, strings: Collection[str] = (), nullable: Collection[str] = ()
) -> pd.DataFrame:
    """The columns of a Parquet file, with row numbers from 1 as index; see :func:`read_table`."""
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(raw))
        whole = pd.read_parquet(io.BytesIO(raw), dtype_backend="numpy_nullable") if strings or nullable else frame
    except Exception as error:
        raise parquet_error(argument, path, error) from None
    frame.columns = whole.columns = list(map(str, frame.columns))
    check_header(argument, path, list(frame.columns))
    for name in {*strings, *nullable} & set(frame.columns):
        column = whole[name]
        if name in strings:
            column = column.astype("string")
        frame[name] = column
    for name in frame.columns:
        if name not in strings and pd.api.types.infer_dtype(frame[name], skipna=True) == "decimal":
            frame[name] = frame[name].astype("float64")
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def parquet_error(argument: str, path: str, error: Exception) -> InvalidArgument:
    """The error for a Parquet file that cannot be read: pyarrow's, of several kinds, or that it is not installed."""
    if isinstance(error, ImportError):
        accepted = "a .csv or .tsv file; Parquet files need pyarrow (pip install pyarrow)"
        return InvalidArgument(argument, path, accepted)
    reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
    return InvalidArgument(argument, path, f"a readable .parquet file ({reason})")


def _separated(argument: str, path: str, raw: bytes, strings: set[str], nullable: set[str]) -> pd.DataFrame:
    import pandas as pd

    text = decoded(argument, path, raw)
    separator = separator_of(path, text)
    names = first_record(text, separator)
    numbered = check_training_header(argument, path, names)
    lines = line_numbers(argument, path, text, separator, names)
    columns = ["", *names[1:]] if numbered else names
    spaces = has_spaces(text, separator)
    options: dict[str, Any] = {"sep": separator, "skipinitialspace": spaces, "low_memory": False, "index_col": False}
    options |= {"names": columns, "header": 0, "dtype": dict.fromkeys(strings & set(columns), str)}
    options["decimal"] = "."
    frame = pd.read_csv(io.StringIO(text), **options)
    if separator == ";" and _has_decimal_commas(argument, path, frame, strings):
        options["decimal"] = ","
        frame = pd.read_csv(io.StringIO(text), **options)
    if len(frame) != len(lines):
        accepted = f"a table that pandas reads alike: of {len(lines)} rows it reads {len(frame)}"
        raise InvalidArgument(argument, path, accepted)
    chosen = nullable & set(columns) - strings
    if chosen:
        whole = pd.read_csv(io.StringIO(text), **options, dtype_backend="numpy_nullable", usecols=sorted(chosen))
        frame[sorted(chosen)] = whole[sorted(chosen)]
    frame.index = pd.Index(lines)
    return _without_row_numbers(argument, path, frame) if numbered else frame


def check_training_header(argument: str, path: str, names: list[str]) -> bool:
    """Whether an unnamed column comes first, which has to count the rows.

    Args:
        argument, path: for messages.
        names: the names of all columns.

    Raises:
        InvalidArgument: for no names, or numbers alone; for unnamed columns and columns named alike; for a single one.
    """
    if not names:
        raise InvalidArgument(argument, path, "a table whose first line names the columns")
    numbered = names[0] == "" and len(names) > 1
    names = names[1:] if numbered else names
    first = "a table whose first line names the columns, but line 1"
    if len(names) > 1 and all(map(is_number, names)):
        shown = ", ".join(names[:3])
        raise InvalidArgument(argument, path, f"{first} has only numbers: {shown}, ...; put a line of names before it")
    if names[0].lower() == "sep=":
        raise InvalidArgument(argument, path, f"{first} is a note for Excel, {names[0]!r}: delete this line")
    check_header(argument, path, names)
    if len(names) < 2 and "\n" in names[0]:
        raise InvalidArgument(argument, path, "a table, but line 1 has misplaced quotes")
    if len(names) < 2:
        suffix = Path(path).suffix.lower()
        separated = " (cells are separated by ',' ';' '|' or a tab)" if suffix in SEPARATED else ""
        separated = " (a .tsv file is separated by tabs)" if suffix in TABS else separated
        accepted = f"a table of 2 or more columns, but it has only {_short(names[0])!r}{separated}"
        raise InvalidArgument(argument, path, accepted)
    return numbered


def _short(name: str) -> str:
    return name if len(name) <= LONG else f"{name[:LONG]}..."


def _without_row_numbers(argument: str, path: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without its first, unnamed column."""
    check_counts(argument, path, frame.iloc[:, 0].to_numpy())
    return frame.iloc[:, 1:]


def check_counts(argument: str, path: str, numbers: np.ndarray) -> None:
    """Refuses an unnamed first column that does not count the rows, as the one that ``DataFrame.to_csv`` writes."""
    if numbers.dtype.kind != "i" or not len(numbers) or not (numbers - numbers[0] == np.arange(len(numbers))).all():
        accepted = "a table with a name in every column, but column 1 has none and does not count the rows"
        raise InvalidArgument(argument, path, accepted)


def _has_decimal_commas(argument: str, path: str, frame: pd.DataFrame, strings: set[str]) -> bool:
    """Whether a column has only numbers like 1,5; refuses them beside numbers like 1.5."""
    commas, points = None, None
    for name in frame.columns:
        column = frame[name].dropna()
        if name in strings or not len(column):
            continue
        if column.dtype.kind == "f" and (column % 1 != 0).any():
            points = points or (name, column[column % 1 != 0].iloc[0].item())
        elif column.dtype.kind not in "fiub":
            texts = column.astype(str)
            with_comma = texts[texts.str.contains(",", regex=False)]
            if len(with_comma) and texts.str.fullmatch(DECIMAL_COMMA).all():
                commas = commas or (name, with_comma.iloc[0])
    if commas and points:
        raise mixed_marks(argument, path, *commas, *points)
    return commas is not None


def mixed_marks(argument: str, path: str, column: str, comma: str, other: str, point: Any) -> InvalidArgument:
    """The error for a file with numbers like 1,5 in one column and like 1.5 in another."""
    shown = f"column {column!r} has {comma!r} and column {other!r} {point!r}"
    return InvalidArgument(argument, path, f"a table with one decimal mark, but {shown}")
