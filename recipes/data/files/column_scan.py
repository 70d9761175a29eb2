"""scan_table: what the columns of a table file hold, found in one pass over its blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..input_arrays import RECORD_DTYPES
from ..statistics.deviations import EXACT
from ..statistics.feature_statistics import ABSENT
from ..string_columns import ODD, mostly
from ..strings.number_strings import LARGEST, MARKS, PossibleMarks, beyond_float32, is_number
from .table_blocks import TableBlocks
from .table_faults import FEWEST, MANY, FaultyCells
from .table_files import DECIMAL_COMMA, mixed_marks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST", "ColumnScan", "TableScan", "repeated", "scan_frames", "scan_table", "with_targets"]

MOST = 100_000
"""A column of more different strings is stored as texts, others as numbers of their values."""

_Distinct = dict[str, tuple[int, int]]
"""String -> how often it occurs, and the line or row of the first time."""


@dataclass
class ColumnScan:
    """What a column holds, in the rows that have a target.

    Attributes:
        name: of the column.
        kinds: of its values in the blocks: "i" whole numbers, "f" other numbers, "b" booleans, "s" strings, or pandas'
            word for anything else. Rows without a target count here, as they decide about the type of the column.
        types: the types that NumPy has for the numbers of the blocks.
        objects: whether a block held objects or strings, if only missing ones.
        gaps: whether a block of numbers had a missing one, in any row.
        rows, missing: the number of cells, and of empty ones.
        absent: the number of strings of an input that stand for missing values, such as "?".
        words: the number of other strings that are no numbers; ``word`` the first, and its row.
        mark: the decimal mark of strings that are all numbers (see ``mark_of``); None for anything else.
        infinite: the number of cells beyond float32; ``beyond`` the first, and its row.
        low, high: the range of whole numbers.
        counts: whether whole numbers count the rows, in any order.
        values: how many different strings, up to :data:`MOST` + 1.
        numbers: how many different strings are numbers, up to about :data:`recipes.data.files.table_faults.MANY`.
        odd: where strings are mostly numbers or dates: which of them, the number of the others, the first, and its row.
    """

    name: str
    kinds: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    objects: bool = False
    gaps: bool = False
    rows: int = 0
    missing: int = 0
    absent: int = 0
    words: int = 0
    word: tuple[Any, int] | None = None
    mark: str | None = None
    infinite: int = 0
    beyond: tuple[float | str, int] | None = None
    low: int | None = None
    high: int | None = None
    counts: bool = True
    values: int = 0
    numbers: int = 0
    odd: tuple[str, int, str, int] | None = None

    @property
    def dtype(self) -> str:
        """What pandas makes of the whole column: "int64", "float64", "bool" or "string"; "other" for anything else."""
        kinds = set(self.kinds)
        if kinds - {"i", "f", "b", "s"}:
            return "other"
        if "s" in kinds or ("b" in kinds and len(kinds) > 1):
            return "string"
        if not kinds and self.objects:
            return "string"
        if kinds == {"b"} and not self.missing:
            return "bool"
        return "int64" if kinds == {"i"} and not (self.missing or self.gaps) else "float64"

    @property
    def mixed(self) -> bool:
        """Whether only some blocks are strings, so that the others have to be read as strings too."""
        return self.dtype == "string" and len(self.kinds) > 1

    @property
    def stored(self) -> str:
        """:attr:`dtype`, or the narrower type of numbers that the column has in a Parquet file."""
        types = ["float32" if name == "float16" else name for name in self.types]
        if self.dtype not in ("int64", "float64") or len(types) != 1 or types[0] not in RECORD_DTYPES:
            return self.dtype
        whole = np.dtype(types[0]).kind in "iu"
        return types[0] if whole == (self.dtype == "int64") and types[0] != "bool" else self.dtype

    @property
    def wide(self) -> bool:
        """Whether float64 would round whole numbers of the column."""
        return self.dtype == "int64" and max(abs(self.low or 0), abs(self.high or 0)) > EXACT

    def words_in(self, file: str, unit: str, *, all_rows: bool = False) -> FaultyCells | None:
        """The cells that are no numbers; None if there are none."""
        if self.word is None:
            return None
        total = self.rows if all_rows else self.rows - self.missing
        return FaultyCells(file, self.name, self.words, total, self.word[0], f"{unit} {self.word[1]}")

    def odd_in(self, file: str, unit: str) -> FaultyCells | None:
        """The cells that are no numbers or dates, in a column of which most are; None if there are none."""
        if self.odd is None:
            return None
        _, count, value, row = self.odd
        return FaultyCells(file, self.name, count, self.rows - self.missing, value, f"{unit} {row}")

    def beyond_in(self, file: str, unit: str) -> FaultyCells | None:
        """The numbers beyond float32; None if there are none."""
        if self.beyond is None:
            return None
        return FaultyCells(file, self.name, self.infinite, self.rows, self.beyond[0], f"{unit} {self.beyond[1]}")


@dataclass
class TableScan:
    """What a table file holds.

    Attributes:
        rows: the number of rows that have a target.
        left_out: the number of others; ``first_left_out`` the line or row of the first.
        columns: by name.
        decimal: the decimal mark.
    """

    rows: int
    left_out: int
    first_left_out: int
    columns: dict[str, ColumnScan]
    decimal: str = "."

    def to_config(self) -> dict[str, Any]:
        """The scan as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TableScan:
        """The scan with these values."""
        columns = {name: ColumnScan(**facts) for name, facts in config["columns"].items()}
        return cls(**{**config, "columns": columns})


