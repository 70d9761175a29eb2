"""Plan: the trainings of a search, and which of them can start."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from ..metric import ACCURACY, Metric
from .arms import Arm
from .judging.best_setting import best_setting
from .protocol import Protocol
from .record import Record
from .space import RATE, Space

__all__ = ["Plan", "Records", "Training"]

Records = Mapping[str, Record]
"""The finished trainings by key."""


@dataclass(frozen=True)
class Training:
    """One training of the plan.

    Args:
        arm: its arm.
        stage: "tune" or "confirm".
        number: its number in the stage, from 0.
        seed: of all its random numbers.
        setting: of a confirming training whose setting has replaced another: the trial that found it. Default None.
    """

    arm: Arm
    stage: str
    number: int
    seed: int
    setting: int | None = None

    @functools.cached_property
    def key(self) -> str:
        """Its name in the ledger."""
        setting = "" if self.setting is None else f"/{self.setting}"
        return f"{self.arm.name}/{self.stage}/{self.number}{setting}"


@dataclass(frozen=True)
class Plan:
    """All trainings of a search: for each arm first some settings with one seed, then the best with fresh seeds.

    What comes next depends only on the plan and the arm's finished trainings, not on the clock or on the order in which
    arms finish. A search that is interrupted or spread over processes therefore ends the same. If it is extended by
    trials of which one is better, the confirming trainings of the earlier setting are no longer part of the plan.

    Args:
        arms: the arms to compare.
        protocol: how to compare them. Settings are tried with its ``seed`` and confirmed with the next ``repeats``
            seeds, the same for every arm. With ``widen``, an arm whose best learning rate lies at an end of its range
            gets half as many trials again, in the decade beyond that end. With pruning, the tuning trials of an arm
            run one after another.
        metric: the metric of the validation scores. Default accuracy.
        space: what is tuned for each arm.
    """

    arms: Sequence[Arm]
    protocol: Protocol
    metric: Metric = ACCURACY
    space: Space = field(default_factory=Space)

    def of(self, arm: Arm, records: Records) -> list[Training]:
        """The trainings of an arm that are known so far."""
        tuning = self._tuning(arm, records)
        return [*tuning, *self._confirming(arm, tuning, records)]

    def ended(self, arm: Arm, records: Records) -> list[Training]:
        """The trainings of an arm that have ended. Confirming ones count once the tuning has ended."""
        tuning = self._tuning(arm, records)
        planned = tuning if any(trial.key not in records for trial in tuning) else self.of(arm, records)
        return [training for training in planned if training.key in records]

    def all(self, records: Records) -> list[Training]:
        """The trainings of all arms, arm by arm."""
        return [training for arm in self.arms for training in self.of(arm, records)]

    def ready(self, records: Records, running: Set[str] = frozenset()) -> Iterator[Training]:
        """The trainings that can start now, in the order of the arms."""
        for arm in self.arms:
            yield from (training for training in self.next_of(arm, records) if training.key not in running)

    def next_of(self, arm: Arm, records: Records) -> list[Training]:
        """The trainings of an arm that have not ended and do not depend on one that has not ended."""
        tuning = [training for training in self._tuning(arm, records) if training.key not in records]
        if tuning:
            return tuning[:1] if self.protocol.one_by_one else tuning
        return [training for training in self.of(arm, records) if training.key not in records]

    def values(self, training: Training, records: Records) -> dict[str, float]:
        """The values of a training's hyperparameters; without a "learning_rate" the training finds it."""
        if training.stage == "confirm":
            return self.best(training.arm, records)
        first = self._settings(training.arm)
        if training.number < len(first):
            return dict(first[training.number])
        rate = self._best_of_first(training.arm, records)[RATE]
        trials, more, seed = self.protocol.trials, self.protocol.more_trials, self.protocol.seed
        return self.space.settings_beyond(training.arm, rate, trials, more, seed)[training.number - len(first)]

    def rivals(self, training: Training, records: Records) -> list[Record]:
        """The arm's earlier tuning trials, with which pruning compares this one; none without pruning."""
        if training.stage != "tune" or not self.protocol.one_by_one:
            return []
        earlier = [trial for trial in self._tuning(training.arm, records) if trial.number < training.number]
        return [records[trial.key] for trial in earlier if trial.key in records]

    def failed(self, records: Records) -> list[str]:
        """The keys of the trainings that failed, and of those whose settings depended on them."""
        keys = []
        for arm in self.arms:
            ended = [training for training in self.of(arm, records) if training.key in records]
            failed = {training for training in ended if records[training.key].status == "failed"}
            trials = [training.number for training in failed if training.stage == "tune"]
            for training in ended:
                if trials and training.stage == "tune":
                    compared = self.protocol.one_by_one and training.number > min(trials)  # pruned against them
                    depends = compared or training.number >= len(self._first(arm))  # or beyond the best of them
                else:
                    depends = bool(trials)  # confirms the best of them
                if depends or training in failed:
                    keys.append(training.key)
        return keys

    def best(self, arm: Arm, records: Records) -> dict[str, float]:
        """The best setting of an arm whose tuning is done."""
        tuned = [records[trial.key] for trial in self._tuning(arm, records) if trial.key in records]
        return best_setting(tuned, self.metric)

    def _tuning(self, arm: Arm, records: Records) -> list[Training]:
        first = self._first(arm)
        if not self.protocol.widen or any(trial.key not in records for trial in first):
            return first
        if not self.space.at_edge(arm, self._best_of_first(arm, records)[RATE]):
            return first
        numbers = range(len(first), len(first) + self.protocol.more_trials)
        return [*first, *(Training(arm, "tune", k, self.protocol.seed) for k in numbers)]

    def _confirming(self, arm: Arm, tuning: Sequence[Training], records: Records) -> list[Training]:
        """The confirming trainings. One has another name if that with its usual name confirmed another setting."""
        confirming = [Training(arm, "confirm", k, self.protocol.seed + 1 + k) for k in range(self.protocol.repeats)]
        tuned = [records[trial.key] for trial in tuning if trial.key in records]
        if len(tuned) < len(tuning) or not any(training.key in records for training in confirming):
            return confirming
        values = best_setting(tuned, self.metric)
        setting = next(record.trial for record in tuned if record.has(values))
        return [
            replace(training, setting=setting)
            if training.key in records and not records[training.key].has(values)
            else training
            for training in confirming
        ]

    def _first(self, arm: Arm) -> list[Training]:
        return [Training(arm, "tune", k, self.protocol.seed) for k in range(len(self._settings(arm)))]

    def _best_of_first(self, arm: Arm, records: Records) -> dict[str, float]:
        return best_setting([records[trial.key] for trial in self._first(arm)], self.metric)

    def _settings(self, arm: Arm) -> list[dict[str, float]]:
        """The settings of an arm to try first, cached because they are asked for one by one."""
        if arm not in self._cached:
            self._cached[arm] = self.space.settings(arm, self.protocol.trials, self.protocol.seed)
        return self._cached[arm]

    @functools.cached_property
    def _cached(self) -> dict[Arm, list[dict[str, float]]]:
        return {}
