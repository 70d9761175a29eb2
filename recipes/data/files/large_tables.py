"""stored_tables: the columns of table files too large for memory, decoded once into files of the cache folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ..disk.on_disk import Chunk, stored_once
from ..disk.stored_columns import StoredColumn
from ..frames import column_of
from ..input_arrays import DURATIONS, fraction_in
from .column_forms import ColumnForms, Columns, as_numbers, check_columns, column_forms, warn_of_columns
from .column_scan import MOST, TableScan, repeated, scan_table, with_targets
from .table_blocks import TableBlocks
from .table_faults import warn_of_repeated
from .table_files import PARQUET

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["needed_for_table", "stored_tables"]

FORMAT = 5
"""Changes when the same file is decoded otherwise."""
IN_MEMORY = {"separated": 10, "parquet": 6}
"""How many bytes it takes to read a file as a whole, at most, for each of its own (uncompressed) bytes."""
ON_DISK = 3
"""The same of the decoded files."""


def needed_for_table(path: Path) -> int:
    """The approximate number of bytes of memory that reading a table file as a whole takes."""
    if path.suffix.lower() not in PARQUET:
        return path.stat().st_size * IN_MEMORY["separated"]
    from pyarrow import parquet

    metadata = parquet.read_metadata(path)
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    return int(size) * IN_MEMORY["parquet"]


def stored_tables(
    tables: Mapping[str, TableBlocks], digests: Mapping[str, str], columns: Columns, folder: Path
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The arrays of table files, for :meth:`recipes.Data.from_arrays`.

    In memory are only the targets, the sample weights, the numbers of the rows, and the distinct values of categories.

    Args:
        tables: split -> file; "train" and, if there is one, "test", with the columns of "train".
        digests: split -> SHA-256 of the file.
        columns: those to read.
        folder: the folder of decoded data.

    Returns:
        (split -> x, y and weight, names of the columns of a table of numbers). x is an array (n, features) where all
        inputs are numbers and none is missing, otherwise a dictionary of columns.

    Raises:
        InvalidArgument: naming the file, line, column and value at fault, or if there is not enough space on the disk.
    """
    sizes = sum(blocks.path.stat().st_size for blocks in tables.values())
    facts = [FORMAT, dict(digests), list(columns.inputs), list(columns.targets), columns.weight, columns.id]
    facts += [sorted(columns.numbers), sorted(columns.categories)]
    stem = tables["train"].path.stem
    arrays = stored_once(folder, stem, facts, sizes * ON_DISK, lambda: _decoded(tables, columns))
    config = json.loads(arrays["scans"][0])
    scans = {split: TableScan.from_config(scan) for split, scan in config["scans"].items()}
    layout = _layout(scans, columns)
    for split, blocks in tables.items():
        twice = config["repeated"].get(split)
        if twice is not None and columns.id is not None and split == "train":
            warn_of_repeated(blocks.path.name, columns.id, twice[0], blocks.unit, twice[1], twice[2])
        warn_of_columns(blocks, scans[split], columns, training=split == "train")
    strings = {name: np.asarray(arrays[f"strings {name}"]) for name in layout.coded}
    parts = {split: _part(split, arrays, layout, columns, strings, tables["train"].dates) for split in tables}
    for split, fractions in config["fractions"].items():
        for name, fraction in fractions.items():
            parts[split]["x"][name].fraction = fraction
    return parts, list(columns.inputs) if layout.plain else []


@dataclass(frozen=True)
class _Layout:
    """How columns are stored: by name their type, which are numbers of strings, and which have files of their own.

    ``whole`` is whether all targets are whole numbers.
    """

    forms: ColumnForms
    types: dict[str, str]
    coded: list[str]
    texts: list[str]
    wide: list[str]
    plain: str | None
    whole: bool

    @property
    def rows(self) -> list[str]:
        """The inputs that are stored row by row, in order."""
        return [name for name in self.types if name not in (*self.texts, *self.wide)]


