"""Plan: the trainings of a search, and which of them may start when."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from ..metric import ACCURACY, Metric
from .arms import Arm
from .best_setting import best_setting
from .protocol import Protocol
from .record import Record
from .space import at_edge, settings, settings_beyond

__all__ = ["Plan", "Records", "Training"]

Records = Mapping[str, Record]
"""The finished trainings by key."""


@dataclass(frozen=True)
class Training:
    """One training of the plan: of which arm, in which stage ("tune" or "confirm"), with which seed."""

    arm: Arm
    stage: str
    number: int
    seed: int

    @functools.cached_property
    def key(self) -> str:
        """Its name in the ledger."""
        return f"{self.arm.name}/{self.stage}/{self.number}"


@dataclass(frozen=True)
class Plan:
    """All trainings of a search: for each arm first some settings with one seed, then the best with fresh seeds.

    What comes next depends on nothing but the plan and the arm's finished trainings: neither on the clock nor on the
    order in which arms are done, so that a search that was interrupted or spread over processes ends the same.

    Args:
        arms: what is compared.
        protocol: how. Settings are tried with its ``seed`` and confirmed with the next ``seeds`` ones, the same for
            every arm. Where it widens, an arm whose best learning rate lies at an end of its range gets half as many
            trials again, in the decade beyond that end. Where it prunes, the tuning trials of an arm follow one
            another.
        metric: what validation scores are. Default accuracy.
    """

    arms: Sequence[Arm]
    protocol: Protocol
    metric: Metric = ACCURACY

    def of(self, arm: Arm, records: Records) -> list[Training]:
        """The trainings of an arm, as far as they are known by now."""
        tuning = self._tuning(arm, records)
        confirming = [Training(arm, "confirm", k, self.protocol.seed + 1 + k) for k in range(self.protocol.seeds)]
        return [*tuning, *confirming]

    def all(self, records: Records) -> list[Training]:
        """The trainings of all arms, arm by arm."""
        return [training for arm in self.arms for training in self.of(arm, records)]

    def ready(self, records: Records, running: Set[str] = frozenset()) -> Iterator[Training]:
        """Those that can start now, in the order of the arms."""
        for arm in self.arms:
            yield from (training for training in self.next_of(arm, records) if training.key not in running)

    def next_of(self, arm: Arm, records: Records) -> list[Training]:
        """Those of an arm that have not ended and that need no result of one that has not ended either."""
        tuning = [training for training in self._tuning(arm, records) if training.key not in records]
        if tuning:
            return tuning[:1] if self.protocol.one_by_one else tuning
        return [training for training in self.of(arm, records) if training.key not in records]

    def values(self, training: Training, records: Records) -> dict[str, float]:
        """The values of a training's hyperparameters."""
        if training.stage == "confirm":
            return self.best(training.arm, records)
        trials, seed = self.protocol.trials, self.protocol.seed
        if training.number < trials:
            return dict(_settings(training.arm, trials, seed)[training.number])
        rate = self._best_of_first(training.arm, records)["learning_rate"]
        beyond = settings_beyond(training.arm, rate, trials, self.protocol.more_trials, seed)
        return beyond[training.number - trials]

    def rivals(self, training: Training, records: Records) -> list[Record]:
        """The arm's tuning trials before this one, which pruning compares it with; none for what is confirmed."""
        if training.stage != "tune":
            return []
        earlier = [trial for trial in self._tuning(training.arm, records) if trial.number < training.number]
        return [records[trial.key] for trial in earlier if trial.key in records]

    def failed(self, records: Records) -> list[str]:
        """The keys of the trainings that failed, and of those whose settings depended on them."""
        out = []
        for arm in self.arms:
            done = [training for training in self.of(arm, records) if training.key in records]
            lost = {training for training in done if records[training.key].status == "failed"}
            trials = [training.number for training in lost if training.stage == "tune"]
            for training in done:
                if trials and training.stage == "tune":
                    after = self.protocol.one_by_one and training.number > min(trials)  # pruned beside them
                    depends = after or training.number >= self.protocol.trials  # or beyond the best of them
                else:
                    depends = bool(trials)  # at the values of the best of them
                if depends or training in lost:
                    out.append(training.key)
        return out

    def best(self, arm: Arm, records: Records) -> dict[str, float]:
        """The best setting of an arm whose tuning is done."""
        tuned = [records[trial.key] for trial in self._tuning(arm, records) if trial.key in records]
        return best_setting(tuned, self.metric)

    def _tuning(self, arm: Arm, records: Records) -> list[Training]:
        first = self._first(arm)
        if not self.protocol.widen or any(trial.key not in records for trial in first):
            return first
        if not at_edge(arm, self._best_of_first(arm, records)["learning_rate"]):
            return first
        numbers = range(self.protocol.trials, self.protocol.trials + self.protocol.more_trials)
        return [*first, *(Training(arm, "tune", k, self.protocol.seed) for k in numbers)]

    def _first(self, arm: Arm) -> list[Training]:
        return [Training(arm, "tune", k, self.protocol.seed) for k in range(self.protocol.trials)]

    def _best_of_first(self, arm: Arm, records: Records) -> dict[str, float]:
        return best_setting([records[trial.key] for trial in self._first(arm)], self.metric)


_settings = functools.lru_cache(maxsize=256)(settings)
"""The settings of an arm, which are asked for one by one."""
