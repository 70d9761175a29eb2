"""scan_table: what the columns of a table file hold, found in one pass over its blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..input_arrays import RECORD_DTYPES
from ..statistics.deviations import EXACT
from ..statistics.feature_statistics import ABSENT
from ..string_columns import mostly
from ..strings.number_strings import is_number
from .table_blocks import TableBlocks
from .table_faults import FEWEST, MANY, FaultyCells
from .table_files import DECIMAL_COMMA, mixed_marks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST", "ColumnScan", "TableScan", "repeated", "scan_table", "with_targets"]

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
            word for anything else.
        rows, missing: the number of cells, and of empty ones.
        types: the types that NumPy has for the numbers of the blocks.
        objects: whether a block held objects, if only missing ones.
        words: the number of cells that are no numbers, of an input without those that stand for missing ones; ``word``
            the first, and its row.
        infinite: the number of cells beyond float32; ``beyond`` the first, and its row.
        low, high: the range of whole numbers.
        counts: whether whole numbers count the rows, in order.
        values: how many different strings, up to :data:`MOST` + 1.
        numbers: of a target, how many different numbers, up to about :data:`recipes.data.files.table_faults.MANY`.
        odd_dates: where strings are mostly dates, the number of the others, the first of them, and its row.
    """

    name: str
    kinds: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    objects: bool = False
    rows: int = 0
    missing: int = 0
    words: int = 0
    word: tuple[Any, int] | None = None
    infinite: int = 0
    beyond: tuple[float, int] | None = None
    low: int | None = None
    high: int | None = None
    counts: bool = True
    values: int = 0
    numbers: int = 0
    odd_dates: tuple[int, str, int] | None = None

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
        return "int64" if kinds == {"i"} and not self.missing else "float64"

    @property
    def stored(self) -> str:
        """:attr:`dtype`, or the narrower type of numbers that the column has in a Parquet file."""
        if self.dtype not in ("int64", "float64") or len(self.types) != 1 or self.types[0] not in RECORD_DTYPES:
            return self.dtype
        whole = np.dtype(self.types[0]).kind in "iu"
        return self.types[0] if whole == (self.dtype == "int64") and self.types[0] != "bool" else self.dtype

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

    def odd_dates_in(self, file: str, unit: str) -> FaultyCells | None:
        """The cells that are no dates, in a column of which most are; None if there are none."""
        if self.odd_dates is None:
            return None
        count, value, row = self.odd_dates
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
    """Reads a table file once, block by block.

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
        commas = [(name, mark.comma) for name, mark in marks.items() if mark.comma and not mark.other]
        points = [
            (name, mark.point) for name, mark in marks.items() if mark.point and "s" not in scan.columns[name].kinds
        ]
        if commas and points:
            raise mixed_marks(blocks.argument, str(blocks.path), *commas[0], *points[0])
        if commas:
            scan, _ = _scan(blocks.with_decimal_commas(), columns, targets, strings)
            scan.decimal = ","
    return scan


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


def _scan(
    blocks: TableBlocks, columns: Sequence[str], targets: Sequence[str], strings: Collection[str]
) -> tuple[TableScan, dict[str, _Marks]]:
    import pandas as pd

    scans, marks = {name: ColumnScan(name) for name in columns}, {name: _Marks() for name in columns}
    distinct: dict[str, _Distinct | None] = {name: {} for name in columns}
    rows = left_out = first = 0
    last: dict[str, int] = {}
    quantities: dict[str, set[float]] = {name: set() for name in targets}
    for frame in blocks.frames(columns, strings, targets):
        kept = with_targets(frame, targets)
        if len(kept) < len(frame) and not left_out:
            first = int(frame.index[frame[list(targets)].isna().any(axis=1)][0])
        left_out += len(frame) - len(kept)
        rows += len(kept)
        for name in columns:
            _count(scans[name], frame[name], last)
            _add(scans[name], kept[name], distinct, target=name in targets)
            if blocks.separator == ";" and name not in strings:
                _note_marks(marks[name], kept[name])
        for name, known in quantities.items():
            if len(known) <= MANY:
                known.update(pd.to_numeric(kept[name], errors="coerce").dropna().unique().tolist())
    for name, scan in scans.items():
        values = distinct[name]
        scan.values = MOST + 1 if values is None else len(values)
        scan.odd_dates = _odd_dates(values) if values and scan.kinds == ["s"] else None
        scan.numbers = len(quantities.get(name, ()))
        scan.counts = scan.counts and scan.dtype == "int64" and scan.rows >= FEWEST
    return TableScan(rows, left_out, first, scans), marks


def _count(scan: ColumnScan, column: pd.Series[Any], last: dict[str, int]) -> None:
    """Whether a column goes on counting the rows, those without a target included."""
    if column.dtype.kind != "i" or column.isna().any():
        scan.counts = False
    if scan.counts:
        steps = np.diff(column.to_numpy(np.int64), prepend=last.get(scan.name, int(column.iloc[0]) - 1))
        scan.counts = bool((steps == 1).all())
        last[scan.name] = int(column.iloc[-1])


def _add(scan: ColumnScan, column: pd.Series[Any], distinct: dict[str, _Distinct | None], *, target: bool) -> None:
    scan.rows += len(column)
    scan.objects = scan.objects or column.dtype == object
    if column.dtype.kind in "fiub" and column.dtype.name not in scan.types:
        scan.types.append(column.dtype.name)
    present = column.dropna()
    scan.missing += len(column) - len(present)
    if not len(present):
        return
    kind = _kind(present)
    if kind not in scan.kinds:
        scan.kinds.append(kind)
    if kind in ("i", "f"):
        beyond = present[present.abs() > np.finfo(np.float32).max]
        _note(scan, "infinite", "beyond", beyond)
    if kind == "i":
        low, high = int(present.min()), int(present.max())
        scan.low = low if scan.low is None else min(low, scan.low)
        scan.high = high if scan.high is None else max(high, scan.high)
    if kind == "b":
        _note(scan, "words", "word", present.astype(str))
    if kind == "s":
        words = [text for text in present.unique().tolist() if not is_number(text, ".")]
        words = words if target else [text for text in words if text.strip().lower() not in ABSENT]
        _note(scan, "words", "word", present[present.isin(words)])
        values = distinct[scan.name]
        if values is not None:
            first = present.drop_duplicates()
            counts = present.value_counts()
            for text, row in zip(first.tolist(), first.index.tolist(), strict=True):
                count, place = values.get(text, (0, row))
                values[text] = count + int(counts[text]), place
            distinct[scan.name] = values if len(values) <= MOST else None


def _odd_dates(values: _Distinct) -> tuple[int, str, int] | None:
    """The number of strings that are no dates, where most are; the first of them, and its row."""
    total = sum(count for count, _ in values.values())
    share = min(1.0, MOST / total)
    texts = list(values)  # in the order of their first rows
    sample = texts + [text for text, (count, _) in values.items() for _ in range(round(share * count) - 1)]
    found = mostly(sample)
    if found is None or found[0] != "dates":
        return None
    odd = dict.fromkeys(sample[place] for place in found[1])
    first = min(odd, key=lambda text: values[text][1])
    return sum(values[text][0] for text in odd), first, values[first][1]


def _note(scan: ColumnScan, count: str, first: str, cells: pd.Series[Any]) -> None:
    setattr(scan, count, getattr(scan, count) + len(cells))
    if len(cells) and getattr(scan, first) is None:
        setattr(scan, first, (cells.iloc[:1].tolist()[0], int(cells.index[0])))


def _kind(present: pd.Series[Any]) -> str:
    import pandas as pd

    if present.dtype.kind in "iu":
        return "i" if present.dtype.kind == "i" or present.max() <= np.iinfo(np.int64).max else "f"
    if present.dtype.kind in "fb":
        return str(present.dtype.kind)
    inferred = pd.api.types.infer_dtype(present, skipna=True)
    return {"string": "s", "boolean": "b"}.get(inferred, inferred)


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
