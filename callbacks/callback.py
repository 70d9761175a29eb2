"""Callback: the base class of the callbacks here, whose hooks refuse to be called without a model or out of order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras

from .checks import InvalidArgument

__all__ = ["Callback"]

BEGIN = "on_train_begin"
LATER = ("on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_epoch_end", "on_train_end")
WITHIN = ("on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end")
"""Hooks of ``evaluate``, which needs no training."""


class Callback(keras.callbacks.Callback):
    """A Keras callback whose hooks are called by ``fit``, or in its order by a training loop of one's own.

    Raises:
        InvalidArgument: by a hook that is called before ``set_model``, or before ``on_train_begin``.

    Example:
        >>> callbacks.StopOnNaN().on_train_begin()
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: model must be set before on_train_begin is called, ... Received: model=None
    """

    _stage = 0
    """1 with a model, 2 from ``on_train_begin`` on."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in (BEGIN, *LATER, *WITHIN):
            if name in vars(cls):
                setattr(cls, name, _in_order(name, vars(cls)[name]))

    def set_model(self, model: Any) -> None:
        """As in Keras."""
        super().set_model(model)
        self._stage = 0 if model is None else 1

    def on_train_begin(self, logs: Any = None) -> None:
        """As in Keras."""
        self.check_order(BEGIN)

    def check_order(self, hook: str) -> None:
        """Raises if a hook may not be called yet."""
        if not self._stage:
            name = type(self).__name__
            accepted = f"set before {hook} is called, by fit(callbacks=[{name}(...)]) or {name}.set_model"
            raise InvalidArgument("model", None, accepted)
        if hook == BEGIN:
            self._stage = 2
        elif hook in LATER and self._stage < 2:
            raise InvalidArgument("hook", hook, "called after on_train_begin, as in fit")


def _in_order(name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
    """The hook, which checks first that it may be called."""

    @functools.wraps(hook)
    def called(self: Callback, *arguments: Any, **options: Any) -> Any:
        self.check_order(name)
        return hook(self, *arguments, **options)

    return called
