"""named_loss: a recipe's choice of a loss by name."""

from __future__ import annotations

from typing import Any

import keras

from ...callbacks.checks import InvalidArgument
from ..catalogue import UnknownName
from ..choice import Choice, is_named, parse
from ..loss_names import LOSSES, build_loss
from .named_choices import named_choice
from .origins import is_of_keras

__all__ = ["named_loss"]


def named_loss(value: Any) -> Choice | None:
    """A loss by name, with its options; None for None. A class, function or object of one's own is registered.

    Raises:
        UnknownName: for an unknown name.
        InvalidArgument: for a function without a name, a name that is taken, or settings that text cannot hold.

    Example:
        >>> named_loss(keras.losses.BinaryFocalCrossentropy(gamma=3.0)), named_loss(keras.losses.mean_absolute_error)
        ({'name': 'binary_focal_crossentropy', 'gamma': 3.0}, 'mean_absolute_error')
    """
    if value is None:
        return None
    name = getattr(value, "__name__", "")
    if name in LOSSES and value is getattr(keras.losses, name, None):
        value = name
    if isinstance(value, keras.losses.Huber):
        accepted = 'given with its delta, {"name": "huber", "delta": 1.0}, which Keras\' object does not tell'
        raise InvalidArgument("loss", value, accepted)
    if not is_named(value) and is_of_keras(value):
        kind = value if isinstance(value, type) else type(value)
        if kind not in LOSSES.classes.values():
            raise UnknownName("loss", getattr(value, "__name__", kind.__name__), list(LOSSES))
    choice = parse(LOSSES, value) if is_named(value) else named_choice(LOSSES, value)
    build_loss(choice)
    return choice
