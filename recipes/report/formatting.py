"""Formatting of numbers, the same in the terminal, in plots and on the page.

Accuracies are percentages with two decimals, without the sign (it is in the heading); errors have four significant
digits. A missing or non-finite value is ``MISSING``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..metric import Metric
from .results import as_float

__all__ = [
    "MISSING",
    "difference",
    "duration",
    "flatten",
    "in_examples",
    "learning_rate",
    "margin",
    "p_is",
    "p_value",
    "score",
    "setting",
    "spread",
    "strength",
]

MISSING = "—"
_PLAIN_FROM, _PLAIN_BELOW = 1e-4, 1e6  # numbers outside this range are written with an exponent


def score(value: Any, metric: Metric) -> str:
    """A score: ``98.24`` for the accuracy 0.98237, ``0.5231`` for an error."""
    value = as_float(value) * metric.scale
    if not math.isfinite(value):
        return MISSING
    return _fixed(value, 2 if metric.percentage else _decimals(value, 4))


def spread(mean: Any, sd: Any, metric: Metric) -> str:
    """A mean with its standard deviation to the same decimals: ``98.24 ± 0.31``; the mean alone if that is missing."""
    mean, sd = as_float(mean) * metric.scale, as_float(sd) * metric.scale
    if not math.isfinite(mean):
        return MISSING
    decimals = 2 if metric.percentage else _decimals(mean, 4)
    if not math.isfinite(sd):
        return _fixed(mean, decimals)
    return f"{_fixed(mean, decimals)} ± {_fixed(sd, decimals)}"


def difference(
    value: Any, metric: Metric, low: Any = math.nan, high: Any = math.nan, *, reference: Any = math.nan
) -> str:
    """A signed difference of scores: ``+0.31``, or ``+0.31 [-0.10, +0.72]`` with the bounds of its interval.

    Accuracies are in percentage points with two decimals. Errors have the decimals of the score ``reference``, so that
    a column is uniform; without a reference, as many as give the largest number three significant digits.
    """
    numbers = [as_float(number) * metric.scale for number in (value, low, high)]
    if not math.isfinite(numbers[0]):
        return MISSING
    largest = max(abs(number) for number in numbers if math.isfinite(number))
    if metric.percentage:
        decimals = 2
    elif math.isfinite(as_float(reference)):
        decimals = _decimals(as_float(reference), 4)
    else:
        decimals = _decimals(largest, 3)
    shown = [_fixed(number, decimals, sign="+") for number in numbers]
    if not all(math.isfinite(number) for number in numbers):
        return shown[0]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def in_examples(difference: Any, examples: int) -> str:
    """A difference of accuracies as a number of test examples: ``+2.0`` for 0.00557 of 359."""
    value = as_float(difference) * examples
    return _fixed(value, 1, sign="+") if math.isfinite(value) else MISSING


def beside(metric: Metric, base_rate: float) -> str:
    """What an accuracy has to be compared with: ", base rate 95.25"; "" for other scores.

    Example:
        >>> beside(Metric("accuracy"), 0.9525)
        ', base rate 95.25'
    """
    known = metric.name == "accuracy" and math.isfinite(base_rate)
    return f", base rate {score(base_rate, metric)}" if known else ""


def margin(value: Any, metric: Metric) -> str:
    """The size of a margin with its unit: ``0.5 points``, ``1 point``, ``0.61``."""
    value = as_float(value) * metric.scale
    text = f"{value:.3g}"
    unit = (" point" if text == "1" else " points") if metric.percentage else ""
    return text + unit if math.isfinite(value) else MISSING


def learning_rate(value: Any) -> str:
    """A learning rate, three significant digits: ``0.0123``, ``1.2e-05``."""
    value = as_float(value)
    return f"{value:.3g}" if math.isfinite(value) else MISSING


def strength(value: Any) -> str:
    """A strength of a regularizer, formatted like a :func:`learning_rate`; a dash if it is missing."""
    return learning_rate(value)


def p_value(value: Any) -> str:
    """A p value with two decimals, three below 0.01 (``0.03``, ``0.004``, ``<0.001``).

    Close to 0.05 it has enough decimals to show on which side it lies: ``0.0496``.
    """
    value = as_float(value)
    if not math.isfinite(value):
        return MISSING
    if value < 0.001:
        return "<0.001"
    decimals = 2 if value >= 0.01 else 3
    while float(f"{value:.{decimals}f}") == 0.05 and value != 0.05 and decimals < 6:
        decimals += 1
    return f"{value:.{decimals}f}"


def p_is(value: Any) -> str:
    """A p value for a sentence, rounded as by :func:`p_value`.

    Example:
        >>> p_is(0.03), p_is(0.0004)
        ('p = 0.03', 'p < 0.001')
    """
    text = p_value(value)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def duration(seconds: Any) -> str:
    """A duration: ``3.2 s``, ``45 s``, ``12 min 05 s``, ``2 h 03 min``."""
    seconds = as_float(seconds)
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def setting(value: Any) -> str:
    """A setting for readers: yes or no for a bool, thousands separators from 10,000, lists with commas."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(setting(item) for item in value) or MISSING
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return str(value) or MISSING


def flatten(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as pairs of a path in words and a formatted value.

    Example:
        >>> flatten({"batch_size": 32, "versions": {"keras": "3.12.0"}})
        [('batch size', '32'), ('versions: keras', '3.12.0')]
    """
    pairs: list[tuple[str, str]] = []
    for key, value in settings.items():
        words = str(key) if prefix else str(key).replace("_", " ")
        if isinstance(value, Mapping):
            pairs += flatten(value, f"{prefix}{words}: ")
        else:
            pairs.append((prefix + words, setting(value)))
    return pairs


def _decimals(value: float, digits: int) -> int:
    """The decimals that give ``value`` this many significant digits; ``-digits`` if it needs an exponent."""
    if value == 0:
        return digits - 1
    rounded = float(f"{value:.{digits - 1}e}")
    if not _PLAIN_FROM <= abs(rounded) < _PLAIN_BELOW:
        return -digits
    return max(0, digits - 1 - math.floor(math.log10(abs(rounded))))


def _fixed(value: float, decimals: int, sign: str = "") -> str:
    """``value`` with this many decimals, or with an exponent if they are negative; never a negative zero."""
    if decimals < 0:
        return f"{value:{sign}.{-decimals - 1}e}"
    text = f"{value:{sign}.{decimals}f}"
    if float(text) == 0:
        return f"{0.0:.{decimals}f}"
    return text
