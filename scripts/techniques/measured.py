"""Measured: a number or words that the package gives, beside what they have to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Measured", "Technique"]


@dataclass(frozen=True)
class Measured:
    """One row of results/techniques.csv.

    Attributes:
        what: is measured.
        given: what the package gives.
        expected: the same, computed without the package; None for what is only to be seen.
        within: the largest difference of two numbers that is none, of words 0.
    """

    what: str
    given: float | str
    expected: float | str | None = None
    within: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether it is what it has to be; words have to contain those expected."""
        if self.expected is None:
            return True
        if isinstance(self.expected, str) or isinstance(self.given, str):
            return str(self.expected) in str(self.given)
        return abs(self.given - self.expected) <= self.within

    def __str__(self) -> str:
        given, expected = (
            f"{value:.6g}" if isinstance(value, float) else value for value in (self.given, self.expected)
        )
        beside = "" if self.expected is None else f" ({'as' if self.agrees else 'NOT as'} expected: {expected})"
        return f"{self.what}: {given}{beside}"


Technique: TypeAlias = Callable[[], Iterator[Measured]]
"""A technique, which its docstring names, and what comes of it."""
