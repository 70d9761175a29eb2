"""The verdict on a difference in a word, and what would decide one that is open."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..metric import Metric
from .dunnett import Difference, critical_value

__all__ = ["LIKELY", "MOST_EXAMPLES", "MOST_REPEATS", "Needed", "chance_to_decide", "chance_with", "needed", "word_of"]

LIKELY = 0.8
"""The chance of a decision from which a number of repeats or examples is called enough."""

FREEDOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 40.0, 100.0, 1000.0)
"""The degrees of freedom that plans distinguish."""

MOST_REPEATS = 100
"""The most repeats that are suggested."""

MOST_EXAMPLES = 1000
"""The largest multiple of the test examples that is suggested."""


def word_of(difference: float, compared: Difference, metric: Metric, level: float, margin: float) -> str:
    """The verdict on a difference from the reference: "better", "worse", "as good" or "open".

    Args:
        difference: the difference of the scores.
        compared: what is known of it.
        metric: the metric of the scores.
        level: the p value from which a difference is noise, 0.05 for a confidence of 0.95.
        margin: the size of a difference that does not matter, in units of the score. "As good" is an arm whose whole
            interval lies within it, also if it excludes 0.

    Example:
        >>> from recipes.metrics import find_metric
        >>> accuracy = find_metric("accuracy", "binary")
        >>> word_of(0.002, Difference(0.3, -0.001, 0.005), accuracy, level=0.05, margin=0.005)
        'as good'
    """
    if not math.isfinite(compared.p):
        return "open"
    if -margin <= compared.low and compared.high <= margin:
        return "as good"
    if compared.p >= level:
        return "open"
    return "better" if difference * metric.sign > 0 else "worse"


class Needed(NamedTuple):
    """What would probably decide an open difference; infinite where no number does.

    Args:
        repeats: with the test split as it is.
        examples: the multiple of the test examples, with the repeats as they are.
        both: the multiple of the repeats and the test examples together.
    """

    repeats: float
    examples: float
    both: float


def needed(difference: float, compared: Difference, repeats: int, level: float, margin: float) -> Needed:
    """What would decide an open difference with a chance of 80 %, if it is as large as it looks.

    Args:
        difference: the difference of the scores.
        compared: what is known of it after ``repeats`` repeats.
        repeats: their number.
        level, margin: as for :func:`word_of`.
    """
    if not math.isfinite(compared.of_repeats):
        return Needed(math.inf, math.inf, math.inf)

    def enough(repeats_times: float, examples_times: float) -> bool:
        return chance_with(repeats_times, examples_times, difference, compared, repeats, level, margin) >= LIKELY

    more = _least(lambda count: enough(count / repeats, 1.0), repeats + 1, MOST_REPEATS)
    times = _least(lambda tenths: enough(1.0, tenths / 10), 11, 10 * MOST_EXAMPLES) / 10
    both = _least(lambda tenths: enough(tenths / 10, tenths / 10), 11, 10 * MOST_EXAMPLES) / 10
    return Needed(more, times, both)


def chance_with(
    repeats_times: float,
    examples_times: float,
    difference: float,
    compared: Difference,
    repeats: int,
    level: float,
    margin: float,
) -> float:
    """The chance that so many times the repeats and test examples decide, if the difference is as large as it looks.

    Args:
        repeats_times, examples_times: the multiples.
        difference, compared, repeats, level, margin: as for :func:`needed`.
    """
    if not math.isfinite(compared.of_repeats) or repeats < 2:
        return math.nan
    freedom = compared.freedom * max(1.0, (repeats_times * repeats - 1) / (repeats - 1))
    error = math.sqrt(compared.of_repeats / repeats_times + compared.of_examples / examples_times)
    if not error:
        return 1.0
    planned = max(value for value in FREEDOMS if value <= max(freedom, 1.0))  # computed once for all arms
    half = critical_value(compared.comparisons, planned, level) * error
    return chance_to_decide(difference, error, half, margin)


def chance_to_decide(difference: float, error: float, half: float, margin: float) -> float:
    """The chance that an interval of half-width ``half`` excludes 0 or lies within the margin.

    Args:
        difference: the true difference.
        error: the standard error of its estimate, which is normally distributed around it.
        half: half the width of the interval.
        margin: the size of a difference that does not matter.
    """
    inner, outer = max(0.0, margin - half), half
    if margin - half >= half:
        return 1.0
    within = sum(_normal((end - difference) / error) * sign for end, sign in ((outer, 1), (inner, -1)))
    within += sum(_normal((end - difference) / error) * sign for end, sign in ((-inner, 1), (-outer, -1)))
    return 1.0 - within


def _least(enough: Callable[[int], bool], low: int, high: int) -> float:
    """The least integer from ``low`` to ``high`` that is enough, by bisection; infinite if the highest is not."""
    if not enough(high):
        return math.inf
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return float(low)


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))
