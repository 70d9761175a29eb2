"""check_fresh: whether a function makes its models anew, so that trainings are repeats of each other."""

from __future__ import annotations

import keras
import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.inside.layers import all_layers
from ...callbacks.warning import warn

__all__ = ["check_fresh"]

RANDOM = "seed_generator_state"
"""Keras' name of the variable that random layers draw by."""


def check_fresh(name: str, first: keras.Model, second: keras.Model) -> None:
    """Refuses a function whose models share what is trained; warns of shared random layers, and of equal starts.

    Args:
        name: of the function.
        first, second: compiled and built models of the function, made after different seeds.

    Raises:
        InvalidArgument: for one model returned twice, a shared optimizer, or shared weights that are trained.
    """
    if first is second:
        raise InvalidArgument("model", name, "a function that makes a new model at each call, not the same one again")
    if first.optimizer is not None and first.optimizer is second.optimizer:
        raise InvalidArgument("model", name, "a function that makes a new optimizer at each call, too")
    trained = _shared(first, second, first.trainable_weights)
    if trained is not None:
        accepted = f"a function that makes trained layers at each call, or freezes them: its models share {trained!r}"
        raise InvalidArgument("model", name, accepted)
    drawing = _shared(first, second, [variable for variable in first.variables if variable.name == RANDOM])
    if drawing is not None:
        warn(
            f"{name!r} uses the same random layer again, {drawing!r}: what it draws depends on earlier trainings, so "
            "make it within the function"
        )
    if _start_alike(first, second):
        warn(
            f"{name!r} starts from the same weights whatever the seed, since it sets a seed or loads weights: its "
            "repeats differ by the order and the split of the data alone"
        )


def _shared(first: keras.Model, second: keras.Model, variables: list[keras.Variable]) -> str | None:
    """The layer that holds the first of these variables of one model that the other has, too."""
    shared = {id(variable) for variable in variables} & {id(variable) for variable in second.variables}
    for layer in all_layers(first):
        if not all_layers(layer, include_self=False) and any(id(variable) in shared for variable in layer.variables):
            return layer.name
    return first.name if shared else None


def _start_alike(first: keras.Model, second: keras.Model) -> bool:
    pairs = zip(first.trainable_weights, second.trainable_weights, strict=False)
    arrays = [(np.asarray(one), np.asarray(other)) for one, other in pairs]
    drawn = [(one, other) for one, other in arrays if one.size > 1 and np.ptp(one) > 0]  # no zeros or ones
    return bool(drawn) and all(np.array_equal(one, other) for one, other in drawn)
