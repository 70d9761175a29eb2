"""cross, arms_of: the arms of a comparison, from the levels of its factors."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument, check_choice
from ..catalogue import Lookup, Option
from ..choice import AUTO, name_of, parse
from ..idle_choices import idle_regularizers
from ..optimizer_choice import finds_its_own_step, replaced_regularizers, usual_schedule
from ..optimizers import OPTIMIZERS
from ..recipe import Recipe
from ..regularization.by_data import regularizers_for
from .arms import Arm
from .candidate import CANDIDATE, Candidate
from .factors import FACTORS, Factor
from .levels import check_levels, check_texts, factor_named
from .setting_factor import Setting

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = [
    "DEFAULT_OPTIMIZERS",
    "DEFAULT_REGULARIZERS",
    "DESIGNS",
    "arms_from",
    "arms_of",
    "base_of",
    "cross",
    "default_arm",
    "factors_of",
    "left_out_in_words",
]

DEFAULT_OPTIMIZERS = ("momentum", "nesterov", "rmsprop", "adam", "nadam")
DEFAULT_REGULARIZERS = ("none", "l2", "dropout", "early_stopping", "l2+dropout")

CONSTANT = "constant"
"""The schedule of optimizers that find their own step, or average their weights."""

MOST_ARMS = 10_000
"""The most combinations that are compared."""

DESIGNS = Lookup(
    "design",
    [
        Option(
            "crossed",
            "Every combination of the levels.",
            "Fisher 1935",
            when="For a few factors that may depend on each other, such as optimizer and schedule. Not for "
            "many: the arms multiply.",
        ),
        Option(
            "one_at_a_time",
            "The base recipe's arm, and those that differ from it in one factor.",
            "ablation studies: Meyes et al. 2019",
            when="For many factors around a recipe that is good already. Not where two changes help only "
            "together: it never tries them so.",
        ),
    ],
)


def cross(
    optimizers: Sequence[str], regularizers: Sequence[str], design: str = "crossed", **others: Sequence[str]
) -> list[Arm]:
    """The arms for some levels: every combination, or one change at a time from the first level of each factor.

    Args:
        optimizers, regularizers: names.
        design: "crossed" (default) or "one_at_a_time".
        **others: more factors, by their plural: ``activations=["elu", "relu"]``.

    Raises:
        InvalidArgument: for an empty list, a repeated level or an unknown one.

    Example:
        >>> [arm.name for arm in cross(["sgd", "adam"], ["none", "l2"], design="one_at_a_time")]
        ['sgd+none', 'adam+none', 'sgd+l2']
    """
    check_choice("design", design, DESIGNS)
    given = {"optimizers": optimizers, "regularizers": regularizers, **others}
    factors = {plural: check_levels(factor_named(plural), levels) for plural, levels in given.items()}
    _check_schedules(factors, design)
    return arms_from(factors, design)


def arms_from(factors: Mapping[str, Sequence[str]], design: str = "crossed") -> list[Arm]:
    """The arms for levels that are texts, by the plural of their factor: the inverse of :func:`factors_of`.

    Raises:
        InvalidArgument: as :func:`cross`.
    """
    chosen = {factor.name: check_texts(factor, factors[factor.plural]) for factor in _in_order(factors)}
    if design == "one_at_a_time":
        base = {name: names[0] for name, names in chosen.items()}
        arms = [base, *({**base, name: level} for name, names in chosen.items() for level in names[1:])]
    else:  # the optimizer changes fastest
        combinations = math.prod(map(len, chosen.values()))
        if combinations > MOST_ARMS:
            accepted = f"levels of which there are at most {MOST_ARMS:,} combinations, not {combinations:,}"
            raise InvalidArgument("factors", list(factors), accepted)
        order = list(reversed(chosen))
        arms = [dict(zip(order, names, strict=True)) for names in itertools.product(*(chosen[name] for name in order))]
    return [Arm.of({name: levels[name] for name in chosen}) for levels in arms]


def _in_order(plurals: Iterable[str]) -> list[Factor]:
    """The factors of these plurals: choices in their order, then settings in that of the plurals."""
    factors = [factor_named(plural) for plural in plurals]
    return [
        *(factor for factor in FACTORS.values() if factor in factors),
        *(f for f in factors if f.name not in FACTORS),
    ]


def base_of(recipe: Recipe, levels: Any, spec: Spec) -> Recipe:
    """The recipe with the choices that suit the data in place of "auto", and that all compared arms can have.

    Args:
        recipe: as given.
        levels: as for :func:`arms_of`, or arms.
        spec: of the data.

    An optimizer that finds its own step cannot follow noise, and a model without hidden layers has no place for it.

    Example:
        >>> base_of(Recipe(), {"optimizers": ["momentum", "newton"]}, table.spec).regularizer     # doctest: +SKIP
        ('early_stopping',)
    """
    base = recipe.resolved(spec)
    factors = levels if isinstance(levels, Mapping) else {}
    if recipe.regularizer != (AUTO,):
        return base
    if _some_find_their_own_step(factors):
        suited = regularizers_for(spec, noise=False, without=replaced_regularizers(recipe.optimizer))
        return dataclasses.replace(base, regularizer=suited)
    unnamed = dataclasses.replace(base, regularizer=AUTO)
    of_models = [with_model.resolved(spec).regularizer for with_model in _with_models(unnamed, factors)]
    common = [one for one in base.regularizer if all(one in suited for suited in of_models)]
    return dataclasses.replace(base, regularizer=tuple(common))


def _with_models(recipe: Recipe, factors: Mapping[str, Any]) -> Iterator[Recipe]:
    """The recipe with each compared model, and each compared option of its model; wrong ones are refused elsewhere."""
    for name, given in factors.items():
        with contextlib.suppress(InvalidArgument):
            factor = factor_named(name)
            for level in check_levels(factor, given) if given is not None else ():
                if factor.name == "model":
                    yield dataclasses.replace(recipe, model=level)
                elif isinstance(factor, Setting) and factor.name.partition(".")[0] in ("model", name_of(recipe.model)):
                    yield factor.applied(recipe, level)


def left_out_in_words(recipe: Recipe, base: Recipe, spec: Spec, levels: Any) -> str | None:
    """Which regularizers of these data no arm has, since a compared optimizer or model cannot; None if none.

    Args:
        recipe: as given.
        base: as :func:`base_of` makes it.
        spec: of the data.
        levels: as they were given, see :func:`base_of`.
    """
    factors = levels if isinstance(levels, Mapping) else {}
    kept = [name_of(regularizer) for regularizer in base.regularizer]
    usual = [name_of(regularizer) for regularizer in recipe.resolved(spec).regularizer]
    lost = [name for name in usual if name not in kept]
    if not lost or any(factors.get(name) is not None for name in ("regularizer", "regularizers")):
        return None
    absent = " or ".join(lost)
    if not _some_find_their_own_step(factors):
        return f"No arm has {absent}, which suits these data: a compared model has no place for it."
    return f"No arm has {absent}, which suit these data: an optimizer that finds its own step cannot follow them."


def _some_find_their_own_step(factors: Mapping[str, Any]) -> bool:
    return any(_finds_its_own_step(one) for name in ("optimizer", "optimizers") for one in _as_list(factors.get(name)))


def _as_list(levels: Any) -> list[Any]:
    return list(levels) if isinstance(levels, (list, tuple)) else []


def _finds_its_own_step(optimizer: Any) -> bool:
    """Whether it is a choice of such an optimizer; what is no choice at all is refused elsewhere."""
    try:
        return finds_its_own_step(parse(OPTIMIZERS, optimizer))
    except InvalidArgument:
        return False


def arms_of(base: Recipe, levels: Mapping[str, Sequence[Any] | None], design: str = "crossed") -> list[Arm]:
    """The arms of a comparison from a base recipe.

    Args:
        base: sets what is not compared. With "one_at_a_time" its choice comes first among the levels of each factor,
            and is added if it is missing. (A model of "auto" is no choice yet: the first model named stands for it.)
        levels: name or plural of a factor -> levels, None if it is not compared. If no factor is compared, the
            default optimizers and the default regularizers are, with the base's among them.
        design: as for :func:`cross`.

    Raises:
        InvalidArgument: as :func:`cross`, and for a factor that is given twice.

    An optimizer that needs no schedule, such as "newton", is refused beside schedules that are compared one at a time.
    """
    compared: dict[str, tuple[str, ...]] = {}
    for name, given in levels.items():
        factor = factor_named(name)
        if given is not None and factor.plural in compared:
            raise InvalidArgument("factors", name, f"one that is given once, not also as {factor.plural!r}")
        if given is not None:
            compared[factor.plural] = check_levels(factor, given)
    if not compared:
        compared = {"optimizers": DEFAULT_OPTIMIZERS, "regularizers": _with_own(base)}
    for plural in ("optimizers", "regularizers"):
        if plural not in compared:
            compared[plural] = (factor_named(plural).of(base),)
    check_choice("design", design, DESIGNS)
    if design == "one_at_a_time":
        for plural, texts in compared.items():
            factor = factor_named(plural)
            first = factor.of(base) or texts[0]
            if plural == "models" and first == AUTO:
                first = texts[0]
            compared[plural] = (first, *(level for level in texts if factor.parts(level) != factor.parts(first)))
    _check_schedules(compared, design)
    return arms_from(compared, design)


def _check_schedules(factors: Mapping[str, Sequence[str]], design: str) -> None:
    """Raises where an optimizer that does without a schedule would get the first one only because others change it.

    Raises:
        InvalidArgument: naming the optimizer.
    """
    optimizers, schedules = factors.get("optimizers", ()), factors.get("schedules", ())
    if design != "one_at_a_time" or not schedules or name_of(schedules[0]) == CONSTANT:
        return
    for optimizer in optimizers[1:]:
        if name_of(usual_schedule(optimizer)) == CONSTANT:
            accepted = (
                f"without {optimizer!r}, which needs no schedule, where schedules are compared one at a time: all "
                f"optimizers would have {schedules[0]}; compare it apart, or crossed"
            )
            raise InvalidArgument("optimizers", list(optimizers), accepted)


def _with_own(base: Recipe) -> tuple[str, ...]:
    """The default regularizers, the base's in place of the last if it is another: the others are compared with it.

    Without those that have no place in the model.
    """
    factor = FACTORS["regularizer"]
    own = factor.of(base)
    levels = DEFAULT_REGULARIZERS
    if not any(factor.parts(own) == factor.parts(level) for level in levels):
        levels = (*DEFAULT_REGULARIZERS[:-1], own)
    return tuple(
        level for level in levels if not idle_regularizers(base.model, Recipe(regularizer=level).regularizers())
    )


def factors_of(arms: Sequence[Arm]) -> dict[str, list[str]]:
    """The levels of some arms: plural of a factor -> texts, in order. :func:`arms_from` makes the arms from them.

    Candidates are levels of one factor, "candidates": their labels.
    """
    if isinstance(arms[0], Candidate):
        return {f"{CANDIDATE}s": [arm.name for arm in arms]}
    return {
        factor_named(factor).plural: list(dict.fromkeys(arm.choices[factor] for arm in arms))
        for factor in arms[0].choices
    }


def default_arm(arms: Sequence[Arm], base: Recipe) -> Arm:
    """The arm to compare with: for each factor the base recipe's level if it is among the arms, else the first.

    Of candidates it is the first.
    """
    if isinstance(arms[0], Candidate):
        return arms[0]

    def pick(factor: str) -> Any:
        levels = [arm.choices[factor] for arm in arms]
        base_level = factor_named(factor).of(base)
        return base_level if base_level in levels else levels[0]

    return Arm.of({factor: pick(factor) for factor in arms[0].choices})
