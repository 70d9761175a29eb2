"""checked: a decorator that checks the arguments of a public function by their annotations, before it begins."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from .checks import InvalidArgument, check_choice, check_name, check_path, check_text

__all__ = ["checked"]

Function = TypeVar("Function", bound=Callable[..., Any])


class Kind(NamedTuple):
    """What an annotation accepts: in words, for one and for several, and a test of a value."""

    one: str
    several: str
    accepts: Callable[[Any], bool]


def _is_of(name: str, value: Any) -> bool:
    """Whether a value is of a class, by its name: the module need not be imported."""
    return any(base.__name__ == name for base in type(value).__mro__)


def _are_several(name: str, value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(_is_of(name, part) for part in value)


def _of_class(name: str, one: str, several: str) -> Kind:
    return Kind(one, several, lambda value: _is_of(name, value))


def _is_sequence(value: Any) -> bool:
    if isinstance(value, (str, bytes, Mapping, type)) or not hasattr(value, "__len__"):
        return False
    return hasattr(value, "__iter__") and getattr(value, "ndim", 1) == 1


_FUNCTION = Kind(
    "a function",
    "functions",
    lambda value: callable(value) and not isinstance(value, type) and not _is_of("Layer", value),
)

KINDS = {
    "None": Kind("None", "None", lambda value: value is None),
    "str": Kind("a string", "strings", lambda value: isinstance(value, str)),
    "os.PathLike": Kind("a path", "paths", lambda value: isinstance(value, os.PathLike)),
    "Mapping": Kind("a mapping", "mappings", lambda value: isinstance(value, Mapping)),
    "dict": Kind("a dict", "dicts", lambda value: isinstance(value, dict)),
    "Callable": _FUNCTION,
    "keras.Model": _of_class("Model", "a keras.Model", "Keras models"),
    "keras.layers.Layer": _of_class("Layer", "a Keras layer", "Keras layers"),
    "keras.callbacks.Callback": _of_class("Callback", "a Keras callback", "Keras callbacks"),
    "Data": Kind(
        "what recipes.load(name) or recipes.Data.from_arrays(x, y) returns",
        "recipes.Data",
        lambda value: _is_of("Data", value) or _are_several("Data", value),  # what to do with several, functions say
    ),
    "Spec": _of_class("Spec", "a recipes.Spec", "Specs"),
    "Recipe": _of_class("Recipe", "a recipes.Recipe", "recipes"),
    "Run": _of_class("Run", "a recipes.Run", "runs"),
    "Savable": _of_class("Savable", "an ensemble of a search", "ensembles of searches"),
    "Progress": _FUNCTION,
    "Where": _FUNCTION,
    "Mistakes": _of_class("Mistakes", "what Comparison.mistakes returns", "mistakes"),
}
"""Annotations that are checked here. Numbers are not: what takes them checks their bounds too."""

SEQUENCES = ("Sequence", "Iterable", "list", "tuple")

NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

VERBOSE = (0, 1, 2, "auto", True, False)
"""The values of ``verbose``, as of Keras' ``fit``."""


def checked(function: Function) -> Function:
    """Raises for arguments that are not of their annotated types, and for paths that no file system takes.

    The module has ``from __future__ import annotations``, which keeps annotations as text.
    Unions are checked if all their parts are in ``KINDS`` or sequences of such. Other annotations, and numbers, are
    left to the function. Defaults are not checked.

    Raises:
        InvalidArgument: naming the argument, in the call of the decorated function.

    Example:
        >>> @checked
        ... def shout(words: Sequence[str], to: str | None = None): ...
        >>> shout("abc")
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: words must be a sequence of strings. Received: words='abc'
    """
    signature = inspect.signature(function)
    named = {name: parameter for name, parameter in signature.parameters.items() if parameter.kind in NAMED}
    tests = {name: _parts(str(parameter.annotation)) for name, parameter in named.items()}
    tests = {name: parts for name, parts in tests.items() if parts}
    makes_model = signature.return_annotation == "keras.Model"

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            received = signature.bind(*arguments, **options).arguments
        except TypeError:  # Python says it better
            return function(*arguments, **options)
        if "verbose" in received:
            check_choice("verbose", received["verbose"], VERBOSE)
        if makes_model and "name" in received:
            check_name(received["name"])
        for name, parts in tests.items():
            if name in received:
                _check(name, received[name], parts)
        return function(*arguments, **options)

    return cast("Function", call)


def _check(name: str, value: Any, parts: Sequence[Kind]) -> None:
    """Raises unless one of the kinds accepts the value."""
    if not any(part.accepts(value) for part in parts):
        words = [part.one for part in parts if not (part is KINDS["str"] and KINDS["os.PathLike"] in parts)]
        raise InvalidArgument(name, value, " or ".join(dict.fromkeys(words)))
    if KINDS["os.PathLike"] in parts and isinstance(value, (str, os.PathLike)):
        check_path(name, value)
    for text in [value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else []:
        if isinstance(text, str):
            check_text(name, text)


def _parts(annotation: str) -> list[Kind]:
    """The kinds of a union; none if one of them is not known here."""
    kinds = [_kind(part.strip()) for part in _split(annotation)]
    return [kind for kind in kinds if kind is not None] if None not in kinds else []


def _kind(annotation: str) -> Kind | None:
    name, _, inner = annotation.removesuffix("]").partition("[")
    if name not in SEQUENCES:
        return KINDS.get(name)
    element = KINDS.get(inner.removesuffix(", ..."))
    if element is None:
        return None

    def accepts(value: Any) -> bool:
        return _is_sequence(value) and all(element.accepts(part) for part in value)

    return Kind(f"a sequence of {element.several}", "sequences", accepts)


def _split(annotation: str) -> list[str]:
    """The parts of a union, at "|" outside brackets.

    Example:
        >>> _split("Sequence[str | int] | None")
        ['Sequence[str | int] ', ' None']
    """
    parts, depth = [""], 0
    for mark in annotation:
        depth += (mark == "[") - (mark == "]")
        if mark == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += mark
    return parts
