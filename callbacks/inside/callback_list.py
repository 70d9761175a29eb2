"""The other callbacks of the same ``fit``, of which Keras tells a callback nothing.

``keras.callbacks.CallbackList.__init__`` is wrapped to keep a weak reference to every list, whoever makes it: Keras,
KerasTuner, a custom loop, a subclass. A list is known before any hook is called and forgotten when ``fit`` returns.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import keras

from .wrapping import wrap_once

__all__ = ["callback_list", "check_sole_schedule", "siblings"]


def _noted(lists: list[Any], make: Callable[..., None], made: Any, *args: Any, **kwargs: Any) -> None:
    lists.append(weakref.ref(made, lists.remove))  # before __init__, which calls set_model and set_params
    make(made, *args, **kwargs)


_lists: list[Any] = wrap_once(keras.callbacks.CallbackList, "__init__", [], _noted)


def callback_list(callback: keras.callbacks.Callback) -> Any:
    """The ``keras.callbacks.CallbackList`` that ``callback`` is a member of, or None outside of a ``fit``.

    The most recent one, if there are several: an ``evaluate`` inside a ``fit`` has a list of its own while it runs.
    """
    for reference in _lists[::-1]:
        candidate = reference()
        if candidate is not None and any(member is callback for member in members(candidate)):
            return candidate
    return None


def members(callbacks: Any) -> list[keras.callbacks.Callback]:
    """The callbacks of a ``CallbackList``, including those that :class:`callbacks.Resume` stands for."""
    listed = getattr(callbacks, "callbacks", ())  # not set yet while the list is being made
    return [inner for callback in listed for inner in getattr(callback, "stands_for", None) or [callback]]


def siblings(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    """All callbacks of the ``fit`` that ``callback`` is in, in order, itself included; outside of one, itself alone."""
    together = callback_list(callback)
    return [callback] if together is None else members(together)


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
