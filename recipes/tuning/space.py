"""Space: what is tuned for each arm of a search, and the settings to try."""

from __future__ import annotations

import dataclasses
import functools
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_integer
from ..catalogue import Catalogue, Range, UnknownName
from ..choice import AUTO, build, name_of, named, options_of
from ..recipe import Recipe
from ..regularization import REGULARIZERS
from .arms import Arm, whole_options
from .factors import FACTORS
from .ranges import LISTED, Grid, WholeRange, parse_ranges
from .setting_factor import RATE

__all__ = ["Space"]

EDGE = 0.1
"""A best learning rate within this fraction of its (log) range from an end is suspect: the range may be too narrow."""

BEYOND = 10.0
"""The factor by which a range of learning rates is widened."""

DIMENSIONS = 16
"""Dimensions of the Sobol sequence: more than an arm has hyperparameters."""


@dataclass(frozen=True)
class Space:
    """What is tuned for each arm: its learning rate, its strengths and what ``ranges`` names.

    Hyperparameters have the name of their choice in front, "adam.learning_rate" and "l2.strength"; among the values of
    an arm the learning rate is just "learning_rate".

    Args:
        fixed: values that the base recipe gives, which stay as they are, by name.
        defaults: strengths that suit the data, for the first setting, by name; the others are those of the catalogue.
        ranges: the user's, as :func:`recipes.tuning.ranges.parse_ranges` returns them.
        from_default: whether the first setting of an arm is the default one. False in the searches of version 0.1.

    Example:
        >>> space = Space.of(Recipe(regularizer={"name": "l2", "strength": 1e-4}))
        >>> [parameter.name for parameter in space.tuned(Arm("adam", "l2+dropout"))]
        ['learning_rate', 'dropout.rate']
    """

    fixed: Mapping[str, float] = field(default_factory=dict)
    defaults: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, Range | Grid | float | None] = field(default_factory=dict)
    from_default: bool = True

    @classmethod
    def of(cls, recipe: Recipe, resolved: Recipe | None = None, ranges: Mapping[str, Any] | str | None = None) -> Space:
        """The space of a search.

        Args:
            recipe: the base recipe. Its learning rate stays as it is in the arms of its optimizer, and the strengths
                among the options of its regularizers in the arms of these.
            resolved: the same with the choices that suit the data in place of "auto". Default: ``recipe``.
            ranges: as for :func:`recipes.search`.

        Raises:
            InvalidArgument: for ranges that cannot be read, or that contradict the recipe.
        """
        fixed: dict[str, float] = {}
        if recipe.learning_rate is not None and not (recipe.finds_its_own_step and recipe.learning_rate == 1.0):
            fixed[f"{recipe.optimizer_name}.{RATE}"] = recipe.learning_rate
        fixed |= {} if recipe.regularizer == (AUTO,) else _strengths(recipe)
        defaults = _strengths(recipe if resolved is None else resolved)
        parsed = parse_ranges(ranges)
        given = fixed | {
            f"{name_of(choice)}.{option}": value
            for choice in (recipe.optimizer, recipe.schedule, recipe.initializer)
            for option, value in options_of(choice).items()
        }
        for name in parsed:
            if name in given:
                accepted = f"without {name!r}, which the recipe fixes at {given[name]}"
                raise InvalidArgument("ranges", ranges, accepted)
        return cls(fixed, {name: value for name, value in defaults.items() if name not in fixed}, parsed)

    def check(self, arms: Sequence[Arm]) -> None:
        """Raises ``InvalidArgument`` for a range that no arm has a use for, or whose ends its choice refuses."""
        of_arms = {name: catalogue for arm in arms for name, catalogue in arm.catalogues.items()}
        for name, value in self.ranges.items():
            chosen, _, option = name.rpartition(".")
            if chosen not in of_arms:
                accepted = f"the option of a choice that is compared: one of {', '.join(sorted(of_arms))}"
                raise InvalidArgument(f"ranges[{name!r}]", chosen or name, accepted)
            if all(name in arm.settled for arm in arms if chosen in arm.catalogues):
                raise InvalidArgument("ranges", name, f"without {name!r}, which what is compared sets")
            catalogue = of_arms[chosen]
            listed = {parameter.name for parameter in catalogue[chosen].hyperparameters}
            if value is LISTED and option not in listed:
                raise UnknownName(f"range of {chosen!r}", option, sorted(listed))
            ends = [value] if isinstance(value, float) else [] if value is LISTED else [value.at(0.0), value.at(1.0)]
            for end in ends:
                if option == RATE and end <= 0:
                    raise InvalidArgument(f"ranges[{name!r}]", end, "above 0")
                required = {"peak": 1.0} if catalogue is FACTORS["schedule"].catalogue else {}
                build(catalogue, named(chosen, whole_options(catalogue[chosen], {option: end})), **required)

    def tuned(self, arm: Arm) -> list[Range | Grid]:
        """What is tuned for an arm: its learning rate first, then the strengths, then what else ``ranges`` names."""
        return [parameter for parameter in self._parameters(arm).values() if not isinstance(parameter, float)]

    def fixed_values(self, arm: Arm) -> dict[str, float]:
        """The values that stay as they are in all settings of an arm."""
        return {name: value for name, value in self._parameters(arm).items() if isinstance(value, float)}

    def _parameters(self, arm: Arm) -> dict[str, Range | Grid | float]:
        """The hyperparameters of an arm by their name among its values, with their range or fixed value."""
        choices = arm.catalogues
        usual = {_full_name(arm, parameter.name): parameter for parameter in arm.hyperparameters}
        names = list(usual)
        names += [name for name in self.ranges if name not in names and name.rpartition(".")[0] in choices]
        parameters: dict[str, Range | Grid | float] = {}
        for name in names:
            value = arm.fixed.get(name, self.fixed.get(name, self.ranges.get(name)))
            if value is LISTED:
                chosen, _, option = name.rpartition(".")
                value = usual.get(name) or next(p for p in choices[chosen][chosen].hyperparameters if p.name == option)
            short = _short_name(name)
            parameters[short] = float(value) if isinstance(value, (int, float)) else replace(value, name=short)
            if isinstance(value, Range) and _counts(choices, name):
                fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(Range)}
                parameters[short] = WholeRange(**{**fields, "name": short})
        return parameters

    def default(self, arm: Arm) -> dict[str, float]:
        """The first setting of an arm: that of :func:`recipes.fit`, or the middle of a range of one's own.

        Without a "learning_rate" the training finds it by a range test.
        """
        values = {}
        for name, parameter in self._parameters(arm).items():
            if isinstance(parameter, float):
                values[name] = parameter
            elif self.ranges.get(_full_name(arm, name)) is not LISTED:
                values[name] = parameter.at(0.5)
            elif name != RATE:
                default = getattr(parameter, "default", None)
                usual = parameter.at(0.5) if default is None else default
                values[name] = float(self.defaults.get(name, usual))
        return values

    def settings(self, arm: Arm, trials: int, seed: int) -> list[dict[str, float]]:
        """The settings of an arm: the default one, then points of a scrambled Sobol sequence over its ranges.

        Every arm gets the same points of the unit cube, mapped to its own ranges (on a log scale where a range has
        one), so no arm is luckier than another.

        Args:
            arm: the arm to tune.
            trials: the number of settings, >= 1. Fewer are returned where a grid, or an arm without anything to tune,
                has fewer.
            seed: of the scrambling, >= 0.

        Returns:
            A list of dicts, name -> value.

        Source: Sobol 1967; Bergstra and Bengio 2012 on why not a grid.

        Example:
            >>> space, arm = Space(), Arm("adam", "none")
            >>> [values.get("learning_rate") for values in space.settings(arm, 2, seed=0)]      # doctest: +SKIP
            [None, 0.001234]
        """
        trials = check_integer("trials", trials, low=1)
        seed = check_integer("seed", seed, low=0)
        settings = [self.default(arm)] if self.from_default else []
        settings += self._at_points(arm, self.tuned(arm), 0, trials - len(settings), seed)
        return _distinct(settings)

    def settings_beyond(
        self, arm: Arm, learning_rate: float, trials: int, more: int, seed: int
    ) -> list[dict[str, float]]:
        """Settings in the decade beyond the end of the arm's range of learning rates that is nearer to a rate.

        They are the next points of the sequence; all other hyperparameters are as in :meth:`settings`.

        Args:
            arm: the arm to tune.
            learning_rate: the best rate so far, near an end of the arm's range.
            trials: the number of settings tried before.
            more: the number of settings to add, >= 1.
            seed: of the scrambling.
        """
        rate, *others = self.tuned(arm)
        if not isinstance(rate, Range):
            raise InvalidArgument("arm", arm.name, "one whose learning rate has a range: others are not at its edge")
        low = abs(math.log(learning_rate / rate.low)) < abs(math.log(learning_rate / rate.high))
        start, end = (rate.low / BEYOND, rate.low) if low else (rate.high, rate.high * BEYOND)
        beyond = [replace(rate, low=start, high=end), *others]
        first = trials - self.from_default
        return self._at_points(arm, beyond, first, first + more, seed)

    def _at_points(
        self, arm: Arm, parameters: Sequence[Range | Grid], start: int, end: int, seed: int
    ) -> list[dict[str, float]]:
        """The values at the points ``start`` to ``end`` (exclusive) of the sequence, in the order of the parameters."""
        settings = []
        for point in _points(max(DIMENSIONS, len(parameters)), end, seed)[start:] if end > start else ():
            at = {parameter.name: parameter.at(float(x)) for parameter, x in zip(parameters, point, strict=False)}
            values = self.fixed_values(arm) | at
            settings.append({name: values[name] for name in self._parameters(arm)})
        return settings

    def at_edge(self, arm: Arm, learning_rate: float) -> bool:
        """Whether a learning rate lies so near an end of the searched range that the best may lie outside.

        A rate beyond the arm's range comes from a range that was widened by a decade on that side, or from a range
        test. A rate that is fixed, or one of a grid, does not.
        """
        rates = self._parameters(arm).get(RATE)
        if not isinstance(rates, Range) or math.isnan(learning_rate):
            return False
        low = rates.low / BEYOND if learning_rate < rates.low else rates.low
        high = rates.high * BEYOND if learning_rate > rates.high else rates.high
        searched = replace(rates, low=low, high=high)
        return not searched.at(EDGE) <= learning_rate <= searched.at(1.0 - EDGE)

    # --- KerasTuner -------------------------------------------------------------------------------------------------

    def declare(self, hp: Any, arms: Sequence[Arm]) -> Any:
        """Adds the whole space to KerasTuner's ``HyperParameters``; an arm's values are active only for its choices.

        Args:
            hp: a ``keras_tuner.HyperParameters``.
            arms: the arms to compare.

        Returns:
            ``hp``, with a choice per compared factor and, in conditional scopes, "adam.learning_rate", "l2.strength".
        """
        for name in arms[0].choices:
            hp.Choice(name, list(dict.fromkeys(arm.choices[name] for arm in arms)))
        parameters = {_full_name(arm, parameter.name): parameter for arm in arms for parameter in self.tuned(arm)}
        for name, parameter in parameters.items():
            users = [arm for arm in arms if name in {_full_name(arm, tuned.name) for tuned in self.tuned(arm)}]
            chosen, choices = name.rpartition(".")[0], users[0].choices
            of_factors = [f for f in choices if f in FACTORS and chosen in map(name_of, FACTORS[f].parts(choices[f]))]
            factor = of_factors[0] if of_factors else list(choices)[-1]  # of a candidate, its label
            with hp.conditional_scope(factor, list(dict.fromkeys(arm.choices[factor] for arm in users))):
                if isinstance(parameter, Grid):
                    hp.Choice(name, list(parameter.values))
                elif isinstance(parameter, WholeRange):
                    hp.Int(
                        name,
                        math.ceil(parameter.low),
                        math.floor(parameter.high),
                        sampling="log" if parameter.log else "linear",
                    )
                else:
                    hp.Float(name, parameter.low, parameter.high, sampling="log" if parameter.log else "linear")
        return hp

    def arm_at(self, hp: Any, arms: Sequence[Arm]) -> tuple[Arm, dict[str, float]]:
        """The one of these arms, and the values of its hyperparameters, in KerasTuner's ``HyperParameters``."""
        arm = next(arm for arm in arms if all(hp.values[name] == level for name, level in arm.choices.items()))
        tuned = {name: hp.values[_full_name(arm, name)] for name in (parameter.name for parameter in self.tuned(arm))}
        return arm, self.fixed_values(arm) | tuned

    def for_tuner(self, arm: Arm, values: Mapping[str, float]) -> dict[str, Any]:
        """An arm at these values as KerasTuner names them; a rate still to be found is the middle of its range."""
        of_rates = {parameter.name: parameter.at(0.5) for parameter in self.tuned(arm)[:1]}
        names = {parameter.name for parameter in self.tuned(arm)}
        tuned = {name: value for name, value in (of_rates | dict(values)).items() if name in names}
        return {**arm.choices, **{_full_name(arm, name): value for name, value in tuned.items()}}

    # --- settings.json ----------------------------------------------------------------------------------------------

    def to_settings(self) -> dict[str, Any]:
        """What a search notes of its space besides the ranges, which are an option."""
        return {"fixed": dict(self.fixed), "defaults": dict(self.defaults)}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Space:
        """The space of a search from its ``settings.json``."""
        noted = settings.get("space")
        if noted is None:
            return cls(from_default=False)
        return cls(noted["fixed"], noted["defaults"], parse_ranges(settings.get("ranges")))


