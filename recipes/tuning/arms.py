"""Arm: one choice per compared factor, with the hyperparameters that are tuned for it; and the sets of arms."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...callbacks.checks import check_choice
from ..catalogue import Range
from ..choice import AUTO, NONE, Choice, is_named, name_of, named, options_of, split_names
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
"""Every combination of the levels; or the base recipe's arm and those that differ from it in one factor."""


@dataclass(frozen=True)
class Arm:
    """An optimizer with a regularizer (or several, joined by "+"), and the other compared choices, by name.

    A choice of None is not compared: the base recipe's is used.

    Example:
        >>> arm = Arm("adam", "l2+dropout", activation="relu")
        >>> arm.name, [hyperparameter.name for hyperparameter in arm.hyperparameters]
        ('adam+l2+dropout+relu', ['learning_rate', 'l2.strength', 'dropout.rate'])
    """

    optimizer: str
    regularizer: str
    schedule: str | None = None
    initializer: str | None = None
    activation: str | None = None
    normalization: str | None = None
    model: str | None = None
    class_weight: str | None = None

    def __post_init__(self) -> None:
        for name, level in self.choices.items():
            FACTORS[name].check(level)
        composed = {name: level for name, level in self.choices.items() if "(" in level or "+" in level}
        fields: dict[str, Any] = {FACTORS[name].field: level for name, level in composed.items()}
        Recipe(**fields)

    @property
    def choices(self) -> dict[str, str]:
        """The name chosen for each compared factor; optimizer and regularizer are always included."""
        chosen = {name: getattr(self, name) for name in FACTORS}
        return {name: level for name, level in chosen.items() if level is not None or name in ALWAYS}

    @functools.cached_property
    def name(self) -> str:
        """The names joined by "+"; "normalization=none" in full, where the name alone is ambiguous."""
        return "+".join(
            f"{factor}={level}" if factor not in ALWAYS and level in (NONE, AUTO) else level
            for factor, level in self.choices.items()
        )

    @property
    def hyperparameters(self) -> list[Range]:
        """What is tuned by default: the learning rate first, then the strengths, named "regularizer.option"."""
        optimizer = OPTIMIZERS[name_of(self.optimizer)]
        ranges = [option for option in optimizer.hyperparameters if option.name == "learning_rate"]
        for name in map(name_of, split_names(self.regularizer)):
            for strength in REGULARIZERS[name].hyperparameters:
                ranges.append(dataclasses.replace(strength, name=f"{name}.{strength.name}"))
        return ranges

    @functools.cached_property
    def fixed(self) -> dict[str, float]:
        """The hyperparameters that the levels fix, by their full name: "l2.strength" of "l2(strength=0.001)"."""
        given = [self.optimizer, *split_names(self.regularizer)]
        return {
            f"{name_of(level)}.{option}": float(value)
            for level in given
            for option, value in options_of(level).items()
            if f"{name_of(level)}.{option}" in self._tunable
        }

    @property
    def _tunable(self) -> list[str]:
        rate, *strengths = [parameter.name for parameter in self.hyperparameters]
        return [f"{name_of(self.optimizer)}.{rate}", *strengths]

    def recipe(self, base: Recipe, values: Mapping[str, float]) -> Recipe:
        """``base`` with this arm's choices and these values of its hyperparameters.

        Options that the base has for a choice of this arm, ``{"name": "adam", "beta_2": 0.99}``, are kept unless they
        are tuned; how its optimizer clips gradients is kept for every optimizer. Without a "learning_rate" the training
        finds it. A schedule that is not compared is the base's. If that is the default, it is chosen for the arm's
        optimizer: 1cycle, or a constant factor for one that finds its own step.
        """
        tuned = _by_choice(values)
        base_options = {name_of(choice): options_of(choice) for choice in base.regularizer}
        regularizer = [
            named(name, {**base_options.get(name, {}), **options_of(level), **tuned.get(name, {})})
            for level in split_names(self.regularizer)
            for name in (name_of(level),)
        ]
        changes: dict[str, Any] = {}
        for name, level in self.choices.items():
            factor, chosen = FACTORS[name], name_of(level)
            if name in ALWAYS or (level == factor.of(base) and level not in tuned):
                continue
            options = options_of(getattr(base, factor.field)) if level == factor.of(base) else options_of(level)
            changes[factor.field] = named(chosen, {**options, **tuned.get(chosen, {})})
        by_default = base.schedule == ("constant" if base.finds_its_own_step else "one_cycle")
        if self.schedule is None and by_default:
            changes["schedule"] = AUTO
        return dataclasses.replace(
            base,
            optimizer=self._optimizer(base, tuned.get(name_of(self.optimizer), {})),
            regularizer=tuple(regularizer),
            learning_rate=values.get("learning_rate"),
            **changes,
        )

    def _optimizer(self, base: Recipe, tuned: Mapping[str, float]) -> Choice:
        """The base's optimizer if it is this arm's, else this arm's, which clips gradients as the base's does."""
        if self.optimizer == base.optimizer_name:
            kept = base.optimizer if is_named(base.optimizer) or not tuned else self.optimizer
            return named(self.optimizer, {**options_of(kept), **tuned}) if is_named(kept) else kept
        own = base.optimizer
        config = options_of(own) if is_named(own) else own.get_config()
        clipping = {name: config[name] for name in CLIPPING if config.get(name) is not None}
        options = {name: value for name, value in options_of(self.optimizer).items() if name != "learning_rate"}
        return named(name_of(self.optimizer), {**clipping, **options, **tuned})


