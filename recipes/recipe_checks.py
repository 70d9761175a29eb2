"""What contradicts what among the choices of a recipe, whatever the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..callbacks.checks import InvalidArgument
from ..callbacks.inside.optimizer_values import has_live_momentum

if TYPE_CHECKING:
    from .recipe import Recipe

__all__ = ["check_together"]


def check_together(recipe: Recipe) -> None:
    """Raises for choices that do not work with one another.

    Raises:
        InvalidArgument: naming the field to change.
    """
    _check_regularizers(recipe)
    _check_schedule(recipe)


def _check_regularizers(recipe: Recipe) -> None:
    regularizers = recipe.regularizers()
    for regularizer in regularizers:
        if regularizer.needs_one_gradient and recipe.finds_its_own_step:
            accepted = f"one that {recipe.optimizer_name!r}, which evaluates the loss again within a step, can follow"
            raise InvalidArgument("regularizer", regularizer.name, accepted)
    if any(regularizer.optimizer_options() for regularizer in regularizers):
        recipe.build_optimizer()  # raises for options that the optimizer has already, or cannot have


def _check_schedule(recipe: Recipe) -> None:
    schedule = recipe.build_schedule(1.0)
    if schedule is not None and schedule.needs_momentum and not has_live_momentum(recipe.build_optimizer()):
        accepted = f"one that leaves the momentum alone, as that of {recipe.optimizer_name!r} cannot change"
        raise InvalidArgument("schedule", recipe.schedule, accepted)
