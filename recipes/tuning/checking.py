"""check_search: the checks of a search that need no data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..choice import name_of
from ..files import check_new_directory
from ..recipe import Recipe
from .arms import Arm
from .designs import arms_of
from .factors import FACTORS
from .protocol import Protocol
from .pruning import check_horizon
from .running.where import Where
from .settings import SETTINGS, shared_part
from .space import Space

__all__ = ["check_search"]


def check_search(
    recipe: Recipe,
    levels: Mapping[str, Sequence[Any] | None],
    protocol: Protocol,
    where: Where,
    directory: str | os.PathLike[str],
    resolved: Recipe | None = None,
) -> tuple[list[Arm], Space]:
    """Checks everything about a search that does not depend on its data.

    Args:
        recipe: the recipe that the arms share.
        levels: what to compare, by the names of factors or their arguments of :func:`recipes.search`.
        protocol, where: how the arms are compared, and where they are trained.
        directory: where the search will write.
        resolved: the recipe with the choices that suit the data. Default None: they are not known yet.

    Returns:
        The arms and their space.

    Raises:
        InvalidArgument: as :func:`recipes.search` does.
    """
    check_new_directory(directory, marker=SETTINGS, overwrite=True)
    base = recipe if resolved is None else resolved
    shared_part(base)
    arms = arms_of(base, levels, protocol.design)
    space = Space.of(recipe, base, protocol.ranges)
    space.check(arms)
    check_horizon(protocol.prune, (name_of(arm.recipe(base, space.default(arm)).schedule) for arm in arms))
    protocol.check_budget(len(arms))
    if where.elsewhere:
        _check_known_elsewhere(base, arms)
    where.check_reachable()
    return arms, space


def _check_known_elsewhere(base: Recipe, arms: Sequence[Arm]) -> None:
    """Raises for names that this program has added to a catalogue, which other processes do not know."""
    for factor in FACTORS.values():
        added = factor.catalogue.added if factor.catalogue is not None else []
        for level in {getattr(arm, factor.name) or factor.of(base) for arm in arms}:
            for name in map(name_of, factor.parts(level)):
                if name in added:
                    accepted = "one that the package brings, where other processes train: this program has added it"
                    raise InvalidArgument(factor.name, name, accepted)
