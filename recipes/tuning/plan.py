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
from .repeats import seed_of_repeat, seed_of_tuning, tuning_of, tunings_until
from .setting_factor import RATE
from .space import Space

__all__ = ["Plan", "Records", "Training"]

TUNING = 4
"""By how many places of a pack the trials of one tuning follow those of another."""

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
        split: the number of its split of the data. Default 0: that of the data.
        tuning: the tuning that it is part of, or that found its setting: the number of the repeat that it was made
            for. Default 0.
        setting: of a confirming training whose setting has replaced another: the trial that found it. Default None.
    """

    arm: Arm
    stage: str
    number: int
    seed: int
    split: int = 0
    tuning: int = 0
    setting: int | None = None

    @functools.cached_property
    def key(self) -> str:
        """Its name in the ledger."""
        setting = "" if self.setting is None else f"/{self.setting}"
        tuning = self.tuning if self.stage == "tune" and self.tuning else ""
        return f"{self.arm.name}/{self.stage}{tuning}/{self.number}{setting}"

    @property
    def place(self) -> int:
        """Its number for a place in a pack, which depends on nothing else."""
        return self.number + (TUNING * self.tuning if self.stage == "tune" else 0)


@dataclass(frozen=True)
class Plan:
    """All trainings of a search: for each arm tunings, in which settings are tried, then repeats of their best ones.

    Repeats differ in their seed and, where the protocol says so, in their split of the data; some of them have a tuning
    of their own, on their split and with other points of the ranges. All this is the same for every arm; one of which
    nothing is tuned has a single trial.

    What comes next depends only on the plan and the arm's finished trainings, not on the clock or on the order in which
    arms finish. A search that is interrupted or spread over processes therefore ends the same. If it is extended by
    trials of which one is better, the confirming trainings of the earlier setting are no longer part of the plan.

    Args:
        arms: the arms to compare.
        protocol: how to compare them. The settings of the first tuning are tried with its ``seed``; the repeats have
            the next seeds. With ``widen``, an arm whose best learning rate lies at an end of its range
            gets half as many trials again, in the decade beyond that end. With pruning, the trials of a tuning run one
            after another.
        metric: the metric of the validation scores. Default accuracy.
        space: what is tuned for each arm.
        wanted: the repeats of arms that get more of them, by name, where their number is "auto". Default: those that
            have begun.
    """

    arms: Sequence[Arm]
    protocol: Protocol
    metric: Metric = ACCURACY
    space: Space = field(default_factory=Space)
    wanted: Mapping[str, int] = field(default_factory=dict)

    def repeats_of(self, arm: Arm, records: Records) -> int:
        """The number of repeats of an arm; where it is "auto", until the next look at the results."""
        if not self.protocol.sequential:
            return self.protocol.looks[0]
        started = [k for k in range(self.protocol.most_repeats) if f"{arm.name}/confirm/{k}" in records]
        least = max([self.wanted.get(arm.name, 0), *(k + 1 for k in started)])
        return next(look for look in self.protocol.looks if look >= least)

    def of(self, arm: Arm, records: Records) -> list[Training]:
        """The trainings of an arm that are known so far."""
        tuning = self._trials(arm, records)
        return [*tuning, *self._confirming(arm, records)]

    def ended(self, arm: Arm, records: Records) -> list[Training]:
        """The trainings of an arm that have ended. A confirming one counts once its tuning has ended."""
        under_way = {trial.tuning for trial in self._trials(arm, records) if trial.key not in records}
        ended = [training for training in self.of(arm, records) if training.key in records]
        return [training for training in ended if training.stage == "tune" or training.tuning not in under_way]

    def all(self, records: Records) -> list[Training]:
        """The trainings of all arms, arm by arm."""
        return [training for arm in self.arms for training in self.of(arm, records)]

    def ready(self, records: Records, running: Set[str] = frozenset()) -> Iterator[Training]:
        """The trainings that can start now, in the order of the arms."""
        for arm in self.arms:
            yield from (training for training in self.next_of(arm, records) if training.key not in running)

    def next_of(self, arm: Arm, records: Records) -> list[Training]:
        """The trainings of an arm that have not ended and do not depend on one that has not ended."""
        tunings = [self._tuning(arm, records, number) for number in self._tunings(arm, records)]
        tuning = [[trial for trial in trials if trial.key not in records] for trials in tunings]
        if any(tuning):
            return [trial for trials in tuning for trial in trials[: 1 if self.protocol.one_by_one else None]]
        return [training for training in self.of(arm, records) if training.key not in records]

    def values(self, training: Training, records: Records) -> dict[str, float]:
        """The values of a training's hyperparameters; without a "learning_rate" the training finds it."""
        if training.stage == "confirm":
            return self.best(training.arm, records, training.tuning)
        first = self._settings(training.arm, training.tuning)
        if training.number < len(first):
            return dict(first[training.number])
        rate = self._best_of_first(training.arm, records, training.tuning)[RATE]
        trials, more, seed = self.protocol.trials, self.protocol.more_trials, training.seed
        return self.space.settings_beyond(training.arm, rate, trials, more, seed)[training.number - len(first)]

    def rivals(self, training: Training, records: Records) -> list[Record]:
        """The earlier trials of the same tuning, with which pruning compares this one; none without pruning."""
        if training.stage != "tune" or not self.protocol.one_by_one:
            return []
        trials = self._tuning(training.arm, records, training.tuning)
        earlier = [trial for trial in trials if trial.number < training.number]
        return [records[trial.key] for trial in earlier if trial.key in records]

    def failed(self, records: Records) -> list[str]:
        """The keys of the trainings that failed, and of those whose settings depended on them."""
        keys = []
        for arm in self.arms:
            ended = [training for training in self.of(arm, records) if training.key in records]
            failed = {training for training in ended if records[training.key].status == "failed"}
            for training in ended:
                trials = [t.number for t in failed if t.stage == "tune" and t.tuning == training.tuning]
                if trials and training.stage == "tune":
                    compared = self.protocol.one_by_one and training.number > min(trials)  # pruned against them
                    depends = compared or training.number >= len(
                        self._first(arm, training.tuning)
                    )  # or beyond the best
                else:
                    depends = bool(trials)  # confirms the best of them
                if depends or training in failed:
                    keys.append(training.key)
        return keys

    def best(self, arm: Arm, records: Records, tuning: int = 0) -> dict[str, float]:
        """The best setting that a tuning of an arm has found."""
        trials = self._tuning(arm, records, tuning)
        return best_setting([records[trial.key] for trial in trials if trial.key in records], self.metric)

    def _tunings(self, arm: Arm, records: Records) -> list[int]:
        return tunings_until(self.repeats_of(arm, records), self._how_often(arm))

    def _how_often(self, arm: Arm) -> str:
        """How often an arm is tuned: once, which is one training, where nothing of it is tuned."""
        return self.protocol.tunings if self.space.tuned(arm) else "once"

    def _trials(self, arm: Arm, records: Records) -> list[Training]:
        """The trials of all tunings of an arm."""
        return [trial for number in self._tunings(arm, records) for trial in self._tuning(arm, records, number)]

    def _tuning(self, arm: Arm, records: Records, tuning: int) -> list[Training]:
        first = self._first(arm, tuning)
        if not self.protocol.widen or any(trial.key not in records for trial in first):
            return first
        if not self.space.at_edge(arm, self._best_of_first(arm, records, tuning)[RATE]):
            return first
        numbers = range(len(first), len(first) + self.protocol.more_trials)
        return [*first, *(self._trial(arm, number, tuning) for number in numbers)]

    def _confirming(self, arm: Arm, records: Records) -> list[Training]:
        """The confirming trainings. One has another name if that with its usual name confirmed another setting."""
        confirming = [self._repeat(arm, number) for number in range(self.repeats_of(arm, records))]
        if not any(training.key in records for training in confirming):
            return confirming
        settings = {number: self._setting(arm, records, number) for number in self._tunings(arm, records)}
        for place, training in enumerate(confirming):
            found = settings[training.tuning]
            if found is not None and training.key in records and not records[training.key].has(found.values):
                confirming[place] = replace(training, setting=found.trial)
        return confirming

    def _setting(self, arm: Arm, records: Records, tuning: int) -> Record | None:
        """The trial that a finished tuning of an arm has chosen, with the values to repeat; None before its end."""
        trials = self._tuning(arm, records, tuning)
        if any(trial.key not in records for trial in trials):
            return None
        values = self.best(arm, records, tuning)
        chosen = next(records[trial.key] for trial in trials if records[trial.key].has(values))
        return replace(chosen, values=values)

    def _repeat(self, arm: Arm, number: int) -> Training:
        protocol = self.protocol
        tuning, split = tuning_of(number, self._how_often(arm)), number if protocol.resplit else 0
        return Training(arm, "confirm", number, seed_of_repeat(protocol.seed, number), split, tuning)

    def _trial(self, arm: Arm, number: int, tuning: int) -> Training:
        split = tuning if self.protocol.resplit else 0
        return Training(arm, "tune", number, seed_of_tuning(self.protocol.seed, tuning), split, tuning)

    def _first(self, arm: Arm, tuning: int) -> list[Training]:
        return [self._trial(arm, number, tuning) for number in range(len(self._settings(arm, tuning)))]

    def _best_of_first(self, arm: Arm, records: Records, tuning: int) -> dict[str, float]:
        return best_setting([records[trial.key] for trial in self._first(arm, tuning)], self.metric)

    def _settings(self, arm: Arm, tuning: int) -> list[dict[str, float]]:
        """The settings of an arm to try first, cached because they are asked for one by one."""
        if (arm, tuning) not in self._cached:
            seed = seed_of_tuning(self.protocol.seed, tuning)
            self._cached[arm, tuning] = self.space.settings(arm, self.protocol.trials, seed)
        return self._cached[arm, tuning]

    @functools.cached_property
    def _cached(self) -> dict[tuple[Arm, int], list[dict[str, float]]]:
        return {}
