"""The user's ranges of hyperparameters, which a search uses in place of those of the catalogues."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...callbacks.checks import InvalidArgument, check_number
from ..catalogue import Range

__all__ = ["LISTED", "Grid", "WholeRange", "parse_ranges", "ranges_text"]

LISTED = None
"""In place of a range: the one that the catalogue lists (``recipes list``)."""

ACCEPTED = (
    'names with values: {"adam.learning_rate": (1e-4, 1e-2)} for a range, [1e-5, 1e-4] for a grid, a number for a fixed'
    ' value, None for the listed range; as text "adam.learning_rate=1e-4:1e-2,l2.strength=1e-5/1e-4,adam.beta_2=0.99"'
)
DECADE = 10.0
"""A range of one's own is searched on a logarithmic scale from this ratio of its ends on."""


@dataclass(frozen=True)
class Grid:
    """A tunable hyperparameter that takes some values only.

    Args:
        name: its name.
        values: in their order.
        default: the value without tuning; None (default) for the middle one.

    Example:
        >>> Grid("l2.strength", (1e-5, 1e-4)).at(0.5)
        0.0001
    """

    name: str
    values: tuple[float, ...]
    default: float | None = None

    def at(self, fraction: float) -> float:
        """The value at a fraction in [0, 1] of the way through the grid."""
        return self.values[min(int(fraction * len(self.values)), len(self.values) - 1)]


@dataclass(frozen=True)
class WholeRange(Range):
    """A range of whole numbers.

    Example:
        >>> WholeRange("lookahead.steps", 2, 20).at(0.5)
        6.0
    """

    def at(self, fraction: float) -> float:
        """The whole number nearest to a fraction in [0, 1] of the way."""
        return float(round(super().at(fraction)))


def parse_ranges(ranges: Mapping[str, Any] | str | None) -> dict[str, Range | Grid | float | None]:
    """Ranges by the full name of their hyperparameter, "adam.learning_rate".

    Args:
        ranges: a mapping from names to a pair (low, high), a list of values, a number, or None for the listed range; or
            the same as a text of names joined by commas, "NAME=LOW:HIGH", "NAME=VALUE/VALUE", "NAME=VALUE" or "NAME".

    Returns:
        A Range (on a logarithmic scale if its ends are positive and a factor of 10 or more apart), a Grid, a number, or
        None for each.

    Raises:
        InvalidArgument: for anything else.

    Example:
        >>> parse_ranges("adam.beta_1=0.8:0.95,l2.strength=1e-5/1e-4")["l2.strength"].values
        (1e-05, 0.0001)
    """
    if ranges is None:
        return {}
    given = _from_text(ranges) if isinstance(ranges, str) else ranges
    if not isinstance(given, Mapping):
        raise InvalidArgument("ranges", ranges, ACCEPTED)
    return {str(name).strip(): _parsed(str(name).strip(), value) for name, value in given.items()}


def ranges_text(ranges: Mapping[str, Any] | str | None) -> str | None:
    """The ranges as the text that :func:`parse_ranges` reads; None without any.

    Example:
        >>> ranges_text({"adam.learning_rate": (1e-4, 1e-2), "l2.strength": [1e-5, 1e-4]})
        'adam.learning_rate=0.0001:0.01,l2.strength=1e-05/0.0001'
    """
    parts = []
    for name, value in parse_ranges(ranges).items():
        if isinstance(value, Range):
            parts.append(f"{name}={value.low}:{value.high}")
        elif isinstance(value, Grid):
            parts.append(f"{name}={'/'.join(map(str, value.values))}")
        else:
            parts.append(name if value is LISTED else f"{name}={value}")
    return ",".join(parts) or None


def _from_text(text: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        try:
            if not sign:
                parsed: Any = LISTED
            elif ":" in value:
                parsed = tuple(float(end) for end in value.split(":"))
            elif "/" in value:
                parsed = [float(number) for number in value.split("/")]
            else:
                parsed = float(value)
        except ValueError:
            raise InvalidArgument("ranges", part, ACCEPTED) from None
        if name in given:
            raise InvalidArgument("ranges", text, f"given {name!r} once")
        given[name] = parsed
    return given


def _parsed(name: str, value: Any) -> Range | Grid | float | None:
    if value is LISTED:
        return None
    argument = f"ranges[{name!r}]"
    if isinstance(value, tuple):
        if len(value) != 2:
            raise InvalidArgument("ranges", {name: value}, ACCEPTED)
        low = check_number(argument, value[0])
        high = check_number(argument, value[1], above=low)
        return Range(name, low, high, log=low > 0 and high / low >= DECADE * (1 - 1e-9))
    if isinstance(value, list):
        values = tuple(check_number(argument, number) for number in value)
        if not values or len(set(values)) != len(values):
            raise InvalidArgument(argument, value, "a list of different values")
        return Grid(name, values) if len(values) > 1 else values[0]
    number = check_number(argument, value)
    if not math.isfinite(number):
        raise InvalidArgument(argument, value, "a finite number")
    return number
