"""Argument checks. Their error names the argument, what is accepted and what was received."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .printable import printable

__all__ = [
    "InvalidArgument",
    "check_bool",
    "check_choice",
    "check_integer",
    "check_names",
    "check_number",
    "check_unmasked",
]


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
        shown = " ".join(repr(value).split())
        if len(shown) > 200:
            shown = shown[:197] + "..."
        super().__init__(printable(f"{name} must be {accepted}. Received: {name}={shown}"))

    def __reduce__(self) -> Any:  # so that it can be passed between processes
        return _restored, (type(self), self.args, self.__dict__)


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
) -> float:
    """Returns ``value`` as a float, or raises if it is not a finite number within the bounds.

    Args:
        name: the argument's name, for the message.
        value: the value received. Booleans and strings are refused.
        above, below: exclusive bounds.
        low, high: inclusive bounds.

    Raises:
        InvalidArgument: naming the argument, the bounds and the value received.

    Example:
        >>> check_number("rate", 0.1, above=0)
        0.1
    """
    limits = ((">", above), (">=", low), ("<", below), ("<=", high))
    bounds = [f"{sign} {bound:g}" for sign, bound in limits if bound is not None]
    accepted = "a number" + (" " + " and ".join(bounds) if bounds else "")
    if isinstance(value, (bool, np.bool_, str, bytes)):
        raise InvalidArgument(name, value, accepted)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
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
    return number


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
    if isinstance(value, (bool, np.bool_)):
        raise InvalidArgument(name, value, accepted)
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidArgument(name, value, accepted) from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise InvalidArgument(name, value, accepted)
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
    if value not in choices:
        raise InvalidArgument(name, value, "one of " + ", ".join(repr(c) for c in choices))
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
    constructors = [vars(base)["__init__"] for base in kind.__mro__ if "__init__" in vars(base)]
    accepted = {name for constructor in constructors for name in inspect.signature(constructor).parameters}
    for argument, value in arguments.items():
        right = next((name for name in OTHER_NAMES.get(argument, ()) if name in accepted), None)
        if argument not in accepted and right is not None:
            instead = f"{argument} is called {right} here{REMARKS.get(right, '')}: {kind.__name__}({right}=...)"
            raise TypeError(f"{instead}. Received: {argument}={value!r}")


def check_unmasked(name: str, values: Any) -> Any:
    """Returns ``values`` without masks, or raises if a mask hides any value.

    NumPy and TensorFlow drop a mask silently and use the values below it.

    Args:
        name: the argument's name, for the message.
        values: any value. Masked arrays in lists, tuples and dictionaries are checked too.

    Raises:
        InvalidArgument: saying how many values are hidden.

    Example:
        >>> check_unmasked("y", np.ma.masked_array([1.0, 2.0], [False, True]))
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: y must be without a mask, but 1 of 2 values are masked. Received: y=masked_array(data=[1.0, --], mask=[False, True], fill_value=1e+20)
    """  # noqa: E501
    if isinstance(values, np.ma.MaskedArray):
        hidden = int(np.ma.getmaskarray(values).sum())
        if hidden:
            raise InvalidArgument(name, values, f"without a mask, but {hidden} of {values.size} values are masked")
        return np.asarray(values)
    if type(values) in (list, tuple) and any(_may_be_masked(value) for value in values):
        return type(values)(check_unmasked(f"{name}[{place}]", value) for place, value in enumerate(values))
    if type(values) is dict:
        return {key: check_unmasked(f"{name}[{key!r}]", value) for key, value in values.items()}
    return values


def _may_be_masked(value: Any) -> bool:
    return isinstance(value, (np.ma.MaskedArray, list, tuple, dict))
