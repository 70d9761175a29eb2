"""Pruning: which tuning trials of an arm are stopped early, because earlier ones did better at the same epoch."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import keras

from ...callbacks.checks import check_choice, check_integer
from ..metric import Metric

__all__ = ["PRUNING", "Pruned", "asha", "median", "rungs"]

REDUCTION = 2
"""Of so many trials at a rung of successive halving, one goes on."""

ENOUGH = 3
"""How many earlier trials must have reached an epoch before the median rule may stop one there."""


def rungs(epochs: int) -> list[int]:
    """The epochs after which successive halving decides: 1, 2, 4, ..., up to the middle of a training.

    There is none in the second half, where little is left to save and, under a schedule that ends with low rates, most
    of a trial's gain is still to come.

    Example:
        >>> rungs(5), rungs(30)
        ([1, 2], [1, 2, 4, 8])
    """
    check_integer("epochs", epochs, low=1)
    out = [1]
    while 2 * REDUCTION * out[-1] <= epochs:
        out.append(REDUCTION * out[-1])
    return [each for each in out if each < epochs]


def asha(curve: Sequence[float], rivals: Sequence[Sequence[float]], epochs: int) -> bool:
    """Whether a trial goes on, by asynchronous successive halving: at a rung it must be among the best half so far.

    What counts is the best score until then: single epochs at high rates are noisy.

    Args:
        curve: its validation scores, one an epoch so far, the larger the better.
        rivals: those of the trials before it, each as far as it came.
        epochs: of a whole training.

    Source: Li et al. 2020, "A system for massively parallel hyperparameter tuning", arXiv:1810.05934, in the variant
    that stops trials rather than pausing them.

    Example:
        >>> asha([0.5], [[0.9, 0.95]], epochs=9), asha([0.92], [[0.9, 0.95]], epochs=9)
        (False, True)
    """
    at = len(curve)
    if at not in rungs(epochs):
        return True
    there = [max(each[:at]) for each in rivals if len(each) >= at]
    ahead = sum(score > max(curve) for score in there)
    return ahead < max(1, (len(there) + 1) // REDUCTION)


def median(curve: Sequence[float], rivals: Sequence[Sequence[float]], epochs: int) -> bool:
    """Whether a trial goes on, by the median rule: its best score may not be below the median of the others' means.

    Arguments as for :func:`asha`. The first three trials always run to their end.

    Source: Golovin et al. 2017, "Google Vizier: a service for black-box optimization".

    Example:
        >>> median([0.5], [[0.7, 0.8], [0.6, 0.9], [0.8, 0.9]], epochs=9)
        False
    """
    at = len(curve)
    means = [statistics.fmean(each[:at]) for each in rivals if len(each) >= at]
    return len(means) < ENOUGH or at >= epochs or max(curve) >= statistics.median(means)


PRUNING = {"none": None, "asha": asha, "median": median}
"""The rules by name."""


class Pruned(keras.callbacks.Callback):
    """Stops a training by a rule.

    Args:
        rule: of ``PRUNING``, by name, but "none".
        rivals: validation scores of the trials before, one list each, as they are recorded.
        metric: what the scores are; among the logs, its name with "val_" before it.
        epochs: of a whole training.

    Attributes:
        pruned: whether it did.
    """

    def __init__(self, rule: str, rivals: Sequence[Sequence[float]], *, metric: Metric, epochs: int):
        super().__init__()
        check_choice("prune", rule, tuple(PRUNING))
        self._rule, self._name, self._epochs = PRUNING[rule], f"val_{metric.name}", epochs
        self._sign = metric.sign
        self._rivals = [[self._score(value) for value in each] for each in rivals]
        self._curve: list[float] = []
        self.pruned = False

    def _score(self, value: float) -> float:
        return self._sign * value if value == value else -float("inf")

    def on_train_begin(self, logs: Any = None) -> None:
        self._curve, self.pruned = [], False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._curve.append(self._score(float((logs or {})[self._name])))
        if self._rule is not None and not self._rule(self._curve, self._rivals, self._epochs):
            self.pruned = self.model.stop_training = True
