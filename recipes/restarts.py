"""Restarts: a training at a rate that a range test found starts again at a lower rate while it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from ..callbacks.range_test.suggestions import WINDOW
from ..callbacks.warning import warn

if TYPE_CHECKING:
    from ..callbacks.range_test.lr_finder import LRFinder

__all__ = ["Attempt", "Training", "warn_of_failures", "with_restarts"]

LOWERED_BY, LOWERINGS = 4.0, 3
"""The divisor of a found rate that diverges, and how often it is applied at most."""

WORSE = 0.1
"""The relative increase of the loss over a whole training from which on it counts as failed."""


@dataclass(frozen=True)
class Attempt:
    """A training that failed at a rate that a range test had found.

    Attributes:
        learning_rate: its peak.
        message: how it failed.
    """

    learning_rate: float
    message: str


class Training(Protocol):
    """What is read of a finished training: a :class:`recipes.Run`, for example."""

    recipe: Any
    history: dict[str, list[float]]
    best_epoch: int
    message: str | None
    range_test: LRFinder | None


T = TypeVar("T", bound=Training)


def with_restarts(
    train: Callable[[float | None, int], T], learning_rate: float | None = None, found_by: LRFinder | None = None
) -> tuple[list[T], tuple[Attempt, ...]]:
    """Trains; while the training fails at a rate that a range test found, divides that by 4 and starts again.

    A training fails if it diverges or ends with a higher loss than it began with. There are at most 3 restarts, and
    none at a rate that the user chose.

    Args:
        train: trains from the start. It takes a learning rate, None for the recipe's or that of a range test, and the
            number of failed trainings before this one.
        learning_rate: the first argument of the first training. Default None.
        found_by: the range test that found this rate; None (default) for that of the first training, if it made one.

    Returns:
        The trainings in order, of which the last one counts, and what is to say about those before it.

    Example:
        >>> trainings, attempts = with_restarts(train)                         # doctest: +SKIP
        >>> [attempt.learning_rate for attempt in attempts], trainings[-1].recipe.learning_rate
        ([2.4, 0.6], 0.15)
    """
    trainings: list[T] = []
    attempts: list[Attempt] = []
    while True:
        trainings.append(train(learning_rate, len(attempts)))
        finder = trainings[0].range_test if found_by is None else found_by
        failure = None if finder is None else _failure(trainings[-1], finder)
        if failure is None or len(attempts) == LOWERINGS:
            return trainings, tuple(attempts)
        attempts.append(Attempt(float(trainings[-1].recipe.learning_rate), failure))
        learning_rate = attempts[-1].learning_rate / LOWERED_BY


def _failure(training: Training, finder: LRFinder) -> str | None:
    """Why a training has to start again at a lower rate, or None: it diverged, or ended worse than it began."""
    if training.message is not None:
        return training.message.partition("; the weights")[0]
    losses = finder.losses[np.isfinite(finder.losses)][:WINDOW]
    if not len(losses):
        return None
    before, after = float(np.mean(losses)), training.history["loss"][training.best_epoch - 1]
    if after <= before + WORSE * abs(before):
        return None
    return f"the training loss ended at {after:.3g}, having begun at {before:.3g}"


def warn_of_failures(attempts: Sequence[Attempt], message: str | None, *, who: str = "") -> None:
    """Warns of the attempts that failed, and of a divergence in the end.

    Args:
        attempts: of :func:`with_restarts`.
        message: why the last training diverged, or None.
        who: what was trained, for the message: "member 3: ". Default empty.
    """
    for attempt in attempts:
        rate = f"{who}learning rate {attempt.learning_rate:.3g}"
        text = f"{rate} was lowered and the training started again: {attempt.message}"
        warn(text, RuntimeWarning)
    if message is not None:
        warn(f"training stopped: {who}{message}", RuntimeWarning)
