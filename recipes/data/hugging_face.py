"""hugging_face_builder: the TFDS builder of a folder that Hugging Face's ``datasets`` has saved."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument
from ...callbacks.warning import warn
from ..files import cache_folder
from ..stored.json_files import read_json
from ..stored.links import file_inside
from ..stored.reading import read_bytes
from ..stored.schema import ANYTHING, PLAIN_NAME, Kind, Listing, Mapped, Object
from .hugging_face_features import converted, converted_features
from .images.image_files import BrokenImage, Header, read_header
from .images.image_listing import SPLIT_FOLDERS

__all__ = ["hugging_face_builder", "is_saved_by_hugging_face"]

ROWS = 1000
"""Rows to convert at a time."""


def is_saved_by_hugging_face(folder: Path) -> bool:
    """Whether ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk`` has written a folder."""
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()
    )


def hugging_face_builder(folder: Path) -> Any:
    """The builder of a folder that Hugging Face's ``datasets`` has saved, which is not needed to read it.

    Its Arrow files are converted once into a dataset of TFDS in the user's cache folder. Splits whose names mean so
    become "train", "validation" and "test". Missing numbers become NaN, missing texts "", missing classes -1, dates
    texts. Columns of types that no model here takes are left out with a warning.

    Args:
        folder: see :func:`is_saved_by_hugging_face`.

    Raises:
        InvalidArgument: where pyarrow is not installed, and for files that cannot be read.

    Example:
        >>> hugging_face_builder(Path("reviews")).info.features              # doctest: +SKIP
        FeaturesDict({'label': ClassLabel(shape=(), dtype=int64, num_classes=2), 'text': Text(...)})
    """
    import tensorflow_datasets as tfds

    splits = _split_folders(folder)
    files = [(split, file, file.stat()) for split, files in splits.items() for file in files]
    facts = [[split, str(file), stat.st_size, stat.st_mtime_ns] for split, file, stat in files]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    name = "hf_" + (re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_") or "dataset")
    target = cache_folder() / "hugging_face" / key
    if not (target / name / "1.0.0" / "dataset_info.json").is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = tempfile.mkdtemp(dir=target.parent, prefix=".converting-")
        try:
            _convert(folder, splits, name, staging)
            try:
                os.rename(staging, target)
            except OSError:
                if not target.is_dir():  # otherwise another process was faster
                    raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return tfds.builder_from_directory(target / name / "1.0.0")


def _split_folders(folder: Path) -> dict[str, list[Path]]:
    """Split -> its Arrow files."""
    if (folder / "dataset_dict.json").is_file():
        names = _read(folder / "dataset_dict.json", "splits", Listing(of=PLAIN_NAME, most=1000))
        return {SPLIT_FOLDERS.get(name.lower(), name): _files(folder / name) for name in names}
    return {"train": _files(folder)}


def _files(folder: Path) -> list[Path]:
    files = Listing(of=Object(fields={"filename": PLAIN_NAME}, others=ANYTHING), most=10_000)
    return [folder / file["filename"] for file in _read(folder / "state.json", "_data_files", files)]


def _read(path: Path, field: str, kind: Kind) -> Any:
    """A field of a JSON file of the folder."""
    content = Object(fields={field: kind}, others=ANYTHING)
    try:
        return read_json(path, content, argument="name", accepted="a folder of datasets that is whole")[field]
    except FileNotFoundError:
        raise InvalidArgument("name", str(path.parent), f"a folder of datasets with {path.name}") from None


def _convert(folder: Path, splits: dict[str, list[Path]], name: str, data_dir: str) -> None:
    import tensorflow_datasets as tfds

    from . import embedded

    first = next(iter(splits.values()))[0].parent
    described = _read(first / "dataset_info.json", "features", Mapped(of=ANYTHING))
    tables = {split: _table(folder, files) for split, files in splits.items()}
    features, left_out = converted_features(
        described,
        lambda column: any(table.column(column).null_count > 0 for table in tables.values()),
        lambda column: _image_shape(folder, column, tables),
    )
    if left_out:
        shown = ", ".join(f"{column!r} ({what})" for column, what in left_out.items())
        warn(f"dataset {folder.name!r}: left out {shown}")
    with embedded.quietly():
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            version="1.0.0",
            features=features,
            split_datasets={split: _Examples(folder, table, features) for split, table in tables.items()},
            data_dir=data_dir,
            disable_shuffling=True,
        )


class _Examples:
    """Pairs (number, example) of a table, converted a few rows at a time."""

    def __init__(self, folder: Path, table: Any, features: Any):
        self._folder, self._table, self._features = folder, table.select(list(features)), features

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        import tensorflow_datasets as tfds

        images = [name for name, feature in self._features.items() if isinstance(feature, tfds.features.Image)]
        number = 0
        for batch in self._table.to_batches(max_chunksize=ROWS):
            for row in batch.to_pylist():
                yield (
                    number,
                    {
                        key: _content(self._folder, row[key], key, number)
                        if key in images
                        else converted(row[key], feature)
                        for key, feature in self._features.items()
                    },
                )
                number += 1


def _table(folder: Path, files: list[Path]) -> Any:
    """The rows of Arrow files, mapped into memory."""
    try:
        import pyarrow
    except ImportError:
        accepted = "a folder that can be read; those of Hugging Face's datasets need pyarrow (pip install pyarrow)"
        raise InvalidArgument("name", str(folder), accepted) from None
    try:
        return pyarrow.concat_tables(
            [pyarrow.ipc.open_stream(pyarrow.memory_map(str(file))).read_all() for file in files]
        )
    except (OSError, pyarrow.ArrowException) as error:
        reason = " ".join(str(error).split())[:100]
        raise InvalidArgument("name", str(folder), f"a folder of readable Arrow files ({reason})") from None


def _content(folder: Path, value: Any, column: str, number: int) -> Any:
    """The bytes of an image, as a file that TFDS takes."""
    import io

    if value is None:
        text = f"one with all images, but column {column!r} has none in row {number}, counted from 0"
        raise InvalidArgument("name", str(folder), text)
    if value["bytes"] is not None:
        return io.BytesIO(value["bytes"])
    return io.BytesIO(read_bytes(file_inside(folder, str(value["path"]), "name")))


def _image_shape(folder: Path, column: str, tables: dict[str, Any]) -> tuple[int | None, ...]:
    """(height, width, channels) of the images of all splits, None where they vary; grey only if all are."""
    headers: set[Header] = set()
    for table in tables.values():
        number = 0
        for batch in table.select([column]).to_batches(max_chunksize=ROWS):
            for row in batch.to_pylist():
                try:
                    headers.add(read_header(_content(folder, row[column], column, number).read()))
                except (BrokenImage, OSError) as error:
                    text = f"one of whole images, but that of column {column!r} in row {number} is broken ({error})"
                    raise InvalidArgument("name", str(folder), text) from None
                number += 1
    heights, widths = ({getattr(header, side) for header in headers} for side in ("height", "width"))
    same = len(heights) == len(widths) == 1
    size = (heights.pop(), widths.pop()) if same else (None, None)
    return (*size, 1 if all(header.channels <= 2 for header in headers) else 3)
