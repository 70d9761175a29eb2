"""Pruning: rules that stop a tuning trial early if earlier trials of its arm did better at the same epoch."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_choice, check_integer
from ..metric import Metric

__all__ = ["PRUNING", "Pruned", "asha", "check_pruning", "median", "rungs"]

REDUCTION = 2
"""At a rung of successive halving, one of this many trials continues."""

ENOUGH = 3
"""How many earlier trials must have reached an epoch before the median rule may stop one there."""


def rungs(epochs: int) -> list[int]:
    """The epochs after which successive halving decides: 1, 2, 4, ..., up to half of a training.

    There is no rung in the second half: little would be saved there, and under a schedule that ends with low rates most
    of a trial's gain is still to come.

    Example:
        >>> rungs(5), rungs(30)
        ([1, 2], [1, 2, 4, 8])
    """
    check_integer("epochs", epochs, low=1)
    decisive = [1]
    while 2 * REDUCTION * decisive[-1] <= epochs:
        decisive.append(REDUCTION * decisive[-1])
    return [epoch for epoch in decisive if epoch < epochs]


def asha(curve: Sequence[float], rivals: Sequence[Sequence[float]], epochs: int) -> bool:
    """Whether a trial continues by asynchronous successive halving: at a rung it must be in the best half so far.

    Trials are ranked by their best score until then, since single epochs at high rates are noisy.

    Args:
        curve: the trial's validation scores, one per epoch so far; larger is better.
        rivals: the scores of earlier trials, for as many epochs as each has run.
        epochs: the epochs of a whole training.

    Source: Li et al. 2020, "A system for massively parallel hyperparameter tuning", arXiv:1810.05934, in the variant
    that stops trials rather than pausing them.

    Example:
        >>> asha([0.5], [[0.9, 0.95]], epochs=9), asha([0.92], [[0.9, 0.95]], epochs=9)
        (False, True)
    """
    epoch = len(curve)
    if epoch not in rungs(epochs):
        return True
    scores = [max(rival[:epoch]) for rival in rivals if len(rival) >= epoch]
    better = sum(score > max(curve) for score in scores)
    return better < max(1, (len(scores) + 1) // REDUCTION)


def median(curve: Sequence[float], rivals: Sequence[Sequence[float]], epochs: int) -> bool:
    """Whether a trial continues by the median rule: its best score must reach the median of the others' mean scores.

    The arguments are those of :func:`asha`. The first three trials always run to the end.

    Source: Golovin et al. 2017, "Google Vizier: a service for black-box optimization".

    Example:
        >>> median([0.5], [[0.7, 0.8], [0.6, 0.9], [0.8, 0.9]], epochs=9)
        False
    """
    epoch = len(curve)
    means = [statistics.fmean(rival[:epoch]) for rival in rivals if len(rival) >= epoch]
    return len(means) < ENOUGH or epoch >= epochs or max(curve) >= statistics.median(means)


PRUNING = {"none": None, "asha": asha, "median": median}
"""The rules by name."""


def check_pruning(rule: str, epochs: int, trials: int) -> None:
    """Raises for a search in which a rule can stop nothing: of one epoch, or of too few trials to compare.

    Raises:
        InvalidArgument: naming what is too small.

    Example:
        >>> check_pruning("median", epochs=9, trials=3)
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: trials must be >= 4 for prune='median', which stops nothing otherwise. \
Received: trials=3
    """
    least = {"epochs": 2, "trials": ENOUGH + 1 if rule == "median" else 2}
    for name, value in (("epochs", epochs), ("trials", trials)):
        if value < least[name]:
            accepted = f">= {least[name]} for prune={rule!r}, which stops nothing otherwise"
            raise InvalidArgument(name, value, accepted)


class Pruned(keras.callbacks.Callback):
    """Stops a training by a rule.

    Args:
        rule: a name in ``PRUNING``; "none" never stops.
        rivals: recorded validation scores of the earlier trials, one list per trial.
        metric: the metric of the scores, which the logs hold under its name with the prefix "val_".
        epochs: the epochs of a whole training.

    Attributes:
        pruned: whether the training was stopped.
    """

    def __init__(self, rule: str, rivals: Sequence[Sequence[float]], *, metric: Metric, epochs: int):
        super().__init__()
        check_choice("prune", rule, tuple(PRUNING))
        self._rule, self._name, self._epochs = PRUNING[rule], f"val_{metric.name}", epochs
        self._sign = metric.sign
        self._rivals = [[self._score(value) for value in rival] for rival in rivals]
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
