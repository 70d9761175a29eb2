"""score_intervals: how far the noise of a finite split may have moved the scores of a model on it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING

import keras

from .metrics import METRICS, contributions
from .scoring import BASE_RATE, predictions

if TYPE_CHECKING:
    from .data import Data

__all__ = ["CONFIDENCE", "is_not_above_base_rate", "score_intervals", "wilson"]

CONFIDENCE = 0.95


def wilson(share: float, examples: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval for a share of independent examples, which stays within 0 and 1.

    Args:
        share: of the examples, in [0, 1].
        examples: their number, >= 1.
        confidence: of the interval, in (0, 1). Default 0.95.

    Source: Wilson 1927; Agresti and Coull 1998.

    Example:
        >>> [round(end, 3) for end in wilson(0.9, 100)]
        [0.826, 0.945]
    """
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z**2 / (2 * examples)) / (1 + z**2 / examples)
    half = z / (1 + z**2 / examples) * (share * (1 - share) / examples + z**2 / (4 * examples**2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def score_intervals(
    model: keras.Model, data: Data, scores: Mapping[str, float], split: str = "test"
) -> dict[str, tuple[float, float]]:
    """95 % intervals of the scores of a model on a split: what they would be on other examples of the same kind.

    Of the accuracy of classes that is Wilson's interval; of other scores, and with sample weights, the normal one by
    the influence of each example. Not of the loss, which may hold penalties.

    Args:
        model: trained.
        data: its data.
        scores: name -> score on the split.
        split: "test" (default), "validation" or "train".

    Source: Efron 1981, "Nonparametric estimates of standard error", for the influences.

    Example:
        >>> score_intervals(run.model, run.data, run.evaluate())                     # doctest: +SKIP
        {'accuracy': (0.951, 0.987)}
    """
    y, weights = data.arrays(split)[1], data.sample_weight(split)
    names = [name for name in scores if name in METRICS]
    if names == ["accuracy"] and weights is None and y.ndim == 1:
        return {"accuracy": wilson(scores["accuracy"], len(y))}
    predicted = predictions(model, data, split)
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    intervals = {}
    for name in names:
        half = z * float(contributions(METRICS[name], y, predicted, weights).std()) / max(len(y) - 1, 1) ** 0.5
        intervals[name] = (max(0.0, scores[name] - half), scores[name] + half)
    return {
        name: (low, min(high, 1.0)) if name == "accuracy" else (low, high) for name, (low, high) in intervals.items()
    }


def is_not_above_base_rate(scores: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]) -> bool:
    """Whether always answering the most frequent class may be as good: the interval of the accuracy holds its score.

    Args:
        scores: as of :meth:`recipes.Run.evaluate`.
        intervals: as of :func:`score_intervals`.

    Example:
        >>> is_not_above_base_rate({"accuracy": 0.591, "base_rate": 0.583}, {"accuracy": (0.504, 0.672)})
        True
    """
    return BASE_RATE in scores and "accuracy" in intervals and intervals["accuracy"][0] <= scores[BASE_RATE]
