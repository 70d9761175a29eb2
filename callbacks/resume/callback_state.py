"""The state of a callback as plain values: patience so far, best value, best weights, ..."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .checkpoints import is_plain

__all__ = ["callback_state", "changed", "set_callback_state"]

NOT_STATE = {"model", "_model", "params", "callbacks", "validation_data", "min_delta"}
"""``min_delta`` is a setting whose sign Keras flips, once per process, when it learns whether lower is better."""


def callback_state(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """All attributes of a callback that are plain values or arrays, including those of callbacks inside it.

    Functions, open files, models and TensorFlow's objects are left out. A callback can add other state with
    ``get_state()``, which returns plain values, and ``set_state(value)``, which restores them.

    Example:
        >>> callback_state(keras.callbacks.EarlyStopping(patience=3))["patience"]
        3
    """
    extra = callback.get_state() if hasattr(callback, "get_state") else None  # first: it may update attributes
    state: dict[str, Any] = {name: value for name, value in vars(callback).items() if name not in NOT_STATE}
    state = {name: _copied(value) for name, value in state.items() if is_plain(value)}
    inner = [callback_state(member) for member in _inner(callback)]
    return {**state, **({"(inside)": inner} if inner else {}), **({} if extra is None else {"(own)": extra})}


def set_callback_state(callback: keras.callbacks.Callback, state: dict[str, Any]) -> None:
    """Restores the state, or a part of it, that :func:`callback_state` returned for a callback of the same kind."""
    for name, value in state.items():
        if name == "(inside)":
            for member, inner in zip(_inner(callback), value, strict=True):
                set_callback_state(member, inner)
        elif name == "(own)":
            callback.set_state(value)
        else:
            setattr(callback, name, value)


def changed(state: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The part of ``state`` that differs from ``before``, both from :func:`callback_state`.

    Settings (a patience, a file name) do not change during training and are left out, so that the resumed program may
    choose others.
    """
    different = {name: value for name, value in state.items() if name not in before or not _same(value, before[name])}
    if "(inside)" in different and len(before.get("(inside)", ())) == len(different["(inside)"]):
        pairs = zip(different["(inside)"], before["(inside)"], strict=True)
        different["(inside)"] = [changed(current, earlier) for current, earlier in pairs]
    return different


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def _inner(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    inner = getattr(callback, "callbacks", None)
    if isinstance(inner, (list, tuple)):
        return [member for member in inner if isinstance(member, keras.callbacks.Callback)]
    return []


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return type(value)(map(_copied, value)) if isinstance(value, (list, tuple)) else value
