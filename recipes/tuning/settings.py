"""settings.json: the settings that identify a search, and from which it is read back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument
from ..environment import versions
from ..metric import Metric
from ..metrics import METRICS
from ..recipe import Recipe
from ..recipe_json import with_names_of_today
from ..registration.own_entries import own_entries, stand_in
from ..stored.json_files import read_json, reason_of
from .arms import Arm
from .candidate import candidates_in, candidates_to_settings
from .designs import arms_from, default_arm, factors_of
from .known_settings import KNOWN
from .metric_settings import metric_settings, metrics_in
from .own_callbacks import NO_CALLBACKS, OwnCallbacks
from .plan import Plan
from .protocol import Protocol, setting_names
from .search_files import SETTINGS
from .space import Space

if TYPE_CHECKING:
    from ..data import Data

__all__ = [
    "UNDAMAGED",
    "arms_in",
    "make_settings",
    "metric_in",
    "overlap_in",
    "own_of",
    "plan_in",
    "read_settings",
    "settings_in",
    "shared_part",
    "written_today",
]

UNDAMAGED = "that of an undamaged search"

SINCE = ("ranges", "tunings", "resplit", "pack")
"""Settings that the searches of earlier versions do not have."""

RENAMED = {"seeds": "repeats"}
"""Old names of settings -> new names."""

NEEDED = ("factors", *(n for n in setting_names() if n not in SINCE), "direction", "default_arm", "recipe", "data")
"""The settings that are required to read a search."""


def make_settings(
    data: Data,
    base: Recipe,
    arms: Sequence[Arm],
    protocol: Protocol,
    space: Space | None = None,
    callbacks: OwnCallbacks = NO_CALLBACKS,
) -> dict[str, Any]:
    """The settings of a search as JSON values; other settings make another search."""
    metrics = protocol.metrics_for(data.spec)
    described = {**data.settings, "fingerprint": data.fingerprint}
    overlap = data.overlap if protocol.resplit else None
    space = Space() if space is None else space
    default = default_arm(arms, base).name
    own = callbacks.to_settings()
    return _written(described, base, arms, protocol, space, metrics, default, overlap) | own


def written_today(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a search as this version writes them, with the libraries that are installed.

    Args:
        settings: those that it has, perhaps written by an earlier version.

    Raises:
        InvalidArgument: for a recipe that this version does not know.
    """
    plan, base = plan_in(settings), Recipe.from_json(json.dumps(settings["recipe"]))
    return _written(
        settings["data"],
        base,
        plan.arms,
        plan.protocol,
        plan.space,
        metrics_in(settings) or [plan.metric],
        settings["default_arm"],
        overlap_in(settings),
    ) | {name: settings[name] for name in ("callbacks", "built") if name in settings}


def _written(
    data: Mapping[str, Any],
    base: Recipe,
    arms: Sequence[Arm],
    protocol: Protocol,
    space: Space,
    metrics: Sequence[Metric],
    default: str,
    overlap: float | None,
) -> dict[str, Any]:
    factors = factors_of(arms)
    return {
        "dataset": data.get("name"),
        "data": data,
        "recipe": shared_part(base),
        "factors": factors,
        **candidates_to_settings(arms),
        **own_of(base, arms),
        **{plural: factors[plural] for plural in ("optimizers", "regularizers") if plural in factors},
        **protocol.to_settings(),
        "space": space.to_settings(),
        **metric_settings(metrics),
        "default_arm": default,
        "overlap": overlap,
        "libraries": {name: versions()[name] for name in ("tensorflow", "keras")},
    }


def own_of(base: Recipe, arms: Sequence[Arm]) -> dict[str, Any]:
    """The setting "own", if there are names that do not come with this package."""
    own = own_entries([*base.names, *(name for arm in arms for name in arm.names)])
    return {"own": own} if own else {}


def shared_part(base: Recipe) -> dict[str, Any]:
    """The base recipe as JSON values.

    Args:
        base: the recipe that the arms share.

    Returns:
        Its fields by name.

    Raises:
        InvalidArgument: if it is not a recipe, or holds a function or an object without a name.

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


def read_settings(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings of the search in ``directory``, with the current names of all settings and of a recipe's fields.

    Raises:
        InvalidArgument: if there is no search, or the file is damaged.
    """
    try:
        settings = read_json(Path(directory) / SETTINGS, KNOWN, accepted=UNDAMAGED)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidArgument("directory", str(directory), "a directory that `recipes search` has written") from None
    settings = {RENAMED.get(name, name): value for name, value in settings.items()}
    recipe = settings.get("recipe")
    return {**settings, "recipe": with_names_of_today(recipe)} if isinstance(recipe, dict) else settings


def settings_in(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings of the search in ``directory``, checked.

    Raises:
        InvalidArgument: if there is no search, or its settings are incomplete or invalid.
    """
    settings = read_settings(directory)
    missing = [name for name in NEEDED if name not in settings]
    if missing:
        accepted = f"a directory that this version's `recipes search` has written (its settings lack {missing[0]!r})"
        raise InvalidArgument("directory", str(directory), accepted)
    try:
        stand_in(settings.get("own", ()))
        _check_consistent(settings, plan_in(settings))
    except (InvalidArgument, TypeError, AttributeError) as error:
        raise InvalidArgument("directory", str(directory), f"{UNDAMAGED} ({SETTINGS}: {reason_of(error)})") from None
    return settings


def _check_consistent(settings: Mapping[str, Any], plan: Plan) -> None:
    """Raises for settings of which one contradicts another."""
    names = [arm.name for arm in plan.arms]
    if settings["default_arm"] not in names:
        raise InvalidArgument("default_arm", settings["default_arm"], f"one of {', '.join(names[:9])}")
    decides = (metrics_in(settings) or [plan.metric])[0]
    for metric in (decides, METRICS.get(plan.metric.name, plan.metric)):
        if metric != plan.metric:
            raise InvalidArgument("direction", settings["direction"], f"{metric.direction!r} for {metric.name}")
    plan.protocol.check_size(len(names))


def arms_in(settings: Mapping[str, Any]) -> list[Arm]:
    """The arms of a search with these settings, in the order of its plan."""
    if "candidates" in settings:
        return candidates_in(settings["candidates"])
    return arms_from(settings["factors"], settings["design"])


def metric_in(settings: Mapping[str, Any]) -> Metric:
    """The metric of a search with these settings."""
    return Metric(settings["metric"], settings["direction"])


def overlap_in(settings: Mapping[str, Any]) -> float | None:
    """The test examples of a repeat over the others, where each repeat has its own test split; else None."""
    return settings.get("overlap")


def plan_in(settings: Mapping[str, Any]) -> Plan:
    """The plan of a search with these settings."""
    return Plan(arms_in(settings), Protocol.from_settings(settings), metric_in(settings), Space.from_settings(settings))
