"""jackknifed: the influence of the examples on a metric of which only the function is known."""

from __future__ import annotations

import numpy as np

from .metric import Metric

__all__ = ["jackknifed"]

GROUPS = 100
"""Parts of the examples that are left out in turn: the noise is then known to about a seventh."""


def jackknifed(
    metric: Metric, y: np.ndarray, predicted: np.ndarray, sample_weight: np.ndarray, *, weighted: bool = True
) -> np.ndarray:
    """How much of a score is due to each example, from the scores without one group of examples after another.

    The examples are divided into 100 groups at random, always in the same way. One example of a group has the influence
    of the whole group, the others have none: the sum of the squares is the variance of the score all the same.

    Args:
        metric: with a function.
        y, predicted, sample_weight: as the function takes them, of n examples.
        weighted: whether the function is given the weights.

    Returns:
        Shape (n,), with sum 0; all NaN where the score without some group is not finite.

    Source: Tukey 1958, "Bias and confidence in not quite large samples"; Shao and Wu 1989 for groups.

    Example:
        >>> share = Metric("share", function=lambda y, predicted, weights: float(np.mean(predicted > 0.5)))
        >>> influences = jackknifed(share, np.zeros(4), np.array([0.1, 0.2, 0.3, 0.9]), np.ones(4), weighted=False)
        >>> influences.round(3)
        array([-0.062, -0.062, -0.062,  0.188])
    """
    examples = len(y)
    groups = np.random.default_rng(0).permutation(examples) % min(GROUPS, examples)
    influences = np.zeros(examples)
    if examples < 2 or metric.function is None:
        return np.full(examples, np.nan)
    without, shares, first = [], [], []
    for group in range(min(GROUPS, examples)):
        kept = groups != group
        without.append(metric.function(y[kept], predicted[kept], sample_weight[kept] if weighted else None))
        shares.append(sample_weight[~kept].sum() / sample_weight.sum())
        first.append(int(np.flatnonzero(~kept)[0]))
    whole = metric.function(y, predicted, sample_weight if weighted else None)
    changes = (whole - np.array(without, np.float64)) * (1 - np.array(shares))
    influences[first] = changes - changes.mean()
    return influences if np.isfinite(changes).all() else np.full(examples, np.nan)
