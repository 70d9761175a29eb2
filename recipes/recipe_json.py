"""Recipes as JSON text: writes the current version, reads earlier ones too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..callbacks.checks import InvalidArgument, check_choice
from .choice import from_json, to_json
from .stored.json_files import parse

__all__ = ["read", "with_names_of_today", "write"]

VERSION = 1

RENAMED = {"regularization": "regularizer"}
"""Field names of version 0.1 -> current names."""


def write(fields: Mapping[str, Any]) -> str:
    """The fields of a recipe as JSON text; objects among the choices are serialized by Keras.

    Raises:
        InvalidArgument: for a field with a function, which JSON cannot hold.
    """
    return json.dumps({"recipe": VERSION, **{name: to_json(name, value) for name, value in fields.items()}}, indent=2)


def read(text: str, known: Sequence[str]) -> dict[str, Any]:
    """The inverse of :func:`write`.

    Args:
        text: JSON.
        known: the names of the fields.

    Raises:
        InvalidArgument: for a later version, an unknown field, or an object that Keras cannot deserialize here.
    """
    try:
        values = parse(text)
    except (ValueError, TypeError) as error:
        raise InvalidArgument("text", text, f"JSON as Recipe.to_json writes it ({error})") from None
    if not isinstance(values, dict) or values.pop("recipe", None) != VERSION:
        raise InvalidArgument("text", text, f'JSON as Recipe.to_json writes it, with "recipe": {VERSION}')
    values = with_names_of_today(values)
    for name in values:
        check_choice("field", name, known)
    return {name: from_json(value) for name, value in values.items()}


def with_names_of_today(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a recipe's JSON by the current names of the fields.

    Example:
        >>> with_names_of_today({"regularization": ["l2"], "optimizer": "adam"})
        {'regularizer': ['l2'], 'optimizer': 'adam'}
    """
    renamed = {old: new for old, new in RENAMED.items() if new not in values}
    return {renamed.get(name, name): value for name, value in values.items()}
