"""Pruning: rules that end a tuning trial early if earlier trials of its arm had done better by then."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_integer
from ..catalogue import Lookup, Option
from ..metric import Metric
from .record import Record

__all__ = [
    "LEAST_UPDATES",
    "PRUNING",
    "BelowMedian",
    "Rung",
    "asha",
    "check_horizon",
    "check_pruning",
    "compared",
    "first_epoch",
    "median",
    "ranked",
    "rungs",
    "stops_nothing",
]

RUNGS = {16: 3, 4: 4}
"""The rungs of successive halving: the part of the epochs (a sixteenth) -> the part of the trials that continues."""

LEAST_UPDATES = 50
"""The updates of the optimizer before which no training is judged: with 6 or 12 of them the order of learning rates is
hardly that after all epochs, least so for units that are slow to start (``scripts/measure/measure_rungs.py``)."""

ENOUGH = 3
"""How many earlier trials must have reached an epoch before the median rule may stop one there."""

WITHOUT_HORIZON = ("constant", "performance")
"""Schedules under which a training goes on as it began, so that scores at the same epoch can be compared."""


@dataclass(frozen=True)
class Rung:
    """A short training of successive halving.

    Args:
        epochs: its length.
        part: the part of the trials so far that continues, 3 for a third.
    """

    epochs: int
    part: int


def rungs(epochs: int, updates: int) -> list[Rung]:
    """The short trainings of successive halving: a sixteenth and a quarter of the epochs, rounded up.

    One of fewer than ``LEAST_UPDATES`` updates is lengthened, or left out if it would take more than a quarter of the
    epochs.

    Args:
        epochs: those of a whole training, >= 1.
        updates: of the optimizer in an epoch, >= 1.

    Example:
        >>> [rung.epochs for rung in rungs(epochs=32, updates=100)], [rung.epochs for rung in rungs(32, updates=20)]
        ([2, 8], [3, 8])
        >>> rungs(epochs=32, updates=5)
        []
    """
    least, most = first_epoch(updates), -(-check_integer("epochs", epochs, low=1) // min(RUNGS))
    ladder = {
        max(least, -(-epochs // part)): Rung(max(least, -(-epochs // part)), keep) for part, keep in RUNGS.items()
    }
    return [rung for rung in ladder.values() if rung.epochs <= most and rung.epochs < epochs]


def first_epoch(updates: int) -> int:
    """The first epoch, counted from 1, at whose end a training has had enough updates to be judged.

    Args:
        updates: of the optimizer in an epoch, >= 1.
    """
    return -(-LEAST_UPDATES // check_integer("updates", updates, low=1))


def stops_nothing(rule: str, epochs: int, updates: int) -> bool:
    """Whether a rule cannot stop a training, since at none of its points there have been enough updates.

    Example:
        >>> stops_nothing("asha", epochs=16, updates=7), stops_nothing("asha", epochs=16, updates=70)
        (True, False)
    """
    if rule == "asha":
        return not rungs(epochs, updates)
    return rule == "median" and first_epoch(updates) >= epochs


def asha(scores: Sequence[float], rivals: Sequence[Sequence[float]], part: int) -> bool:
    """Whether a trial continues by asynchronous successive halving: it must be among the best so far at its rung.

    A rung is a short training of its own, with the whole schedule: a score half-way through a cycle, at a high rate,
    says little about the score at its end.

    Args:
        scores: the trial's validation scores, one per rung so far; larger is better.
        rivals: those of earlier trials, for as many rungs as each has reached.
        part: which part continues, 3 for the best third.

    Source: Li et al. 2020, "A system for massively parallel hyperparameter tuning", arXiv:1810.05934, in the variant
    that stops trials rather than pausing them.

    Example:
        >>> asha([0.5], [[0.9, 0.95]], part=3), asha([0.92], [[0.9, 0.95]], part=3)
        (False, True)
    """
    rung = len(scores) - 1
    reached = [rival[rung] for rival in rivals if len(rival) > rung]
    better = sum(score > scores[rung] for score in reached)
    return better < max(1, (len(reached) + 1) // part)


def median(curve: Sequence[float], rivals: Sequence[Sequence[float]], epochs: int) -> bool:
    """Whether a trial continues by the median rule: its best score must reach the median of the others' mean scores.

    The first three trials always run to the end.

    Args:
        curve: the trial's validation scores, one per epoch so far; larger is better.
        rivals: the scores of earlier trials, for as many epochs as each has run.
        epochs: the epochs of a whole training.

    Source: Golovin et al. 2017, "Google Vizier: a service for black-box optimization".

    Example:
        >>> median([0.5], [[0.7, 0.8], [0.6, 0.9], [0.8, 0.9]], epochs=9)
        False
    """
    epoch = len(curve)
    means = [statistics.fmean(rival[:epoch]) for rival in rivals if len(rival) >= epoch]
    return len(means) < ENOUGH or epoch >= epochs or max(curve) >= statistics.median(means)


PRUNING = Lookup(
    "pruning",
    [
        Option(
            "none",
            "Every trial runs to the end.",
            "random search: Bergstra and Bengio 2012",
            when="For few trials or short trainings, where every score is wanted. Not for tens of trials of "
            "many epochs.",
        ),
        Option(
            "asha",
            "Short trainings first; only the better trials of an arm get long ones.",
            "Li et al. 2020",
            when="For many trials an arm, under any schedule: three quarters of the time and equal scores on "
            "digits here. Not for a few trials or epochs.",
        ),
        Option(
            "median",
            "A trial ends once its best score is below the median of the others so far.",
            "Golovin et al. 2017",
            when="For long trainings under schedules without a horizon, such as constant. Not under 1cycle, "
            "whose early scores tell nothing of its end.",
        ),
    ],
)
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


def check_horizon(rule: str, schedules: Iterable[str]) -> None:
    """Raises for the median rule where a schedule has a horizon: early scores under it do not tell the last one.

    Args:
        rule: a name in ``PRUNING``.
        schedules: the names of the arms' schedules.

    Example:
        >>> check_horizon("median", ["constant", "one_cycle"])
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: prune must be 'asha' or 'none' with the schedule 'one_cycle', whose early \
scores do not tell the last; 'median' is for constant and performance. Received: prune='median'
    """
    if rule != "median":
        return
    for schedule in schedules:
        if schedule not in WITHOUT_HORIZON:
            accepted = (
                f"'asha' or 'none' with the schedule {schedule!r}, whose early scores do not tell the last; "
                f"'median' is for {' and '.join(WITHOUT_HORIZON)}"
            )
            raise InvalidArgument("prune", rule, accepted)


def compared(record: Record, rule: str) -> Sequence[float]:
    """The validation scores of a trial with which a rule compares later ones."""
    return record.rungs if rule == "asha" else record.history["val_score"]


def ranked(score: float, metric: Metric) -> float:
    """A score such that larger is better, and an unknown one the worst."""
    return metric.sign * score if score == score else -float("inf")


class BelowMedian(keras.callbacks.Callback):
    """Stops a training by the median rule.

    Args:
        rivals: recorded validation scores of the earlier trials, one list per trial.
        metric: the metric of the scores, which the logs hold under its name with the prefix "val_".
        epochs: the epochs of a whole training.
        first: the first epoch, counted from 1, after which it may be stopped. Default 1.

    Attributes:
        pruned: whether the training was stopped.
    """

    def __init__(self, rivals: Sequence[Sequence[float]], *, metric: Metric, epochs: int, first: int = 1):
        super().__init__()
        self._metric, self._epochs, self._first = metric, epochs, first
        self._rivals = [[ranked(value, metric) for value in rival] for rival in rivals]
        self._curve: list[float] = []
        self.pruned = False

    def on_train_begin(self, logs: Any = None) -> None:
        self._curve, self.pruned = [], False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._curve.append(ranked(float((logs or {})[f"val_{self._metric.name}"]), self._metric))
        if epoch + 1 >= self._first and not median(self._curve, self._rivals, self._epochs):
            self.pruned = self.model.stop_training = True
