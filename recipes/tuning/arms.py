"""Arm: one level per compared factor, with the hyperparameters that are tuned for it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..catalogue import Catalogue, Entry, Range
from ..choice import AUTO, NONE, Choice, is_named, name_of, named, options_of, split_names
from ..optimizer_choice import usual_schedule
from ..optimizers import OPTIMIZERS
from ..recipe import Recipe
from ..registration.own_entries import is_absent
from ..regularization import REGULARIZERS
from .factors import FACTORS
from .levels import factor_named
from .setting_factor import BATCH_SIZE, LOSS, RATE, Setting

__all__ = ["ALWAYS", "Arm", "whole_options"]


@dataclass(frozen=True)
class Arm:
    """An optimizer with a regularizer (or several, joined by "+"), and the other compared choices, by name.

    A choice of None is not compared: the base recipe's is used.

    Args:
        settings: the levels of other factors, by name: ``(("batch_size", "32"), ("model.hidden", "(100,)"))``.

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
    settings: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, levels: Mapping[str, str]) -> Arm:
        """The arm with these levels of its factors, by name.

        Example:
            >>> Arm.of({"optimizer": "adam", "regularizer": "none", "batch_size": "32"}).name
            'adam+none+batch_size=32'
        """
        choices: dict[str, Any] = {name: level for name, level in levels.items() if name in FACTORS}
        return cls(**choices, settings=tuple((name, level) for name, level in levels.items() if name not in FACTORS))

    def __post_init__(self) -> None:
        for name, level in self.choices.items():
            factor_named(name).check(level)
        chosen = {name: level for name, level in self.choices.items() if name in FACTORS}
        if is_absent(self.names):
            return
        composed = {name: level for name, level in chosen.items() if "(" in level or "+" in level}
        fields: dict[str, Any] = {FACTORS[name].field: level for name, level in composed.items()}
        Recipe(**fields)

    @property
    def choices(self) -> dict[str, str]:
        """The level of each compared factor, by name; optimizer and regularizer are always included."""
        chosen = {name: getattr(self, name) for name in FACTORS}
        compared = {name: level for name, level in chosen.items() if level is not None or name in ALWAYS}
        return {**compared, **dict(self.settings)}

    @property
    def names(self) -> list[tuple[str, str]]:
        """The names that are chosen, each with the kind of its catalogue."""
        chosen = [(FACTORS[name], level) for name, level in self.choices.items() if name in FACTORS]
        losses = [Setting.named(name).value(level) for name, level in self.settings if name == LOSS]
        return [
            *((LOSS, name_of(loss)) for loss in losses if loss is not None),
            *(
                (factor.catalogue.kind, name_of(part))
                for factor, level in chosen
                if factor.catalogue is not None
                for part in split_names(level)
            ),
        ]

    @functools.cached_property
    def name(self) -> str:
        """The levels joined by "+"; "normalization=none" in full, where the level alone is ambiguous."""
        return "+".join(
            f"{factor}={level}" if factor not in FACTORS or (factor not in ALWAYS and level in (NONE, AUTO)) else level
            for factor, level in self.choices.items()
        )

    @property
    def hyperparameters(self) -> list[Range]:
        """What is tuned by default: the learning rate first, then the strengths, named "regularizer.option"."""
        optimizer = OPTIMIZERS[name_of(self.optimizer)]
        ranges = [option for option in optimizer.hyperparameters if option.name == "learning_rate"]
        for name in map(name_of, split_names(self.regularizer)):
            for strength in REGULARIZERS[name].hyperparameters:
                if strength.by_default:
                    ranges.append(dataclasses.replace(strength, name=f"{name}.{strength.name}"))
        return ranges

    @functools.cached_property
    def fixed(self) -> dict[str, float]:
        """The hyperparameters that the levels fix, by their full name: "l2.strength" of "l2(strength=0.001)"."""
        given = [self.optimizer, *split_names(self.regularizer)]
        values = {f"{name_of(level)}.{option}": value for level in given for option, value in options_of(level).items()}
        values |= {self._full_name(name): Setting.named(name).value(level) for name, level in self.settings}
        return {name: float(values[name]) for name in self._tunable if name in values}

    @property
    def settled(self) -> list[str]:
        """The full names of the options that the levels fix, also of those that are not tuned by default."""
        given = [level for name, level in self.choices.items() if name in FACTORS]
        levels = [part for level in given for part in split_names(level)]
        options = [f"{name_of(level)}.{option}" for level in levels for option in options_of(level)]
        return [*options, *(self._full_name(name) for name, _ in self.settings)]

    def _full_name(self, setting: str) -> str:
        """The name of a setting with its choice: "adam.learning_rate" of "optimizer.learning_rate"."""
        field, _, option = setting.rpartition(".")
        level = getattr(self, field) if field in FACTORS else None
        return setting if level is None else f"{name_of(level)}.{option}"

    @property
    def _tunable(self) -> list[str]:
        rate, *strengths = [parameter.name for parameter in self.hyperparameters]
        return [f"{name_of(self.optimizer)}.{rate}", *strengths]

    @property
    def batch_size(self) -> int | None:
        """The examples of a training batch; None if that is not compared: the data's."""
        size = dict(self.settings).get(BATCH_SIZE)
        return None if size is None else int(size)

    @property
    def catalogues(self) -> dict[str, Catalogue]:
        """The names that are chosen and can have options, each with the catalogue that describes these."""
        catalogues = {name: FACTORS[name].catalogue for name in ("optimizer", "regularizer", "schedule", "initializer")}
        return {
            name: catalogue
            for factor, catalogue in catalogues.items()
            for name in map(name_of, split_names(self.choices.get(factor, NONE)))
            if catalogue is not None and name in catalogue
        }

    def recipe(self, base: Recipe, values: Mapping[str, float]) -> Recipe:
        """``base`` with this arm's levels and these values of its hyperparameters.

        Options that the base has for a choice of this arm, ``{"name": "adam", "beta_2": 0.99}``, are kept unless they
        are tuned; how its optimizer clips gradients is kept for every optimizer. Without a "learning_rate" the training
        finds it. A schedule that is not compared is the base's. If that is the default, it is chosen for the arm's
        optimizer: 1cycle, or a constant factor for one that finds its own step.
        """
        entries = {name: catalogue[name] for name, catalogue in self.catalogues.items()}
        tuned = {
            name: whole_options(entries[name], options) if name in entries else options
            for name, options in _by_choice(values).items()
        }
        base_options = {name_of(choice): options_of(choice) for choice in base.regularizer}
        regularizer = [
            named(name, {**base_options.get(name, {}), **options_of(level), **tuned.get(name, {})})
            for level in split_names(self.regularizer)
            for name in (name_of(level),)
        ]
        changes: dict[str, Any] = {}
        for name, factor in FACTORS.items():
            level = getattr(self, name)
            if name in ALWAYS or level is None or (level == factor.of(base) and level not in tuned):
                continue
            chosen = name_of(level)
            options = options_of(getattr(base, factor.field)) if level == factor.of(base) else options_of(level)
            changes[factor.field] = named(chosen, {**options, **tuned.get(chosen, {})})
        by_default = base.schedule == usual_schedule(base.optimizer)
        if self.schedule is None and by_default:
            changes["schedule"] = AUTO
        recipe = dataclasses.replace(
            base,
            optimizer=self._optimizer(base, tuned.get(name_of(self.optimizer), {})),
            regularizer=tuple(regularizer),
            learning_rate=values.get(RATE),
            **changes,
        )
        for name, level in self.settings:
            recipe = Setting.named(name).applied(recipe, level)
        return recipe

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


def whole_options(entry: Entry, options: Mapping[str, float]) -> dict[str, Any]:
    """The options of a choice with integers where it counts something: tuned values are all floats.

    Example:
        >>> whole_options(OPTIMIZERS["lookahead"], {"steps": 5.0, "slow_rate": 1.0})
        {'steps': 5, 'slow_rate': 1.0}
    """
    return {
        option: int(value) if isinstance(value, float) and value.is_integer() and entry.counts(option) else value
        for option, value in options.items()
    }


def _by_choice(values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The values named "choice.option", as options by choice."""
    options: dict[str, dict[str, float]] = {}
    for key, value in values.items():
        name, dot, option = key.partition(".")
        if dot:
            options.setdefault(name, {})[option] = value
    return options
