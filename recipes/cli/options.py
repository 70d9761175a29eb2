"""The options that several commands share, with their help texts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from ...callbacks.checks import InvalidArgument
from ..choice import split_at
from ..presets import preset
from ..recipe import Recipe
from ..tuning import config_file
from ..tuning.factors import FACTORS, Factor
from ..tuning.levels import factor_named, parse_factors
from ..tuning.option import option
from ..tuning.protocol import Protocol
from ..tuning.running.where import Where

__all__ = [
    "HEADINGS",
    "BatchSize",
    "Choices",
    "Compared",
    "DataDir",
    "Dataset",
    "Reading",
    "Seed",
    "Validation",
    "listed",
    "names",
]

Dataset = Annotated[
    str,
    typer.Argument(
        help="A .csv, .tsv or .parquet file, a folder of images, any TFDS dataset, or one of `recipes list datasets`."
    ),
]
DATA = config_file.HEADINGS["data"]
DataDir = Annotated[
    str | None, typer.Option(help="Where TFDS datasets are prepared. Default: TFDS's own folder.", rich_help_panel=DATA)
]
BatchSize = Annotated[
    int | None,
    typer.Option(help="Examples per batch. Default: 32 below 10,000 examples, else 128.", rich_help_panel=DATA),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same numbers.")]
Validation = Annotated[
    float | None,
    typer.Option(
        help="Share of the training data to validate on. Default: 0.2 below 10,000, else 0.1.", rich_help_panel=DATA
    ),
]


NAME = re.compile(r'\s*(?:"((?:[^"]|"")*)"(?=\s*(?:,|$))|([^,]+))\s*(?:,|$)')
"""A name in quotes, or without."""


def names(text: str) -> list[str]:
    """The names in a comma-separated text, without empty ones; double quotes keep commas and outer spaces of a name.

    Example:
        >>> names("a, b,"), names('"bill, EUR",plan,"age "')
        (['a', 'b'], ['bill, EUR', 'plan', 'age '])
    """
    found = [
        (match[1].replace('""', '"') if match[1] is not None else match[2].strip()) for match in NAME.finditer(text)
    ]
    return [name for name in found if name.strip()]


def listed(values: Iterable[str]) -> str:
    """A comma-separated text of names, the inverse of :func:`names`.

    Example:
        >>> listed(["bill, EUR", "plan", "age "])
        '"bill, EUR",plan,"age "'
    """
    quoted = (
        '"{}"'.format(name.replace('"', '""')) if set(name) & set('",') or name != name.strip() else name
        for name in values
    )
    return ",".join(quoted)


@dataclass(frozen=True)
class Reading:
    """How a dataset is read: options of :func:`recipes.load`, as texts."""

    target: str | None = option(
        None,
        "What to predict; separate several by commas, and put a name with a comma in double quotes: '\"a, b\",c'. "
        "Default: the dataset's own; a file needs it.",
    )
    task: str | None = option(None, "binary, multiclass, multilabel or regression. Default: inferred from the target.")
    features: str | None = option(
        None, "Inputs, separated by commas; name:category, name:number or name:text sets the kind of one."
    )
    exclude: str = option("", "Features to leave out, separated by commas.")
    id: str | None = option(None, "The column that identifies the examples, which is left out.")
    test: str | None = option(
        None,
        "The test examples: a file beside a table file, or a split of a dataset. Default: the published test split, or"
        " a fifth held out.",
    )
    split: str | None = option(None, "The training examples: a split of a dataset or a part of one, e.g. train[:20%].")
    sample_weight: str | None = option(None, "The feature that says how much each example counts.")
    labels: str | None = option(
        None,
        "For a folder of images: a table with the names of its files and their labels. Default: a folder is a class.",
    )
    skip_broken: bool = option(False, "Leave out images that cannot be decoded, and name them.")
    groups: str | None = option(
        None, "The feature, such as a patient, whose values must not be in two splits; left out unless in --features."
    )
    time: str | None = option(
        None, "When the examples were: train on the earliest, test on the latest; left out unless in --features."
    )
    stratify: str | None = option(None, "The feature of the same shares in all splits. Default: the class.")
    duplicates: str = option("together", "together (in one split, where splits are made) or ignore.")
    small_classes: str = option(
        "refuse",
        "What to do with a class too small for every split to have an example: refuse, leave_out, merge or train.",
    )
    image_size: str | None = option(None, "HEIGHTxWIDTH to which images are resized, e.g. 64x64.")

    def for_load(self) -> dict[str, Any]:
        """The options as keyword arguments of :func:`recipes.load`.

        Raises:
            InvalidArgument: where some features have a kind and others none, or a size is not HEIGHTxWIDTH.
        """
        options: dict[str, Any] = {"task": self.task, "exclude": names(self.exclude)}
        options |= {"id": self.id, "sample_weight": self.sample_weight, "groups": self.groups, "time": self.time}
        options |= {"stratify": self.stratify, "duplicates": self.duplicates, "small_classes": self.small_classes}
        if self.test is not None:
            options["test"] = self.test
        options |= {name: value for name in ("split", "labels") if (value := getattr(self, name)) is not None}
        if self.skip_broken:
            options["skip_broken"] = True
        targets = names(self.target) if self.target is not None else []
        options["target"] = targets[0] if len(targets) == 1 else targets or None
        if self.features is not None:
            pairs = [
                feature.rpartition(":") if ":" in feature else (feature, "", "") for feature in names(self.features)
            ]
            kinds = {name.strip() if kind.startswith(" ") else name: kind.strip() for name, _, kind in pairs}
            options["features"] = kinds if all(kinds.values()) else list(kinds)
            if any(kinds.values()) and not all(kinds.values()):
                raise InvalidArgument("features", self.features, "a kind for every feature, name:kind, or for none")
        if self.image_size is not None:
            sides = self.image_size.lower().split("x")
            if len(sides) != 2 or not all(side.isdigit() for side in sides):
                raise InvalidArgument("image_size", self.image_size, "HEIGHTxWIDTH, e.g. 64x64")
            options["image_size"] = (int(sides[0]), int(sides[1]))
        return options


@dataclass(frozen=True)
class Choices:
    """The choices of a recipe, by name; None for those of the preset."""

    preset: str = option("default", "Where the others are left out: see `recipes list presets`.")
    model: str | None = option(None, "See `recipes list models`. Default: auto, one that suits the data.")
    optimizer: str | None = option(None, "See `recipes list optimizers`. Default: momentum.")
    regularizer: str | None = option(None, "See `recipes list regularizers`; several joined by +. Default: auto.")
    activation: str | None = option(None, "See `recipes list activations`. Default: elu.")
    initializer: str | None = option(None, "See `recipes list initializers`. Default: he_normal.")
    normalization: str | None = option(
        None, "none, or a name of `recipes list normalizations`. Default: auto, batch normalization when deep."
    )
    schedule: str | None = option(None, "See `recipes list schedules`. Default: auto, 1cycle for most optimizers.")
    class_weight: str | None = option(
        None, "none, balanced, effective, or label:weight, several separated by commas. Default: none."
    )
    loss: str | None = option(None, "See `recipes list losses`. Default: that of the task.")
    precision: str | None = option(None, "mixed_bfloat16 or mixed_float16: layers compute in half precision.")

    def recipe(self, learning_rate: float | None = None) -> Recipe:
        """The recipe with these choices.

        Raises:
            InvalidArgument: also for class weights that are not label:weight.
        """
        choices: dict[str, Any] = {name: value for name, value in vars(self).items() if value is not None}
        if ":" in choices.get("class_weight", ""):
            choices["class_weight"] = _weights(choices["class_weight"])
        if learning_rate is not None:
            choices["learning_rate"] = learning_rate
        return preset(choices.pop("preset"), **choices)


def _weights(text: str) -> dict[str, float]:
    """Weights by label from "spam:10,ham:1"; a label may contain colons."""
    weights = {}
    for pair in names(text):
        label, _, weight = pair.rpartition(":")
        try:
            weights[label.strip()] = float(weight)
        except ValueError:
            raise InvalidArgument(
                "class_weight", text, "none, balanced, effective, or label:weight, e.g. spam:10,ham:1"
            ) from None
    return weights


class _Compared:
    """What to compare, keyed by argument of :func:`recipes.search`."""

    def levels(self) -> dict[str, Any]:
        """Lists of names, or of other levels; None for a factor that is not compared."""
        texts = dict(vars(self))
        settings = parse_factors(texts.pop("factors"))
        names = {
            plural: None if text is None else [name for name in split_at(",", text) if name]
            for plural, text in texts.items()
        }
        for name in settings:
            plural = factor_named(name).plural
            if names.get(plural) is not None:
                raise InvalidArgument("factors", name, f"one that is given once, not also as {plural!r}")
            names.pop(plural, None)
        return {**names, **settings}


def _to_compare(factor: Factor) -> tuple[str, Any, Any]:
    """The option for the levels of a factor: its name, type and field."""
    joined = "; join several with +" if factor.name == "regularizer" else ""
    options = "; name(option=value) sets options" if factor.catalogue is not None else ""
    help = f"{factor.plural.capitalize().replace('_', ' ')} to compare, separated by commas{joined}{options}."
    return factor.plural, str | None, option(None, help)


Compared: Any = dataclasses.make_dataclass(
    "Compared",
    [
        *(_to_compare(factor) for factor in FACTORS.values()),
        (
            "factors",
            str | None,
            option(
                None,
                "More to compare: batch_size=32/128,model.hidden=(100,)/(300,100),dropout.rate=0.1/0.5, or another"
                " field of a recipe.",
            ),
        ),
    ],
    bases=(_Compared,),
    frozen=True,
)
"""One comma-separated text per factor that can be compared."""

HEADINGS: dict[Any, str] = {
    Reading: DATA,
    Compared: config_file.HEADINGS["compared"],
    Choices: config_file.HEADINGS["recipe"],
    Protocol: config_file.HEADINGS["protocol"],
    Where: config_file.HEADINGS["where"],
}
"""The headings of the options in the help of a command, by the class that they are fields of."""
