"""What has to be undone when a ``fit`` ends, however it ends, and what has to be checked before the next one.

Keras calls ``on_train_end`` only if nothing was raised.

``keras.Model.fit`` is wrapped for that, once per process.
"""

from __future__ import annotations

import contextlib
import inspect
import weakref
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import keras

from .wrapping import wrap_once

__all__ = ["at_end_of_fit", "before_next_fit"]

Running = tuple[tuple[keras.Model, contextlib.ExitStack], ...]
"""The calls of ``fit`` that are running in this thread, the innermost last."""

Check = Callable[[keras.Model, Sequence[Any]], bool]

_checks: weakref.WeakKeyDictionary[keras.Model, Check] = weakref.WeakKeyDictionary()


def at_end_of_fit(model: keras.Model, undo: Callable[[], Any]) -> None:
    """Calls ``undo`` when the running ``fit`` of a model returns or raises, Ctrl-C included; after ``on_train_end``.

    A callback calls it in ``on_train_begin``, and undoes its changes in ``on_train_end`` too, which is all that it has
    in a loop of the user's own. So ``undo`` must be harmless if it is called twice. The last ``undo`` is called first.

    Example:
        >>> class Quiet(keras.callbacks.Callback):
        ...     def on_train_begin(self, logs=None):
        ...         at_end_of_fit(self.model, lambda: print("undone"))
        ...         raise KeyboardInterrupt
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> try:
        ...     _ = model.fit(keras.ops.ones((2, 1)), keras.ops.ones((2, 1)), verbose=0, callbacks=[Quiet()])
        ... except KeyboardInterrupt:
        ...     pass
        undone
    """
    stack = next((stack for running, stack in reversed(_running.get()) if running is model), None)
    if stack is not None:
        stack.callback(undo)


def before_next_fit(model: keras.Model, check: Check) -> None:
    """Calls ``check(model, callbacks)`` when a model's next ``fit`` begins, and again each time until it returns True.

    ``check`` replaces an earlier one and must not refer to the model.
    """
    _checks[model] = check


def _with_end(
    running: ContextVar[Running], fit: Callable[..., Any], model: keras.Model, *args: Any, **kwargs: Any
) -> Any:
    check = _checks.get(model)
    if check is not None:
        callbacks = inspect.signature(fit).bind_partial(model, *args, **kwargs).arguments.get("callbacks")
        if check(model, keras.tree.flatten(getattr(callbacks, "callbacks", callbacks))):
            del _checks[model]
    with contextlib.ExitStack() as stack:
        token = running.set((*running.get(), (model, stack)))
        try:
            return fit(model, *args, **kwargs)
        finally:
            running.reset(token)


_running: ContextVar[Running] = wrap_once(keras.Model, "fit", ContextVar("running_fits", default=()), _with_end)
