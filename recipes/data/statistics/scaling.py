"""Scaling: the centre and scale of each column, and the type of numbers that keeps its values apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

__all__ = ["LARGEST", "ROUNDING", "Scaling", "type_for"]

ROUNDING = 1e-4
"""Rounding errors up to this share of a column's scale are disregarded."""

HEAVY = 2.0
"""A column has heavy tails or outliers if its standard deviation exceeds its spread by this factor. It is 2.0 for the
log-normal distribution with sigma 1, 1.4 for Laplace's, 1.2 for the exponential, 1 for the normal one."""

SMALLEST, LARGEST = 1e-18, 1e18
"""Scales between these keep their squares within the range of float32."""

DIGITS = {"float32": 24, "float64": 53}
"""Bits of the significand."""


@dataclass(frozen=True)
class Scaling:
    """How raw columns become numbers of about unit size: ``(x - centre) / scale``.

    The centre and scale are the mean and standard deviation or, where outliers or heavy tails would spoil these, the
    median and the spread.

    Args:
        mean, variance: of each column.
        median, spread: see :func:`recipes.data.statistics.spread.median_and_spread`; () for moments alone.

    Attributes:
        heavy: for each column, whether it is scaled by its median and spread.

    Example:
        >>> scaling = Scaling.of([5.0, 1e6], [4.0, 1e15], [5.0, 0.0], [2.0, 1.0])
        >>> scaling.centre, scaling.scale, scaling.heavy
        ((5.0, 0.0), (2.0, 1.0), (False, True))
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    heavy: tuple[bool, ...]

    @classmethod
    def of(
        cls,
        mean: Sequence[float],
        variance: Sequence[float],
        median: Sequence[float] = (),
        spread: Sequence[float] = (),
    ) -> Scaling:
        """The Scaling of columns with these statistics."""
        deviations = [value**0.5 for value in variance]
        if not spread:
            return cls(tuple(mean), tuple(deviations), (False,) * len(deviations))
        heavy = [deviation > HEAVY * usual for deviation, usual in zip(deviations, spread, strict=True)]
        centre = [middle if far else first for far, first, middle in zip(heavy, mean, median, strict=True)]
        scale = [usual if far else first for far, first, usual in zip(heavy, deviations, spread, strict=True)]
        return cls(tuple(centre), tuple(scale), tuple(heavy))

    @cached_property
    def dtype(self) -> str:
        """The type in which to subtract the centres: the narrowest that suits all columns."""
        types = {type_for(*column) for column in zip(self.centre, self.scale, strict=True)}
        return max(types, key=("float32", "float64", "int64").index)


def type_for(centre: float, scale: float) -> str:
    """The narrowest type in which values around ``centre`` differ as they should: "float32", "float64" or "int64".

    Example:
        >>> type_for(170.0, 10.0), type_for(1.7e9, 1000.0), type_for(2**60, 10.0)
        ('float32', 'float64', 'int64')
    """
    for name, bits in DIGITS.items():
        fits = name == "float64" or SMALLEST <= scale <= LARGEST
        if fits and abs(centre) * 2.0**-bits <= ROUNDING * scale:
            return name
    return "int64"
