"""Warnings of values that probably mean something else: placeholders, spellings of one category, rare categories."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ....callbacks.warning import warn
from ..feature import Feature
from ..named_arrays import Inputs
from ..spec import Spec

__all__ = ["warn_of_odd_values"]

FEWEST = 20
"""Minimum number of examples."""
MOST = 100_000
"""Maximum number of examples to look at."""
NINES = re.compile("-?9{2,}")
"""Numbers that people write for none."""
RARE = 0.5
"""A category of which more than this share of the values are seen too seldom to be known is no category."""
SHOWN = 3
"""So many spellings are named."""
UNIT = re.compile(r"\s*(?:[^\W\d_]{1,5}\.?\s*[-+]?\d[\d.,'\s]*|[-+]?\d[\d.,'\s]*[^\W\d_]{1,5}\.?)\s*")
"""A number with a unit or a currency before or behind it."""


def warn_of_odd_values(spec: Spec, x: Inputs) -> None:
    """Warns, in one line per column of a table, of values that a model takes as they are and people do not mean so.

    - numbers of nines, such as -999, at least two of them, which are further from all others than these from each
      other: probably missing values;
    - categories that differ only by case or spaces: probably one;
    - categories most values of which are seen too seldom to be known, as are numbers with a unit.

    Args:
        spec: the Spec of the data.
        x: the training split, the columns of a record by the user's names.

    Example:
        >>> warn_of_odd_values(spec, data.arrays("train")[0])        # doctest: +SKIP
    """
    texts = [(name, text) for name, values in _numbers(spec, x) if (text := _placeholder(values))]
    for feature in spec.features if isinstance(x, dict) else ():
        if feature.kind == "category" and feature.dtype == "string" and len(x[feature.name]) >= FEWEST:
            values = [str(value) for value in np.asarray(x[feature.name][:MOST]).tolist()]
            texts += [(feature.name, text) for text in (_spellings(values), _rare(feature, values)) if text]
    for name, text in texts:
        warn(f"dataset {spec.name!r}: column {name!r}: {text}")


def _numbers(spec: Spec, x: Inputs) -> Iterator[tuple[str, np.ndarray]]:
    """The columns of numbers that have names, without values that are known to be missing."""
    if isinstance(x, dict):
        for feature in spec.features:
            values = np.asarray(x[feature.name][:MOST]) if feature.kind == "number" else np.empty(0)
            if values.dtype.kind in "iuf" and values.ndim == 1:
                yield feature.name, values[np.isfinite(values) & (values != feature.missing)]
    elif spec.feature_names:
        table = np.asarray(x[:MOST])
        for place, name in enumerate(spec.feature_names):
            yield name, table[:, place][np.isfinite(table[:, place])]


def _placeholder(values: np.ndarray) -> str:
    if len(values) < FEWEST:
        return ""
    for extreme in (values.min(), values.max()):
        if not NINES.fullmatch(f"{float(extreme):.0f}") or extreme != np.round(extreme):
            continue
        others = values[values != extreme].astype(np.float64)
        count = len(values) - len(others)
        if count < 2 or len(others) < 2:
            continue
        low, high = others.min(), others.max()
        if min(abs(float(extreme) - low), abs(float(extreme) - high)) > high - low > 0:
            return (
                f"{count:,} of {len(values):,} numbers are {extreme:g}, far from the others ({low:g} to {high:g}); if"
                " they mean that none is known, leave these cells empty"
            )
    return ""


def _spellings(values: list[str]) -> str:
    by_word: dict[str, list[str]] = {}
    for value in dict.fromkeys(values):
        by_word.setdefault(" ".join(value.split()).casefold(), []).append(value)
    alike = [", ".join(map(repr, sorted(found))) for found in by_word.values() if len(found) > 1]
    if not alike:
        return ""
    more = f" (and {len(alike) - SHOWN:,} more)" if len(alike) > SHOWN else ""
    shown = "; ".join(alike[:SHOWN])
    return (
        f"values that differ only by case or spaces are different categories: {shown}{more}; if not, write them alike"
    )


def _rare(feature: Feature, values: list[str]) -> str:
    known = set(map(str, feature.vocabulary))
    rare = [value for value in values if value and value not in known]
    if len(rare) <= RARE * len(values):
        return ""
    numbers = sum(UNIT.fullmatch(value) is not None for value in rare)
    remedy = "; if they are numbers with a unit, write the numbers alone" if numbers > RARE * len(rare) else ""
    return f"{len(rare):,} of {len(values):,} values are seen too seldom to be known, such as {rare[0]!r}{remedy}"
