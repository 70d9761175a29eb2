"""Who else takes part in the same ``fit``: Keras tells a callback its model and its length, but not its neighbours."""

from __future__ import annotations

import sys
import types
from typing import Any

import keras

__all__ = ["callback_list", "check_sole_schedule", "siblings"]


def callback_list(callback: keras.callbacks.Callback) -> Any:
    """The ``keras.callbacks.CallbackList`` that is calling a hook of ``callback`` right now, or None.

    To be called from within a hook: the list is the one on the call stack that has ``callback`` among its members.
    """
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, keras.callbacks.CallbackList) and any(each is callback for each in members(caller)):
            return caller
        frame = frame.f_back
    return None


def members(found: Any) -> list[keras.callbacks.Callback]:
    """The callbacks of a ``CallbackList``, those included that :class:`callbacks.Resume` has taken over."""
    return [inner for each in found.callbacks for inner in getattr(each, "stands_for", None) or [each]]


def siblings(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    """All callbacks of the ``fit`` that is calling a hook of ``callback`` right now, in order, itself included.

    Outside of a ``fit``: ``callback`` alone.
    """
    found = callback_list(callback)
    return [callback] if found is None else members(found)


def check_sole_schedule(callback: keras.callbacks.Callback) -> None:
    """Raises if another callback of the same ``fit`` sets the learning rate too; to be called from within a hook.

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
