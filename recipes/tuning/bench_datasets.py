"""The datasets of a bench: names with options of loading, and data in memory."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..catalogue import UnknownName
from ..choice import is_named, options_of, text_of
from ..data import Data, load
from ..data.files.table_files import is_table_file
from ..data.folders import as_folder
from ..recipe import Recipe

__all__ = ["ALIAS", "DIRECTORY", "MODEL", "Dataset", "dataset_text", "datasets_of", "folder_of"]

DIRECTORY = os.path.join("benches", "bench")
"""Where a bench is written by default."""

ALIAS = "alias"
"""The option of a dataset that is its name in the bench."""

MODEL = "model"
"""The option of a dataset that is its model, where the recipe's does not suit it."""

ACCEPTED = 'a name or path, "churn.csv(target=\'Churn\')", a mapping {"name": "churn.csv", "target": "Churn"} or Data'


@dataclass(frozen=True)
class Dataset:
    """A dataset of a bench.

    Args:
        label: its name in tables.
        name: what :func:`recipes.load` loads; None for data in memory.
        options: of loading.
        data: the data in memory.
        model: its model, a name or one with options; None for that of the bench's recipe.
    """

    label: str
    name: str | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    data: Data | None = None
    model: Any = None

    def load(self, **common: Any) -> Data:
        """The data, with these options where the dataset has none of its own."""
        if self.data is not None:
            return self.data
        return load(self.name, **{**common, **self.options})

    def recipe(self, common: Recipe) -> Recipe:
        """The recipe of the bench, with the model of this dataset if it has one."""
        return common if self.model is None else dataclasses.replace(common, model=self.model)


def datasets_of(given: Any) -> list[Dataset]:
    """The datasets that a user names, checked; nothing is loaded.

    Args:
        given: a sequence of datasets, or a mapping from labels to datasets. Each is a name or a path, with options as
            text or as a mapping, or Data.

    Raises:
        InvalidArgument: for anything else, unknown options, and two datasets with one label.

    Example:
        >>> [dataset.label for dataset in datasets_of(["digits", "data/churn.csv(target='Churn')"])]
        ['digits', 'churn']
        >>> datasets_of({"small": "mnist(split='train[:2%]')"})[0].options
        {'split': 'train[:2%]'}
    """
    if isinstance(given, Mapping):
        datasets = [dataclasses.replace(_dataset(item), label=str(label)) for label, item in given.items()]
    elif isinstance(given, Sequence) and not isinstance(given, str):
        datasets = [_dataset(item) for item in given]
    else:
        raise InvalidArgument("datasets", given, f"a list of datasets, each {ACCEPTED}")
    if not datasets:
        raise InvalidArgument("datasets", given, "a list of at least one dataset")
    folders: dict[str, str] = {}
    for dataset in datasets:
        folder = folder_of(dataset.label)
        if folder in folders:
            accepted = f"without two called {dataset.label!r}: give one another name, {ALIAS}='...' in its parentheses"
            raise InvalidArgument("datasets", [dataset.label for dataset in datasets], accepted)
        folders[folder] = dataset.label
    return datasets


def folder_of(label: str) -> str:
    """The name of the folder of a dataset in the bench's directory."""
    return re.sub(r"[^\w.-]+", "_", label).strip("_.") or "dataset"


def _dataset(item: Any) -> Dataset:
    if isinstance(item, Data):
        return Dataset(str(item.settings["name"]), data=item)
    if isinstance(item, os.PathLike):
        item = os.fspath(item)
    if isinstance(item, str):
        item = _parsed(item)
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), (str, os.PathLike)) or not item["name"]:
        raise InvalidArgument("datasets", item, f"a list of datasets, each {ACCEPTED}")
    options = dict(item)
    name = os.fspath(options.pop("name"))
    known = [option for option in inspect.signature(load).parameters if option not in ("name", "seed", "memory")]
    for option in options:
        if option not in (*known, ALIAS, MODEL):
            raise UnknownName(f"option of the dataset {name!r}:", option, [*known, ALIAS, MODEL])
    label, model = options.pop(ALIAS, None), options.pop(MODEL, None)
    if model is not None and not is_named(model):
        raise InvalidArgument("datasets", item, "with a name as model, which may have options: 'cnn(filters=(16, 32))'")
    return Dataset(_label(name) if label is None else str(label), name, options, model=model)


def _label(name: str) -> str:
    """The name of a dataset, as in the directory of a search: of a file or folder that without its path."""
    if is_table_file(name):
        return Path(name).stem
    folder = as_folder(name)
    return name if folder is None else folder.name


def _parsed(text: str) -> dict[str, Any]:
    """A dataset with options from text; a path may have parentheses."""
    text = text.strip()
    if not text.endswith(")") or "(" not in text or Path(text).exists():
        return {"name": text}
    for match in re.finditer(r"\(", text):
        try:
            return {"name": text[: match.start()].strip(), **options_of(f"dataset{text[match.start() :]}")}
        except InvalidArgument:
            continue
    raise InvalidArgument("datasets", text, f"a list of datasets, each {ACCEPTED}")


def dataset_text(item: Mapping[str, Any]) -> str:
    """A dataset with options as text: the inverse of how a text is read.

    Example:
        >>> dataset_text({"name": "data/churn-2.csv", "target": "Churn"})
        "data/churn-2.csv(target='Churn')"
    """
    options = {name: value for name, value in item.items() if name != "name"}
    return str(item["name"]) + (text_of({"name": "dataset", **options}).removeprefix("dataset") if options else "")
