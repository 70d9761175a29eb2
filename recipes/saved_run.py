"""write_run, read_run, data_of: the directory of a saved run, and the data of its training."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import keras

from ..callbacks.checks import InvalidArgument
from .choice import OWN
from .data import Data, UnknownDataset, load, load_images
from .data.examples import load_examples, save_examples
from .data.files.located_files import located, located_folder
from .data.known_settings import DATA
from .data.spec import Spec
from .files import new_directory
from .model_files import load_model, save_model
from .recipe import Recipe
from .registration.own_model import is_own_model
from .stored.digests import DIGESTS, check_digests, digests_of
from .stored.json_files import parse, read_json, write_json
from .stored.reading import read_bytes
from .stored.schema import (
    COUNT,
    FINITE,
    NUMBER,
    TEXT,
    Listing,
    Mapped,
    Object,
    integer,
    number,
    optional,
)

__all__ = ["Savable", "SavedRun", "check_same_data", "data_of", "load_again", "read_run", "recipe_text", "write_run"]

EXAMPLES, CALIBRATION = "examples.npz", "calibration.npz"

ATTEMPT = Object(fields={"learning_rate": NUMBER, "message": TEXT})
FACTS = Object(
    fields={
        "data": DATA,
        "epochs": integer(1, 2**53),
        "seed": COUNT,
        "best_epoch": COUNT,
        "seconds": FINITE,
        "message": optional(TEXT),
        "test": Mapped(of=NUMBER),
    },
    optional={
        "validation": Mapped(of=NUMBER),
        "intervals": Mapped(of=Listing(of=NUMBER)),
        "fingerprints": Mapped(of=TEXT),
        "versions": Mapped(of=TEXT),
        "remark": optional(TEXT),
        "linear_share": number(0, 1, nan=False),
        "parts": integer(1, 2**53),
        "attempts": Listing(of=ATTEMPT, most=1000),
        "sha256": DIGESTS,
    },
)
"""What ``run.json`` holds."""


@dataclass(frozen=True)
class SavedRun:
    """What a saved run holds; its data are not needed.

    Attributes:
        model: the trained model.
        recipe: of the training; its model is "own" where that was no factory's. None for a model that was
            trained without one, which can be exported only.
        spec: of the data.
        history: name -> one value per epoch.
        facts: what ``run.json`` holds: "seed", "message", "data" (how the splits were made), "fingerprints" (of the
            splits), "test" and "validation" (scores), "intervals" (of the test scores), "versions", ...
        examples: raw test inputs, up to 256; None for runs that version 0.1 saved.
        calibration: raw training inputs, up to 256, for formats that round; None for runs saved before 0.2.
    """

    model: keras.Model
    recipe: Any
    spec: Spec
    history: dict[str, list[float]]
    facts: dict[str, Any]
    examples: Any = None
    calibration: Any = None


@runtime_checkable
class Savable(Protocol):
    """What has a trained model with its facts: a :class:`recipes.Run`, or an ensemble of what a search has trained."""

    def to_saved(self) -> SavedRun:
        """The model, its scores and some raw examples."""


def write_run(run: SavedRun, directory: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Writes the files of a run.

    Args:
        run: what they hold.
        directory: new or empty; with ``overwrite=True`` it may hold a saved run.
        overwrite: whether to replace it. Default False.

    Raises:
        InvalidArgument: if the directory cannot be written or holds anything else, or Keras cannot save the model.
    """
    with new_directory(directory, marker="run.json", overwrite=overwrite) as folder:
        save_model(run.model, folder / "model.keras")
        (folder / "recipe.json").write_text(recipe_text(run.recipe))
        (folder / "spec.json").write_text(json.dumps(run.spec.to_config(), indent=2) + "\n")
        rows = [",".join(["epoch", *run.history])]
        for epoch, values in enumerate(zip(*run.history.values(), strict=True), start=1):
            rows.append(",".join([str(epoch), *(repr(value) for value in values)]))
        (folder / "history.csv").write_text("\n".join(rows) + "\n")
        save_examples(folder / EXAMPLES, run.examples)
        save_examples(folder / CALIBRATION, run.calibration)
        write_json(folder / "run.json", {**run.facts, "sha256": digests_of(folder)})


def recipe_text(recipe: Recipe) -> str:
    """A recipe as the text of ``recipe.json``, where a model made by a function is "own"."""
    named = dataclasses.replace(recipe, model=OWN) if is_own_model(recipe.model) else recipe
    return named.to_json() + "\n"