ALWAYS = ("optimizer", "regularizer")
"""The factors that every arm has: they decide what is tuned."""

CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
"""The options of Keras' optimizers that do not depend on the optimizer."""


def _by_choice(values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The values named "choice.option", as options by choice."""
    options: dict[str, dict[str, float]] = {}
    for key, value in values.items():
        name, dot, option = key.partition(".")
        if dot:
            options.setdefault(name, {})[option] = value
    return options


def cross(
    optimizers: Sequence[str], regularizers: Sequence[str], design: str = "crossed", **others: Sequence[str]
) -> list[Arm]:
    """The arms for some levels: every combination, or one change at a time from the first level of each factor.

    Args:
        optimizers, regularizers: names.
        design: "crossed" (default) or "one_at_a_time".
        **others: more factors, by their plural: ``activations=["elu", "relu"]``.

    Raises:
        InvalidArgument: for an empty list, a repeated name or an unknown one.

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
    return [Arm(**choices) for choices in arms]


def arms_of(base: Recipe, levels: Mapping[str, Sequence[str] | None], design: str = "crossed") -> list[Arm]:
    """The arms of a comparison from a base recipe.

    Args:
        base: sets what is not compared. With "one_at_a_time" its choice comes first among the levels of each factor,
            and is added if it is missing. (A model of "auto" is no choice yet: the first model named stands for it.)
        levels: plural of a factor -> names, None if it is not compared. If no factor is compared, the default
            optimizers and the default regularizers are, with the base's among them.
        design: as for :func:`cross`.

    Raises:
        InvalidArgument: as :func:`cross`.
    """
    compared = {plural: names for plural, names in levels.items() if names is not None}
    by_plural = {factor.plural: factor for factor in FACTORS.values()}
    if not compared:
        compared = {"optimizers": DEFAULT_OPTIMIZERS, "regularizers": _with_own(base)}
    for plural in ("optimizers", "regularizers"):
        if plural not in compared:
            compared[plural] = (by_plural[plural].of(base),)
    check_choice("design", design, DESIGNS)
    if design == "one_at_a_time":
        for plural, names in compared.items():
            factor = by_plural[plural]
            checked, first = check_levels(factor, names), factor.of(base)
            if plural == "models" and first == AUTO:
                first = checked[0]
            compared[plural] = [first, *(level for level in checked if factor.parts(level) != factor.parts(first))]
    return cross(compared.pop("optimizers"), compared.pop("regularizers"), design, **compared)


def _with_own(base: Recipe) -> tuple[str, ...]:
    """The default regularizers, the base's in place of the last if it is another: the others are compared with it."""
    factor = FACTORS["regularizer"]
    own = factor.of(base)
    if any(factor.parts(own) == factor.parts(level) for level in DEFAULT_REGULARIZERS):
        return DEFAULT_REGULARIZERS
    return (*DEFAULT_REGULARIZERS[:-1], own)


def factors_of(arms: Sequence[Arm]) -> dict[str, list[str]]:
    """The levels of some arms: plural of a factor -> names, in order. :func:`cross` makes the arms from them."""
    return {
        FACTORS[factor].plural: list(dict.fromkeys(arm.choices[factor] for arm in arms)) for factor in arms[0].choices
    }


def default_arm(arms: Sequence[Arm], base: Recipe) -> Arm:
    """The arm to compare with: for each factor the base recipe's level if it is among the arms, else the first."""

    def pick(factor: str) -> Any:
        levels = [getattr(arm, factor) for arm in arms]
        base_level = FACTORS[factor].of(base)
        return base_level if base_level in levels else levels[0]

    return Arm(**{factor: pick(factor) for factor in FACTORS})
