"""The state of a callback as plain values: patience so far, best value, best weights, ..."""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..inside.reachable import Reachable, storage
from ..inside.state import generator_state, set_generator_state
from .checkpoints import is_plain

__all__ = ["callback_state", "changed", "set_callback_state"]

NOT_STATE = {"model", "_model", "_stage", "params", "callbacks", "validation_data", "min_delta"}
"""``min_delta`` is a setting whose sign Keras flips, once per process, when it learns whether lower is better."""


def callback_state(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """All attributes of a callback that are plain values or arrays, including those of callbacks inside it.

    Variables (of a metric, of a model that averages the weights) and random generators of NumPy and Python are included
    if the model in training does not refer to them. Functions and open files are left out. A callback can add other
    state with ``get_state()``, which returns plain values, and ``set_state(value)``, which restores them.

    Example:
        >>> callback_state(keras.callbacks.EarlyStopping(patience=3))["patience"]
        3
    """
    extra = callback.get_state() if hasattr(callback, "get_state") else None  # first: it may update attributes
    state: dict[str, Any] = {name: value for name, value in vars(callback).items() if name not in NOT_STATE}
    state = {name: copy.deepcopy(value) for name, value in state.items() if is_plain(value)}
    inner = [callback_state(member) for member in _inner(callback)]
    variables, generators = _reached(callback)
    more = {
        "(inside)": inner,
        "(variables)": {route: np.array(variable.numpy()) for route, variable in variables.items()},
        "(generators)": {route: generator_state(generator) for route, generator in generators.items()},
    }
    return {**state, **{name: value for name, value in more.items() if value}, **_own(extra)}


def set_callback_state(callback: keras.callbacks.Callback, state: dict[str, Any]) -> None:
    """Restores the state, or a part of it, that :func:`callback_state` returned for a callback of the same kind.

    Raises:
        ValueError: for a variable or generator that the callback does not have now.
    """
    for name, value in state.items():
        if name == "(inside)":
            for member, inner in zip(_inner(callback), value, strict=True):
                set_callback_state(member, inner)
        elif name == "(own)":
            callback.set_state(value)
        elif name in ("(variables)", "(generators)"):
            present = _reached(callback)[name == "(generators)"]
            for route, content in value.items():
                if route not in present:
                    raise ValueError(
                        f"{type(callback).__name__} must have what it had when its state was saved: make it in "
                        f"__init__ or on_train_begin. Received: callback{route}"
                    )
                if name == "(variables)":
                    present[route].assign(content)
                else:
                    set_generator_state(present[route], content)
        else:
            if isinstance(value, defaultdict):  # files hold no functions
                value.default_factory = getattr(getattr(callback, name, None), "default_factory", None)
            setattr(callback, name, value)


def changed(state: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The part of ``state`` that differs from ``before``, both from :func:`callback_state`.

    Settings (a patience, a file name) do not change during training and are left out, so that the resumed program may
    choose others.
    """
    different = {name: value for name, value in state.items() if name not in before or not _same(value, before[name])}
    for name in ("(variables)", "(generators)"):
        if name in different and name in before:
            different[name] = changed(different[name], before[name])
    if "(inside)" in different and len(before.get("(inside)", ())) == len(different["(inside)"]):
        pairs = zip(different["(inside)"], before["(inside)"], strict=True)
        different["(inside)"] = [changed(current, earlier) for current, earlier in pairs]
    return different


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple, deque)):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def _inner(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    inner = getattr(callback, "callbacks", None)
    if isinstance(inner, (list, tuple)):
        return [member for member in inner if isinstance(member, keras.callbacks.Callback)]
    return []


def _own(extra: Any) -> dict[str, Any]:
    return {} if extra is None else {"(own)": extra}


def _reached(callback: keras.callbacks.Callback) -> tuple[dict[str, Any], dict[str, Any]]:
    """The variables and the random generators of a callback that are not the model's: route -> object.

    Callbacks of this package have neither: what they keep in variables follows from the position.
    """
    ours = __package__.partition(".callbacks")[0]
    own = {
        name: value
        for name, value in vars(callback).items()
        if name not in NOT_STATE and not is_plain(value) and type(value).__module__.partition(".")[0] != ours
    }
    if not own or type(callback).__module__.partition(".")[0] == ours:
        return {}, {}
    reachable = Reachable(own)
    known: set[int] = set()
    if callback.model is not None and (reachable.variables or reachable.generators):
        model = Reachable(callback.model)
        known = {id(storage(variable)) for variable in model.variables.values()} | set(
            map(id, model.generators.values())
        )
    return (
        {route: variable for route, variable in reachable.variables.items() if id(storage(variable)) not in known},
        {route: generator for route, generator in reachable.generators.items() if id(generator) not in known},
    )