def _layout(scans: Mapping[str, TableScan], columns: Columns) -> _Layout:
    train, forms = scans["train"].columns, column_forms(scans, columns)
    types = {}
    for name in columns.inputs:
        every = {forms.stored(scan.columns[name], split) for split, scan in scans.items()}
        types[name] = "string" if "string" in every else np.result_type(*every).name
    missing = any(forms.missing(scan.columns[name], split) for split, scan in scans.items() for name in columns.inputs)
    whole = [name for name, dtype in types.items() if dtype != "string" and np.dtype(dtype).kind in "iu"]
    wide = [name for name in whole if any(scan.columns[name].wide for scan in scans.values())]
    plain = None
    if not missing and "string" not in types.values():
        if not wide:
            plain = "float64"
        elif all(np.dtype(dtype).kind in "iub" for dtype in types.values()):
            plain = "int64"
    texts = [name for name, dtype in types.items() if dtype == "string" and train[name].values > MOST]
    coded = [name for name, dtype in types.items() if dtype == "string" and name not in texts]
    coded += [name for name in columns.targets if forms.stored(train[name], "train") == "string"]
    targets = {scan.columns[name].dtype for scan in scans.values() for name in columns.targets}
    return _Layout(forms, types, coded, texts, wide, plain, targets <= {"int64", "bool"})


def _decoded(tables: Mapping[str, TableBlocks], columns: Columns) -> Iterator[Chunk]:
    """The chunks to store: first every file is read once to see what its columns hold."""
    scans: dict[str, TableScan] = {}
    words = set(columns.categories)
    for split, blocks in tables.items():
        scan = scans[split] = scan_table(blocks, columns.read, columns.targets, words)
        _check_kinds(blocks, scan, columns)
        check_columns(blocks, scan, columns, None if split == "train" else scans["train"])
        for column in [scan.columns[name] for name in columns.targets if len(columns.targets) == 1]:
            if column.dtype == "string" and column.values > MOST:
                accepted = f"a column of numbers, or of at most {MOST:,} different strings, in {blocks.path.name}"
                raise InvalidArgument("target", column.name, accepted)
        words |= {name for name in columns.read if scan.columns[name].dtype == "string"}
    layout = _layout(scans, columns)
    codes: dict[str, dict[str, int]] = {name: {} for name in layout.coded}
    for split, blocks in tables.items():
        decimal = blocks.with_decimal_commas() if scans[split].decimal == "," else blocks
        whole = columns.targets if scans[split].left_out else ()
        numbers = layout.forms.numbers[split]
        for frame in decimal.frames(columns.read, [*layout.coded, *layout.texts, *numbers], whole, checked=True):
            kept = as_numbers(with_targets(frame, columns.targets), numbers)
            if len(kept):
                yield {f"{split} {key}": part for key, part in _chunk(kept, columns, layout, codes).items()}
    for name, known in codes.items():
        yield {f"strings {name}": np.array(list(known), dtype=object)}
    twice = {} if columns.id is None else {split: repeated(blocks, columns.id) for split, blocks in tables.items()}
    config = {"scans": {split: scan.to_config() for split, scan in scans.items()}, "repeated": twice}
    config["fractions"] = {split: _fractions(blocks, columns) for split, blocks in tables.items()}
    yield {"scans": np.array([json.dumps(config)], dtype=object)}


def _fractions(blocks: TableBlocks, columns: Columns) -> dict[str, str]:
    """The inputs that have times with fractions of a second, which are not stored, each with the first one."""
    fractions: dict[str, str] = {}
    names = [name for name in columns.inputs if name in blocks.times]
    for frame in blocks.as_stored([*names, *columns.targets]) if names else ():
        kept = with_targets(frame, columns.targets)
        for name in names:
            fraction = fractions.get(name) or fraction_in(column_of(kept[name]))
            fractions |= {name: fraction} if fraction else {}
    return fractions


