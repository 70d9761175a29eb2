"""load: Data from the name of a dataset, or from a table file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from ..files import cache_folder
from . import network
from .assembly import assemble, check_options
from .dataset import Data
from .datasets import EMBEDDED_NAMES, UnknownDataset
from .declared import as_declared
from .network import DatasetUnavailable
from .selection import select
from .spec import TASKS
from .table_columns import load_table
from .table_files import is_table_file
from .weights import check_weights

__all__ = ["load"]


def load(
    name: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    validation: float | None = None,
    test: float | str | os.PathLike[str] = 0.2,
    seed: int = 0,
    task: str | None = None,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,
    sample_weight: str | None = None,
    image_size: tuple[int, int] | None = None,
    memory: float = 0.5,
) -> Data:
    """Loads a CSV, TSV or Parquet file, a TFDS dataset, or an embedded one that needs no network.

    A table file needs ``target=``. Its columns become the same Data as by ``Data.from_arrays(frame[features],
    frame[target])`` of the DataFrame that pandas reads; the first line of a CSV or TSV file names the columns, and rows
    without a value of the target are left out. The rest of this description is about datasets.

    The test set is the published "test" split or, without one, the published "validation" split. Without either, it is
    a fraction of "train" that does not depend on ``seed``. The validation set is always held out from the rest of
    "train" (if both "test" and "validation" are published, the latter is not used). Splits held out are stratified by
    class, or uniform for other tasks, and no example is in two splits.

    Inputs and target are those that the dataset declares (``supervised_keys``). Otherwise the only ClassLabel is the
    target and all else is input. A single image, text, sequence or vector is one array; anything else is a record: a
    dictionary of arrays, with the keys of nested features joined by ".". The kind of a record's column is inferred from
    its type and its training values: number (and what stands for a missing one), category or text.

    The task is inferred from the target: binary or multiclass for classes (ClassLabels, strings, booleans), multilabel
    for lists of labels and vectors of 0 and 1, regression for other numbers; whole numbers that are all 0 or 1 are
    binary. If ``task`` makes classes of other whole numbers, their names are the numbers.

    Args:
        name: a name from :data:`recipes.data.DATASETS` or ``tfds.list_builders()``, also as ``name/config:version``; or
            the path of a .csv, .tsv or .parquet file.
        data_dir: the folder of datasets prepared by TFDS; None for TFDS's default: the environment variable
            ``TFDS_DATA_DIR``, or else ``~/tensorflow_datasets``.
        batch_size: examples per training batch; None for 32 below 10,000 training examples, else 128.
        validation: the fraction of the training examples to hold out for validation, in (0, 1); None for a fifth below
            10,000 examples, else a tenth.
        test: the fraction of "train" to hold out for the test if no test set is published, in (0, 1). For a table file
            also another file with its columns, in any order.
        seed: seed of the validation split and of the training order, an integer >= 0.
        task: "binary", "multiclass", "multilabel" or "regression"; None to infer it from the target.
        target: name of the feature to predict, or several names of numbers; None for the dataset's own.
        features: names of the inputs, or a mapping that also declares a column as a "number", a "category" or a
            "text"; None for the dataset's own. Columns of a table file may be declared a "number" or a "category".
        exclude: names of features to leave out, such as those unknown at prediction time.
        id: name of the feature that identifies the examples, which is left out. In a table file, repeated values are a
            warning.
        sample_weight: name of the feature that says how much each example counts, a number >= 0, which is then no
            input. Default None: 1 each. See :meth:`recipes.Data.sample_weight`.
        image_size: (height, width) to resize images to; the model resizes raw images alike. Required if images vary in
            size.
        memory: the share of the available memory that the arrays may take, in [0, 1]. Larger data is decoded once into
            the user's cache folder and read from there batch by batch, with the same results. Default 0.5.

    Returns:
        The :class:`~recipes.data.Data`; :meth:`~recipes.data.Data.folds` splits it for cross-validation.

    Raises:
        UnknownDataset: for an unknown name, with the nearest ones.
        DatasetUnavailable: within 10 seconds, if the dataset is not prepared in ``data_dir`` and cannot be downloaded.
        InvalidArgument: for options out of range (before anything is read), missing or unusable features, an ambiguous
            target, values that are not finite, too few examples of a class, or data too large for the disk. The two
            errors above are InvalidArgument too.

    Example:
        >>> data = load("digits")
        >>> data.spec.input_shape, data.spec.outputs, data.settings["counts"]
        ((8, 8, 1), 10, {'train': 1150, 'validation': 288, 'test': 359})
    """
    if not isinstance(name, (str, os.PathLike)) or not os.fspath(name).strip():
        raise InvalidArgument("name", name, "the name of a dataset, a string that is not empty, or the path of a file")
    file = is_table_file(name)
    fraction: Any = 0.2 if file and isinstance(test, (str, os.PathLike)) else test
    check_options(batch_size=batch_size, validation=validation, test=fraction, seed=seed)
    if task is not None:
        check_choice("task", task, TASKS)
    check_number("memory", memory, low=0, high=1)
    image_size = _checked_size(image_size)
    data_dir = _check_directory(data_dir)
    choices: dict[str, Any] = {"target": target, "features": features, "exclude": exclude}
    choices["sample_weight"] = sample_weight
    if file:
        if image_size is not None:
            raise InvalidArgument("image_size", image_size, "None for a table file")
        how: dict[str, Any] = {"task": task, "validation": validation, "seed": seed, "batch_size": batch_size}
        data = load_table(name, test=test, id=id, **choices, **how)
        choices |= {"task": task, "id": id, "test": data.settings["files"].get("test", {}).get("path")}
        data.settings["options"] = {key: value for key, value in choices.items() if value}
        return data
    if id is not None:
        choices["exclude"] = [*exclude, id]
    name = str(name)
    from . import embedded, reading

    builder = embedded.prepared(name, data_dir) if name in EMBEDDED_NAMES else _prepared(name, data_dir, choices)
    info = builder.info
    selection = select(name, info, **choices)
    reading.check_sizes(name, selection, image_size)
    published = {split: info.splits[split].num_examples for split in info.splits}
    if not published.get("train"):
        raise InvalidArgument("name", name, f"a dataset with a split 'train'; {name!r} has {sorted(published)}")
    sources = {"train": "train"}
    for split in ("validation", "test"):
        if published.get(split):
            sources["test"] = split
    images = any(source.kind == "image" for source in selection.inputs)
    size = image_size if images else None
    to_read = selection.to_read
    needed = reading.needed_memory(info, to_read, list(sources.values()), size)
    if needed > memory * reading.available_memory():
        folder = cache_folder() / "decoded"
        read = {
            split: reading.read_to_disk(builder, to_read, source, size, folder, needed)
            for split, source in sources.items()
        }
    else:
        read = {split: reading.read(builder, to_read, source, size) for split, source in sources.items()}
    argument = f"dataset {name!r}"
    splits, declared = as_declared(read, selection)
    weights = None
    if selection.weight is not None:
        columns = {split: targets[selection.weight.name] for split, (_, targets) in read.items()}
        weights = {split: check_weights("sample_weight", column, len(column)) for split, column in columns.items()}
    single = not selection.record
    spec, arrays, settings, weights = assemble(
        splits,
        weights=weights,
        name=name,
        validation=validation,
        test=fraction,
        seed=seed,
        batch_size=batch_size,
        feature_names=embedded.FEATURE_NAMES.get(name, ()) if single and features is None else (),
        argument=argument,
        kinds={"" if single else source.name: source.declared_kind or source.kind for source in selection.inputs},
        classes={source.name: len(source.names) for source in selection.inputs if source.names},
        resized=single and size is not None,
        task=task,
        declared=declared,
    )
    if "test" in sources:
        settings["test"] = f"published {sources['test']}"
    options = {"task": task, **choices, "image_size": image_size}
    options = {key: value for key, value in options.items() if value}
    return Data(
        spec, arrays, {"version": str(info.version), **settings, **({"options": options} if options else {})}, weights
    )


def _checked_size(size: Any) -> tuple[int, int] | None:
    if size is None:
        return None
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise InvalidArgument("image_size", size, "(height, width), two integers >= 1")
    return check_integer("image_size", size[0], low=1), check_integer("image_size", size[1], low=1)


def _check_directory(data_dir: Any) -> str | None:
    """The folder of datasets, or None for TFDS's default. It need not exist, but must not be a file."""
    if data_dir is None:
        data_dir = os.environ.get("TFDS_DATA_DIR") or None  # TFDS itself reads it only once, on import
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
    for folder in (path, *path.parents):
        if folder.exists():
            if not folder.is_dir():
                raise InvalidArgument("data_dir", text, f"{accepted}; {folder} is a file")
            break
    return str(path)


def _prepared(name: str, data_dir: str | None, choices: dict[str, Any]) -> Any:
    """The builder of a dataset that is prepared on this machine; downloads it if it is not."""
    import tensorflow_datasets as tfds

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
    prepared = None if ":" in name else _other_version(builder.data_path.parent)
    if prepared is not None:
        return tfds.builder_from_directory(prepared)
    select(name, builder.info, **choices)  # refuses unusable choices before the download
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
    """The folder of the latest version prepared in ``parent``, or None."""
    if not parent.exists():
        return None
    versions = [folder for folder in parent.iterdir() if re.fullmatch(r"\d+\.\d+\.\d+", folder.name)]
    versions = sorted(
        filter(_complete, versions), key=lambda folder: [int(number) for number in folder.name.split(".")]
    )
    return versions[-1] if versions else None
