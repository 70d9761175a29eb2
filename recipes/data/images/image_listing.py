"""listed_images: the image files of a folder with a folder per class, by split."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn
from ..files.table_files import is_table_file
from .image_files import is_picture

__all__ = ["has_pictures", "listed_images", "pictures_below"]

SPLIT_FOLDERS = {
    **dict.fromkeys(["train", "training"], "train"),
    **dict.fromkeys(["validation", "valid", "val", "dev"], "validation"),
    **dict.fromkeys(["test", "testing"], "test"),
}
"""Name of a folder in lower case -> its split."""
SHOWN = 5


def listed_images(
    folder: Path, class_names: Sequence[str] | None = None
) -> tuple[dict[str, list[tuple[Path, int]]], tuple[str, ...]]:
    """The image files of each split with the positions of their classes.

    The folders in ``folder`` are classes; or they are named train, validation (valid, val, dev) and test and hold those
    of the classes. Images may lie at any depth below their class. Names that begin with "." or "__" are skipped.

    Args:
        folder: the folder.
        class_names: the names of all class folders, in another order than the alphabet's.

    Returns:
        (split -> (file, class) in the order of the classes and the names, class names).

    Raises:
        InvalidArgument: for a folder without class folders or images, and folders of which some are splits.

    Example:
        >>> listed_images(Path("animals"))                           # doctest: +SKIP
        ({'train': [(PosixPath('animals/cat/1.jpg'), 0), ...]}, ('cat', 'dog'))
    """
    splits = _splits(folder)
    files: dict[str, dict[str, list[Path]]] = {}
    others: Counter[str] = Counter()
    empty = []
    for split, below in splits.items():
        files[split] = {}
        for class_folder in _folders(below):
            pictures, rest = pictures_below(class_folder)
            others.update(file.suffix.lower() or "without a suffix" for file in rest)
            if pictures:
                files[split][class_folder.name] = pictures
            else:
                empty.append(str(class_folder.relative_to(folder)))
        if not files[split]:
            raise _without_images(folder, below)
    _warn(folder, empty, others)
    found = sorted({name for classes in files.values() for name in classes})
    if len(found) < 2:
        accepted = f"one with a folder for each of 2 or more classes, but it has {found[0]} alone"
        raise InvalidArgument("folder", str(folder), f"{accepted}; without, pass {_hint(folder)}")
    names = tuple(found if class_names is None else class_names)
    if sorted(names) != found:
        raise InvalidArgument("class_names", names, f"the names of the class folders, in any order: {', '.join(found)}")
    numbers = {name: number for number, name in enumerate(names)}
    return {
        split: [(file, numbers[name]) for name in names for file in classes.get(name, ())]
        for split, classes in files.items()
    }, names


def has_pictures(folder: Path) -> bool:
    """Whether there is an image file in a folder, at any depth."""
    return any(is_picture(name) and not _is_hidden(name) for _, _, names in os.walk(folder) for name in names)


def pictures_below(folder: Path) -> tuple[list[Path], list[Path]]:
    """The image files in a folder and its folders, in the order of their names, and all other files."""
    pictures: list[Path] = []
    others: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in names:
            if not _is_hidden(name):
                (pictures if is_picture(name) else others).append(Path(place, name))
    return sorted(pictures), others


def _splits(folder: Path) -> dict[str, Path]:
    folders = _folders(folder)
    named = [below for below in folders if below.name.lower() in SPLIT_FOLDERS]
    if not folders:
        raise _without_images(folder, folder)
    if not named:
        return {"train": folder}
    if len(named) < len(folders):
        others = ", ".join(below.name for below in folders if below not in named)
        accepted = (
            f"one with class folders, or with train, validation and test alone; beside {named[0].name} it has {others}"
        )
        raise InvalidArgument("folder", str(folder), accepted)
    splits: dict[str, Path] = {}
    for below in named:
        split = SPLIT_FOLDERS[below.name.lower()]
        if split in splits:
            accepted = f"one with a single folder of split {split!r}, not {splits[split].name} and {below.name}"
            raise InvalidArgument("folder", str(folder), accepted)
        splits[split] = below
    if "train" not in splits:
        raise InvalidArgument(
            "folder", str(folder), f"one with a folder train beside {', '.join(b.name for b in named)}"
        )
    return {split: splits[split] for split in ("train", "validation", "test") if split in splits}


def _folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not _is_hidden(entry.name))


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__"))


def _hint(folder: Path) -> str:
    """How to pass labels, with a table that is there."""
    tables = sorted(file.name for file in folder.iterdir() if is_table_file(file.name))
    return f"labels={tables[0]!r}" if tables else "labels=, a table with the names of the files and their labels"


def _without_images(folder: Path, below: Path) -> InvalidArgument:
    if pictures_below(below)[0]:
        accepted = f"one with a folder of images for each class; without, pass {_hint(folder)}"
    else:
        accepted = "one with a folder of images (PNG, JPEG, GIF, BMP, WebP) for each class"
    where = "" if folder == below else f", also in {below.name}"
    return InvalidArgument("folder", str(folder), f"{accepted}{where}")


def _warn(folder: Path, empty: list[str], others: Counter[str]) -> None:
    texts = []
    if empty:
        shown = ", ".join(empty[:SHOWN]) + (", ..." if len(empty) > SHOWN else "")
        texts.append(f"left out {len(empty)} folder{'s' * (len(empty) > 1)} without images: {shown}")
    if others:
        shown = ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(SHOWN))
        texts.append(f"left out files that are no images: {shown}")
    for text in texts:
        warn(f"folder {folder.name!r}: {text}")
