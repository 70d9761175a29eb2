"""Runner: the interface of what trains the jobs of a search, here or elsewhere."""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..plan import Plan, Records, Training
from ..pruning import compared
from ..record import Record

__all__ = ["ATTEMPTS", "Job", "Runner"]

ATTEMPTS = 20
"""How often the process of a training may be killed before the training counts as failed."""


@dataclass(frozen=True)
class Job:
    """Everything that a worker needs to know of one training.

    Args:
        training: the training to run.
        values: the values of its hyperparameters.
        rivals: validation scores of the trials that pruning compares it with, one list per trial, from
            :func:`recipes.tuning.pruning.compared`. Default: none.
    """

    training: Training
    values: Mapping[str, float]
    rivals: Sequence[Sequence[float]] = ()

    @classmethod
    def of(cls, training: Training, plan: Plan, records: Records) -> Job:
        """The job of a training of a plan, from the finished trainings."""
        rivals = [compared(rival, plan.protocol.prune) for rival in plan.rivals(training, records)]
        return cls(training, plan.values(training, records), rivals)

    def record(self, learning_rate: float = math.nan, **outcome: Any) -> Record:
        """The record of the training, with these fields of the outcome.

        Args:
            learning_rate: the rate that the training found, where its values name none; NaN (default) if it failed.
            **outcome: fields of the record.
        """
        training = self.training
        return Record(
            key=training.key,
            stage=training.stage,
            arm=training.arm.name,
            choices=training.arm.choices,
            trial=training.number,
            seed=training.seed,
            values={"learning_rate": learning_rate, **self.values},
            split=training.split,
            tuning=training.tuning,
            **outcome,
        )

    def failed(self, cause: BaseException | str, seconds: float) -> Record:
        """The record of a training that failed, with the cause in one line of at most 500 characters."""
        text = cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"
        return self.record(status="failed", message=" ".join(text.split())[:500], seconds=round(seconds, 4))


class Runner(typing.Protocol):
    """Trains jobs: in this process, in several, or on a cluster.

    A tuner submits jobs while ``free`` is above 0 and then waits. ``wait`` returns every submitted job once, in any
    order, with its record. A training that fails has a record too: ``wait`` raises only for faults of the machine.
    """

    @property
    def free(self) -> int:
        """How many more jobs could be trained at once; below 0 if there is less room than before."""

    def submit(self, job: Job) -> None:
        """Takes a job."""

    def wait(self) -> tuple[Job, Record]:
        """The next job that has ended, with its record."""
