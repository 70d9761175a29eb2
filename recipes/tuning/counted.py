"""Counted: what of a search's records counts, and what is missing."""

from __future__ import annotations

import collections
from dataclasses import dataclass

from .plan import Plan, Records
from .record import Record

__all__ = ["Counted", "count"]


@dataclass(frozen=True)
class Counted:
    """The trainings of a search that count.

    Args:
        records: those of the complete arms, in the order of the plan.
        finished, planned: numbers of trainings.
        complete, arms: numbers of arms: those whose trainings have all ended, and all.
        superseded: how many repeats are on record of settings that a later trial surpassed.
    """

    records: list[Record]
    finished: int
    planned: int
    complete: int
    arms: int
    superseded: int

    @property
    def state(self) -> str:
        """The progress in words, "12 of 16 trainings have ended, 3 of 4 arms are complete"."""
        are = "is" if self.complete == 1 else "are"
        return (
            f"{self.finished:,} of {self.planned:,} trainings have ended, "
            f"{self.complete:,} of {self.arms:,} arm{'s' * (self.arms != 1)} {are} complete"
        )


def count(plan: Plan, records: Records) -> Counted:
    """What counts of the records of a search, finished or not.

    Example:
        >>> from recipes.tuning.arms import Arm
        >>> from recipes.tuning.protocol import Protocol
        >>> count(Plan([Arm("adam", "none")], Protocol(trials=2, repeats=2)), {}).state
        '0 of 6 trainings have ended, 0 of 1 arm are complete'
    """
    repeats = collections.Counter(record.arm for record in records.values() if record.stage == "confirm")
    counted: list[Record] = []
    finished = planned = complete = superseded = 0
    for arm in plan.arms:
        trainings, ended = plan.of(arm, records), plan.ended(arm, records)
        planned, finished = planned + len(trainings), finished + len(ended)
        if all(training.key in records for training in trainings if training.stage == "tune"):
            superseded += repeats[arm.name] - sum(training.stage == "confirm" for training in ended)
        if len(ended) == len(trainings):
            complete += 1
            counted += [records[training.key] for training in trainings]
    return Counted(counted, finished, planned, complete, len(plan.arms), superseded)
