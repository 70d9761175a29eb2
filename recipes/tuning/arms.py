"""Arm: one thing that is compared, a choice for each factor, and the numbers that are tuned for it alone."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...callbacks.checks import check_choice
from ..catalogue import Range
from ..choice import AUTO, NONE, name_of, named, options_of, split_names
from ..optimizers import OPTIMIZERS
from ..recipe import Recipe
from ..regularization import REGULARIZERS
from .factors import FACTORS, check_levels

__all__ = [
    "DEFAULT_OPTIMIZERS",
    "DEFAULT_REGULARIZERS",
    "DESIGNS",
    "Arm",
    "arms_of",
    "cross",
    "default_arm",
    "factors_of",
]

DEFAULT_OPTIMIZERS = ("momentum", "nesterov", "rmsprop", "adam", "nadam")
DEFAULT_REGULARIZERS = ("none", "l2", "dropout", "early_stopping", "l2+dropout")

DESIGNS = ("crossed", "one_at_a_time")
"""Every combination of the levels; or the base recipe's arm, and the others that differ from it in one factor."""


@dataclass(frozen=True)
class Arm:
    """An optimizer with a regularizer (or several, joined by "+"), and other choices where they are compared, by name.

    A choice that is None is not compared: it is that of the base recipe.

    Example:
        >>> arm = Arm("adam", "l2+dropout", activation="relu")
        >>> arm.name, [each.name for each in arm.hyperparameters]
        ('adam+l2+dropout+relu', ['learning_rate', 'l2.strength', 'dropout.rate'])
    """

    optimizer: str
    regularizer: str
    schedule: str | None = None
    initializer: str | None = None
    activation: str | None = None
    normalization: str | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        for name, level in self.choices.items():
            FACTORS[name].check(level)
        Recipe(regularizer=self.regularizer)

    @property
    def choices(self) -> dict[str, str]:
        """The name chosen for each factor that is compared, optimizer and regularizer always among them."""
        chosen = {name: getattr(self, name) for name in FACTORS}
        return {name: level for name, level in chosen.items() if level is not None or name in ALWAYS}

    @functools.cached_property
    def name(self) -> str:
        """The names joined by "+"; "normalization=none" in full, where the name alone says nothing."""
        return "+".join(
            f"{factor}={level}" if factor not in ALWAYS and level in (NONE, AUTO) else level
            for factor, level in self.choices.items()
        )

    @property
    def hyperparameters(self) -> list[Range]:
        """What is tuned for this arm: its learning rate first, then the strengths, named "regularizer.option"."""
        ranges = [each for each in OPTIMIZERS[self.optimizer].hyperparameters if each.name == "learning_rate"]
        for name in split_names(self.regularizer):
            for strength in REGULARIZERS[name].hyperparameters:
                ranges.append(dataclasses.replace(strength, name=f"{name}.{strength.name}"))
        return ranges

    def recipe(self, base: Recipe, values: Mapping[str, float]) -> Recipe:
        """``base`` with this arm's choices, at these values of its hyperparameters.

        Where the base has options for what this arm chooses, ``{"name": "adam", "beta_2": 0.99}``, they are kept, but
        for those that are tuned. A schedule that is not compared is the base's, but for the default one, which suits
        the optimizer: 1cycle, or a constant factor for one that finds its own step.
        """
        own = {name_of(choice): options_of(choice) for choice in base.regularizer}
        regularizer = []
        for name in split_names(self.regularizer):
            tuned = {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{name}.")}
            regularizer.append(named(name, {**own.get(name, {}), **tuned}))
        others = {
            FACTORS[name].field: level
            for name, level in self.choices.items()
            if name not in ALWAYS and level != FACTORS[name].of(base)
        }
        by_default = base.schedule == ("constant" if base.finds_its_own_step else "one_cycle")
        if self.schedule is None and by_default:
            others["schedule"] = AUTO
        return dataclasses.replace(
            base,
            optimizer=base.optimizer if self.optimizer == base.optimizer_name else self.optimizer,
            regularizer=tuple(regularizer),
            learning_rate=values["learning_rate"],
            **others,
        )


ALWAYS = ("optimizer", "regularizer")
"""The factors of every arm: what is tuned depends on them."""


def cross(
    optimizers: Sequence[str], regularizers: Sequence[str], design: str = "crossed", **others: Sequence[str]
) -> list[Arm]:
    """The arms of some levels: every combination, or one change at a time from the first of each.

    Args:
        optimizers, regularizers: names.
        design: "crossed" (default) or "one_at_a_time".
        **others: more factors, by their plural: ``activations=["elu", "relu"]``.

    Raises:
        InvalidArgument: for an empty list, a name given twice or an unknown one.

    Example:
        >>> [arm.name for arm in cross(["sgd", "adam"], ["none", "l2"], design="one_at_a_time")]
        ['sgd+none', 'adam+none', 'sgd+l2']
    """
    check_choice("design", design, DESIGNS)
    by_plural = {factor.plural: factor for factor in FACTORS.values()}
    levels = {"optimizers": optimizers, "regularizers": regularizers, **others}
    for plural in levels:
        check_choice("factor", plural, tuple(by_plural))
    factors = [factor for plural, factor in by_plural.items() if plural in levels]
    chosen = {factor.name: check_levels(factor, levels[factor.plural]) for factor in factors}
    if design == "one_at_a_time":
        base = {name: names[0] for name, names in chosen.items()}
        arms = [base, *({**base, name: level} for name, names in chosen.items() for level in names[1:])]
    else:  # the optimizer changes fastest
        order = list(reversed(chosen))
        arms = [dict(zip(order, names, strict=True)) for names in itertools.product(*(chosen[name] for name in order))]
    return [Arm(**each) for each in arms]


def arms_of(base: Recipe, levels: Mapping[str, Sequence[str] | None], design: str = "crossed") -> list[Arm]:
    """The arms of a comparison from a base recipe.

    Args:
        base: what is not compared is as it says; for "one_at_a_time" its own choice is put first among the levels,
            whether it was there or not. (A model of "auto" is no choice yet: then the first one named is the base's.)
        levels: factor by its plural -> names, None where it is not compared. With none compared at all, the default
            optimizers are, with the default regularizers.
        design: as for :func:`cross`.

    Raises:
        InvalidArgument: as :func:`cross`.
    """
    given = {plural: names for plural, names in levels.items() if names is not None}
    if not given:
        given = {"optimizers": DEFAULT_OPTIMIZERS, "regularizers": DEFAULT_REGULARIZERS}
    by_plural = {factor.plural: factor for factor in FACTORS.values()}
    for plural in ("optimizers", "regularizers"):
        if plural not in given:
            given[plural] = (by_plural[plural].of(base),)
    check_choice("design", design, DESIGNS)
    if design == "one_at_a_time":
        for plural, names in given.items():
            factor = by_plural[plural]
            checked, own = check_levels(factor, names), factor.of(base)
            if plural == "models" and own == AUTO:
                own = checked[0]
            given[plural] = [own, *(level for level in checked if factor.parts(level) != factor.parts(own))]
    return cross(given.pop("optimizers"), given.pop("regularizers"), design, **given)


def factors_of(arms: Sequence[Arm]) -> dict[str, list[str]]:
    """What some arms are made of: plural of a factor -> its levels, in order; :func:`cross` makes the arms again."""
    return {
        FACTORS[factor].plural: list(dict.fromkeys(arm.choices[factor] for arm in arms)) for factor in arms[0].choices
    }


def default_arm(arms: Sequence[Arm], base: Recipe) -> Arm:
    """The arm that the others are compared with: the base recipe's, as far as it is among them, else the first."""

    def pick(factor: str) -> Any:
        names = [getattr(arm, factor) for arm in arms]
        own = FACTORS[factor].of(base)
        return own if own in names else names[0]

    return Arm(**{factor: pick(factor) for factor in FACTORS})
