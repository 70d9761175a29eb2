"""trained_together: the trainings of a pack, each with its Run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...callbacks.inside.layers import all_layers
from ...callbacks.inside.vectorized import NotVectorized
from ..run import Run
from ..whole_epochs.calls import steps_for
from .members import Member
from .pack import Pack, Stacked
from .reasons import reason_against
from .side_by_side import SideBySide
from .vectorized_pack import VectorizedPack

__all__ = ["UNLIKE", "CannotPack", "trained_together"]

UNLIKE = 2
"""By how many examples the validation splits of a pack may differ in length from a usual one."""


class CannotPack(ValueError):
    """Trainings that have to be run one by one; the message says why."""


def trained_together(members: Sequence[Member], *, epochs: int, size: int) -> Iterator[tuple[Member, Run | None]]:
    """Trains all members at once, each for so many epochs from the start.

    Each gets what :meth:`recipes.trainer.Trainer.running` gives, but for rounding: after an epoch the weights differ by
    about 1e-7. The numbers of a member depend on ``size`` and its place, not on who is in the other places.

    Args:
        members: of trainers whose compiled steps are one, on splits of nearly equal lengths, each in another place.
        epochs: of each training.
        size: the number of places.

    Yields:
        Each member with its Run; while it is out, the trainer has its model, with compiled evaluations. In place of the
        Run of a member that diverged None: train it alone, which tells where.

    Raises:
        CannotPack: for trainings that have to be run one by one, before any work on them.
    """
    start = time.perf_counter()
    packs, pack, starts = _start(members, epochs, size)
    try:
        pack.load(starts)
        _train(pack, members, epochs)
    except NotVectorized as error:  # while the first step was traced
        if _accelerated():
            raise CannotPack(str(error)) from None
        pack = packs.side_by_side(pack)
        pack.load(starts)
        _train(pack, members, epochs)
    seconds = (time.perf_counter() - start) / len(members)
    values, assigned = pack.values(), {id(variable) for variable in pack.variables}
    for member in members:
        member.idle_places_cost = pack.idle_places_cost
        if member.diverged:
            yield member, None
            continue
        start = time.perf_counter()
        trainer = member.trainer
        with trainer.as_new(member.model, but=assigned) as shared:
            _assign(pack, shared.model, values, member)
            run = trainer.finished(
                member.recipe,
                trainer.data,
                member.callbacks,
                member.history,
                epochs=epochs,
                seed=member.seed,
                found=member.found,
            )
            with trainer.evaluations():
                own = trainer.take_seconds() + time.perf_counter() - start
                yield member, dataclasses.replace(run, seconds=seconds + own)


def _start(members: Sequence[Member], epochs: int, size: int) -> tuple[_Packs, Pack, dict[int, list[np.ndarray]]]:
    """The pack, from the packs of the members' step, and the state of each member by its place."""
    if not members or len({member.trainer.key for member in members}) > 1:
        raise CannotPack("steps that differ" if members else "no trainings")
    starts: dict[int, list[np.ndarray]] = {}
    for member in members:
        with member.trainer.as_new(member.model) as shared:
            member.begin(epochs)
            reason = member.trainer.reason_against_packing(member.callbacks)
            reason = reason or reason_against(member.trainer, member.callbacks, size)
            if reason is not None:
                raise CannotPack(reason)
            packs = shared.made(_Packs)
            pack = packs.of(shared.numbers, size, member.trainer.data.batch_size)
            starts[member.place] = [variable.numpy() for variable in pack.variables]
    return packs, pack, starts


def _train(pack: Pack, members: Sequence[Member], epochs: int) -> None:
    training, validation, split = _splits(pack, members)
    orders = np.zeros((pack.size, 2), np.int64)
    kept: dict[int, list[np.ndarray]] = {}  # the stacks of this epoch

    def weights_of(member: Member) -> Any:
        def weights() -> list[np.ndarray]:
            if not kept:
                kept[0] = pack.weights()
            return [stack[member.place].copy() for stack in kept[0]]

        return weights

    for member in members:
        member.hear_begin(weights_of(member))
    first = members[0]
    steps = first.trainer.data.steps_per_epoch
    stride = steps_for(pack.model, pack.size * first.trainer.data.batch_size, steps)
    with first.trainer.as_new(first.model):
        for epoch in range(epochs):
            rates, momenta = _tables(pack, members, epoch)
            active = np.zeros(pack.size, bool)
            for member in members:
                orders[member.place] = member.seed, epoch
                active[member.place] = not member.ended
            kept.clear()
            logs = pack.train(training, split, orders, rates, momenta, active=active, stride=stride)
            evaluated = pack.evaluate(validation, split, first.trainer.data.evaluation_batch_size, active=active)
            for member in members:
                if not member.ended:
                    member.hear_epoch(epoch, logs[member.place], evaluated[member.place])
            if all(member.ended for member in members):
                break
    for member in members:
        member.hear_end()


def _splits(pack: Pack, members: Sequence[Member]) -> tuple[Stacked, Stacked, np.ndarray]:
    """The training and the validation splits, and which of them each place has."""
    datas = list({id(member.trainer.data): member.trainer.data for member in members}.values())
    numbers = {id(data): number for number, data in enumerate(datas)}
    split = np.zeros(pack.size, np.int32)
    for member in members:
        split[member.place] = numbers[id(member.trainer.data)]
    training, validation = (Stacked([data.tensors(name) for data in datas]) for name in ("train", "validation"))
    batches = {data.steps_per_epoch for data in datas}
    if len(batches) > 1 or max(validation.counts) - min(validation.counts) > 2 * UNLIKE:
        raise CannotPack("splits of different lengths")
    return training, validation, split


def _tables(pack: Pack, members: Sequence[Member], epoch: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The rates and the momenta of each place at each step of an epoch."""
    tables = {member.place: member.values(epoch) for member in members}
    usual = tables[members[0].place]
    of_all = [tables.get(place, usual) for place in range(pack.size)]
    momenta = [momenta for _, momenta in of_all if momenta is not None]
    return np.stack([rates for rates, _ in of_all]), np.stack(momenta) if momenta else None


def _assign(pack: Pack, model: keras.Model, values: list[np.ndarray], member: Member) -> None:
    """Gives the model the member's state."""
    for variable, stack in zip(pack.variables, values, strict=True):
        variable.assign(stack[member.place])
    if member.weights is not None:
        model.set_weights(member.weights)


class _Packs:
    """The packs of one compiled model, by size."""

    def __init__(self, model: keras.Model):
        self._model = model
        recurrent = any(isinstance(layer, keras.layers.RNN) for layer in all_layers(model))
        self._kind: type[Pack] = VectorizedPack if recurrent or _accelerated() else SideBySide
        self._packs: dict[tuple[int, int], Pack] = {}

    def of(self, numbers: Sequence[keras.Variable], size: int, batch_size: int) -> Pack:
        """The pack of so many members and examples per batch."""
        if (size, batch_size) not in self._packs:
            self._packs[size, batch_size] = self._kind(self._model, numbers, size, batch_size)
        return self._packs[size, batch_size]

    def side_by_side(self, pack: Pack) -> Pack:
        """In place of a pack that cannot be vectorized one that need not."""
        self._kind = SideBySide
        self._packs.clear()
        return self.of(pack.numbers, pack.size, pack.batch_size)


def _accelerated() -> bool:
    return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())
