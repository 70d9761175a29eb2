"""labelled_images: the image files that a table names, with their labels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....callbacks.checks import InvalidArgument, check_choice, check_path
from ....callbacks.warning import warn
from ..files.table_files import read_table
from ..names import column_names, is_frame
from .image_listing import pictures_below

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["labelled_images"]

NOTHING: Mapping[str, str] = {}
LOOKED_AT = 20
"""Rows to look at for the column with the names of files."""


def labelled_images(
    folder: Path, labels: Any, target: str | Sequence[str] | None, file: str | None, by: Mapping[str, str] = NOTHING
) -> tuple[list[Path], Any, tuple[str, ...], dict[str, Any]]:
    """The image files that the rows of a table name, with their labels.

    Args:
        folder: where the images are, at any depth.
        labels: a DataFrame, or the path of a .csv, .tsv or .parquet file, also relative to the folder. A row names a
            file by its path in the folder or, if that is unique, by its name alone, with or without its suffix.
        target: name of the column of labels, or several names; None for the only other column.
        file: name of the column of files; None for the first one that names files of the folder.
        by: "groups", "time" and "stratify" -> name of the column that decides about the splits.

    Returns:
        (files, y as :meth:`recipes.Data.from_arrays` takes it, names of several targets or (), the values of each
        column in ``by``). Rows without a label are left out with a warning, and so are images without a row.

    Raises:
        InvalidArgument: for unknown columns, rows whose file is missing, and files of several rows.
    """
    pictures, _ = pictures_below(folder)
    known = _names(folder, pictures)
    frame, unit, shown = _table(folder, labels, known, file)
    columns = list(frame.columns)
    file = _file_column(frame, known, shown) if file is None else check_choice("file", file, columns)
    for role, name in by.items():
        check_choice(role, name, columns)
    others = [column for column in columns if column != file and (column not in by.values() or column == target)]
    if target is None and len(others) != 1:
        raise InvalidArgument("target", None, f"the name of the column with the labels in {shown}: {', '.join(others)}")
    targets = others if target is None else [target] if isinstance(target, str) else list(target)
    for name in targets:
        check_choice("target", name, others)
    paths = _paths(frame[file], known, unit, shown)
    missing = frame[targets].isna().any(axis=1)
    if missing.all():
        raise InvalidArgument("target", targets, f"a column of {shown} with values, but all are missing")
    if missing.any():
        first = f"{unit} {frame.index[missing][0]}"
        _warn(shown, f"left out {missing.sum():,} of {len(frame):,} rows without a label, the first in {first}")
    left = len(pictures) - len(set(paths))
    if left:
        _warn(shown, f"left out {left:,} of {len(pictures):,} images without a row in the table")
    kept = ~missing.to_numpy()
    y = frame.loc[kept, targets]
    values = y[targets[0]].to_numpy() if len(targets) == 1 else y.to_numpy()
    names = tuple(targets) if len(targets) > 1 else ()
    decisive = {role: frame.loc[kept, name].to_numpy() for role, name in by.items()}
    return [path for path, keep in zip(paths, kept.tolist(), strict=True) if keep], values, names, decisive


def _names(folder: Path, pictures: Sequence[Path]) -> dict[str, Path | None]:
    """What a table may call each image -> its file; None for what several are called."""
    known: dict[str, Path | None] = {}
    for picture in pictures:
        inside = picture.relative_to(folder)
        for name in {inside.as_posix(), inside.with_suffix("").as_posix(), picture.name, picture.stem}:
            known[name] = None if name in known else picture
    return known | {picture.relative_to(folder).as_posix(): picture for picture in pictures}


def _table(
    folder: Path, labels: Any, known: Mapping[str, Path | None], file: str | None
) -> tuple[pd.DataFrame, str, str]:
    """The table, what its index counts, and its name for messages."""
    if is_frame(labels):
        frame = labels.copy()
        frame.columns = column_names("labels", labels) or list(map(str, labels.columns))
        return frame, "row", "labels"
    if not isinstance(labels, (str, os.PathLike)):
        raise InvalidArgument("labels", labels, "a DataFrame, or the path of a .csv, .tsv or .parquet file")
    check_path("labels", labels)
    path = Path(labels).expanduser()
    path = folder / path if not path.is_file() and (folder / path).is_file() else path
    columns = list(read_table("labels", path).frame.columns)
    if file is None:
        file = _file_column(read_table("labels", path, strings=columns).frame, known, path.name)
    check_choice("file", file, columns)
    table = read_table("labels", path, strings=[file], nullable=[column for column in columns if column != file])
    return table.frame, table.unit, path.name


def _file_column(frame: pd.DataFrame, known: Mapping[str, Path | None], shown: str) -> str:
    """The first column whose first rows name images."""
    for column in frame.columns:
        values = frame[column].dropna().astype(str).head(LOOKED_AT)
        if len(values) and sum(_clean(value) in known for value in values) >= len(values) / 2:
            return str(column)
    first = frame.iloc[0].astype(str).to_dict() if len(frame) else {}
    raise InvalidArgument(
        "file", None, f"the name of the column of {shown} with the names of images; its first row is {first}"
    )


def _paths(column: pd.Series[Any], known: Mapping[str, Path | None], unit: str, shown: str) -> list[Path]:
    paths: list[Path] = []
    rows: dict[Path, Any] = {}
    for row, value in column.items():
        path = known.get(_clean(str(value)))
        if path is None:
            several = "is the name of several images" if _clean(str(value)) in known else "is not in the folder"
            raise InvalidArgument(
                "labels", str(value), f"a table of images in the folder, but that of {unit} {row} of {shown} {several}"
            )
        if path in rows:
            raise InvalidArgument(
                "labels",
                str(value),
                f"a table with one row an image, but {unit}s {rows[path]} and {row} of {shown} have this one",
            )
        rows[path] = row
        paths.append(path)
    return paths


def _clean(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")


def _warn(shown: str, text: str) -> None:
    warn(f"{shown}: {text}")
