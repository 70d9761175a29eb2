"""search.yaml: the options with which `recipes search --config` repeats a search."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ...callbacks.checks import InvalidArgument
from ..files import write_text
from ..metrics import is_own, listed_metrics
from .factors import FACTORS
from .levels import factor_named
from .search_files import CONFIG

if TYPE_CHECKING:
    from ..recipe import Recipe
    from .protocol import Protocol
    from .running.where import Where

__all__ = ["HEADINGS", "config_text", "data_options", "search_options", "write_config"]

HEADINGS = {
    "data": "The data",
    "compared": "What to compare",
    "recipe": "The recipe: what is not compared",
    "protocol": "The trainings, and how they are judged",
    "where": "Where it runs",
}
"""The headings of the options, on the command line and in files."""

UNTYPED = ("learning_rate", "bias")
"""Fields of a recipe that `recipes search` has no options for."""

TYPED_OF_DATA = {
    *("target", "task", "features", "exclude", "id", "test", "split", "sample_weight", "labels", "skip_broken"),
    *("groups", "time", "stratify", "duplicates", "small_classes", "image_size", "validation"),
}
"""The options of :func:`recipes.load` that it has."""

TEST = 0.2
"""The share of the test examples where none are published, for which it has no option."""

ONCE = ("retry_failed",)
"""Options that do something once, and are not repeated."""

Options = dict[str, Any]


def write_config(
    directory: str | os.PathLike[str],
    data: Mapping[str, Any],
    recipe: Recipe,
    factors: Mapping[str, Sequence[str]],
    protocol: Protocol,
    where: Where,
    data_dir: str | None = None,
) -> None:
    """Writes the file that repeats a search into its directory, where the command line can repeat it.

    It cannot where the data were arrays, or objects and functions are compared, decide, or are shared by the arms.

    Args:
        directory: of the search.
        data: the settings of its data.
        recipe: what the arms share.
        factors: the levels that are compared, by the plurals of their factors.
        protocol, where: how and where the arms are trained; all that depends on the data is decided.
        data_dir: the folder of prepared datasets. Default: TFDS's own.
    """
    read = data_options(data, protocol.seed)
    sections = search_options(recipe, factors, protocol, where)
    if read is None or sections is None:
        return
    read |= {} if data_dir is None else {"data_dir": os.fspath(data_dir)}
    path = Path(directory) / CONFIG
    head = [
        f"To go on with this search, or show it again:  recipes search --config {path}",
        f"To repeat it:  recipes search --config {path} --directory NEW",
        "Options that are typed win over those below. Paths are relative to the folder in which the command is called.",
    ]
    first = {"dataset": read.pop("dataset"), "directory": os.fspath(directory)}
    write_text(path, config_text(head, {"": first, "data": read, **sections}))


def config_text(head: Iterable[str], sections: Mapping[str, Options]) -> str:
    """The text of a file for ``--config``.

    Args:
        head: lines of comment.
        sections: options by name, by the key of their heading in :data:`HEADINGS`; "" for none.

    Example:
        >>> print(config_text(["To repeat it."], {"": {"dataset": "digits"}, "protocol": {"epochs": 5}}), end="")
        # To repeat it.
        <BLANKLINE>
        dataset: digits
        <BLANKLINE>
        # The trainings, and how they are judged
        epochs: 5
    """
    parts = ["".join(f"# {line}\n" for line in head)]
    for name, options in sections.items():
        lines = [f"{option}: {_flow(value)}\n" for option, value in options.items()]
        if lines:
            parts.append("".join([*([f"# {HEADINGS[name]}\n"] if name else []), *lines]))
    return "\n".join(parts)


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def data_options(settings: Mapping[str, Any], seed: int) -> Options | None:
    """The dataset and the options of the command line that load it again; None if it has none for these data.

    Args:
        settings: those of the data.
        seed: of the search, which is that of the data on the command line.
    """
    files, images = settings.get("files", {}), settings.get("images")
    chosen = dict(settings.get("options", {}))
    name = str(settings["name"])
    if "train" in files:
        name = files["train"]["path"]
    elif images is not None or "folder" in settings:
        name = images["folder"] if images is not None else settings["folder"]
    elif "version" not in settings:  # arrays
        return None
    elif "config" in settings and "/" not in name:
        name = f"{name}/{settings['config']}"
    is_fold = str(settings.get("validation")).startswith("fold ")
    shares = isinstance(settings.get("test"), float) and settings["test"] != TEST
    if settings["seed"] != seed or is_fold or shares or not chosen.keys() <= TYPED_OF_DATA or _untypable(chosen):
        return None
    options: Options = {"dataset": name, "batch_size": settings["batch_size"]}
    if isinstance(settings.get("validation"), float):
        options["validation"] = settings["validation"]
    if "image_size" in chosen:
        chosen["image_size"] = "x".join(map(str, chosen["image_size"]))
    return options | {key: _plain(value) for key, value in chosen.items()}


def _untypable(chosen: Mapping[str, Any]) -> bool:
    """Whether the name of a column has a sign in it that separates names on the command line."""
    listed = {option: chosen.get(option) or () for option in ("target", "features", "exclude")}
    names = {option: [value] if isinstance(value, str) else list(value) for option, value in listed.items()}
    return any("," in name for several in names.values() for name in several) or any(
        ":" in name for name in names["features"]
    )


def search_options(
    recipe: Recipe, factors: Mapping[str, Sequence[str]], protocol: Protocol, where: Where
) -> dict[str, Options] | None:
    """The options of the command line of a search but those of its data, by section; None if it has none for them.

    Args:
        recipe, factors, protocol, where: as for :func:`write_config`.
    """
    usual = type(recipe)()
    if any(getattr(recipe, name) != getattr(usual, name) for name in UNTYPED):
        return None
    try:
        choices = json.loads(recipe.to_json())
    except InvalidArgument:  # a function
        return None
    choices = {name: value for name, value in choices.items() if name not in ("recipe", *UNTYPED) and value is not None}
    if any(isinstance(part, dict) and "class_name" in part for value in choices.values() for part in _parts(value)):
        return None
    named = {factor_named(plural).name: levels for plural, levels in factors.items()}
    if protocol.metric is not None and any(map(is_own, listed_metrics(protocol.metric))):
        return None
    metric = (
        {} if protocol.metric is None else {"metric": ",".join(one.name for one in listed_metrics(protocol.metric))}
    )
    compared = {plural: list(levels) for plural, levels in factors.items() if factor_named(plural).name in FACTORS}
    settings = {name: list(levels) for name, levels in named.items() if name not in FACTORS}
    return {
        "compared": {**compared, **({"factors": settings} if settings else {})},
        "recipe": {name: _plain(value) for name, value in choices.items()},
        "protocol": {name: value for name, value in _values(protocol).items() if value is not None} | metric,
        "where": {name: value for name, value in _values(where).items() if value != _default(where, name)},
    }


def _values(options: Any) -> Options:
    return {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if field.name not in ONCE and (field.metadata.get("setting") or getattr(options, field.name) != field.default)
    }


def _default(options: Any, name: str) -> Any:
    return next(field.default for field in dataclasses.fields(options) if field.name == name)


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> Any:
    """A value for YAML; a list of one text as the text."""
    if not isinstance(value, (list, tuple)):
        return value
    return value[0] if len(value) == 1 and isinstance(value[0], str) else list(value)
