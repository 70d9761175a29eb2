"""Runner: what trains the jobs of a search, here or elsewhere."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .plan import Training
from .record import Record

__all__ = ["ATTEMPTS", "Job", "Runner"]

ATTEMPTS = 20
"""How often a training starts anew after its process was killed, before it counts as failed."""


@dataclass(frozen=True)
class Job:
    """All that a worker has to know about one training.

    Args:
        training: which one.
        values: of its hyperparameters.
        rivals: validation scores of the trials it is compared with for pruning, one list each.
    """

    training: Training
    values: Mapping[str, float]
    rivals: Sequence[Sequence[float]] = ()

    def record(self, **outcome: Any) -> Record:
        """What the training leaves, with these fields of the outcome."""
        training = self.training
        return Record(
            key=training.key,
            stage=training.stage,
            arm=training.arm.name,
            choices=training.arm.choices,
            trial=training.number,
            seed=training.seed,
            values=dict(self.values),
            **outcome,
        )

    def failed(self, cause: BaseException | str, seconds: float) -> Record:
        """What a training leaves that did not come to an end, with its cause in one line."""
        text = cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"
        return self.record(status="failed", message=" ".join(text.split())[:500], seconds=round(seconds, 4))


class Runner(typing.Protocol):
    """What trains jobs: this process, several, or a cluster.

    A tuner submits jobs while ``free`` is above 0 and then waits; every job that was submitted is returned by ``wait``
    once, in any order, with its record. A training that fails is a record too: ``wait`` does not raise for it.
    """

    @property
    def free(self) -> int:
        """How many more jobs could be trained at once; below 0 where there is less room than there was."""

    def submit(self, job: Job) -> None:
        """Takes a job."""

    def wait(self) -> tuple[Job, Record]:
        """The next job that has ended, with its record."""