def _strengths(recipe: Recipe) -> dict[str, float]:
    """The tunable options that the recipe's choices of regularizers name, "l2.strength"."""
    return {
        f"{name_of(choice)}.{parameter.name}": float(options_of(choice)[parameter.name])
        for choice in recipe.regularizer
        if name_of(choice) in REGULARIZERS
        for parameter in REGULARIZERS[name_of(choice)].hyperparameters
        if parameter.name in options_of(choice)
    }


def _counts(choices: Mapping[str, Catalogue], name: str) -> bool:
    """Whether a hyperparameter, by its full name, is a whole number."""
    chosen, _, option = name.rpartition(".")
    return chosen in choices and choices[chosen][chosen].counts(option)


def _full_name(arm: Arm, name: str) -> str:
    """The name of an arm's hyperparameter beside those of other arms: each optimizer has its own learning rate."""
    return f"{name_of(arm.optimizer)}.{name}" if name == RATE else name


def _short_name(name: str) -> str:
    """The name of a hyperparameter among an arm's values."""
    return RATE if name.rpartition(".")[2] == RATE else name


def _distinct(settings: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """The settings without repetitions, in order."""
    return list({tuple(values.items()): values for values in settings}.values())


@functools.lru_cache(maxsize=8)
def _points(dimensions: int, count: int, seed: int) -> np.ndarray:
    """Points of the unit cube. Their dimension does not depend on the arm, since the scrambling depends on it."""
    from scipy.stats import qmc

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The balance properties", UserWarning)  # for counts other than powers of two
        return qmc.Sobol(dimensions, scramble=True, rng=seed).random(count)