def _chunk(frame: pd.DataFrame, columns: Columns, layout: _Layout, codes: dict[str, dict[str, int]]) -> Chunk:
    chunk: Chunk = {}
    numbers = {name: _numbers(frame[name], codes.get(name)) for name in (*layout.rows, *columns.targets)}
    if layout.plain == "int64":
        chunk["x"] = np.stack([frame[name].to_numpy(np.int64) for name in columns.inputs], axis=1)
    elif layout.rows:
        chunk["x"] = np.stack([numbers[name] for name in layout.rows], axis=1)
    if not layout.plain:
        for name in layout.rows:
            chunk[f"column {name}"] = numbers[name][:, np.newaxis]
        for name in layout.wide:
            chunk[f"wide {name}"] = frame[name].to_numpy(np.int64)[:, np.newaxis]
        for name in layout.texts:
            chunk[f"text {name}"] = frame[name].astype(object).fillna("").to_numpy(object)
    if len(columns.targets) == 1:
        (name,) = columns.targets
        chunk["y"] = _target(frame[name], numbers[name], coded=name in codes)
    else:
        y = [frame[name].to_numpy(np.int64) if layout.whole else numbers[name] for name in columns.targets]
        chunk["y"] = np.stack(y, axis=1)
    if columns.weight is not None:
        chunk["weight"] = frame[columns.weight].to_numpy(np.float64)
    return chunk


def _target(column: pd.Series[Any], numbers: np.ndarray, *, coded: bool) -> np.ndarray:
    """A target without missing values: numbers of strings, whole numbers, booleans or other numbers."""
    if column.dtype.kind in "iu" and not coded:
        return column.to_numpy(np.int64)
    if coded:
        return numbers.astype(np.int64)
    return numbers if column.dtype.kind == "f" else numbers != 0


def _numbers(column: pd.Series[Any], codes: dict[str, int] | None) -> np.ndarray:
    """A column as float64: numbers with NaN for missing ones, or the numbers of strings, "" for missing ones."""
    if codes is None:
        present = column if column.dtype.kind in "iufb" else column.astype(object).where(column.notna(), np.nan)
        return present.astype(np.float64).to_numpy()
    texts = column.astype(object).fillna("")
    for text in texts.unique().tolist():
        codes.setdefault(text, len(codes))
    return texts.map(codes).to_numpy(np.float64)


def _part(
    split: str,
    arrays: Mapping[str, Any],
    layout: _Layout,
    columns: Columns,
    strings: Mapping[str, np.ndarray],
    dates: Collection[str],
) -> dict[str, Any]:
    y = np.asarray(arrays[f"{split} y"])
    if len(columns.targets) == 1 and columns.targets[0] in strings:
        y = strings[columns.targets[0]][y]
    part: dict[str, Any] = {"y": y}
    if columns.weight is not None:
        part["weight"] = arrays[f"{split} weight"]
    if layout.plain:
        return {**part, "x": arrays[f"{split} x"]}
    x: dict[str, Any] = {}
    for name in columns.inputs:
        if name in layout.texts:
            x[name] = arrays[f"{split} text {name}"]
        elif name in layout.wide:
            wide = arrays[f"{split} wide {name}"]
            x[name] = StoredColumn(wide, 0, wide, np.int64)
        else:
            dtype = object if layout.types[name] == "string" else layout.types[name]
            table, own = arrays[f"{split} x"], arrays[f"{split} column {name}"]
            x[name] = StoredColumn(table, layout.rows.index(name), own, dtype, strings.get(name))
        x[name].category = name in layout.forms.categories
        x[name].dates = name in dates
    return {**part, "x": x}


def _check_kinds(blocks: TableBlocks, scan: TableScan, columns: Columns) -> None:
    """Refuses what only a file that fits into memory may hold."""
    for name in columns.read:
        column = scan.columns[name]
        if column.dtype == "other":
            kinds = ", ".join(sorted(set(column.kinds) - {"i", "f", "b", "s"}))
            accepted = f"numbers, booleans or strings in column {name!r} of a file larger than the memory, not {kinds}"
            accepted += f"; {DURATIONS}" if "timedelta" in kinds else ""
            raise InvalidArgument(blocks.path.name, name, accepted)
