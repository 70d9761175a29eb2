"""Kinds of values in stored files: what is accepted, in words and as a check that names the field."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...callbacks.checks import InvalidArgument
from ...callbacks.printable import UNPRINTABLE

__all__ = [
    "ANYTHING",
    "COUNT",
    "FINITE",
    "FLAG",
    "NUMBER",
    "PLAIN_NAME",
    "TEXT",
    "Kind",
    "Listing",
    "Mapped",
    "Object",
    "integer",
    "name_of_file",
    "number",
    "one_of",
    "optional",
]

MOST = 10**6
"""The most entries of a list or a mapping, unless another number is named."""

LONGEST_NAME = 2000
"""The most characters of a name."""


@dataclass(frozen=True)
class Kind:
    """Values that a field accepts.

    Args:
        accepted: in words, to follow "must be".
        holds: whether a value is accepted.

    Example:
        >>> COUNT.read("trial", -1)
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: trial must be an integer >= 0. Received: trial=-1
    """

    accepted: str
    holds: Callable[[Any], bool]

    def read(self, name: str, value: Any) -> Any:
        """Returns the value, or raises ``InvalidArgument`` with the name of the field."""
        if not self.holds(value):
            raise InvalidArgument(name or "the content", value, self.accepted)
        return value


@dataclass(frozen=True)
class Optional(Kind):
    """What ``kind`` accepts, or null, which is read as ``default``."""

    kind: Kind = field(kw_only=True)
    default: Any = field(kw_only=True, default=None)

    def read(self, name: str, value: Any) -> Any:
        """As :meth:`Kind.read`."""
        return self.default if value is None else self.kind.read(name, value)


@dataclass(frozen=True)
class Listing(Kind):
    """A list of values of one kind, "data.counts[2]"."""

    accepted: str = "a list"
    holds: Callable[[Any], bool] = lambda value: isinstance(value, list)
    of: Kind = field(kw_only=True)
    most: int = field(kw_only=True, default=MOST)

    def read(self, name: str, value: Any) -> Any:
        """As :meth:`Kind.read`, for each entry."""
        super().read(name, value)
        _check_length(name, value, self.most)
        if type(self.of) is Kind and all(map(self.of.holds, value)):
            return value
        return [self.of.read(f"{name}[{place}]", item) for place, item in enumerate(value)]


@dataclass(frozen=True)
class Mapped(Kind):
    """An object whose names are free, with values of one kind, "factors.optimizers"."""

    accepted: str = "an object"
    holds: Callable[[Any], bool] = lambda value: isinstance(value, dict)
    of: Kind = field(kw_only=True)
    most: int = field(kw_only=True, default=MOST)

    def read(self, name: str, value: Any) -> Any:
        """As :meth:`Kind.read`, for each value."""
        super().read(name, value)
        _check_length(name, value, self.most)
        return {key: self.of.read(_joined(name, key), item) for key, item in value.items()}


@dataclass(frozen=True)
class Object(Kind):
    """An object with certain fields.

    Args:
        fields: those that are required.
        optional: those that may be missing.
        others: what further fields accept; None (default) to refuse them.
    """

    accepted: str = "an object"
    holds: Callable[[Any], bool] = lambda value: isinstance(value, dict)
    fields: Mapping[str, Kind] = field(kw_only=True, default_factory=dict)
    optional: Mapping[str, Kind] = field(kw_only=True, default_factory=dict)
    others: Kind | None = field(kw_only=True, default=None)

    def read(self, name: str, value: Any) -> Any:
        """As :meth:`Kind.read`, for each field."""
        super().read(name, value)
        known = {**self.fields, **self.optional}
        for key in self.fields:
            if key not in value:
                raise InvalidArgument(_joined(name, key), None, "given")
        read = {}
        for key, item in value.items():
            kind = known.get(key, self.others)
            if kind is None:
                raise InvalidArgument(_joined(name, key), item, f"left out: known are {', '.join(known)}")
            read[key] = kind.read(_joined(name, key), item)
        return read


def _joined(name: str, key: str) -> str:
    shown = key if key.isidentifier() else repr(key)
    return f"{name}.{shown}" if name else shown


def _check_length(name: str, value: Sequence[Any] | Mapping[str, Any], most: int) -> None:
    if len(value) > most:
        raise InvalidArgument(name, f"{len(value):,} entries", f"of at most {most:,} entries")


def is_number(value: Any) -> bool:
    """Whether a value is a number, and not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(low: float = -math.inf, high: float = math.inf, *, nan: bool = True, infinite: bool = True) -> Kind:
    """Numbers within bounds; NaN and infinite ones too, unless these are excluded.

    Example:
        >>> number(0, 1).read("accuracy", 5.0)
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: accuracy must be a number >= 0 and <= 1. Received: accuracy=5.0
    """
    bounds = [f"{sign} {bound:g}" for sign, bound in ((">=", low), ("<=", high)) if math.isfinite(bound)]
    accepted = ("a number " if infinite else "a finite number ") + " and ".join(bounds)

    def holds(value: Any) -> bool:
        if not is_number(value):
            return False
        if math.isnan(value):
            return nan
        return low <= value <= high and (infinite or math.isfinite(value))

    return Kind(accepted.rstrip(), holds)


def integer(low: int = 0, high: int | None = None) -> Kind:
    """Whole numbers within bounds."""
    accepted = f"an integer >= {low}" + ("" if high is None else f" and <= {high:,}")
    return Kind(accepted, lambda value: type(value) is int and low <= value and (high is None or value <= high))


def one_of(*choices: Any) -> Kind:
    """One of some values."""
    return Kind(
        "one of " + ", ".join(map(repr, choices)),
        lambda value: any(type(value) is type(choice) and value == choice for choice in choices),
    )


def optional(kind: Kind, default: Any = None) -> Kind:
    """What a kind accepts, or null, which is read as ``default``."""
    return Optional(f"{kind.accepted}, or null", kind.holds, kind=kind, default=default)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and not UNPRINTABLE.search(value)


def _is_plain(value: Any) -> bool:
    return _is_name(value) and not set(value) & {"/", "\\"} and value.strip(". ") != ""


ANYTHING = Kind("any value", lambda value: True)
TEXT = Kind("a string", lambda value: isinstance(value, str))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
COUNT = integer(high=2**53)
NUMBER = number()
FINITE = number(nan=False, infinite=False)
name_of_file = Kind(f"a string of 1 to {LONGEST_NAME:,} characters without control characters", _is_name)
"""Names that become parts of files' names, and are printed."""

PLAIN_NAME = Kind("the name of an entry of its folder", _is_plain)
"""Names of files and folders that lead nowhere else."""
