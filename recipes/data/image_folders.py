"""load_images: Data from a folder of image files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_number
from .assembly import check_options
from .dataset import Data
from .image_sizes import checked_size
from .images.image_labels import labelled_images
from .images.image_listing import listed_images
from .images.image_reading import Images
from .spec import TASKS

__all__ = ["load_images"]


@checked
def load_images(
    folder: str | os.PathLike[str],
    *,
    labels: Any = None,
    target: str | Sequence[str] | None = None,
    file: str | None = None,
    groups: str | None = None,
    time: str | None = None,
    stratify: str | None = None,
    image_size: tuple[int, int] | None = None,
    class_names: Sequence[str] | None = None,
    skip_broken: bool = False,
    validation: float | None = None,
    test: float = 0.2,
    seed: int = 0,
    batch_size: int | None = None,
    memory: float = 0.5,
    **options: Any,
) -> Data:
    """Loads a folder of PNG, JPEG, GIF, BMP or WebP images: a folder per class, or with a table of labels.

    Without a table, the folders in ``folder`` are the classes; or they are train, validation (valid, val, dev) and test
    and hold the folders of the classes. Splits without a folder are held out of train. Images may lie at any depth;
    names that begin with "." or "__" are skipped. Classes are in the alphabetical order of their folders, as in Keras
    and PyTorch.

    Images are grey, shape (height, width, 1), if all files are, else RGB; transparency is left out. They are uint8, or
    uint16 if all files have 16 bits a channel. EXIF orientations are not applied.

    Args:
        folder: the folder.
        labels: a DataFrame, or a .csv, .tsv or .parquet file, also relative to the folder. Each row names an image by
            its path in the folder or, if that is unique, by its name, with or without its suffix.
        target: name of the table's column of labels, or several names, of any kind that y of
            :meth:`recipes.Data.from_arrays` may have. Default: the only column besides the files.
        file: name of the table's column of files. Default: the first that names images in the folder.
        groups, time, stratify: names of the table's columns that decide about the splits: see
            :meth:`recipes.Data.from_arrays`.
        image_size: (height, width) to resize images to; the model resizes raw images alike. Required if images vary in
            size.
        class_names: the names of all classes in the order to use; default: the alphabetical one.
        skip_broken: whether to leave out files that cannot be decoded, with a warning that names them. Default False:
            they are an error.
        validation, test, seed, batch_size: see :meth:`recipes.Data.from_arrays`.
        memory: the share of the available memory that the images may take, in [0, 1]. Larger data is decoded once into
            the user's cache folder and read from there batch by batch, with the same results. Default 0.5.
        **options: ``task`` and so on, as in :meth:`recipes.Data.from_arrays`.

    Raises:
        InvalidArgument: in one line, with the files and what to do: for broken images, images that vary in size,
            folders that are neither classes nor splits, tables that do not match the files, and options out of range.

    Example:
        >>> load_images("animals", image_size=(64, 64))              # doctest: +SKIP
        <Data animals: multiclass, inputs (64, 64, 3), train 640, validation 160, test 200>
    """
    check_options(batch_size=batch_size, validation=validation, test=test, seed=seed)
    memory = check_number("memory", memory, low=0, high=1)
    check_bool("skip_broken", skip_broken)
    if options.get("task") is not None:
        check_choice("task", options["task"], TASKS)
    class_names = None if class_names is None else list(class_names)
    size = checked_size(image_size)
    root = _folder(folder)
    by = {"groups": groups, "time": time, "stratify": stratify}
    if labels is None:
        for argument, value in {"target": target, "file": file, **by}.items():
            if value is not None:
                raise InvalidArgument(argument, value, "None without labels, a table: the folders are the classes")
        if options.get("task") in ("regression", "multilabel"):
            accepted = "None, since the folders are classes; pass labels, a table, for other targets"
            raise InvalidArgument("task", options["task"], accepted)
        listing, names = listed_images(root, class_names)
        splits = {
            split: ([path for path, _ in rows], np.array([y for _, y in rows])) for split, rows in listing.items()
        }
    else:
        roles = {role: name for role, name in by.items() if name is not None}
        files, y, columns, decisive = labelled_images(root, labels, target, file, roles)
        splits = {"train": (files, np.arange(len(files)))}
        names = columns or (None if class_names is None else tuple(class_names))  # type: ignore[assignment]
    images = Images.of(root, splits, size, skip_broken)
    arrays: dict[str, Any] = {}
    for split, (x, kept) in images.read(splits, memory).items():
        suffix = "" if split == "train" else f"_{split}"
        arrays |= {f"x{suffix}": x, f"y{suffix}": kept if labels is None else y[kept]}
        if labels is not None:
            arrays |= {role: values[kept] for role, values in decisive.items()}
    data = Data.from_arrays(
        **arrays,
        class_names=names,
        image_size=size,
        validation=validation,
        test=test,
        seed=seed,
        batch_size=batch_size,
        **{"name": root.name, **options},
    )
    data.settings |= {role: name for role, name in by.items() if name is not None}
    data.settings["images"] = {"folder": str(root), "sha256": images.digest(splits)}
    chosen = {"target": target, "file": file, "image_size": size, "class_names": class_names, **by, **options}
    if isinstance(labels, (str, os.PathLike)):
        path = Path(labels).expanduser()
        chosen["labels"] = str(path.resolve() if path.is_file() else path)  # else relative to the folder
    chosen["skip_broken"] = skip_broken
    data.settings["options"] = {key: value for key, value in chosen.items() if value}
    return data


def _folder(folder: Any) -> Path:
    if not Path(folder).expanduser().is_dir():
        raise InvalidArgument("folder", folder, "the path of a folder of images")
    return Path(folder).expanduser().resolve()
