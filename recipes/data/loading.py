"""load: Data from the name of a dataset, its builder or folder, or from a table file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_number, check_path
from .assembly import DUPLICATES, check_options, unusual
from .dataset import Data
from .files.table_files import is_table_file
from .folders import as_folder, check_images
from .hugging_face import hugging_face_builder, is_saved_by_hugging_face
from .image_folders import load_images
from .image_sizes import checked_size
from .published import load_published
from .spec import TASKS
from .splitting.small_classes import SMALL_CLASSES
from .table_columns import load_table
from .tfds.builders import checked_data_dir, is_builder, prepared_builder, prepared_folder, with_files
from .tfds.datasets import EMBEDDED_NAMES
from .tfds.selection import select

__all__ = ["load"]


@checked
def load(
    name: Any,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    validation: float | str | None = None,
    test: float | str | os.PathLike[str] = 0.2,
    seed: int = 0,
    task: str | None = None,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,
    sample_weight: str | None = None,
    groups: str | None = None,
    time: str | None = None,
    stratify: str | None = None,
    duplicates: str = "together",
    small_classes: str = "refuse",
    image_size: tuple[int, int] | None = None,
    split: str | None = None,
    labels: Any = None,
    skip_broken: bool = False,
    memory: float = 0.5,
) -> Data:
    """Loads a CSV, TSV or Parquet file, a folder of images, a TFDS dataset, or an embedded one that needs no network.

    A table file needs ``target=``. Its columns become the same Data as by ``Data.from_arrays(frame[features],
    frame[target])`` of the DataFrame that pandas reads; the first line of a CSV or TSV file names the columns, and rows
    without a value of the target are left out. A folder of images becomes the Data of :func:`recipes.load_images`. The
    rest of this description is about datasets.

    The test set is the published "test" split or, if there is none with labels, the published "validation" split.
    Without either, it is a fraction of "train" that does not depend on ``seed``. The validation set is held out from
    the rest of "train" (if both "test" and "validation" are published, the latter is not used). Other splits are used
    on request. Splits held out are stratified by class, or uniform for other tasks, and no example is in two splits.
    Examples without a class (-1) are left out with a warning.

    Inputs and target are those that the dataset declares (``supervised_keys``). Otherwise the only ClassLabel is the
    target and all else is input. A single image, text, sequence or vector is one array; anything else is a record: a
    dictionary of arrays, with the keys of nested features joined by ".". The kind of a record's column is inferred from
    its type and its training values: number (and what stands for a missing one), category or text.

    The task is inferred from the target: binary or multiclass for classes (ClassLabels, strings, booleans), multilabel
    for lists of labels and vectors of 0 and 1, regression for other numbers; whole numbers that are all 0 or 1 are
    binary. If ``task`` makes classes of other whole numbers, their names are the numbers.

    Args:
        name: a name from :data:`recipes.data.DATASETS` or ``tfds.list_builders()``, also as ``name/config:version``; a
            TFDS builder, or the folder of one dataset that TFDS has prepared or that Hugging Face's ``datasets`` has
            saved (``save_to_disk``); or the path of a .csv, .tsv or .parquet file, or of a folder of images. Names of
            datasets come before folders of the same name, which may be written "./name".
        data_dir: the folder of datasets prepared by TFDS; None for TFDS's default: the environment variable
            ``TFDS_DATA_DIR``, or else ``~/tensorflow_datasets``.
        batch_size: examples per training batch; None for 32 below 10,000 training examples, else 128. An epoch has only
            full batches, of other examples each time; 32 that would leave out more than a quarter of them, as of 63,
            become fewer.
        validation: the fraction of the training examples to hold out for validation, in (0, 1); None for a fifth below
            10,000 examples, else a tenth. For a dataset also one of its splits, such as "validation".
        test: the fraction of "train" to hold out for the test if no test set is published, in (0, 1). For a dataset
            also one of its splits, such as "validation_matched", and for a table file another file with its columns, in
            any order.
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
        groups: name of the feature, such as a patient, whose values must not be in two splits. It is an input only if
            ``features`` lists it. Published splits that share a group are refused.
        time: name of the feature that says when the examples were: the earliest train, later ones validate, the latest
            test; numbers, dates, or texts such as "2019-12-31 23:59". It is an input only if ``features`` lists it.
        stratify: name of the feature whose values have about the same shares in all splits that are made. Default: the
            class. See :meth:`recipes.Data.from_arrays` for all three.
        duplicates: "together" (default): examples with equal inputs are in one split where splits are made, and a
            warning counts those in several published ones; "ignore".
        small_classes: what to do with a class that has too few examples for every split to have one, where splits are
            made: "refuse" (default), "leave_out" its examples, "merge" all such classes into one, "other", or keep
            its examples in "train".
        image_size: (height, width) to resize images to; the model resizes raw images alike. Required if images vary in
            size.
        labels, skip_broken: of a folder of images: see :func:`recipes.load_images`.
        split: the training examples, as a split or a part of one in TFDS's notation, such as "train[:20%]" or
            "train+validation". Default: "train".
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
    given = is_builder(name) or (isinstance(name, (str, os.PathLike)) and str(name).strip())
    if not given:
        accepted = "the name of a dataset, a string that is not empty, the path of a file, or a TFDS builder"
        raise InvalidArgument("name", name, accepted)
    if not is_builder(name):
        check_path("name", name)
    folder = _image_folder(name) or as_folder(name)
    file = folder is None and not is_builder(name) and is_table_file(name)
    test = os.fspath(test) if isinstance(test, os.PathLike) and not file else test
    check_options(
        batch_size=batch_size,
        validation=None if _names_a_split(validation) and not file else validation,
        test=0.2 if (file and isinstance(test, (str, os.PathLike))) or _names_a_split(test) else test,
        seed=seed,
    )
    if task is not None:
        check_choice("task", task, TASKS)
    memory = check_number("memory", memory, low=0, high=1)
    check_bool("skip_broken", skip_broken)
    image_size = checked_size(image_size)
    data_dir = checked_data_dir(data_dir)
    choices: dict[str, Any] = {"target": target, "features": features, "exclude": exclude}
    choices = {
        role: list(names) if hasattr(names, "ndim") else names for role, names in choices.items()
    }  # frame.columns
    choices |= {"sample_weight": sample_weight, "groups": groups, "time": time, "stratify": stratify}
    check_choice("duplicates", duplicates, DUPLICATES)
    check_choice("small_classes", small_classes, SMALL_CLASSES)
    how: dict[str, Any] = {"task": task, "seed": seed, "batch_size": batch_size}
    how |= unusual(duplicates, small_classes)
    if file:
        of_images = {"image_size": image_size, "labels": labels, "skip_broken": skip_broken or None}
        for option, value in {**of_images, "split": split}.items():
            if value is not None:
                raise InvalidArgument(option, value, "None for a table file")
        data = load_table(name, test=test, id=id, validation=validation, memory=memory, **choices, **how)
        choices |= unusual(duplicates, small_classes)
        choices |= {"task": task, "id": id, "test": data.settings["files"].get("test", {}).get("path")}
        data.settings["options"] = {key: value for key, value in choices.items() if value}
        return data
    saved = folder is not None and is_saved_by_hugging_face(folder)
    if folder is not None and not saved and prepared_folder(folder) is None:
        unused: dict[str, Any] = {
            "features": features,
            "exclude": exclude,
            "id": id,
            "sample_weight": sample_weight,
            "split": split,
        }
        for option, value in unused.items():
            if value:
                raise InvalidArgument(option, value, "None for a folder of images")
        how |= {"validation": validation, "test": test, "image_size": image_size, "memory": memory}
        check_images(folder)
        how |= {"groups": groups, "time": time, "stratify": stratify}
        return load_images(folder, labels=labels, target=target, skip_broken=skip_broken, **how)
    for option, value in {"labels": labels, "skip_broken": skip_broken or None}.items():
        if value is not None:
            raise InvalidArgument(option, value, "used with a folder of images")
    if id is not None:
        choices["exclude"] = [*exclude, id]
    how |= {"split": split, "validation": validation, "test": test, "image_size": image_size, "memory": memory}
    if is_builder(name) or folder is not None:
        builder = _ready(name if folder is None else _in_folder(folder), data_dir, choices)
        data = load_published(builder, folder.name if saved and folder else _called(builder), choices=choices, **how)
        data.settings["folder"] = str(folder if saved else builder.data_path)
        return data
    return load_published(_named(str(name), data_dir, choices), str(name), choices=choices, **how)


