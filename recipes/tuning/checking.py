"""check_search: the checks of a search that need no data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..choice import name_of
from ..recipe import Recipe
from ..registration.own_entries import unimportable
from .arms import Arm
from .designs import arms_of
from .protocol import Protocol
from .pruning import check_horizon
from .running.where import Where
from .search_files import check_search_directory
from .settings import own_of, shared_part
from .space import Space

__all__ = ["check_search"]


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
