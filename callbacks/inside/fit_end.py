"""What a ``fit`` begins with, what has to be undone when it ends, and what has to be checked before the next one.

Keras calls ``on_train_end`` only if nothing was raised.

``keras.Model.fit`` is wrapped for that, once per process. Others patch it too, as MLflow's autologging does.
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

__all__ = [
    "at_end_of_fit",
    "before_next_fit",
    "check_fit_runs",
    "drawn_by_data",
    "fit_is_patched",
    "fit_runs",
    "fit_unnoticed",
    "running_fit",
]

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


def fit_runs(model: keras.Model) -> bool:
    """Whether a ``fit`` of a model is running in this thread: not in a loop of the user's own.

    Example:
        >>> fit_runs(keras.Sequential())
        False
    """
    return any(running is model for running, _, _ in _running.get())


def check_fit_runs(model: keras.Model, who: str) -> None:
    """Raises in a loop of the user's own, over ``train_on_batch`` or a GradientTape, where ``who`` would do nothing.

    Args:
        model: in training.
        who: the name of the callback, for the message.

    Raises:
        ValueError: if no ``fit`` of the model is running.
    """
    if not fit_runs(model):
        raise ValueError(
            f"{who} works only in Keras' fit, not in a training loop of your own. "
            f"Received: model={model.name!r}, which is not in a fit"
        )


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


@contextlib.contextmanager
def running_fit(model: keras.Model, callbacks: Sequence[Any], states: dict[str, Any] | None = None) -> Iterator[None]:
    """A context in which a ``fit`` of a model runs: what it begins with, and at its end what has to be undone.

    Args:
        model: in training.
        callbacks: of the ``fit``.
        states: random states that the data may draw from. Default: none.
    """
    check = _checks.get(model)
    if check is not None and check(model, callbacks):
        del _checks[model]
    with contextlib.ExitStack() as stack:
        token = _running.set((*_running.get(), (model, stack, states or {})))
        try:
            yield
        finally:
            _running.reset(token)


def _with_end(
    _state: ContextVar[Running], fit: Callable[..., Any], model: keras.Model, *args: Any, **kwargs: Any
) -> Any:
    arguments = inspect.signature(fit).bind_partial(model, *args, **kwargs).arguments
    states = random_state() if isinstance(arguments.get("x"), Iterator) else {}
    states.pop("keras", None)
    callbacks = arguments.get("callbacks")
    with running_fit(model, keras.tree.flatten(getattr(callbacks, "callbacks", callbacks)), states):
        return fit(model, *args, **kwargs)


_running: ContextVar[Running] = wrap_once(keras.Model, "fit", ContextVar("running_fits", default=()), _with_end)


def fit_is_patched() -> bool:
    """Whether somebody else has patched ``keras.Model.fit``, as MLflow's autologging does.

    Such a patch may read the data from start to end before the training, to describe them.

    Example:
        >>> fit_is_patched()
        False
    """
    return "fit" in vars(keras.Model)  # Keras defines it in a base class


def fit_unnoticed(model: keras.Model, data: Any, **options: Any) -> Any:
    """``model.fit`` for a trial that leaves no trace: without what others have patched into ``keras.Model.fit``.

    MLflow's autologging would log the trial as a training, and never end on endless data. A class's own ``fit`` is
    called as it is.

    Args:
        model, data, **options: as for Keras' ``fit``.

    Returns:
        What ``fit`` returns.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = fit_unnoticed(model, keras.ops.ones((2, 1)), y=keras.ops.ones((2, 1)), verbose=0)
    """
    if not fit_is_patched() or type(model).fit is not keras.Model.fit:
        return model.fit(data, **options)
    fit = next(vars(kind)["fit"] for kind in keras.Model.__mro__[1:] if "fit" in vars(kind))
    if hasattr(fit, "state_of_wrapper"):  # the patch came after this module
        return fit(model, data, **options)
    return _with_end(_running, fit, model, data, **options)
