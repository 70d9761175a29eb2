"""load_table: Data from a table file, by the names of its columns."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_choice
from ..files import cache_folder
from .dataset import Data
from .disk.on_disk import available_memory
from .files.column_forms import ColumnForms, Columns, as_numbers, check_columns, column_forms, warn_of_columns
from .files.column_scan import TableScan, scan_frames, with_targets
from .files.large_tables import needed_for_table, stored_tables
from .files.located_files import digest
from .files.table_blocks import TableBlocks, open_blocks
from .files.table_faults import warn_of_repeated
from .files.table_files import TableFile, read_table
from .files.table_roles import role_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["chosen_columns", "load_table", "proposed_target"]

USUAL_TARGETS = ("target", "label", "class", "outcome", "response", "y")
"""Names of columns that are usually the target, in lower case, the surest first."""
KINDS = ("number", "category")
"""The kinds that a user may declare a column to be."""
SHOWN = 20
"""Maximum number of columns to list in a message."""


def load_table(
    path: str | os.PathLike[str],
    *,
    target: str | Sequence[str] | None,
    features: Sequence[str] | Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,
    sample_weight: str | None = None,
    groups: str | None = None,
    time: str | None = None,
    stratify: str | None = None,
    test: float | str | os.PathLike[str] = 0.2,
    memory: float = 0.5,
    **options: Any,
) -> Data:
    """The same Data as :meth:`Data.from_arrays` makes of the columns of the file, read as a DataFrame.

    Rows without a value of the target are left out with a warning. Columns are matched by name, also those of a test
    file, which may have them in any order.

    Args:
        path: the training file; see :func:`read_table`.
        target: the column to predict, or several of numbers.
        features: the inputs, or a mapping that also declares an input as a "number" or a "category". Default: all other
            columns.
        exclude: columns to leave out.
        id: the column that identifies the rows, which is left out; repeated values are a warning.
        sample_weight: the column that says how much each row counts.
        groups, time: the columns that decide about the splits, which are inputs only if ``features`` lists them. Groups
            that are no inputs are compared as they are written in the file.
        stratify: likewise, but an input as usual.
        test: the fraction of the rows to hold out for the test, or a file with the same columns.
        memory: the share of the available memory that the tables may take; larger ones are decoded once into the user's
            cache folder and read from there batch by batch, with the same results.
        **options: as for :meth:`Data.from_arrays`.

    Raises:
        InvalidArgument: naming the file and the argument, or the line, column and value at fault.

    Example:
        >>> load_table("churn.csv", target="Churn", id="customerID")        # doctest: +SKIP
    """
    kinds = dict(features) if isinstance(features, Mapping) else {}
    for kind in kinds.values():
        check_choice("features", kind, KINDS)
    names = _listed("target", [target] if isinstance(target, str) else target or ())
    blocks = {"train": open_blocks("name", Path(path).expanduser())}
    if isinstance(test, (str, os.PathLike)):
        blocks["test"] = open_blocks("test", Path(test).expanduser())
    else:
        options["test"] = test
    if not names:
        raise _no_target(blocks["train"], [*exclude, *([] if id is None else [id])])
    by = {"groups": groups, "time": time, "stratify": stratify}
    columns, roles, aside = chosen_columns(blocks["train"], names, features, exclude, id, sample_weight, by)
    if "test" in blocks:
        _check_columns(blocks["test"], blocks["train"], [*columns.read, *roles.values()])
    options |= role_values(blocks, columns.targets, roles, [name for name in aside if name == groups])
    needed = sum(needed_for_table(table.path) for table in blocks.values())
    if needed > memory * available_memory():
        made, files = _stored(blocks, columns)
    else:
        made, files = _read(blocks, columns)
    if len(columns.targets) > 1:
        options["class_names"] = tuple(columns.targets)
    file = blocks["train"].path
    try:
        data = Data.from_arrays(**made, name=file.stem, **options)
    except InvalidArgument as error:
        error.args = (f"{file.name}, target {_shown(columns.targets)}: {error}",)
        raise
    data.settings |= {**roles, "files": files}
    return data


def chosen_columns(
    table: TableBlocks,
    targets: list[str],
    features: Sequence[str] | Mapping[str, str] | None,
    exclude: Sequence[str],
    id: str | None,
    sample_weight: str | None,
    by: Mapping[str, str | None],
) -> tuple[Columns, dict[str, str], list[str]]:
    """The columns that these options of :func:`load_table` choose.

    Args:
        table: the training file.
        targets, features, exclude, id, sample_weight: the options.
        by: "groups", "time" and "stratify" -> name of the column, or None.

    Returns:
        (the columns to read, those of ``by`` that are given, names of the latter that are no inputs).
    """
    roles = {role: _columns(table, role, [name])[0] for role, name in by.items() if name is not None}
    aside = [name for role, name in roles.items() if role != "stratify" and name not in (features or ())]
    exclude = [*exclude, *aside]
    kinds = dict(features) if isinstance(features, Mapping) else {}
    targets = _columns(table, "target", targets)
    weight = _columns(table, "sample_weight", [] if sample_weight is None else [sample_weight])
    left_out = [*_columns(table, "exclude", exclude), *_columns(table, "id", [] if id is None else [id]), *targets]
    chosen = list(table.columns) if features is None else _columns(table, "features", list(features))
    inputs = [name for name in chosen if name not in (*left_out, *weight)]
    if not inputs:
        raise InvalidArgument(
            "features", list(chosen), f"columns of {table.path.name} besides the target and excluded ones"
        )
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    categories += [name for name in inputs if name in table.categories and name not in kinds]
    return Columns(inputs, targets, sample_weight, id, numbers, categories), roles, aside


def _stored(blocks: Mapping[str, TableBlocks], columns: Columns) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Arguments of :meth:`Data.from_arrays` that are read from disk, and the facts of the files."""
    import pandas as pd

    digests = {split: digest(table.path) for split, table in blocks.items()}
    parts, features = stored_tables(blocks, digests, columns, cache_folder() / "decoded")
    made: dict[str, Any] = {"feature_names": features or None}
    for split, part in parts.items():
        suffix = "" if split == "train" else "_test"
        y = (
            pd.Series(part["y"], name=columns.targets[0], dtype=part["y"].dtype)
            if len(columns.targets) == 1
            else part["y"]
        )
        made |= {f"x{suffix}": part["x"], f"y{suffix}": y}
        if "weight" in part:
            made[f"sample_weight{suffix}"] = part["weight"]
    return made, {
        split: {"path": str(table.path.resolve()), "sha256": digests[split]} for split, table in blocks.items()
    }


