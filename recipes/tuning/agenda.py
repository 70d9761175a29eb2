"""Agenda: the next training of a plan, in time that does not grow with the plan."""

from __future__ import annotations

import heapq

from .arms import Arm
from .plan import Plan, Records, Training

__all__ = ["Agenda"]


class Agenda:
    """Hands out each training of a plan once, in the order of :meth:`Plan.ready`, without scanning the whole plan.

    Args:
        plan: the trainings to run.
        records: the finished trainings by key; the caller adds to them. Trainings that are finished from the start are
            handed out too, before the unfinished ones of their arm.

    Example:
        >>> from recipes.tuning.protocol import Protocol
        >>> plan, records = Plan([Arm("adam", "none")], Protocol(trials=2, repeats=1)), {}
        >>> agenda = Agenda(plan, records)
        >>> agenda.next().key, agenda.next().key, agenda.next()     # the third waits for these two
        ('adam+none/tune/0', 'adam+none/tune/1', None)
    """

    def __init__(self, plan: Plan, records: Records):
        self._plan, self._records = plan, records
        self._places = {arm: place for place, arm in enumerate(plan.arms)}
        self._open: dict[Arm, int] = {}
        self._given: set[str] = set()
        self._queue: list[tuple[int, bool, int, int, Training]] = []
        for arm in plan.arms:
            self._add_of(arm)

    @property
    def done(self) -> bool:
        """Whether every training of the plan has ended."""
        return not self._open

    def next(self) -> Training | None:
        """The next training, to start or finished already; None while others have to end first."""
        return heapq.heappop(self._queue)[-1] if self._queue else None

    def ended(self, training: Training) -> None:
        """Notes that a training handed out earlier is now among the records."""
        arm = training.arm
        self._open[arm] -= 1
        if self._open[arm] == 0:
            del self._open[arm]
            self._add_of(arm)

    def _add_of(self, arm: Arm) -> None:
        """Adds what has ended and what can start now, except for what was handed out before."""
        known = [*self._plan.ended(arm, self._records), *self._plan.next_of(arm, self._records)]
        trainings = [training for training in known if training.key not in self._given]
        for training in trainings:
            self._given.add(training.key)
            confirms = training.stage == "confirm"
            order = (self._places[arm], confirms, 0 if confirms else training.tuning, training.number)
            heapq.heappush(self._queue, (*order, training))
        if trainings:
            self._open[arm] = self._open.get(arm, 0) + len(trainings)
