"""The checks of a search: those that need no data, and all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...callbacks.checks import InvalidArgument
from ..choice import name_of
from ..recipe import Recipe
from ..recipe_checks import warn_of_self_normalization
from ..registration.own_entries import unimportable
from ..registration.own_model import is_own_model
from ..scoring import check_scorable
from ..training_checks import check_recipe
from .arms import Arm
from .candidate import Candidate
from .designs import arms_of, base_of
from .idle_levels import check_levels_act
from .metric_settings import check_importable
from .protocol import Protocol
from .pruning import check_horizon
from .resplitting import decided
from .running.where import Where
from .search_files import check_search_directory
from .settings import own_of, shared_part
from .space import Space

if TYPE_CHECKING:
    import keras

    from ..data import Data
    from ..metric import Metric

__all__ = ["Checked", "check_search", "check_search_of"]


class Checked(NamedTuple):
    """What a search of some data consists of, of which nothing is against its start.

    Attributes:
        recipe: that was asked for, with names in place of functions.
        base: the same with the choices that suit the data.
        protocol: with what the data decide.
        metrics: the first of which decides.
        arms, space: as of :func:`check_search`.
        recipe_of: the recipes of the arms, by name.
    """

    recipe: Recipe
    base: Recipe
    protocol: Protocol
    metrics: list[Metric]
    arms: list[Arm]
    space: Space
    recipe_of: dict[str, Recipe]


def check_search_of(
    data: Data,
    recipe: Recipe | None,
    levels: Mapping[str, Sequence[Any] | None] | Sequence[Arm],
    protocol: Protocol,
    where: Where,
    directory: str | os.PathLike[str],
) -> Checked:
    """Checks everything about a search of these data, and builds the models of its arms; nothing is written.

    Args:
        data: to be searched.
        recipe, levels, protocol, where, directory: as for :func:`check_search`; None is the default recipe.

    Raises:
        InvalidArgument: as :func:`recipes.search` does.
    """
    chosen = check_recipe(recipe).with_names()
    base = base_of(chosen, levels, data.spec)
    protocol = decided(protocol, data)
    metrics = protocol.metrics_for(data.spec)
    check_scorable(data, metrics, "validation", "test")
    if where.elsewhere:
        check_importable(metrics)
    arms, space = check_search(chosen, levels, protocol, where, directory, base)
    recipe_of = {arm.name: arm.recipe(base, space.default(arm)) for arm in arms}
    for recipe_of_arm in recipe_of.values():
        recipe_of_arm.check(data.spec)
    made = [recipe_of[arm.name] for arm in arms if not (isinstance(arm, Candidate) and arm.compiled)]
    models = check_levels_act(made, data.spec)
    _check_optimizers(made, models)
    warn_of_self_normalization((recipe, models[str(recipe.model)]) for recipe in made if not is_own_model(recipe.model))
    return Checked(chosen, base, protocol, metrics, arms, space, recipe_of)


def _check_optimizers(recipes: Iterable[Recipe], models: Mapping[str, keras.Model]) -> None:
    """Raises for an optimizer that takes no model of this size, as Newton's method: it would fail in each training."""
    checked = set[tuple[str, str]]()
    for recipe in recipes:
        key = str(recipe.optimizer), str(recipe.model)
        if recipe.finds_its_own_step and key not in checked:
            recipe.build_optimizer().build(models[str(recipe.model)].trainable_variables)
            checked.add(key)


def check_search(
    recipe: Recipe,
    levels: Mapping[str, Sequence[Any] | None] | Sequence[Arm],
    protocol: Protocol,
    where: Where,
    directory: str | os.PathLike[str],
    resolved: Recipe | None = None,
) -> tuple[list[Arm], Space]:
    """Checks everything about a search that does not depend on its data.

    Args:
        recipe: the recipe that the arms share.
        levels: what to compare, by the names of factors or their arguments of :func:`recipes.search`; or the arms.
        protocol, where: how the arms are compared, and where they are trained.
        directory: where the search will write.
        resolved: the recipe with the choices that suit the data. Default None: they are not known yet.

    Returns:
        The arms and their space.

    Raises:
        InvalidArgument: as :func:`recipes.search` does.
    """
    check_search_directory(directory)
    base = recipe if resolved is None else resolved
    shared_part(base)
    arms = arms_of(base, levels, protocol.design) if isinstance(levels, Mapping) else list(levels)
    space = Space.of(recipe, base, protocol.ranges)
    space.check(arms)
    check_horizon(protocol.prune, (name_of(arm.recipe(base, space.default(arm)).schedule) for arm in arms))
    protocol.check_budget(len(arms))
    if where.elsewhere:
        _check_importable(base, arms)
    where.check_reachable()
    return arms, space


def _check_importable(base: Recipe, arms: Sequence[Arm]) -> None:
    """Raises for what other processes could not import."""
    entry = unimportable(own_of(base, arms).get("own", ()))
    if entry is not None:
        accepted = f"defined in a module that other processes can import, not as {entry['origin']}; or workers=1"
        raise InvalidArgument(entry["kind"], entry["name"], accepted)