def _read(blocks: Mapping[str, TableBlocks], columns: Columns) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Arguments of :meth:`Data.from_arrays` that are read into memory, and the facts of the files."""
    tables: dict[str, TableFile] = {}
    scans: dict[str, TableScan] = {}
    words = {*columns.categories, *([] if columns.id is None else [columns.id])}
    for split, table in blocks.items():
        tables[split] = read_table(table.argument, table.path, strings=words, nullable=columns.targets)
        scan = scans[split] = scan_frames([tables[split].frame], columns.read, columns.targets)
        check_columns(table, scan, columns, None if split == "train" else scans["train"])
        words |= {name for name in columns.read if scan.columns[name].dtype == "string"}
    if columns.id is not None:
        _warn_of_repeated(tables["train"], columns.id)
    forms = column_forms(scans, columns)
    made: dict[str, Any] = {} if columns.weight is None else {"sample_weight": columns.weight}
    for split, table in blocks.items():
        warn_of_columns(table, scans[split], columns, training=split == "train")
        suffix = "" if split == "train" else "_test"
        frame = as_numbers(with_targets(tables[split].frame, columns.targets), forms.numbers[split])
        made[f"x{suffix}"], made[f"y{suffix}"] = _pair(frame, columns, forms, scans[split])
    return made, {split: table.facts for split, table in tables.items()}


def proposed_target(path: str | os.PathLike[str], options: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """The column of a table file that is probably the target, and why.

    Args:
        path: the file.
        options: of :func:`load_table`: a column that one of them names cannot be the target. Default none.

    Returns:
        (name, reason): the first column with a usual name, such as "target" or "label", or else the last one.

    Raises:
        InvalidArgument: for a file that cannot be read, or without another column.

    Example:
        >>> proposed_target("churn.csv")                              # doctest: +SKIP
        ('Churn', 'the last column')
    """
    options = options or {}
    named = [options.get(role) for role in ("id", "sample_weight", "groups", "time")]
    left_out = [*options.get("exclude", ()), *(name for name in named if isinstance(name, str))]
    return _proposed(open_blocks("name", Path(path).expanduser()), left_out)


def _proposed(table: TableBlocks, left_out: Sequence[str]) -> tuple[str, str]:
    names = [name for name in table.columns if name not in left_out]
    if not names:
        raise InvalidArgument("exclude", list(left_out), f"fewer than all columns of {table.path.name}")
    plain = {re.sub(r"[^a-z]", "", name.lower()): name for name in reversed(names)}
    usual = next((plain[name] for name in USUAL_TARGETS if name in plain), None)
    return (names[-1], "the last column") if usual is None else (usual, "a usual name of targets")


def _no_target(table: TableBlocks, left_out: Sequence[str]) -> InvalidArgument:
    name, reason = _proposed(table, left_out)
    candidates = _shown([column for column in table.columns if column not in left_out])
    accepted = f"the column of {table.path.name} to predict, e.g. {name!r} ({reason}), one of {candidates}"
    return InvalidArgument("target", None, accepted)


def _shown(names: Sequence[str]) -> str:
    more = f", ... ({len(names)})" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _listed(argument: str, names: Any) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise InvalidArgument(argument, names, "a list of names of columns")
    return list(names)


def _columns(table: TableBlocks, argument: str, names: Any) -> list[str]:
    """The names, which have to be columns of the table, without repetition."""
    known = list(table.columns)
    for name in _listed(argument, names):
        if name not in known:
            lower = {column.lower(): column for column in reversed(known)}
            near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
            hint = f"; did you mean {lower[near[0]]!r}?" if near else "."
            raise InvalidArgument(argument, name, f"a column of {table.path.name}{hint} It has {_shown(known)}")
    return list(dict.fromkeys(names))


def _check_columns(test: TableBlocks, train: TableBlocks, needed: Sequence[str]) -> None:
    """Refuses a test file without these columns, or with columns that the training file lacks."""
    wrong = {
        "missing": [name for name in needed if name not in test.columns],
        "unknown": [name for name in test.columns if name not in train.columns],
    }
    if any(wrong.values()):
        shown = "; ".join(f"{what}: {_shown(names)}" for what, names in wrong.items() if names)
        accepted = f"a file with the columns of {train.path.name}, in any order ({shown})"
        raise InvalidArgument("test", test.path.name, accepted)


def _pair(frame: pd.DataFrame, columns: Columns, forms: ColumnForms, scan: TableScan) -> tuple[pd.DataFrame, Any]:
    """Inputs and weights, and targets."""
    names = [name for name in columns.read if name not in columns.targets]
    x = frame[names].copy()
    for name in names:
        dtype = scan.columns[name].dtype
        if name in forms.categories:
            x[name] = x[name].astype("category")
        elif x[name].dtype == object and dtype in ("float64", "bool"):
            x[name] = x[name].astype(np.dtype(dtype))
    y = frame[list(columns.targets)].apply(_plain)
    return x, y[columns.targets[0]] if len(columns.targets) == 1 else y.to_numpy()


def _are_strings(column: pd.Series[Any]) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_string_dtype(column.dropna()))


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column without missing values, of a nullable type, as NumPy's type or objects."""
    return column.astype(getattr(column.dtype, "numpy_dtype", object if _are_strings(column) else column.dtype))


def _warn_of_repeated(table: TableFile, id: str) -> None:
    column = table.frame[id].dropna()
    repeated = column[column.duplicated(keep=False)]
    if len(repeated):
        first, second, *_ = repeated[repeated == repeated.iloc[0]].index
        warn_of_repeated(table.path.name, id, repeated.iloc[0], table.unit, first, second)
