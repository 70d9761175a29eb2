"""as_folder, check_images: whether a name is the path of a folder of data, and what a folder without images may be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument
from .files.table_files import PARQUET, SEPARATED
from .images.image_listing import has_pictures
from .tfds.builders import prepared_folder
from .tfds.datasets import EMBEDDED_NAMES

__all__ = ["as_folder", "check_images"]

STARTS = (".", "~", os.sep)
"""How a string begins that is a path whatever datasets there are."""


def as_folder(name: Any) -> Path | None:
    """The folder that ``name`` is the path of; None for the name of a dataset or a file.

    A string is a path if it begins with ".", "~" or "/" or ends in "/", or if there is such a folder and no dataset of
    this name.

    Raises:
        InvalidArgument: for a string of the first kind that is neither a folder nor a file.

    Example:
        >>> as_folder("digits") is None, as_folder("/tmp")
        (True, PosixPath('/tmp'))
    """
    if not isinstance(name, (str, os.PathLike)):
        return None
    text = os.fspath(name)
    path = Path(text).expanduser()
    certain = isinstance(name, os.PathLike) or text.startswith(STARTS) or text.endswith(os.sep)
    if certain and isinstance(name, str) and not path.exists() and not path.suffix:
        raise InvalidArgument("name", text, "the path of a folder or file that exists, or the name of a dataset")
    if not path.is_dir() or (not certain and _is_dataset(text)):
        return None
    return path.resolve()


def check_images(folder: Path) -> None:
    """Refuses a folder without images, in words for those of other libraries.

    Raises:
        InvalidArgument: naming what the folder holds, and how to load it.
    """
    if has_pictures(folder):
        return
    accepted = "a folder of images, with a folder for each class, or of one dataset of TFDS or Hugging Face"
    prepared = [entry.name for entry in sorted(folder.iterdir()) if entry.is_dir() and prepared_folder(entry)]
    if prepared:
        accepted += f"; this one holds {', '.join(prepared)}: pass a name, and this folder as data_dir"
    tables = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in (*SEPARATED, *PARQUET))
    if tables:
        more = f" and {len(tables) - 1} more" if len(tables) > 1 else ""
        accepted += f"; this one holds the table {tables[0]}{more}: pass the path of the file"
    raise InvalidArgument("name", str(folder), accepted)


def _is_dataset(name: str) -> bool:
    import tensorflow_datasets as tfds

    first = name.split("/")[0].split(":")[0]
    return first in (*EMBEDDED_NAMES, *tfds.list_builders(with_community_datasets=False))
