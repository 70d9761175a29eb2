"""load: a dataset by name, as Data."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from callbacks.checks import InvalidArgument
from recipes.data import network
from recipes.data.assembly import assemble, check_options
from recipes.data.dataset import Data
from recipes.data.datasets import EMBEDDED_NAMES, UnknownDataset
from recipes.data.network import DatasetUnavailable

__all__ = ["load"]


def load(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    validation: float | None = None,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Loads a TFDS dataset, or an embedded one that needs no network, into memory.

    The published "test" split is the test set; where there is none, the published "validation" split is; where there
    is neither, a fraction of "train" is carved, always the same whatever ``seed``. The validation set is always carved
    from what is left of "train" (if both "test" and "validation" are published, the latter is left unused). Both are
    stratified by class, or uniform for regression, and no example is in two splits.

    Accepted are image classification with images of one size, and tables: one 1-D tensor, or scalars, which are
    stacked in the order of their names; the target is a class or a float.

    Args:
        name: one of :data:`recipes.data.DATASETS` or of ``tfds.list_builders()``; TFDS's ``name/config:version`` too.
        data_dir: the folder where TFDS keeps prepared datasets; None for TFDS's default, which is the environment
            variable ``TFDS_DATA_DIR`` or else ``~/tensorflow_datasets``.
        batch_size: of training; None for 32 below 10,000 training examples, else 128.
        validation: the fraction of the training examples, in (0, 1), that becomes the validation set; None for a fifth
            below 10,000 examples, else a tenth.
        test: the fraction of "train", in (0, 1), that becomes the test set where none is published.
        seed: of the choice of the validation set and of the training order, an integer >= 0.

    Returns:
        The :class:`~recipes.data.Data`.

    Raises:
        UnknownDataset: for an unknown name, with the nearest ones.
        DatasetUnavailable: within 10 seconds, if the dataset is not prepared in ``data_dir`` and cannot be downloaded.
        InvalidArgument: for options out of range (before anything is read), for a dataset of another shape, with values
            that are not finite, with too few examples of a class, or too large for the memory. The two above are
            InvalidArgument too.

    Example:
        >>> data = load("digits")
        >>> data.spec.input_shape, data.spec.outputs, data.settings["counts"]
        ((8, 8, 1), 10, {'train': 1150, 'validation': 288, 'test': 359})
    """
    check_options(batch_size=batch_size, validation=validation, test=test, seed=seed)
    if not isinstance(name, str) or not name.strip():
        raise InvalidArgument("name", name, "the name of a dataset, a string that is not empty")
    data_dir = _check_directory(data_dir)
    from recipes.data import embedded, reading

    builder = embedded.prepared(name, data_dir) if name in EMBEDDED_NAMES else _prepared(name, data_dir)
    info = builder.info
    selection = reading.select(name, info)
    published = {split: info.splits[split].num_examples for split in info.splits}
    if not published.get("train"):
        raise InvalidArgument("name", name, f"a dataset with a split 'train'; {name!r} has {sorted(published)}")
    sources = {"train": "train"}
    for split in ("validation", "test"):
        if published.get(split):
            sources["test"] = split
    reading.check_memory(name, info, selection, list(sources.values()))
    given = {split: reading.read(builder, selection, source) for split, source in sources.items()}
    spec, arrays, settings = assemble(
        given,
        name=name,
        validation=validation,
        test=test,
        seed=seed,
        batch_size=batch_size,
        class_names=selection.class_names or None,
        feature_names=selection.feature_names or embedded.FEATURE_NAMES.get(name, ()),
        argument=f"dataset {name!r}",
    )
    if "test" in sources:
        settings["test"] = f"published {sources['test']}"
    return Data(spec, arrays, {"version": str(info.version), **settings})


def _check_directory(data_dir: Any) -> str | None:
    """The folder to look in, or None for TFDS's default. It need not exist yet, but nothing else may be there."""
    if data_dir is None:
        data_dir = os.environ.get("TFDS_DATA_DIR") or None  # TFDS itself reads it only once, when imported
        if data_dir is None:
            return None
    accepted = "a folder, or a path where one can be made"
    if not isinstance(data_dir, (str, os.PathLike)) or not os.fspath(data_dir):
        raise InvalidArgument("data_dir", data_dir, accepted)
    text = os.fspath(data_dir)
    if not isinstance(text, str):
        raise InvalidArgument("data_dir", data_dir, accepted)
    if "://" in text:
        return text
    path = Path(text).expanduser()
    for part in (path, *path.parents):
        if part.exists():
            if not part.is_dir():
                raise InvalidArgument("data_dir", text, f"{accepted}; {part} is a file")
            break
    return str(path)


def _prepared(name: str, data_dir: str | None) -> Any:
    """The builder of a dataset that is on this machine, or that has just been downloaded."""
    import tensorflow_datasets as tfds

    from recipes.data import reading

    if data_dir is not None and "://" in data_dir and not network.reachable([data_dir]):
        raise DatasetUnavailable(name, data_dir, "the network cannot be reached")
    options = {} if data_dir is None else {"data_dir": data_dir}
    try:
        builder = tfds.builder(name, **options)
    except Exception as error:
        names = [*EMBEDDED_NAMES, *tfds.list_builders(with_community_datasets=False)]
        if ":" not in name and name.split("/")[0] not in names:
            raise UnknownDataset(name, names) from None
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InvalidArgument("name", name, f"a dataset that TFDS can build ({lines[0].rstrip(': ')})") from error
    if _complete(builder.data_path):
        return builder
    other = None if ":" in name else _other_version(builder.data_path.parent)
    if other is not None:
        return tfds.builder_from_directory(other)
    reading.select(name, builder.info)  # refuses what could not be used before it is downloaded
    if not network.reachable(getattr(builder, "url_infos", {})):
        raise DatasetUnavailable(name, data_dir, "the network cannot be reached")
    try:
        builder.download_and_prepare()
    except Exception as error:
        if _complete(builder.data_path):  # another process was faster
            return tfds.builder(name, **options)
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DatasetUnavailable(name, data_dir, f"preparing it failed ({reason})") from error
    return builder


def _complete(folder: Any) -> bool:
    return bool((folder / "dataset_info.json").exists())


def _other_version(parent: Any) -> Any:
    """The latest version that is prepared there, if the one that the installed TFDS would make is not."""
    if not parent.exists():
        return None
    versions = [folder for folder in parent.iterdir() if re.fullmatch(r"\d+\.\d+\.\d+", folder.name)]
    versions = sorted(filter(_complete, versions), key=lambda folder: [int(part) for part in folder.name.split(".")])
    return versions[-1] if versions else None
