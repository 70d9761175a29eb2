"""with_pack: how many trainings of an arm a search computes in one step."""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...callbacks.checks import InvalidArgument
from ..environment import cores
from ..learning_rate import usual_peak
from ..metric import metric_of
from ..packed.members import Member
from ..packed.trainings import CannotPack, trained_together
from ..recipe import Recipe
from ..shared_steps import SharedSteps
from ..trainer import Trainer
from .arms import Arm
from .candidate import Candidate
from .own_callbacks import OwnCallbacks
from .protocol import Protocol
from .repeats import tunings_until
from .running.where import Where
from .search_files import SETTINGS
from .settings import read_settings

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["SIZE", "Times", "measured_times", "with_pack"]

SIZE = 16
"""The trainings of a pack, unless another number is asked for."""

LEAST = 300
"""Epochs of a search, of all its trainings, that make it worth while to measure."""

GAIN = 0.9
"""Trainings are packed if they are expected to take less than this part of the time that they take one by one."""

SHORT, LONG = 1, 3
"""Epochs of the trainings that are measured."""

TURNS = 4
"""How many members follow one another on each core in the pack that is measured."""

TIMES, ENOUGH = 10, 3.0
"""How often each is measured, at most, and the seconds of all after which once more is not needed."""


def with_pack(
    protocol: Protocol,
    data: Data,
    arms: Sequence[Arm],
    recipe_of: Mapping[str, Recipe],
    where: Where,
    callbacks: OwnCallbacks,
    directory: Path,
) -> tuple[Protocol, str | None]:
    """The protocol with its ``pack`` decided: as the search in the directory has it, as asked for, or as measured.

    Args:
        protocol: of the search.
        data: to be searched.
        arms: what is compared.
        recipe_of: the recipes of the arms, by name.
        where: the trainings run.
        callbacks: of one's own.
        directory: of the search, which may have begun.

    Returns:
        The protocol, and what to say of the pack; None for trainings one by one.

    Raises:
        InvalidArgument: for a pack that is asked for where trainings cannot be packed.
    """
    against = _reason(protocol, data, arms, where, callbacks)
    if protocol.pack is not None:
        if protocol.pack > 1 and against is not None:
            raise InvalidArgument("pack", protocol.pack, f"1 {against}")
        return protocol, None
    if (directory / SETTINGS).is_file():
        pack = 1 if against is not None else read_settings(directory).get("pack") or 1
        return dataclasses.replace(protocol, pack=pack), None
    alone = dataclasses.replace(protocol, pack=1)
    trials = 1 if protocol.trials == 1 else len(tunings_until(protocol.looks[0], protocol.tunings)) * protocol.trials
    stages = trials, protocol.looks[0]
    if against is not None or len(arms) * sum(stages) * protocol.epochs < LEAST:
        return alone, None
    first = next(arm for arm in arms if not isinstance(arm, Candidate) or not arm.compiled)
    of_arm = data if first.batch_size is None else data.with_batch_size(first.batch_size)
    times = measured_times(of_arm, recipe_of[first.name], SIZE)
    if times is None:
        return alone, None
    ratio = sum(times.together(count, protocol.epochs) for count in stages) / (sum(stages) * times.one(protocol.epochs))
    if ratio > GAIN:
        return alone, None
    time_ = f"in {100 * ratio:.0f} % of the time"
    line = f"up to {SIZE} trainings of an arm are computed at once, {time_}; pack=1: one by one."
    return dataclasses.replace(protocol, pack=SIZE), line


def _reason(protocol: Protocol, data: Data, arms: Sequence[Arm], where: Where, callbacks: OwnCallbacks) -> str | None:
    """Why the trainings of a search cannot be packed, to follow "1"; None if they can."""
    if where.elsewhere:
        return "where other processes train"
    if protocol.prune != "none":
        return "with pruning, which compares trials one after another"
    if callbacks.makers:
        return "with callbacks of one's own, which need the model after each epoch"
    if protocol.metric_for(data.spec) != metric_of(data.spec.task):
        return "with a metric that is not measured in the step"
    if all(isinstance(arm, Candidate) and arm.compiled for arm in arms):
        return "for models with a step of their own"
    return None


@dataclasses.dataclass(frozen=True)
class Times:
    """What trainings take, without the building of their models, by the seconds of short ones.

    Args:
        alone: the seconds of a training of ``SHORT`` and of one of ``LONG`` epochs.
        packed: those of a pack.
        members: of that pack.
        at_once: the members that are computed at the same time, where idle places cost nothing.
        size: the places of a pack.
        idle_places_cost: whether a pack takes as long with all places filled.
    """

    alone: tuple[float, float]
    packed: tuple[float, float]
    members: int
    at_once: int
    size: int
    idle_places_cost: bool

    def one(self, epochs: int) -> float:
        """The seconds of one training by itself."""
        return _at(self.alone, epochs)

    def together(self, count: int, epochs: int) -> float:
        """The seconds of so many trainings in packs."""
        if self.idle_places_cost:
            return math.ceil(count / self.size) * _at(self.packed, epochs)
        turns, measured = (math.ceil(number / self.at_once) for number in (count, self.members))
        return turns / measured * _at(self.packed, epochs)


def _at(seconds: tuple[float, float], epochs: int) -> float:
    short, long = seconds
    return short + (long - short) / (LONG - SHORT) * (epochs - SHORT) if long > short else long


def quickest_in_turns(trainings: Sequence[Callable[[], float]]) -> list[float]:
    """The least seconds of each training, of several times.

    They take turns, so that a machine which is slower for a while is so for all of them, and what else it does makes
    only some of them slower.
    """
    turns: list[list[float]] = []
    while len(turns) < TIMES and sum(map(sum, turns)) < ENOUGH:
        turns.append([train() for train in trainings])
    return [min(seconds) for seconds in zip(*turns, strict=True)]


def measured_times(data: Data, recipe: Recipe, size: int) -> Times | None:
    """Measures a training alone and a pack, each of one and of three epochs.

    Args:
        data: to train on.
        recipe: of the trainings.
        size: of the pack.

    Returns:
        The times; None if such trainings cannot be packed.
    """
    rate = usual_peak(recipe) if recipe.learning_rate is None else recipe.learning_rate
    recipe = dataclasses.replace(recipe, learning_rate=rate)
    steps, count = SharedSteps(1), min(TURNS * cores(), size)
    members: list[Member] = []

    def trainer() -> Trainer:
        return Trainer(data, recipe, keep_functions=True, steps=steps)

    def alone(epochs: int) -> float:
        one = trainer()
        start = time.perf_counter()
        with one.running(epochs=epochs, seed=0):
            return time.perf_counter() - start

    def packed(epochs: int) -> float:
        members[:] = [Member(trainer(), seed, seed) for seed in range(count)]
        start = time.perf_counter()
        list(trained_together(members, epochs=epochs, size=size))
        return time.perf_counter() - start

    try:
        for train in (packed, alone):
            train(SHORT)  # traces
    except CannotPack:
        return None
    ways = [functools.partial(train, epochs) for epochs in (SHORT, LONG) for train in (packed, alone)]
    short_pack, short_one, long_pack, long_one = quickest_in_turns(ways)
    idle_places_cost = members[0].idle_places_cost
    return Times((short_one, long_one), (short_pack, long_pack), count, cores(), size, idle_places_cost)