def read_run(directory: str | os.PathLike[str], *, compile: bool = False) -> SavedRun:
    """Reads a saved run.

    Args:
        directory: where :meth:`recipes.Run.save` or ``recipes train --save`` wrote it.
        compile: whether the model comes with its optimizer, loss and metrics. Default False.

    Raises:
        InvalidArgument: if the directory holds no run, or a damaged one.

    Example:
        >>> read_run("runs/digits").facts["test"]                            # doctest: +SKIP
        {'loss': 0.31, 'accuracy': 0.96}
    """
    folder = Path(directory)
    if not (folder / "run.json").is_file():
        raise InvalidArgument("directory", str(directory), "one that Run.save or `recipes train --save` has written")
    facts = read_json(folder / "run.json", FACTS, shown=directory, accepted="that of a run whose files are whole")
    try:
        check_digests(folder, facts.pop("sha256", {}))
        names, *rows = [line.split(",") for line in _text(folder / "history.csv").splitlines()]
        if not rows or any(len(row) != len(names) for row in rows):
            raise ValueError("history.csv is cut off")
        history = {name: [float(row[k]) for row in rows] for k, name in enumerate(names) if name != "epoch"}
        recipe = Recipe.from_json(_text(folder / "recipe.json"))
        spec = Spec.from_config(parse(read_bytes(folder / "spec.json")))
        examples, calibration = (
            load_examples(folder / name) if (folder / name).is_file() else None for name in (EXAMPLES, CALIBRATION)
        )
    except Exception as error:  # JSON, NumPy, zip and the file system have many
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise InvalidArgument("directory", str(directory), f"that of a run whose files are whole ({reason})") from None
    model = load_model(folder / "model.keras", argument="directory", compile=compile)
    return SavedRun(model, recipe, spec, history, facts, examples, calibration)


def _text(path: Path) -> str:
    return read_bytes(path).decode("utf-8")


def data_of(saved: SavedRun, data_dir: str | os.PathLike[str] | None = None) -> Data:
    """The data of a saved run, loaded by name, with the names of its model's inputs, and without its warnings again.

    Args:
        saved: the run.
        data_dir: where the dataset is prepared, or the folder of its table files.

    Raises:
        InvalidArgument: if the data cannot be loaded, or are not those of the training.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        data = load_again(saved.facts["data"], data_dir)
    if _unequal(data, saved):
        name = data.settings["name"]
        accepted = f"given: the dataset {name!r} is not that of the training ({_unequal(data, saved)} differ)"
        raise InvalidArgument("data", None, accepted)
    return data.with_names(saved.spec)


def load_again(settings: Mapping[str, Any], data_dir: str | os.PathLike[str] | None = None) -> Data:
    """Data that were loaded by name, loaded in the same way.

    Args:
        settings: those of the Data, which say how.
        data_dir: where the dataset is prepared, or the folder of its table files.

    Raises:
        InvalidArgument: if they cannot be loaded, as arrays of one's own.
    """
    options = {name: settings[name] for name in ("batch_size", "seed") if name in settings}
    options |= {name: settings[name] for name in ("validation", "test") if isinstance(settings.get(name), float)}
    chosen = settings.get("options", {})
    unmoved = "duplicates" not in {**settings, **chosen}  # or the version did not look for duplicates
    options |= {**({"duplicates": "ignore"} if unmoved else {}), **chosen}
    files = located(settings.get("files", {}), data_dir)
    name = files.get("train", settings.get("folder", settings["name"]))
    if "config" in settings and name == settings["name"] and "/" not in name:
        name = f"{name}/{settings['config']}"
    if "test" in files:
        options["test"] = files["test"]
    images = settings.get("images")
    fold = re.fullmatch(r"fold (\d+) of (\d+)", str(settings.get("validation")))
    try:
        if images is None:
            data = load(name, data_dir=data_dir, **options)
        else:
            data = load_images(located_folder(images["folder"], data_dir), **options)
    except UnknownDataset:
        accepted = f"given: they were arrays of your own, called {name!r}"
        raise InvalidArgument("data", None, accepted) from None
    if unmoved:
        own = {key: value for key, value in data.settings.pop("options", {}).items() if key != "duplicates"}
        data.settings |= {"options": own} if own else {}
    if images is not None and data.settings["images"]["sha256"] != images["sha256"]:
        raise InvalidArgument("data", images["folder"], "the folder of the training, but its files have changed since")
    return data if fold is None else data.folds(int(fold[2]))[int(fold[1])]


def check_same_data(data: Any, saved: SavedRun) -> Data:
    """Returns the data if they are those of the training of a saved run, else raises InvalidArgument."""
    if not isinstance(data, Data):
        raise InvalidArgument("data", data, "a recipes.Data")
    if _unequal(data, saved):
        accepted = f"the data of the training, but {_unequal(data, saved)} differ"
        raise InvalidArgument("data", data.settings["name"], accepted)
    return data


def _unequal(data: Data, saved: SavedRun) -> str:
    """What of the data is not as in the training; "" if nothing is."""
    known = saved.facts.get("fingerprints", {})
    # A training split that was changed, as by a refit, cannot be made again.
    splits = [split for split in known if split != "train" or "train" not in saved.facts["data"]]
    unequal = [split for split in splits if data.fingerprints[split] != known[split]]
    if (data.spec.task, data.spec.class_names) != (saved.spec.task, saved.spec.class_names):
        unequal.append("classes")
    return ", ".join(unequal)
