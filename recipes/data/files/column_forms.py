"""column_forms: how the columns of table files are taken, decided by what they hold, in memory as on disk."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....callbacks.checks import InvalidArgument
from ..strings.number_strings import numbers_in
from .column_scan import ColumnScan, TableScan
from .table_blocks import TableBlocks
from .table_faults import (
    check_mostly_words,
    no_target,
    not_finite,
    not_numbers,
    warn_of_counter,
    warn_of_left_out,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnForms", "Columns", "as_numbers", "check_columns", "column_forms", "warn_of_columns"]


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are used, and how.

    Args:
        inputs, targets: their names.
        weight: the name of the sample weights, or None.
        id: the name of the column that identifies the rows, or None.
        numbers: inputs that have to be numbers.
        categories: inputs that are read as strings.
    """

    inputs: Sequence[str]
    targets: Sequence[str]
    weight: str | None = None
    id: str | None = None
    numbers: Collection[str] = ()
    categories: Collection[str] = ()

    @property
    def read(self) -> list[str]:
        """All that are read."""
        return [*self.inputs, *self.targets, *([] if self.weight is None else [self.weight])]


@dataclass(frozen=True)
class ColumnForms:
    """How columns of strings are taken.

    Args:
        numbers: split -> column of strings that are replaced by numbers -> their decimal mark.
        categories: inputs that are categories, also if they look like numbers or dates.
    """

    numbers: dict[str, dict[str, str]]
    categories: list[str]

    def stored(self, column: ColumnScan, split: str) -> str:
        """The type of a column in a split: that of numbers, or "string"."""
        return "float64" if column.name in self.numbers[split] else column.stored

    def missing(self, column: ColumnScan, split: str) -> bool:
        """Whether values of a column may be missing in a split."""
        return column.missing > 0 or (column.absent > 0 and column.name in self.numbers[split])


def column_forms(scans: Mapping[str, TableScan], columns: Columns) -> ColumnForms:
    """How the columns are taken of files that :func:`check_columns` has accepted.

    Numbers are what the training file has as numbers, what the user declares as such unless the model can read the
    strings, sample weights, and several targets. Strings that are mostly numbers or dates are categories.

    Args:
        scans: split -> what the columns of its file hold; "train" and, if there is one, "test".
        columns: those that are used.
    """
    train = scans["train"]
    numbers: dict[str, dict[str, str]] = {}
    for split, scan in scans.items():
        strings = [scan.columns[name] for name in columns.read if scan.columns[name].dtype == "string"]
        known = train if split != "train" else None
        wanted = [column for column in strings if _must_be_numbers(column.name, columns, known)]
        declared = [name for name in columns.numbers if train.columns[name].dtype == "string"]
        kept = [name for name in declared if train.columns[name].mark is not None]
        numbers[split] = {column.name: column.mark or "." for column in wanted if column.name not in kept}
    odd = [name for name in columns.inputs if train.columns[name].dtype == "string" and train.columns[name].odd]
    return ColumnForms(numbers, list(dict.fromkeys([*columns.categories, *odd])))


def as_numbers(frame: pd.DataFrame, marks: Mapping[str, str]) -> pd.DataFrame:
    """The frame with these columns of strings replaced by float64, NaN for what stands for a missing value.

    Args:
        frame: of any columns.
        marks: column -> decimal mark.
    """
    if not marks or not len(frame):
        return frame
    texts = {name: frame[name].astype(object).where(frame[name].notna(), "") for name in marks}
    return frame.assign(**{name: numbers_in(column.tolist(), marks[name]) for name, column in texts.items()})


def check_columns(blocks: TableBlocks, scan: TableScan, columns: Columns, train: TableScan | None) -> None:
    """Refuses what the columns of a file may not hold.

    Args:
        blocks: the file.
        scan: what its columns hold.
        columns: those that are used.
        train: of a test file, what the columns of the training file hold.

    Raises:
        InvalidArgument: naming the file, line, column and value at fault.
    """
    file, unit = blocks.path.name, blocks.unit
    if not scan.rows:
        if scan.left_out:
            raise no_target(file, list(columns.targets))
        raise InvalidArgument(blocks.argument, str(blocks.path), "a table with rows, but it has none below its header")
    for name in columns.read:
        column = scan.columns[name]
        if column.dtype != "string":
            beyond = column.beyond_in(file, unit)
            if beyond is not None and name != columns.weight:
                raise not_finite(beyond)
        elif _must_be_numbers(name, columns, train):
            words, beyond = column.words_in(file, unit, all_rows=True), column.beyond_in(file, unit)
            if words is not None and column.mark is None:
                raise not_numbers(words)
            if beyond is not None:
                raise not_finite(beyond)
        elif name in columns.targets:
            _check_target(blocks, column)


def _must_be_numbers(name: str, columns: Columns, train: TableScan | None) -> bool:
    """Whether strings of a column are no words: of a test file, if the training file has numbers (``train``)."""
    if name in columns.numbers or name == columns.weight or (name in columns.targets and len(columns.targets) > 1):
        return True
    kinds = ("int64", "float64") if name in columns.targets else ("int64", "float64", "bool")
    return train is not None and train.columns[name].dtype in kinds and name not in columns.categories


def _check_target(blocks: TableBlocks, column: ColumnScan) -> None:
    """Refuses words in a target that is mostly numbers."""
    words = column.words_in(blocks.path.name, blocks.unit)
    if words is None or column.mark is not None:
        return
    with warnings.catch_warnings():  # which are for later
        warnings.simplefilter("ignore", UserWarning)
        check_mostly_words(words, numbers=column.numbers)


def warn_of_columns(blocks: TableBlocks, scan: TableScan, columns: Columns, *, training: bool) -> None:
    """Warns of what is odd in a file.

    Args:
        blocks: the file.
        scan: what its columns hold.
        columns: those that are used.
        training: whether it is the training file.
    """
    file, unit = blocks.path.name, blocks.unit
    if scan.left_out:
        where = f"{unit} {scan.first_left_out}"
        warn_of_left_out(file, list(columns.targets), scan.left_out, scan.rows + scan.left_out, where)
    for name in columns.targets if len(columns.targets) == 1 else ():
        words = scan.columns[name].words_in(file, unit)
        if words is not None and scan.columns[name].dtype == "string" and scan.columns[name].mark is None:
            check_mostly_words(words)
    for name in columns.inputs if training else ():
        column = scan.columns[name]
        odd = column.odd_in(file, unit)
        if odd is not None and column.odd and column.dtype == "string" and name not in columns.categories:
            check_mostly_words(odd, what=column.odd[0])
        if column.counts:
            warn_of_counter(file, name)
