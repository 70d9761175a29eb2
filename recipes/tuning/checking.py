"""What of a search can be found wrong before its data is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ...callbacks.checks import InvalidArgument
from ..files import check_new_directory
from ..recipe import Recipe
from .arms import Arm, arms_of
from .factors import FACTORS
from .protocol import Protocol
from .settings import SETTINGS, shared_part
from .where import Where

__all__ = ["check_search"]


def check_search(
    base: Recipe,
    levels: Mapping[str, Sequence[str] | None],
    protocol: Protocol,
    where: Where,
    directory: str | os.PathLike[str],
) -> list[Arm]:
    """Everything about a search that can be found wrong without its data.

    Args:
        base: everything that the arms share.
        levels: the names to compare, by the argument of :func:`recipes.search` that takes them.
        protocol, where: how they are compared, and what trains.
        directory: where the search is to write.

    Returns:
        The arms.

    Raises:
        InvalidArgument: as :func:`recipes.search` does.
    """
    check_new_directory(directory, marker=SETTINGS, overwrite=True)
    shared_part(base)
    arms = arms_of(base, levels, protocol.design)
    protocol.check_budget(len(arms))
    if where.elsewhere:
        _check_known_elsewhere(base, arms)
    where.check_reachable()
    return arms


def _check_known_elsewhere(base: Recipe, arms: Sequence[Arm]) -> None:
    """Raises for what this program has added to a catalogue: the processes that train do not have it."""
    for factor in FACTORS.values():
        added = factor.catalogue.added if factor.catalogue is not None else []
        for level in {getattr(arm, factor.name) or factor.of(base) for arm in arms}:
            for name in factor.parts(level):
                if name in added:
                    accepted = "one that the package brings, where other processes train: this program has added it"
                    raise InvalidArgument(factor.name, name, accepted)
