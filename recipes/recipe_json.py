"""Recipes as JSON text: of the version that this package writes, and of those that it wrote before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..callbacks.checks import InvalidArgument, check_choice
from .choice import from_json, to_json

__all__ = ["read", "with_names_of_today", "write"]

VERSION = 1

RENAMED = {"regularization": "regularizer"}
"""What version 0.1 called a field."""


def write(fields: Mapping[str, Any]) -> str:
    """The fields of a recipe as JSON text; objects among the choices are written as Keras writes them.

    Raises:
        InvalidArgument: when a field holds a function, which JSON cannot.
    """
    return json.dumps({"recipe": VERSION, **{name: to_json(name, value) for name, value in fields.items()}}, indent=2)


def read(text: str, known: Sequence[str]) -> dict[str, Any]:
    """The fields that :func:`write` wrote.

    Args:
        text: JSON.
        known: the names that a field may have.

    Raises:
        InvalidArgument: for a file of a later version, an unknown field, or an object that cannot be made here.
    """
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, TypeError) as error:
        raise InvalidArgument("text", text, f"JSON as Recipe.to_json writes it ({error})") from None
    if not isinstance(values, dict) or values.pop("recipe", None) != VERSION:
        raise InvalidArgument("text", text, f'JSON as Recipe.to_json writes it, with "recipe": {VERSION}')
    values = with_names_of_today(values)
    for name in values:
        check_choice("field", name, known)
    return {name: from_json(value) for name, value in values.items()}


def with_names_of_today(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a recipe's JSON by the names that the fields have now.

    Example:
        >>> with_names_of_today({"regularization": ["l2"], "optimizer": "adam"})
        {'regularizer': ['l2'], 'optimizer': 'adam'}
    """
    renamed = {old: new for old, new in RENAMED.items() if new not in values}
    return {renamed.get(name, name): value for name, value in values.items()}
