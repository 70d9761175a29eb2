"""The text of CSV and TSV files: decoding, separators, headers, and the line of every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ....callbacks.checks import InvalidArgument

__all__ = [
    "SEPARATORS",
    "TABS",
    "UTF_16",
    "check_header",
    "decoded",
    "first_record",
    "has_spaces",
    "is_number",
    "line_numbers",
    "records",
    "separator_of",
    "undecodable",
]

TABS = (".tsv", ".tab")
"""Suffixes of files whose cells are separated by tabs."""

SEPARATORS = (",", ";", "\t", "|")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks."""
LONGEST = 2**31 - 1
"""Maximum number of characters of a cell."""


def decoded(argument: str, path: str, raw: bytes) -> str:
    """The text of a UTF-8 file, without its byte order mark.

    Raises:
        InvalidArgument: for bytes that are not UTF-8, naming the first one's line and column.
    """
    data, place = raw, raw.find(b"\0")
    try:
        if place < 0:
            return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        data, place = bytes(error.object), error.start
    begin = data.rfind(b"\n", 0, place) + 1
    header = data.split(b"\n", 1)[0].decode("utf-8", "replace")
    raise undecodable(argument, path, header, data.count(b"\n", 0, place) + 1, data[begin:], place - begin)


def undecodable(argument: str, path: str, header: str, line: int, raw: bytes, place: int) -> InvalidArgument:
    """The error for bytes that are not UTF-8, and for NUL bytes, which no text has.

    Args:
        argument, path: for the message.
        header: the first line of the file.
        line: number of the line, from 1.
        raw: its bytes.
        place: the first wrong byte among them.
    """
    if line == 1 and (raw[:2] in UTF_16 or not raw[place]):
        return InvalidArgument(argument, path, "UTF-8 text, but it is UTF-16: save it as UTF-8")
    separator = separator_of(path, header)
    before = raw[:place].decode("utf-8", "replace")
    names, cell = first_record(header, separator), len(first_record(before, separator)) or 1
    column = repr(names[cell - 1]) if line > 1 and cell <= len(names) else str(cell)
    where, character = f"line {line}, column {column}", raw[place : place + 1].decode("cp1252", "replace")
    if not raw[place]:
        return InvalidArgument(argument, path, f"text, but {where} has a NUL byte: the file is damaged, or no text")
    accepted = f"UTF-8 text, but {where} has the byte 0x{raw[place]:02x} ({character!r} in Windows): save it as UTF-8"
    return InvalidArgument(argument, path, accepted)


def has_spaces(text: str, separator: str) -> bool:
    """Whether the header of a file has spaces after all its separators: then they are no part of any cell.

    Else spaces belong to the cells, as for ``pandas.read_csv``: " Basic" and "Basic" are two values.

    Example:
        >>> has_spaces('age, "town, country"', ","), has_spaces("age,town", ",")
        (True, False)
    """
    cells = first_record(text, separator, skip_spaces=False)
    return len(cells) > 1 and all(cell.startswith(" ") for cell in cells[1:])


def first_record(text: str, separator: str, *, skip_spaces: bool = True) -> list[str]:
    """The cells of the first line that is not blank; [] if there is none, or its quotes do not end.

    Args:
        text: of the file.
        separator: between cells.
        skip_spaces: whether spaces after a separator are no part of a cell. Default True, as for names of columns.

    Example:
        >>> first_record('age, "town, country"', ",")
        ['age', 'town, country']
    """
    reader = csv.reader(_lines(text), delimiter=separator, skipinitialspace=skip_spaces)
    try:
        return next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error:
        return []


def separator_of(path: str, text: str) -> str:
    """A tab in .tsv and .tab files, else what divides the header into most cells: "," ";" tab or "|".

    Example:
        >>> separator_of("x.csv", "age;town;price, EUR")
        ';'
    """
    if Path(path).suffix.lower() in TABS:
        return "\t"
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
    spaces = has_spaces(text, separator)
    return [line for line, _ in records(argument, path, _lines(text), separator, names, skip_spaces=spaces)][1:]


def records(
    argument: str, path: str, lines: Iterable[str], separator: str, names: Sequence[str], *, skip_spaces: bool
) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, cells) of every row, the header included.

    Blank lines are skipped; in a file of one column, ``""`` is a row with a missing value.

    Args:
        argument, path: for messages.
        lines: of the file, with their ends.
        separator: between cells.
        names: the cells of the header.
        skip_spaces: whether spaces after a separator are no part of a cell.

    Raises:
        InvalidArgument: for a row with more or fewer cells than the header, and for misplaced quotes.

    Example:
        >>> list(records("name", "x.csv", ["a, b\\n", "1, 2\\n"], ",", ["a", "b"], skip_spaces=True))
        [(1, ['a', 'b']), (2, ['1', '2'])]
        >>> list(records("name", "x.csv", ["a\\n", '""\\n', " \\n"], ",", ["a"], skip_spaces=False))
        [(1, ['a']), (2, [''])]
    """
    last: list[str] = [""]

    def noted(line: str) -> str:
        last[0] = line
        return line

    alone = len(names) == 1
    reader = csv.reader(
        map(noted, lines) if alone else lines, delimiter=separator, skipinitialspace=skip_spaces, strict=True
    )
    limit = csv.field_size_limit(LONGEST)
    try:
        while True:
            line = reader.line_num + 1
            row = next(reader, None)
            if row is None:
                return
            if not row or (len(row) == 1 and not row[0].strip() and not (alone and '"' in last[0])):
                continue
            if len(row) != len(names):
                raise _wrong_length(argument, path, line, row, separator, names)
            yield line, row
    except csv.Error as error:
        raise InvalidArgument(argument, path, f"a table, but line {line} has misplaced quotes ({error})") from None
    finally:
        csv.field_size_limit(limit)


def _wrong_length(
    argument: str, path: str, line: int, row: list[str], separator: str, names: Sequence[str]
) -> InvalidArgument:
    if len(row) < len(names):
        hint = f"no cell is left for column {names[len(row)]!r}"
    elif not row[len(names)].strip():
        hint = f"a {separator!r} too many"
    else:
        hint = f"{row[len(names)]!r} has no column; a cell that contains {separator!r} has to be in quotes"
    if any(cell.startswith(" ") and cell.lstrip().startswith('"') for cell in row):
        hint = (
            "quotes count right after a separator: delete the spaces before them, or put one after each in the header"
        )
    wrong = f"{len(row)}: {row[0]!r}, ..., {row[-1]!r}" if len(row) > 1 else f"1: {row[0]!r}"
    accepted = f"a table of {len(names)} cells in every row, but line {line} has {wrong} ({hint})"
    return InvalidArgument(argument, path, accepted)


def check_header(argument: str, path: str, names: Sequence[str]) -> None:
    """Raises InvalidArgument, naming the columns by position, unless all columns have names, all different.

    Example:
        >>> check_header("name", "x.csv", ["age", "town"])
    """
    for place, name in enumerate(names):
        if not name.strip():
            accepted = f"a table with a name in every column, but column {place + 1} has none: name it, or delete it"
            raise InvalidArgument(argument, path, accepted)
        if name in names[:place]:
            accepted = f"a table of columns named differently, but columns {names.index(name) + 1} and {place + 1} are"
            raise InvalidArgument(argument, path, f"{accepted} both {name!r}: rename one")


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number.

    Example:
        >>> is_number(" 1e3"), is_number("")
        (True, False)
    """
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _lines(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))