def scan_table(
    blocks: TableBlocks, columns: Sequence[str], targets: Sequence[str], strings: Collection[str]
) -> TableScan:
    """Reads a table file once, block by block; twice where only some blocks of a column are strings.

    Args:
        blocks: the file.
        columns: names of the columns to read.
        targets: those among them that have to have a value; rows without are counted and left out.
        strings: those to read as strings.

    Raises:
        InvalidArgument: also for numbers with decimal commas beside numbers with decimal points.
    """
    scan, marks = _scan(blocks, columns, targets, strings)
    if blocks.separator == ";":
        chosen = {name: mark for name, mark in marks.items() if name not in strings}
        commas = [(name, mark.comma) for name, mark in chosen.items() if mark.comma and not mark.other]
        points = [(name, mark.point) for name, mark in chosen.items() if mark.point]
        if commas and points:
            raise mixed_marks(blocks.argument, str(blocks.path), *commas[0], *points[0])
        if commas:
            scan, _ = _scan(blocks.with_decimal_commas(), columns, targets, strings)
            scan.decimal = ","
    return scan


def _scan(
    blocks: TableBlocks, columns: Sequence[str], targets: Sequence[str], strings: Collection[str]
) -> tuple[TableScan, dict[str, _Marks]]:
    while True:
        frames = blocks.frames(columns, strings, targets)
        scan, marks = _scanned(frames, columns, targets, commas=blocks.separator == ";")
        mixed = {name for name, column in scan.columns.items() if column.mixed}
        if not mixed:
            return scan, marks
        strings = {*strings, *mixed}


def scan_frames(frames: Iterable[pd.DataFrame], columns: Sequence[str], targets: Sequence[str]) -> TableScan:
    """The same of a table that has been read, whose columns have their types.

    Args:
        frames: its parts; the index has the numbers of lines or rows.
        columns, targets: as above.
    """
    return _scanned(frames, columns, targets, commas=False)[0]


