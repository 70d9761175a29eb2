"""The levels of factors: read from what a user passes, and checked."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..choice import split_at
from .factors import FACTORS, Factor
from .setting_factor import Setting

__all__ = ["check_levels", "check_texts", "factor_named", "parse_factors"]


def factor_named(name: str) -> Factor:
    """The factor of a name, in the singular or the plural.

    Raises:
        UnknownName: if there is none.

    Example:
        >>> factor_named("optimizers").name, factor_named("batch_size").name
        ('optimizer', 'batch_size')
    """
    by_plural = {factor.plural: factor for factor in FACTORS.values()}
    return FACTORS.get(name) or by_plural.get(name) or Setting.named(name)


def parse_factors(factors: Any) -> dict[str, Sequence[Any]]:
    """The levels of factors by their name.

    Args:
        factors: a mapping from names to sequences of levels; the same as text, "NAME=LEVEL/LEVEL" joined by commas; or
            None for none.

    Raises:
        InvalidArgument: for anything else, and for a name that is given twice. Levels are checked where they are used.

    Example:
        >>> parse_factors("batch_size=32/128,model.hidden=(100,)/(300,100)")
        {'batch_size': [32, 128], 'model.hidden': [(100,), (300, 100)]}
    """
    if factors is None:
        return {}
    accepted = (
        'names with their levels: {"batch_size": [32, 128]}, or "batch_size=32/128,model.hidden=(100,)/(300,100)"'
    )
    if isinstance(factors, Mapping):
        if not all(isinstance(name, str) for name in factors):
            raise InvalidArgument("factors", dict(factors), accepted)
        return dict(factors)
    if not isinstance(factors, str):
        raise InvalidArgument("factors", factors, accepted)
    levels: dict[str, Sequence[Any]] = {}
    for part in filter(None, split_at(",", factors)):
        name, sign, values = (piece.strip() for piece in part.partition("="))
        if not sign or not values or name in levels:
            raise InvalidArgument("factors", part, f"given once, as {accepted}" if name in levels else accepted)
        is_choice = name in FACTORS or any(name == factor.plural for factor in FACTORS.values())
        levels[name] = [value if is_choice else _literal(value) for value in split_at("/", values)]
    return levels


def _literal(text: str) -> Any:
    """The value that a text stands for; the text itself for a bare word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def check_levels(factor: Factor, levels: Sequence[Any]) -> tuple[str, ...]:
    """The levels of a factor as text, checked.

    Raises:
        InvalidArgument: for an empty list, a repeated level or an unknown one.
    """
    if not isinstance(levels, Sequence) or isinstance(levels, str) or not levels:
        raise InvalidArgument(factor.plural, levels, _several(factor))
    return check_texts(factor, [factor.text(level) for level in levels])


def check_texts(factor: Factor, levels: Sequence[str]) -> tuple[str, ...]:
    """The same for levels that are texts already."""
    if not isinstance(levels, Sequence) or isinstance(levels, str) or not levels:
        raise InvalidArgument(factor.plural, levels, _several(factor))
    for level in levels:
        factor.check(level)
    if len({tuple(factor.parts(level)) for level in levels}) != len(levels):
        raise InvalidArgument(factor.plural, list(levels), "a list without repetitions")
    return tuple(levels)


def _several(factor: Factor) -> str:
    return f"a list of at least one {'value' if isinstance(factor, Setting) else 'name'}"
