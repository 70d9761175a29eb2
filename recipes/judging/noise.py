"""Noise: what a finite test split adds to the error of a difference between two arms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["NO_NOISE", "Noise", "noise_of_examples"]


class Noise(NamedTuple):
    """The variance of a mean difference that is due to the choice of the test examples.

    Args:
        variance: in squares of the score.
        doubt: the variance of that estimate over twice; ``variance ** 2 / doubt`` are its degrees of freedom.
    """

    variance: float
    doubt: float


NO_NOISE = Noise(0.0, 0.0)


def noise_of_examples(differences: np.ndarray, resolution: float = 0.0) -> Noise:
    """The noise of the test split in the mean of differences between two arms, by repeat and example.

    Repeats and examples are two crossed random effects. The variance of the grand mean is
    ``repeats / K + examples / n + rest / (K n)``, with K repeats and n examples. The spread of the K means over
    examples holds the first and the last; this is the middle one, from the mean squares of a two-way analysis of
    variance: ``(MS_examples - MS_rest) / (K n)``, at least 0. A single repeat holds the rest, too.

    Where few examples differ, as between two good classifiers, the estimate is as uncertain as their number is small:
    its degrees of freedom come from the kurtosis of the differences, about twice the number of examples that differ.

    Args:
        differences: what each example contributes to one arm's score minus the other's, paired by repeat: (K, n).
        resolution: the step of the score, 1 / n for an accuracy: no difference is surer than one example. Default 0.

    Source: Searle, Casella and McCulloch 1992, "Variance components"; Owen 2007, "The pigeonhole bootstrap".

    Example:
        >>> noise_of_examples(np.array([[0, 0, 1, 0, -1, 0], [0, 0, 1, 0, -1, 0]])).variance  # 2 of 6
        0.06666666666666667
    """
    differences = np.asarray(differences, np.float64)
    repeats, examples = differences.shape
    if examples < 2:
        return NO_NOISE
    by_example = differences.mean(axis=0)
    centred = by_example - by_example.mean()
    of_examples = repeats * float(centred @ centred) / (examples - 1)
    if not of_examples:
        floor = resolution**2
        return Noise(floor, floor**2 / 2)
    kurtosis = examples * float((centred**4).sum()) / float(centred @ centred) ** 2
    freedom = max(1.0, 2.0 * examples / max(kurtosis - 1.0, 2.0))
    rest = doubt_of_rest = 0.0
    if repeats > 1:
        residuals = differences - by_example - differences.mean(axis=1, keepdims=True) + differences.mean()
        rest = float((residuals**2).sum()) / ((repeats - 1) * (examples - 1))
        doubt_of_rest = rest**2 / ((repeats - 1) * freedom)
    scale = repeats * examples
    variance = max((of_examples - rest) / scale, resolution**2)
    return Noise(variance, (of_examples**2 / freedom + doubt_of_rest) / scale**2)
