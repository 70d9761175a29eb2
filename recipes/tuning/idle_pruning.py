"""without_idle_pruning: a search whose trainings are too short for its pruning does without."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..choice import Choice, options_of
from ..recipe import Recipe
from .arms import Arm
from .protocol import Protocol
from .pruning import LEAST_UPDATES, stops_nothing

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["updates_in_epoch", "without_idle_pruning"]


def without_idle_pruning(
    protocol: Protocol, data: Data, arms: Sequence[Arm], recipe_of: Mapping[str, Recipe]
) -> tuple[Protocol, str | None]:
    """The protocol, without pruning where that could stop no training of any arm, and a line that says so.

    Args:
        protocol: of the search.
        data: to be searched.
        arms: what is compared.
        recipe_of: the recipes of the arms, by name.

    Returns:
        The protocol and the line; None if pruning stays, or there is none.
    """
    if protocol.prune == "none":
        return protocol, None
    updates = 1
    for arm in arms:
        of_arm = data if arm.batch_size is None else data.with_batch_size(arm.batch_size)
        updates = max(updates, updates_in_epoch(of_arm, recipe_of[arm.name].optimizer))
    if not stops_nothing(protocol.prune, protocol.epochs, updates):
        return protocol, None
    where, most = (
        ("a quarter of the epochs has", -(-protocol.epochs // 4))
        if protocol.prune == "asha"
        else ("all epochs have", protocol.epochs)
    )
    line = (
        f"prune={protocol.prune!r} stops nothing here, all trials are trained to the end: scores tell little before "
        f"{LEAST_UPDATES} updates, and {where} {most * updates}."
    )
    return dataclasses.replace(protocol, prune="none"), line


def updates_in_epoch(data: Data, optimizer: Choice) -> int:
    """The updates of the weights in an epoch, at least 1: fewer than the batches where gradients are accumulated."""
    options = options_of(optimizer)
    accumulated = options.get("gradient_accumulation_steps", getattr(optimizer, "gradient_accumulation_steps", None))
    return max(1, data.steps_per_epoch // (accumulated or 1))
