"""What of a search can be found wrong before it begins."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number
from ..environment import cores as available_cores
from ..files import check_new_directory
from ..recipe import Recipe
from ..training import LARGEST_SEED
from .arms import Arm, arms_of
from .cluster import check_address
from .factors import FACTORS
from .ledger import SETTINGS
from .pruning import PRUNING

__all__ = ["check_search", "shared_part"]


def check_search(
    base: Recipe,
    levels: Mapping[str, Sequence[str] | None],
    *,
    design: str = "crossed",
    epochs: int,
    trials: int,
    seeds: int,
    seed: int,
    prune: str = "none",
    widen: bool = False,
    confidence: float | None = None,
    budget: int | None = None,
    workers: int = 1,
    memory_limit: float | None = None,
    ray: str | None = None,
    cores: float = 1,
    gpus: float = 0,
    directory: str | os.PathLike[str],
) -> list[Arm]:
    """Everything about a search that can be found wrong without its data. Arguments and errors as :func:`search`.

    ``levels`` are the names to compare, by the argument that takes them.

    Returns:
        The arms.
    """
    check_integer("epochs", epochs, low=1)
    check_integer("trials", trials, low=1)
    check_integer("seeds", seeds, low=1)
    check_integer("seed", seed, low=0, high=LARGEST_SEED - seeds)
    check_choice("prune", prune, tuple(PRUNING))
    widen = check_bool("widen", widen)
    if confidence is not None:
        check_number("confidence", confidence, above=0, below=1)
        if seeds < 2:
            raise InvalidArgument("seeds", seeds, ">= 2 where a confidence is asked for: one seed has no spread")
    check_integer("workers", workers, low=1, high=available_cores())
    if memory_limit is not None:
        check_number("memory_limit", memory_limit, above=0)
    check_new_directory(directory, marker=SETTINGS, overwrite=True)
    shared_part(base)
    arms = arms_of(base, levels, design)
    if budget is not None:
        check_integer("budget", budget, low=1)
        needed = len(arms) * (trials + (max(1, trials // 2) if widen else 0) + seeds)
        if needed > budget:
            more = ", and as many as half again where a range is widened" if widen else ""
            accepted = f">= {needed}: {len(arms)} arms, each with {trials} trials and {seeds} seeds{more}"
            raise InvalidArgument("budget", budget, accepted)
    if workers > 1 or memory_limit is not None or ray is not None:
        _check_known_elsewhere(base, arms)
    check_number("cores", cores, low=0)
    check_number("gpus", gpus, low=0)
    if ray is None:
        if cores != 1 or gpus != 0:
            raise InvalidArgument("ray", ray, "the address of a cluster, where cores or gpus are given")
        return arms
    if workers > 1 or memory_limit is not None:
        raise InvalidArgument("ray", ray, "without workers and memory_limit, which are for this machine alone")
    if not cores and not gpus:
        raise InvalidArgument("cores", cores, "> 0 where a training takes no GPU")
    check_address(ray)
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


def shared_part(base: Recipe) -> dict[str, Any]:
    """What all arms take from the recipe that they start from, as the settings of a search hold it.

    Args:
        base: the recipe, every value of which can be written as JSON.

    Returns:
        Its fields by name, as JSON values.

    Raises:
        InvalidArgument: naming ``recipe``, where it is none, or holds a function or an object that has no name.

    Example:
        >>> shared_part(Recipe(optimizer="adam"))["optimizer"]
        'adam'
    """
    if not isinstance(base, Recipe):
        raise InvalidArgument("recipe", base, "a recipes.Recipe")
    try:
        return json.loads(base.to_json())
    except InvalidArgument:
        raise InvalidArgument(
            "recipe", base, "a recipe that can be written as JSON (names rather than functions)"
        ) from None
