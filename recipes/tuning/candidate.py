"""Candidate: an arm that is a whole recipe, or a model as it was compiled."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument
from ..catalogue import Range
from ..choice import AUTO, NONE, join_names, name_of, named, options_of, text_of
from ..recipe import Recipe
from ..registration.named_choices import named_choice
from ..registration.registered import CATALOGUES
from .arms import Arm
from .factors import FACTORS
from .ranges import Grid
from .setting_factor import RATE

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["CANDIDATE", "Candidate", "candidates_in", "candidates_to_settings", "recipe_line"]

CANDIDATE = "candidate"
"""The factor whose levels are the labels of candidates."""

RATES = 30.0
"""The rate of a compiled model is tuned from its own divided by this to its own times this."""

SPEC: dict[str, Any] = {
    "recipe": dict,
    "optimizer": str,
    "regularizer": str,
    "compiled": bool,
    "rate": (float, type(None)),
    "space": list,
}
"""What ``settings.json`` holds of a candidate."""


@dataclass(frozen=True)
class Candidate(Arm):
    """An arm with a label of its own: a recipe, or a function whose model is trained as it compiled it.

    Args:
        label: its name.
        text: the recipe as JSON, with the choices that suit the data in place of "auto".
        compiled: whether the model is trained as it was compiled.
        rate: of a compiled model: its learning rate, if that is to be tuned.
        space: of a compiled model: what its function takes of KerasTuner's hyperparameters. A learning rate has this
            name, others the label in front.
    """

    label: str = ""
    text: str = ""
    compiled: bool = False
    rate: float | None = None
    space: tuple[Range | Grid, ...] = ()

    @classmethod
    def of_recipe(cls, label: str, recipe: Recipe, spec: Spec) -> Candidate:
        """The candidate of a recipe. What the recipe fixes is not tuned: its rate, and the options of its choices."""
        resolved = recipe.resolved(spec)
        rate = {} if recipe.learning_rate is None or recipe.finds_its_own_step else {RATE: recipe.learning_rate}
        optimizer = named_choice(CATALOGUES["optimizer"], recipe.optimizer)
        optimizer = named(name_of(optimizer), {**options_of(optimizer), **rate})
        by_data = recipe.regularizer == (AUTO,)  # strengths that suit the data are tuned
        regularizer = join_names(resolved.regularizer) if by_data else "+".join(map(text_of, recipe.regularizer))
        return cls(text_of(optimizer), regularizer or NONE, label=label, text=recipe_line(resolved))

    def __post_init__(self) -> None:
        if not self.compiled:
            for factor, level in (("optimizer", self.optimizer), ("regularizer", self.regularizer)):
                FACTORS[factor].check(level)

    @property
    def choices(self) -> dict[str, str]:
        """The optimizer, the regularizer and the label."""
        return {"optimizer": self.optimizer, "regularizer": self.regularizer, CANDIDATE: self.label}

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    @property
    def hyperparameters(self) -> list[Any]:
        """What is tuned by default; of a compiled model its space, or its rate if that is asked for."""
        if not self.compiled or self.space:
            return list(self.space) if self.space else super().hyperparameters
        return [] if self.rate is None else [Range(RATE, self.rate / RATES, self.rate * RATES, self.rate)]

    @property
    def fixed(self) -> dict[str, float]:
        """The hyperparameters that the recipe fixes."""
        return {} if self.compiled else super().fixed

    @property
    def names(self) -> list[tuple[str, str]]:
        """The names that its recipe chooses, each with the kind of its catalogue."""
        return Recipe.from_json(self.text).names

    def recipe(self, base: Recipe, values: Mapping[str, float]) -> Recipe:
        """Its recipe at these values of its hyperparameters; ``base`` plays no part."""
        own = Recipe.from_json(self.text)
        if self.compiled:
            if not self.space:
                return dataclasses.replace(own, learning_rate=values.get(RATE))
            numbers = {name.removeprefix(f"{self.label}."): value for name, value in values.items()}
            return dataclasses.replace(own, model=named(name_of(own.model), numbers))
        return super().recipe(own, values)

    def to_settings(self) -> dict[str, Any]:
        """JSON values, for ``settings.json``."""
        fields = {name: getattr(self, name) for name in SPEC if name not in ("recipe", "space")}
        space = [_to_json(tunable) for tunable in self.space]
        return {"recipe": json.loads(self.text), **fields, "space": space}


def recipe_line(recipe: Recipe) -> str:
    """A recipe as one line of JSON."""
    return json.dumps(json.loads(recipe.to_json()))


def candidates_to_settings(arms: Sequence[Arm]) -> dict[str, Any]:
    """The setting "candidates" of these arms, if they are candidates: label -> JSON values."""
    found = {arm.label: arm.to_settings() for arm in arms if isinstance(arm, Candidate)}
    return {"candidates": found} if found else {}


def candidates_in(settings: Any) -> list[Arm]:
    """The candidates of a search from its setting "candidates".

    Raises:
        InvalidArgument: for anything but what :func:`candidates_to_settings` writes.
    """
    if not isinstance(settings, dict):
        raise InvalidArgument("candidates", settings, "candidates by label")
    arms: list[Arm] = []
    for label, fields in settings.items():
        if not isinstance(fields, dict) or set(fields) != set(SPEC):
            raise InvalidArgument(f"candidates[{label!r}]", fields, f"an object with {', '.join(SPEC)}")
        for name, kind in SPEC.items():
            if not isinstance(fields[name], kind):
                raise InvalidArgument(f"candidates[{label!r}]", fields[name], f"with a {name} of another type")
        text = json.dumps(fields["recipe"])
        Recipe.from_json(text)
        others = {name: fields[name] for name in SPEC if name not in ("recipe", "space")}
        space = tuple(_from_json(label, tunable) for tunable in fields["space"])
        arms.append(Candidate(label=label, text=text, **others, space=space))
    return arms


def _to_json(tunable: Range | Grid) -> dict[str, Any]:
    fields = dataclasses.asdict(tunable)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _from_json(label: str, fields: Any) -> Range | Grid:
    try:
        if "values" in fields:
            return Grid(str(fields["name"]), tuple(map(float, fields["values"])), fields["default"])
        return Range(**fields)
    except (TypeError, KeyError, ValueError) as error:
        raise InvalidArgument(f"candidates[{label!r}]", fields, f"with a space of ranges and grids ({error})") from None
