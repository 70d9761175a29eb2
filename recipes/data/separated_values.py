"""The text of CSV and TSV files: decoding, separators, and the line of every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from ...callbacks.checks import InvalidArgument

__all__ = ["decoded", "first_record", "line_numbers", "separator_of"]

SEPARATORS = (",", ";", "\t", "|")
LONGEST = 2**31 - 1
"""Maximum number of characters of a cell."""


def decoded(argument: str, path: str, raw: bytes) -> str:
    """The text of a UTF-8 file, without its byte order mark.

    Raises:
        InvalidArgument: for bytes that are not UTF-8, naming the first one's line and column.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        data, place = bytes(error.object), error.start
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidArgument(argument, path, "UTF-8 text, but it is UTF-16: save it as UTF-8")
    line = data.count(b"\n", 0, place) + 1
    header = data.split(b"\n", 1)[0].decode("utf-8", "replace")
    separator = "\t" if path.lower().endswith((".tsv", ".tab")) else separator_of(header)
    before = data[data.rfind(b"\n", 0, place) + 1 : place].decode("utf-8", "replace")
    names, cell = first_record(header, separator), len(first_record(before, separator)) or 1
    column = repr(names[cell - 1]) if line > 1 and cell <= len(names) else str(cell)
    accepted = f"UTF-8 text, but line {line}, column {column} has the byte 0x{data[place]:02x}: save it as UTF-8"
    raise InvalidArgument(argument, path, accepted)


def first_record(text: str, separator: str) -> list[str]:
    """The cells of the first line that is not blank; [] if there is none, or its quotes do not end.

    Example:
        >>> first_record('age, "town, country"', ",")
        ['age', 'town, country']
    """
    reader = csv.reader(_lines(text), delimiter=separator, skipinitialspace=True)
    try:
        return next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error:
        return []


def separator_of(text: str) -> str:
    """The separator that divides the header into most cells: "," ";" tab or "|".

    Example:
        >>> separator_of("age;town;price, EUR")
        ';'
    """
    return max(SEPARATORS, key=lambda separator: len(first_record(text, separator)))


def line_numbers(argument: str, path: str, text: str, separator: str, names: Sequence[str]) -> list[int]:
    """The number of the first line of every row below the header, counted from 1.

    Args:
        argument, path: for messages.
        text: of the file.
        separator: between cells.
        names: the cells of the header.

    Raises:
        InvalidArgument: for a row with more or fewer cells than the header, and for misplaced quotes.

    Example:
        >>> line_numbers("name", "x.csv", 'a,b\\n1,"two\\nlines"\\n\\n3,4\\n', ",", ["a", "b"])
        [2, 5]
    """
    limit = csv.field_size_limit(LONGEST)
    try:
        return list(_line_numbers(argument, path, text, separator, names))[1:]
    finally:
        csv.field_size_limit(limit)


def _line_numbers(argument: str, path: str, text: str, separator: str, names: Sequence[str]) -> Iterator[int]:
    reader = csv.reader(_lines(text), delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise InvalidArgument(argument, path, f"a table, but line {line} has misplaced quotes ({error})") from None
        if row is None:
            return
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        if len(row) != len(names):
            wrong = f"{len(row)}: {row[0]!r}, ..., {row[-1]!r}" if len(row) > 1 else f"1: {row[0]!r}"
            if len(row) < len(names):
                hint = f"no cell is left for column {names[len(row)]!r}"
            else:
                hint = f"{row[len(names)]!r} has no column; a cell that contains {separator!r} has to be in quotes"
            accepted = f"a table of {len(names)} cells in every row, but line {line} has {wrong} ({hint})"
            raise InvalidArgument(argument, path, accepted)
        yield line


def _lines(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))
