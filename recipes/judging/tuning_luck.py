"""The variance between repeats where some of them share the setting that one tuning has found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Spread", "pooled_spread"]


class Spread(NamedTuple):
    """An estimated variance of one repeat, such that the variance of the mean of K repeats is a K-th of it.

    Args:
        variance: in squares of the score.
        freedom: its degrees of freedom.
    """

    variance: float
    freedom: float


def pooled_spread(residuals: np.ndarray, tunings: Sequence[int] = ()) -> Spread:
    """The variance of a repeat of one arm, from the residuals of all arms.

    Repeats that share a tuning share its luck, which their mean does not average out. With the mean squares between
    and within tunings of a nested analysis of variance, the variance of a mean of K repeats, n_j of which have the
    setting of tuning j, is ``within / K + (between - within) / n0 * sum(n_j ** 2) / K ** 2``, where
    ``n0 = (K - sum(n_j ** 2) / K) / (J - 1)`` and J is the number of tunings. Where ``between`` is not larger than
    ``within``, the two are pooled.

    Args:
        residuals: shape (arms, K), without the means of arms and repeats.
        tunings: the number of each repeat's tuning. Default: they do not matter, as where there is one, or one for
            each repeat.

    Source: Searle, Casella and McCulloch 1992, "Variance components"; Satterthwaite 1946.

    Example:
        >>> pooled_spread(np.array([[1.0, 1.0, -1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]]), [0, 0, 1, 1])
        Spread(variance=8.0, freedom=1.0)
    """
    arms, repeats = residuals.shape
    total, freedom = float((residuals**2).sum()), (arms - 1) * (repeats - 1)
    numbers, places, counts = np.unique(np.asarray(tunings, np.int64), return_inverse=True, return_counts=True)
    if not 1 < len(numbers) < repeats:
        return Spread(total / freedom, freedom)
    sums = residuals @ (places[:, None] == np.arange(len(numbers)))
    of_tunings = float((sums**2 / counts).sum())
    freedoms = (arms - 1) * (len(numbers) - 1), (arms - 1) * (repeats - len(numbers))
    between, within = of_tunings / freedoms[0], max(0.0, total - of_tunings) / freedoms[1]
    if between <= within:
        return Spread(total / freedom, freedom)
    squares = float((counts**2).sum())
    share = squares / repeats / ((repeats - squares / repeats) / (len(numbers) - 1))  # of `between`, times K
    variance = share * between + (1.0 - share) * within
    doubt = (share * between) ** 2 / freedoms[0] + ((1.0 - share) * within) ** 2 / freedoms[1]
    return Spread(variance, variance**2 / doubt)
