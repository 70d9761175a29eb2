"""What a ``fit`` begins with, what has to be undone when it ends, and what has to be checked before the next one.

Keras calls ``on_train_end`` only if nothing was raised.

``keras.Model.fit`` is wrapped for that, once per process.
"""

from __future__ import annotations

import contextlib
import inspect
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import keras
import numpy as np

from .random_state import random_state
from .wrapping import wrap_once

__all__ = ["at_end_of_fit", "before_next_fit", "drawn_by_data"]

Running = tuple[tuple[keras.Model, contextlib.ExitStack, dict[str, Any]], ...]
"""The calls of ``fit`` that are running in this thread, the innermost last: model, what to undo, random states that the
data may draw from, before Keras has read any."""

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
    stack = next((stack for running, stack, _ in reversed(_running.get()) if running is model), None)
    if stack is not None:
        stack.callback(undo)


def drawn_by_data(model: keras.Model) -> set[str]:
    """The global random states, of those of :func:`random_state`, from which a generator of batches draws.

    Keras reads generators ahead, in a thread: how far the states have moved says nothing of the batches that are
    trained. They are taken to be the generator's if they have changed since the running ``fit`` of a model began.

    Returns:
        "python" and "numpy", or less; nothing for data of other kinds.
    """
    none: dict[str, Any] = {}
    begun = next((states for running, _, states in reversed(_running.get()) if running is model), none)
    now = random_state()
    return {name for name in begun if not _same(now[name], begun[name])}


def _same(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def before_next_fit(model: keras.Model, check: Check) -> None:
    """Calls ``check(model, callbacks)`` when a model's next ``fit`` begins, and again each time until it returns True.

    ``check`` replaces an earlier one and must not refer to the model.
    """
    _checks[model] = check


def _with_end(
    running: ContextVar[Running], fit: Callable[..., Any], model: keras.Model, *args: Any, **kwargs: Any
) -> Any:
    arguments = inspect.signature(fit).bind_partial(model, *args, **kwargs).arguments
    states = random_state() if isinstance(arguments.get("x"), Iterator) else {}
    states.pop("keras", None)
    check = _checks.get(model)
    if check is not None:
        callbacks = arguments.get("callbacks")
        if check(model, keras.tree.flatten(getattr(callbacks, "callbacks", callbacks))):
            del _checks[model]
    with contextlib.ExitStack() as stack:
        token = running.set((*running.get(), (model, stack, states)))
        try:
            return fit(model, *args, **kwargs)
        finally:
            running.reset(token)


_running: ContextVar[Running] = wrap_once(keras.Model, "fit", ContextVar("running_fits", default=()), _with_end)
