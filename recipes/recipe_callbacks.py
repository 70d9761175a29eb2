"""callbacks_for: the callbacks of a training by a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ..callbacks.averaged_weights import AveragedWeights
from ..callbacks.checks import check_integer
from ..callbacks.stop_on_nan import StopOnNaN
from .optimizer_choice import averages_weights
from .recipe_checks import check_patience, check_updates

if TYPE_CHECKING:
    from .data.spec import Spec
    from .recipe import Recipe

__all__ = ["callbacks_for"]


def callbacks_for(
    recipe: Recipe,
    peak: float,
    *,
    epochs: int,
    steps_per_epoch: int | None,
    spec: Spec | None,
    validation_examples: int | None,
) -> list[keras.callbacks.Callback]:
    """:meth:`recipes.Recipe.callbacks` with this peak learning rate."""
    epochs = check_integer("epochs", epochs, low=1)
    schedule = recipe.build_schedule(peak)
    if steps_per_epoch is not None:
        steps = epochs * check_integer("steps_per_epoch", steps_per_epoch, low=1)
        check_updates(recipe.build_optimizer(), steps)
        if schedule is not None and schedule.total_steps is None:
            schedule.total_steps = steps
    callbacks = [StopOnNaN(), *([schedule] if schedule is not None else [])]
    if averages_weights(recipe.optimizer):
        callbacks.append(AveragedWeights())
    for regularizer in recipe.regularizers():
        callbacks += regularizer.callbacks(
            epochs=epochs, schedule=schedule, spec=spec, validation_examples=validation_examples
        )
    check_patience(schedule, callbacks)
    return callbacks