def with_targets(frame: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """The rows that have a value of every target."""
    missing = frame[list(targets)].isna().any(axis=1)
    return frame[~missing] if missing.any() else frame


@dataclass
class _Marks:
    """The first numbers with a decimal comma and point, and whether there are other strings."""

    comma: str | None = None
    point: float | None = None
    other: bool = False


@dataclass
class _Seen:
    """What has been seen of the strings and the whole numbers of a column.

    Attributes:
        distinct: the different strings; None if they are too many.
        numbers: the first different ones that are numbers.
        marks: the decimal marks that they may have.
        words: with a decimal comma, how many are no numbers, the first of them, and its row.
        counted, total: the number and a sum of hashes of whole numbers.
    """

    distinct: _Distinct | None = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    marks: PossibleMarks = field(default_factory=PossibleMarks)
    words: tuple[int, str, int] | None = None
    counted: int = 0
    total: int = 0
    low: int | None = None
    high: int | None = None


def _scanned(
    frames: Iterable[pd.DataFrame], columns: Sequence[str], targets: Sequence[str], *, commas: bool
) -> tuple[TableScan, dict[str, _Marks]]:
    scans, marks = {name: ColumnScan(name) for name in columns}, {name: _Marks() for name in columns}
    seen = {name: _Seen() for name in columns}
    rows = left_out = first = 0
    for frame in frames:
        kept = with_targets(frame, targets)
        if len(kept) < len(frame) and not left_out:
            first = int(frame.index[frame[list(targets)].isna().any(axis=1)][0])
        left_out += len(frame) - len(kept)
        rows += len(kept)
        for name in columns:
            _count(scans[name], seen[name], frame[name])
            _add_type(scans[name], frame[name])
            _add(scans[name], seen[name], kept[name], target=name in targets)
            if commas:
                _note_marks(marks[name], frame[name])
    for name, scan in scans.items():
        known = seen[name]
        scan.values = MOST + 1 if known.distinct is None else len(known.distinct)
        scan.mark, scan.numbers = known.marks.mark, len(known.numbers)
        scan.odd = _odd(scan, known) if scan.kinds == ["s"] else None
        scan.counts = scan.counts and known.counted >= FEWEST and _all_between(known)
    return TableScan(rows, left_out, first, scans), marks


def _count(scan: ColumnScan, seen: _Seen, column: pd.Series[Any]) -> None:
    """Whether a column still may count the rows, those without a target included."""
    scan.counts = scan.counts and column.dtype.kind in "iu" and not column.isna().any() and column.is_unique
    if scan.counts and len(column):
        low, high = int(column.min()), int(column.max())
        seen.low = low if seen.low is None else min(low, seen.low)
        seen.high = high if seen.high is None else max(high, seen.high)
        seen.counted += len(column)
        seen.total = (seen.total + _hashes(column.to_numpy())) % 2**64


def _all_between(seen: _Seen) -> bool:
    """Whether the whole numbers seen are all those between the lowest and the highest, each once."""
    if seen.low is None or seen.high is None or seen.high - seen.low + 1 != seen.counted:
        return False
    parts = range(seen.low, seen.high + 1, MOST)
    return sum(_hashes(np.arange(low, min(low + MOST, seen.high + 1))) for low in parts) % 2**64 == seen.total


def _hashes(numbers: np.ndarray) -> int:
    """The sum of the hashes of whole numbers."""
    import pandas as pd

    return int(pd.util.hash_array(numbers.astype(np.uint64)).sum(dtype=np.uint64))


def _add_type(scan: ColumnScan, column: pd.Series[Any]) -> None:
    scan.objects = scan.objects or column.dtype.kind == "O"
    if column.dtype.kind in "fiub" and column.dtype.name not in scan.types:
        scan.types.append(column.dtype.name)
    present = column.dropna()
    scan.gaps = scan.gaps or (column.dtype.kind == "f" and len(present) < len(column))
    kind = _kind(present) if len(present) else None
    if kind is not None and kind not in scan.kinds:
        scan.kinds.append(kind)


def _add(scan: ColumnScan, seen: _Seen, column: pd.Series[Any], *, target: bool) -> None:
    scan.rows += len(column)
    present = column.dropna()
    scan.missing += len(column) - len(present)
    kind = _kind(present) if len(present) else None
    if kind in ("i", "f"):
        present = present.astype(np.float64) if present.dtype.name in ("object", "float16") else present
        _note(scan, "infinite", "beyond", present[present.abs() > LARGEST])
    if kind == "i":
        low, high = int(present.min()), int(present.max())
        scan.low = low if scan.low is None else min(low, scan.low)
        scan.high = high if scan.high is None else max(high, scan.high)
    if kind == "s":
        _add_strings(scan, seen, present, target=target)


def _add_strings(scan: ColumnScan, seen: _Seen, present: pd.Series[Any], *, target: bool) -> None:
    first = present.drop_duplicates()
    texts = [text for text in first.tolist() if target or text.strip().lower() not in ABSENT]
    scan.absent += len(present) - int(present.isin(texts).sum())
    seen.marks.add(texts)
    words = [text for text in texts if not is_number(text, ".")]
    _note(scan, "words", "word", present[present.isin(words)])
    numbers = set(texts) - set(words)
    if len(seen.numbers) <= MANY:
        seen.numbers |= numbers
    _note(scan, "infinite", "beyond", present[present.isin(beyond_float32(numbers, "."))])
    marked = [text for text in texts if any(mark in text for mark in MARKS)]
    words = [text for text in words if "," not in text] + [text for text in marked if not is_number(text, ",")]
    odd = present[present.isin(words)]
    if len(odd):
        count, word, row = seen.words or (0, str(odd.iloc[0]), int(odd.index[0]))
        seen.words = count + len(odd), word, row
    if seen.distinct is not None:
        counts = present.value_counts()
        for text, row in zip(first.tolist(), first.index.tolist(), strict=True):
            count, place = seen.distinct.get(text, (0, row))
            seen.distinct[text] = count + int(counts[text]), place
        seen.distinct = seen.distinct if len(seen.distinct) <= MOST else None


def _odd(scan: ColumnScan, seen: _Seen) -> tuple[str, int, str, int] | None:
    """What strings mostly are, "numbers" or "dates", and those that are not: their number, the first, and its row."""
    every = [(0, "", 0) if scan.word is None else (scan.words, *scan.word), seen.words or (0, "", 0)]
    count, word, row = min(every, key=lambda words: words[0])
    if 0 < count <= ODD * (scan.rows - scan.missing - scan.absent):
        return "numbers", count, word, row
    distinct = seen.distinct
    if not count or not distinct:
        return None
    share = min(1.0, MOST / sum(count for count, _ in distinct.values()))
    sample = list(distinct)  # in the order of their first rows
    sample += [text for text, (count, _) in distinct.items() for _ in range(round(share * count) - 1)]
    found = mostly(sample)
    if found is None or found[0] != "dates":
        return None
    odd = dict.fromkeys(sample[place] for place in found[1])
    first = min(odd, key=lambda text: distinct[text][1])
    return "dates", sum(distinct[text][0] for text in odd), first, distinct[first][1]


def _note(scan: ColumnScan, count: str, first: str, cells: pd.Series[Any]) -> None:
    setattr(scan, count, getattr(scan, count) + len(cells))
    if len(cells) and getattr(scan, first) is None:
        setattr(scan, first, (cells.iloc[:1].tolist()[0], int(cells.index[0])))


def _kind(present: pd.Series[Any]) -> str:
    """The kind of values none of which is missing; whole numbers beyond 64 bits are objects of Python."""
    import pandas as pd

    if present.dtype.kind in "iu":
        return "i" if present.dtype.kind == "i" or present.max() <= np.iinfo(np.int64).max else "f"
    if present.dtype.kind in "fb":
        return str(present.dtype.kind)
    inferred = pd.api.types.infer_dtype(present, skipna=True)
    return {"string": "s", "boolean": "b", "integer": "f"}.get(inferred, inferred)


def _note_marks(marks: _Marks, column: pd.Series[Any]) -> None:
    present = column.dropna()
    if present.dtype.kind == "f":
        fractions = present[present % 1 != 0]
        marks.point = marks.point or (float(fractions.iloc[0]) if len(fractions) else None)
    elif present.dtype.kind not in "iub" and len(present):
        texts = present.astype(str)
        commas = texts[texts.str.contains(",", regex=False)]
        marks.comma = marks.comma or (str(commas.iloc[0]) if len(commas) else None)
        marks.other = marks.other or not texts.str.fullmatch(DECIMAL_COMMA).all()


def repeated(blocks: TableBlocks, column: str) -> tuple[Any, int, int] | None:
    """The first value that a column has more than once, and its first two lines or rows; None if there is none.

    Only a hash of each value is kept in memory.
    """
    import pandas as pd

    def hashed(frame: pd.DataFrame) -> np.ndarray:
        return pd.util.hash_array(frame[column].astype(str).to_numpy(object))

    parts = [hashed(frame[frame[column].notna()]) for frame in blocks.frames([column], [column])]
    hashes = np.sort(np.concatenate(parts))
    twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    if not len(twice):
        return None
    first: tuple[Any, int] | None = None
    for frame in blocks.frames([column], [column]):
        present = frame[column].dropna()
        again = present[np.isin(hashed(present.to_frame()), twice)]
        for line, value in zip(again.index.tolist(), again.tolist(), strict=True):
            if first is not None and value == first[0]:
                return (*first, line)
            first = first or (value, line)
    return None
