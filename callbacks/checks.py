"""Argument checks. Their error names the argument, what is accepted and what was received."""

from __future__ import annotations

import functools
import inspect
import math
import operator
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .printable import printable

__all__ = [
    "InvalidArgument",
    "check_bool",
    "check_choice",
    "check_integer",
    "check_name",
    "check_names",
    "check_number",
    "check_path",
    "check_signature",
    "check_text",
    "check_unmasked",
    "shown",
]

SMALLEST, LARGEST = float(np.finfo("float32").tiny), float(np.finfo("float32").max)
"""Of the numbers that float32 holds with all its digits; smaller ones count as 0 in TensorFlow."""

PATH_LENGTH, NAME_LENGTH = 4095, 255
"""Bytes of a path and of each name in it: what Linux takes."""

LARGEST_INTEGER = 2**63 - 1
"""That TensorFlow and NumPy hold."""


class InvalidArgument(ValueError):
    """An argument with a value that is not accepted.

    The message is one line: it names the argument, says what is accepted and ends in ``Received: name=value``.

    Example:
        >>> raise InvalidArgument("epochs", 0, "an integer >= 1")
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: epochs must be an integer >= 1. Received: epochs=0
    """

    def __init__(self, name: str, value: Any, accepted: str):
        self.argument = name
        super().__init__(printable(f"{name} must be {accepted}. Received: {name}={shown(value)}"))

    def __reduce__(self) -> Any:  # so that it can be passed between processes
        return _restored, (type(self), self.args, self.__dict__)


def shown(value: Any) -> str:
    """A value in one line of at most 200 characters, for a message.

    Example:
        >>> shown(np.zeros((2, 1)))
        'array([[0.], [0.]])'
    """
    try:
        pandas = hasattr(value, "iloc")  # whose columns are no line
        text = f"<{type(value).__name__} of shape {value.shape}>" if pandas else " ".join(repr(value).split())
    except Exception:  # of a class of the user's
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 200 else text[:197] + "..."


def _restored(kind: type[InvalidArgument], args: tuple[Any, ...], attributes: dict[str, Any]) -> InvalidArgument:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


def check_number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    below: float | None = None,
    low: float | None = None,
    high: float | None = None,
    double: bool = False,
) -> float:
    """Returns ``value`` as a float, or raises if it is not a finite number within the bounds.

    Models compute in float32: a number that is infinite there, or not 0 and yet smaller than the smallest there, is
    refused too.

    Args:
        name: the argument's name, for the message.
        value: the value received. Booleans and strings are refused.
        above, below: exclusive bounds.
        low, high: inclusive bounds.
        double: whether the number stays in float64, as the statistics of data do. Default False.

    Raises:
        InvalidArgument: naming the argument, the bounds and the value received.

    Example:
        >>> check_number("rate", 0.1, above=0)
        0.1
    """
    limits = ((">", above), (">=", low), ("<", below), ("<=", high))
    bounds = [f"{sign} {bound:g}" for sign, bound in limits if bound is not None]
    accepted = "a number" + (" " + " and ".join(bounds) if bounds else "")
    if isinstance(value, (bool, np.bool_, str, bytes, bytearray, np.ma.MaskedArray)) or _dimensions(value):
        raise InvalidArgument(name, value, accepted)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, AttributeError):
        raise InvalidArgument(name, value, accepted) from None
    inside = (
        math.isfinite(number)
        and (above is None or number > above)
        and (low is None or number >= low)
        and (below is None or number < below)
        and (high is None or number <= high)
    )
    if not inside:
        raise InvalidArgument(name, value, accepted)
    if not double and number and not SMALLEST <= abs(number) <= LARGEST:
        raise InvalidArgument(
            name, value, f"{accepted} that float32 can hold: 0, or from {SMALLEST:.3g} to {LARGEST:.3g}"
        )
    return number


def _dimensions(value: Any) -> bool:
    """Whether a value is an array or a tensor with axes; one number in brackets is none."""
    shape: Any = getattr(value, "shape", None)
    return hasattr(shape, "__len__") and len(shape) > 0