def _names_a_split(value: Any) -> bool:
    return isinstance(value, str) and value[:1].isalpha()


def _image_folder(name: Any) -> Path | None:
    """The folder of a ``tfds.ImageFolder``, which TFDS does not prepare; None for anything else."""
    if not is_builder(name):
        return None
    import tensorflow_datasets as tfds

    return Path(name.data_path) if isinstance(name, tfds.ImageFolder) else None


def _called(builder: Any) -> str:
    """The name of a builder's dataset, with its configuration."""
    config = builder.builder_config
    return str(builder.name if config is None else f"{builder.name}/{config.name}")


def _named(name: str, data_dir: str | None, choices: Mapping[str, Any]) -> Any:
    from . import embedded

    if name in EMBEDDED_NAMES:
        return embedded.prepared(name, data_dir)
    return prepared_builder(name, data_dir, lambda builder: select(name, builder.info, **choices))


def _ready(builder: Any, data_dir: str | None, choices: Mapping[str, Any]) -> Any:
    name = _called(builder)
    return with_files(builder, name, data_dir, lambda builder: select(name, builder.info, **choices))


def _in_folder(folder: Path) -> Any:
    """The builder of the dataset that TFDS has prepared or Hugging Face's datasets have saved in a folder."""
    import tensorflow_datasets as tfds

    if is_saved_by_hugging_face(folder):
        return hugging_face_builder(folder)
    return tfds.builder_from_directory(prepared_folder(folder))
