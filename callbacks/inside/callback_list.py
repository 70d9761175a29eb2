"""Who else takes part in the same ``fit``: Keras tells a callback its model and its length, but not its neighbours.

Here ``keras.callbacks.CallbackList`` notes each list that is made, weakly: whoever makes one (Keras, KerasTuner, a loop
of one's own, a subclass), it is known before any hook is called, and forgotten when its ``fit`` is over.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import keras

from .wrapping import wrap_once

__all__ = ["callback_list", "check_sole_schedule", "siblings"]


def _noted(lists: list[Any], make: Callable[..., None], made: Any, *args: Any, **kwargs: Any) -> None:
    lists.append(weakref.ref(made, lists.remove))  # first: while it is made it calls set_model and set_params
    make(made, *args, **kwargs)


_lists: list[Any] = wrap_once(keras.callbacks.CallbackList, "__init__", [], _noted)


def callback_list(callback: keras.callbacks.Callback) -> Any:
    """The ``keras.callbacks.CallbackList`` that has ``callback`` among its members, or None outside of a ``fit``.

    Of several the last that was made: that of an ``evaluate`` inside a ``fit``, for as long as it takes.
    """
    for reference in _lists[::-1]:
        found = reference()
        if found is not None and any(member is callback for member in members(found)):
            return found
    return None


def members(found: Any) -> list[keras.callbacks.Callback]:
    """The callbacks of a ``CallbackList``, those included that :class:`callbacks.Resume` has taken over."""
    listed = getattr(found, "callbacks", ())  # it has none while it is made
    return [inner for each in listed for inner in getattr(each, "stands_for", None) or [each]]


def siblings(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    """All callbacks of the ``fit`` of which ``callback`` is one, in order, itself included; outside of one it alone."""
    found = callback_list(callback)
    return [callback] if found is None else members(found)


def check_sole_schedule(callback: keras.callbacks.Callback) -> None:
    """Raises if another callback of the same ``fit`` sets the learning rate too.

    Those are Keras' ``LearningRateScheduler`` and ``ReduceLROnPlateau``, and all with ``sets_learning_rate = True``.

    Raises:
        ValueError: naming both.
    """
    kinds = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    for other in siblings(callback):
        if other is not callback and (isinstance(other, kinds) or getattr(other, "sets_learning_rate", False)):
            first, second = type(callback).__name__, type(other).__name__
            raise ValueError(
                f"{first} must be the only callback that sets the learning rate: {second} would undo it, or it "
                f"{second}. Received: callbacks=[..., {first}, {second}]"
            )
