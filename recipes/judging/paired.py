"""compare_paired: the difference of two fixed models on the same test examples."""

from __future__ import annotations

import math

import numpy as np

from .dunnett import LEVEL, NOTHING, SAME, Difference, critical_value, family_error, rounded
from .noise import noise_of_examples

__all__ = ["compare_paired"]


def compare_paired(
    differences: np.ndarray, comparisons: int = 1, level: float = LEVEL, resolution: float = 0.0
) -> Difference:
    """The mean difference of two models that were trained once, and its noise due to the choice of the test examples.

    This is the paired t-test over examples. Where few examples differ, it has as few degrees of freedom as
    :func:`recipes.judging.noise.noise_of_examples` gives it. Several comparisons, such as those of slices, share the
    level by Bonferroni's rule: whatever they have in common, the chance that any interval misses is at most ``level``.

    Args:
        differences: what each example contributes to one model's score minus the other's: shape (n,).
        comparisons: how many there are. Default 1.
        level: the chance that any of their intervals misses. Default 0.05.
        resolution: the step of the score, 1 / n for an accuracy. Default 0.

    Returns:
        The :class:`~recipes.judging.dunnett.Difference`; all NaN for fewer than two examples.

    Source: Dunn 1961, "Multiple comparisons among means".

    Example:
        >>> found = compare_paired(np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, -1.0] * 5))
        >>> found.p < 0.001, 0 < found.low < 0.5 < found.high
        (True, True)
    """
    differences = np.asarray(differences, np.float64)
    if len(differences) < 2 or not np.isfinite(differences).all():
        return NOTHING
    if not differences.any():
        return SAME
    mean, noise = float(differences.mean()), noise_of_examples(differences[np.newaxis], resolution)
    if not noise.variance:
        return NOTHING
    error, freedom = math.sqrt(noise.variance), noise.variance**2 / noise.doubt
    half = critical_value(1, freedom, level / comparisons) * error
    p = min(1.0, comparisons * family_error(abs(mean) / error, 1, rounded(freedom)))
    return Difference(p, mean - half, mean + half, 0.0, noise.variance, freedom, comparisons)
