"""The other callbacks of the same ``fit``, which Keras does not show to a callback.

``keras.callbacks.CallbackList.__init__`` is wrapped to keep a weak reference to every list, whoever makes it: Keras,
KerasTuner, a custom loop, a subclass. A list is known before any hook is called and forgotten when ``fit`` returns.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import keras

from ..warning import warn
from .model_optimizers import chosen_optimizer
from .wrapping import wrap_once

__all__ = ["callback_list", "check_sole_schedule", "sets_learning_rate", "siblings", "warn_if_too_late"]


def _recorded(lists: list[Any], init: Callable[..., None], callbacks: Any, *args: Any, **kwargs: Any) -> None:
    lists.append(weakref.ref(callbacks, lists.remove))  # before __init__, which calls set_model and set_params
    init(callbacks, *args, **kwargs)


_lists: list[Any] = wrap_once(keras.callbacks.CallbackList, "__init__", [], _recorded)


def callback_list(callback: keras.callbacks.Callback) -> Any:
    """The ``keras.callbacks.CallbackList`` that ``callback`` belongs to, or None outside of a ``fit``.

    If there are several, it is the most recent one: an ``evaluate`` inside a ``fit`` has its own list while it runs.
    """
    for reference in _lists[::-1]:
        candidate = reference()
        if candidate is not None and any(member is callback for member in members(candidate)):
            return candidate
    return None


def members(callbacks: Any) -> list[keras.callbacks.Callback]:
    """The callbacks of a ``CallbackList``, including those that :class:`callbacks.Resume` stands for."""
    outer = getattr(callbacks, "callbacks", ())  # not set yet while the list is being made
    return [inner for callback in outer for inner in getattr(callback, "stands_for", None) or [callback]]


def siblings(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    """All callbacks of the same ``fit`` in order, including ``callback`` itself; outside of a ``fit`` only itself."""
    callbacks = callback_list(callback)
    return [callback] if callbacks is None else members(callbacks)


def check_sole_schedule(callback: keras.callbacks.Callback) -> None:
    """Raises if another callback of the same ``fit`` sets the learning rate of the same optimizer.

    Such are Keras' ``LearningRateScheduler`` and ``ReduceLROnPlateau``, and all with ``sets_learning_rate = True``,
    whose attribute ``optimizer`` may name the optimizer.

    Raises:
        ValueError: naming both.
        InvalidArgument: as for :func:`callbacks.inside.model_optimizers.chosen_optimizer`.
    """
    driven = _driven_by(callback)
    for sibling in siblings(callback):
        if sibling is not callback and _driven_by(sibling) is driven:
            first, second = type(callback).__name__, type(sibling).__name__
            raise ValueError(
                f"{first} must be the only callback that sets the learning rate, but {second} sets it too. "
                f"Received: callbacks=[..., {first}, {second}]"
            )


def warn_if_too_late(callback: keras.callbacks.Callback) -> None:
    """Warns if a callback that adds to the logs comes after one that records them, which then never sees that.

    Such are Keras' ``TensorBoard`` and ``CSVLogger``, :class:`callbacks.LivePlot` and others with ``records_logs =
    True``.
    """
    kinds = (keras.callbacks.TensorBoard, keras.callbacks.CSVLogger)
    for sibling in siblings(callback):
        if sibling is callback:
            return
        if isinstance(sibling, kinds) or getattr(sibling, "records_logs", False):
            first, second = type(callback).__name__, type(sibling).__name__
            warn(f"{second} does not see what {first} logs: put {first} before it in the list of callbacks")


def sets_learning_rate(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback sets the learning rate at every step or epoch."""
    kinds = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    return isinstance(callback, kinds) or bool(getattr(callback, "sets_learning_rate", False))


def _driven_by(callback: keras.callbacks.Callback) -> keras.Optimizer | None:
    """The optimizer whose rate a callback sets, or None."""
    if not sets_learning_rate(callback):
        return None
    if not getattr(callback, "sets_learning_rate", False):
        return callback.model.optimizer
    return chosen_optimizer(callback.model, getattr(callback, "optimizer", None), type(callback).__name__)
