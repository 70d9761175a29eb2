"""located: the table files of a saved run, where they are now."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from ....callbacks.checks import InvalidArgument

__all__ = ["digest", "located", "located_folder"]


def digest(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal. The file is read in parts."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def located(files: Mapping[str, Mapping[str, str]], folder: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """The path of each file, which has the same content as in training.

    Args:
        files: split -> :attr:`recipes.data.files.table_files.TableFile.facts`.
        folder: where the files may be now; otherwise each is where it was in training.

    Returns:
        split -> path.

    Raises:
        InvalidArgument: for a file that is in neither place, or has changed.

    Example:
        >>> located({"train": {"path": "/home/me/churn.csv", "sha256": "..."}}, "data")        # doctest: +SKIP
        {'train': 'data/churn.csv'}
    """
    paths = {}
    for split, facts in files.items():
        places = [Path(facts["path"])]
        if folder is not None:
            places.insert(0, Path(folder).expanduser() / places[0].name)
        present = next((path for path in places if path.is_file()), None)
        if present is None:
            here = "" if folder is None else f" nor in {folder}"
            accepted = (
                f"the file of the training ({split}), which is no longer there{here};"
                " if it was moved, pass its new folder as data_dir"
            )
            raise InvalidArgument("data", facts["path"], accepted)
        if digest(present) != facts["sha256"]:
            raise InvalidArgument("data", str(present), "the file of the training, but it has changed since")
        paths[split] = str(present)
    return paths


def located_folder(path: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """A folder of the training, where it is now.

    Args:
        path: where it was in training.
        folder: what it may be in now, or itself.

    Raises:
        InvalidArgument: for a folder that is in none of these places.
    """
    places = [Path(path)]
    if folder is not None:
        given = Path(folder).expanduser()
        places = [given / places[0].name, *([given] if given.name == places[0].name else []), *places]
    present = next((place for place in places if place.is_dir()), None)
    if present is None:
        accepted = (
            "the folder of the training, which is no longer there; if it was moved, pass the folder that it is in as"
            " data_dir"
        )
        raise InvalidArgument("data", path, accepted)
    return present
