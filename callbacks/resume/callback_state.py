"""What a callback remembers, as plain values: patience so far, best value, best weights, ..."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from .checkpoints import is_plain

__all__ = ["callback_state", "changed", "set_callback_state"]

NOT_STATE = {"model", "_model", "params", "callbacks", "validation_data", "min_delta"}
"""``min_delta`` is a choice whose sign Keras turns when it learns, once a process, whether lower is better."""


def callback_state(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """All attributes of a callback that are plain values or arrays, those of callbacks inside it included.

    Functions, open files, models and TensorFlow's objects are no part of it. What is not a plain attribute a callback
    can add with ``get_state()``, which returns plain values, and take back with ``set_state(value)``.

    Example:
        >>> callback_state(keras.callbacks.EarlyStopping(patience=3))["patience"]
        3
    """
    own = callback.get_state() if hasattr(callback, "get_state") else None  # first: it may bring attributes up to date
    state: dict[str, Any] = {name: each for name, each in vars(callback).items() if name not in NOT_STATE}
    state = {name: _copied(each) for name, each in state.items() if is_plain(each)}
    inner = [callback_state(each) for each in _inner(callback)]
    return {**state, **({"(inside)": inner} if inner else {}), **({} if own is None else {"(own)": own})}


def set_callback_state(callback: keras.callbacks.Callback, state: dict[str, Any]) -> None:
    """Gives a callback the state that :func:`callback_state` returned for one like it, or a part of that."""
    for name, value in state.items():
        if name == "(inside)":
            for each, inner in zip(_inner(callback), value, strict=True):
                set_callback_state(each, inner)
        elif name == "(own)":
            callback.set_state(value)
        else:
            setattr(callback, name, value)


def changed(state: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The part of ``state`` that differs from what it was before, both as :func:`callback_state` returns them.

    What the user chose (a patience, a file name) does not change in a training and so is not in it: another choice in
    the program that goes on is respected.
    """
    different = {name: value for name, value in state.items() if name not in before or not _same(value, before[name])}
    if "(inside)" in different and len(before.get("(inside)", ())) == len(different["(inside)"]):
        pairs = zip(different["(inside)"], before["(inside)"], strict=True)
        different["(inside)"] = [changed(each, earlier) for each, earlier in pairs]
    return different


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _inner(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    inner = getattr(callback, "callbacks", None)
    if isinstance(inner, (list, tuple)):
        return [each for each in inner if isinstance(each, keras.callbacks.Callback)]
    return []


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return type(value)(map(_copied, value)) if isinstance(value, (list, tuple)) else value
