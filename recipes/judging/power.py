"""Power: the chance that a comparison tells a difference, and the smallest one that it probably tells."""

from __future__ import annotations

import math

from .dunnett import LEVEL, critical_value, rounded
from .words import LIKELY

__all__ = ["power", "smallest_told"]


def power(difference: float, error: float, freedom: float, comparisons: int = 1, level: float = LEVEL) -> float:
    """The chance that an arm that is better by ``difference`` is called better.

    Args:
        difference: of the true scores, >= 0.
        error: the standard error of its estimate, > 0.
        freedom: degrees of freedom of that error.
        comparisons: the arms that are compared with the reference.
        level: the chance that any of their intervals misses. Default 0.05.

    Source: Dunnett 1955; the noncentral t distribution of Johnson and Welch 1940.

    Example:
        >>> round(power(2.8, error=1.0, freedom=1000), 2)
        0.8
    """
    from scipy.stats import nct

    return float(nct.sf(critical_value(comparisons, freedom, level), rounded(freedom), difference / error))


def smallest_told(
    error: float, freedom: float, comparisons: int = 1, level: float = LEVEL, chance: float = LIKELY
) -> float:
    """The smallest difference that is told with a chance of 80 %. The arguments are those of :func:`power`.

    Example:
        >>> round(smallest_told(error=0.5, freedom=1000), 2)
        1.4
    """
    from scipy.optimize import brentq

    if not error:
        return 0.0
    end = (critical_value(comparisons, freedom, level) + 2.0) * (1.0 + 10.0 / math.sqrt(max(freedom, 1.0)))
    return error * float(brentq(lambda t: power(t, 1.0, freedom, comparisons, level) - chance, 0.0, end))