def check_integer(name: str, value: Any, *, low: int | None = None, high: int | None = None) -> int:
    """Returns ``value`` as an int, or raises if it is not an integer within the inclusive bounds.

    Args:
        name: the argument's name, for the message.
        value: an int or a NumPy integer; floats and booleans are refused.
        low, high: inclusive bounds.

    Raises:
        InvalidArgument: naming the argument, the bounds and the value received.

    Example:
        >>> check_integer("epochs", 5, low=1)
        5
    """
    bounds = [f"{sign} {bound}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
    accepted = "an integer" + (" " + " and ".join(bounds) if bounds else "")
    if isinstance(value, (bool, np.bool_, np.ma.MaskedArray)) or _dimensions(value):
        raise InvalidArgument(name, value, accepted)
    try:
        number = operator.index(value)
    except (TypeError, ValueError):
        raise InvalidArgument(name, value, accepted) from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise InvalidArgument(name, value, accepted)
    if abs(number) > LARGEST_INTEGER:
        raise InvalidArgument(name, value, f"{accepted} of at most 64 bits")
    return number


def check_bool(name: str, value: Any) -> bool:
    """Returns ``value`` as a bool, or raises if it is not one.

    Args:
        name: the argument's name, for the message.
        value: True or False, or a NumPy boolean. Numbers, strings and None are refused: ``"no"`` is true in Python.

    Raises:
        InvalidArgument: naming the argument and the value received.

    Example:
        >>> check_bool("overwrite", "no")
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: overwrite must be True or False. Received: overwrite='no'
    """
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidArgument(name, value, "True or False")
    return bool(value)


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Returns ``value`` if it is one of ``choices``, or raises.

    Args:
        name: the argument's name, for the message.
        value: the value received.
        choices: the accepted values, in the order in which the message lists them.

    Raises:
        InvalidArgument: listing the choices.

    Example:
        >>> check_choice("annealing", "cosine", ["cosine", "linear"])
        'cosine'
    """
    choices = list(choices)
    for choice in choices:
        if _alike(value, choice) and value == choice:
            return choice
    raise InvalidArgument(name, value, "one of " + ", ".join(repr(choice) for choice in choices))


def _alike(value: Any, choice: Any) -> bool:
    """Whether two values can be compared: arrays and frames would answer for each element."""
    value, choice = (part.item() if isinstance(part, np.generic) else part for part in (value, choice))
    if isinstance(value, bool) or isinstance(choice, bool):
        return isinstance(value, bool) and isinstance(choice, bool)
    return (
        isinstance(value, type(choice))
        or isinstance(choice, type(value))
        or (isinstance(value, (int, float)) and isinstance(choice, (int, float)))
    )


def check_name(value: Any) -> None:
    """Raises unless Keras takes a value as the name of an optimizer or a model: a string without "/", or None.

    Raises:
        InvalidArgument: naming the argument ``name``.

    Example:
        >>> check_name("a/b")
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: name must be a printable string without '/'. Received: name='a/b'
    """
    if value is not None and (not isinstance(value, str) or "/" in value or not value.isprintable()):
        raise InvalidArgument("name", value, "a printable string without '/'")


def check_text(name: str, text: str) -> str:
    """Returns a text that can be written in UTF-8, or raises.

    Python reads bytes that are not of the expected encoding as lone surrogates, in names of files above all. Files,
    TensorFlow and Arrow do not take them.

    Args:
        name: the argument's name, for the message.
        text: any text.

    Raises:
        InvalidArgument: naming the argument, for a text with lone surrogates.

    Example:
        >>> check_text("prefix", "caf\\udce9")
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: prefix must be text in UTF-8, without lone surrogates. ... prefix='caf\\udce9'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(name, text, "text in UTF-8, without lone surrogates") from None
    return text


def check_path(name: str, value: Any) -> Any:
    """Returns ``value`` if it can be the path of a file or a folder, or raises.

    Args:
        name: the argument's name, for the message.
        value: a string or ``os.PathLike``, not empty, without NUL, and not longer than file systems take.

    Raises:
        InvalidArgument: naming the argument and what is wrong.

    Example:
        >>> check_path("to", "runs/\\0")
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: to must be a path without NUL characters. Received: to='runs/\\x00'
    """
    path = value if isinstance(value, (str, os.PathLike)) else None
    text = None if path is None else os.fspath(path)
    if not isinstance(text, str):
        raise InvalidArgument(name, value, "a path")
    if not text:
        raise InvalidArgument(name, value, "a path, not an empty text")
    if "\0" in text:
        raise InvalidArgument(name, value, "a path without NUL characters")
    check_text(name, text)
    size = [len(part) for part in (os.fsencode(text), *os.fsencode(text).split(b"/"))]
    if size[0] > PATH_LENGTH or max(size[1:]) > NAME_LENGTH:
        raise InvalidArgument(name, value, f"a path of at most {PATH_LENGTH} bytes, {NAME_LENGTH} in each name")
    return value


OTHER_NAMES = {
    "lr": ("peak", "learning_rate"),
    "learning_rate": ("peak",),
    "initial_learning_rate": ("peak",),
    "base_lr": ("peak", "low"),
    "max_lr": ("peak", "high", "learning_rate"),
    "lr_max": ("peak", "high", "learning_rate"),
    "end_lr": ("high",),
    "start_lr": ("low",),
    "min_lr": ("low", "minimum", "final_fraction", "final_divisor"),
    "eta_min": ("final_fraction",),
    "num_iter": ("steps",),
    "num_it": ("steps",),
    "pct_start": ("start_fraction",),
    "div_factor": ("initial_divisor",),
    "final_div_factor": ("final_divisor",),
    "three_phase": ("phases",),
    "anneal_strategy": ("shape",),
    "decay_steps": ("length", "total_steps"),
    "warmup_steps": ("warm_up",),
    "warmup": ("warm_up",),
    "decay_rate": ("factor", "rate"),
    "step_size": ("every",),
    "gamma": ("factor",),
    "weight_decay_rate": ("weight_decay",),
    "kernel_initializer": ("initializer",),
    "regularizers": ("regularizer",),
}
"""Arguments of Keras, PyTorch, fastai and others -> their names here, the first that a class has."""


REMARKS = {
    "minimum": ", a fraction of the peak",
    "final_fraction": ", a fraction of the peak",
    "final_divisor": ", the first rate over the last",
    "phases": ", 2 or 3",
    "warm_up": ", counted in `unit`",
    "length": ", counted in `unit`",
    "every": ", counted in `unit`",
}
"""What a value means here, where it does not mean the same there."""


def check_names(kind: type, arguments: Mapping[str, Any]) -> None:
    """Raises for arguments that a class knows by another name, and says the right one.

    Call it in ``__new__``, before Python misses the right one. Other unknown names are left to Python.

    Args:
        kind: the class, whose constructors say what it takes.
        arguments: name -> value, as received.

    Raises:
        TypeError: in one line, as Python does.

    Example:
        >>> class Schedule:
        ...     def __init__(self, peak): ...
        >>> check_names(Schedule, {"max_lr": 0.1})
        Traceback (most recent call last):
        TypeError: max_lr is called peak here: Schedule(peak=...). Received: max_lr=0.1
    """
    accepted = _accepted(kind)
    for argument, value in arguments.items():
        right = next((name for name in OTHER_NAMES.get(argument, ()) if name in accepted), None)
        if argument not in accepted and right is not None:
            instead = f"{argument} is called {right} here{REMARKS.get(right, '')}: {kind.__name__}({right}=...)"
            raise TypeError(f"{instead}. Received: {argument}={value!r}")


def check_signature(argument: str, value: Any) -> inspect.Signature:
    """The signature of a function or class.

    Raises:
        InvalidArgument: for one whose parameters Python cannot tell, as some of its own types, and for what is not
            called.

    Example:
        >>> list(check_signature("build", lambda spec: spec).parameters)
        ['spec']
    """
    try:
        return inspect.signature(value)
    except (TypeError, ValueError):
        raise InvalidArgument(argument, value, "a function or class whose parameters can be told") from None


@functools.lru_cache(maxsize=512)
def _accepted(kind: type) -> frozenset[str]:
    """The names of the arguments of a class's constructors."""
    constructors = [vars(base)["__init__"] for base in kind.__mro__ if "__init__" in vars(base)]
    return frozenset(name for constructor in constructors for name in inspect.signature(constructor).parameters)


def check_unmasked(name: str, values: Any) -> Any:
    """Returns ``values`` without masks, or raises if a mask hides any value.

    NumPy and TensorFlow drop a mask silently and use the values below it.

    Args:
        name: the argument's name, for the message.
        values: any value. Masked arrays in lists, tuples and dictionaries are checked too.

    Raises:
        InvalidArgument: saying how many values are hidden; for a list that contains itself.

    Example:
        >>> check_unmasked("y", np.ma.masked_array([1.0, 2.0], [False, True]))
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: y must be without a mask, but 1 of 2 values are masked. Received: y=masked_array(data=[1.0, --], mask=[False, True], fill_value=1e+20)
    """  # noqa: E501
    try:
        return _unmasked(name, values)
    except RecursionError:
        raise InvalidArgument(name, type(values), "without a list that contains itself") from None


def _unmasked(name: str, values: Any) -> Any:
    if isinstance(values, np.ma.MaskedArray):
        hidden = int(np.ma.getmaskarray(values).sum())
        if hidden:
            raise InvalidArgument(name, values, f"without a mask, but {hidden} of {values.size} values are masked")
        return np.asarray(values)
    if type(values) in (list, tuple) and any(_may_be_masked(value) for value in values):
        return type(values)(_unmasked(f"{name}[{place}]", value) for place, value in enumerate(values))
    if type(values) is dict:
        return {key: _unmasked(f"{name}[{key!r}]", value) for key, value in values.items()}
    return values


def _may_be_masked(value: Any) -> bool:
    return isinstance(value, (np.ma.MaskedArray, list, tuple, dict))
