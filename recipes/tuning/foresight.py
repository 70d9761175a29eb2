"""foresight: what a search will probably be able to tell, before it is run or with more repeats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_number
from ..data.checks.imbalance import rare_class
from ..judging.power import differences_told, smallest_told
from ..scoring import base_rate
from .protocol import Protocol
from .repeats import tuning_of

if TYPE_CHECKING:
    from ..data import Data
    from .comparison import Comparison

__all__ = ["DISAGREEMENT", "before_search", "in_a_line", "of_search", "rare_in_a_line"]

HIGH = 0.85
"""The base rate from which on accuracy says little."""

DISAGREEMENT = 0.03
"""The share of test examples that two arms are assumed to answer differently, half of them by luck of the training."""


def before_search(data: Data, protocol: Protocol, arms: int, repeats: int, disagreement: float = DISAGREEMENT) -> float:
    """The difference in accuracy that is told with a chance of 80 %, as a fraction; NaN where it is not known.

    Before anything is trained the noise has to be assumed: the two arms answer this share of the test examples
    differently, and half of that is luck of the training.

    Args:
        data: to be searched. Only classes have an answer.
        protocol: of the search, with its ``resplit`` decided.
        arms: their number, >= 2.
        repeats: of each arm.
        disagreement: the share of test examples, in (0, 1).
    """
    disagreement = check_number("disagreement", disagreement, above=0, below=1)
    metric = protocol.metric_for(data.spec)
    if arms < 2 or repeats < 2 or not metric.percentage:
        return math.nan
    overlap = data.overlap if protocol.resplit else None
    single = disagreement / data.settings["counts"]["test"]
    shared = single if overlap is not None else single / 2.0  # the luck of a training is new in each repeat
    spread = 0.0 if overlap is not None else math.sqrt(single / 4.0)
    return _told(protocol, arms, repeats, spread, shared, overlap)


def of_search(comparison: Comparison, repeats: int) -> float:
    """The same with the noise that a search has found, in the median of its arms; NaN where it has none.

    Args:
        comparison: a search with at least two repeats.
        repeats: of each arm.
    """
    table, settings = comparison.results.summary, comparison.settings
    known = table[np.isfinite(table["of_repeats"]) & (table["of_repeats"] > 0)]
    if not len(known) or repeats < 2:
        return math.nan
    overlap = settings.get("overlap")
    spread = math.sqrt(float((known["of_repeats"] * known["repeats"]).median()) / 2.0)
    of_examples = 0.0 if overlap is not None else float(known["of_examples"].median())
    return _told(Protocol.from_settings(settings), len(table), repeats, spread, of_examples, overlap)


def rare_in_a_line(data: Data, protocol: Protocol) -> str | None:
    """That accuracy says little about these data, in a sentence; None where it was asked for or no class is rare."""
    rate = base_rate(data, "test")
    if protocol.metric is not None or rate is None or (rate < HIGH and rare_class(data.spec) is None):
        return None
    return (
        f"Accuracy decides, and says little here: the base rate, always the most frequent answer, is {100 * rate:.1f} %"
        ' of the test examples. More is told by metric="balanced_accuracy", "auc" or "pr_auc" (--metric).'
    )


def in_a_line(data: Data, protocol: Protocol, arms: int) -> str | None:
    """What a search will probably be able to tell, in a sentence; None where that is not known."""
    told = before_search(data, protocol, arms, protocol.most_repeats)
    if not math.isfinite(told):
        return None
    up_to = "up to " if protocol.sequential else ""
    return (
        f"With {data.settings['counts']['test']:,} test examples and {up_to}{protocol.most_repeats} repeats, about "
        f"{100 * told:.1f} points can be told between {arms} arms that disagree on {DISAGREEMENT:.0%} of the examples."
    ).replace("%", " %")


def _told(
    protocol: Protocol, arms: int, repeats: int, spread: float, of_examples: float, overlap: float | None
) -> float:
    options: dict[str, Any] = {"of_examples": of_examples, "overlap": overlap}
    tunings = [tuning_of(number, protocol.tunings) for number in range(repeats)]
    if repeats < 2:
        raise InvalidArgument("repeats", repeats, "2 or more")
    return smallest_told(differences_told(spread, repeats, arms - 1, 1.0 - protocol.level, tunings=tunings, **options))
