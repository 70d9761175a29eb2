"""hold_out: validation and test splits from the training examples, by chance, class, group or time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....callbacks.warning import warn
from ..named_arrays import Inputs, take
from ..weights import Weights
from .duplicates import kept_together, together_in_folds
from .group_splits import carve_groups, group_folds
from .small_classes import REMEDY
from .split_columns import SplitColumns, plain
from .splits import TEST_SEED, carve, folds_of
from .time_splits import carve_latest, forward_folds

__all__ = ["SPLITS", "Divided", "Parts", "hold_out"]

SPLITS = ("train", "validation", "test")
SMALL = 10_000
"""Below this many training examples, batches are smaller and the validation share is larger."""


@dataclass(frozen=True)
class Divided:
    """All three splits.

    Args:
        splits: split -> (x, y).
        columns: split -> its groups, times, strata and duplicates.
        weights: split -> sample weights; or None.
        settings: ``validation`` and ``test``: the fraction held out, a fold, or "given"; ``group_counts`` and ``times``
            (first and last) of each split, where known; and ``duplicates``, how many examples moved, if any.
    """

    splits: dict[str, tuple[Inputs, np.ndarray]]
    columns: dict[str, SplitColumns]
    weights: Weights | None
    settings: dict[str, Any]


def hold_out(
    existing: Mapping[str, tuple[Inputs, np.ndarray]],
    columns: Mapping[str, SplitColumns],
    weights: Weights | None,
    *,
    validation: float | None,
    test: float,
    seed: int,
    class_names: Sequence[str] | None,
    fold: tuple[int, int] | None = None,
    small_stay: bool = False,
) -> Divided:
    """Holds out the splits that do not exist: the test split first, with a fixed seed, then the validation split.

    By time if it is known: the latest examples are the test. Otherwise by chance, with whole groups where they are
    known, stratified by ``stratify`` or by class, and with duplicates on one side.

    Args:
        existing: (x, y) of "train" and, if they exist, of "validation" and "test".
        columns: of the same splits.
        weights: of the same splits, or None.
        validation, test: the fractions to hold out. ``validation=None`` means a fifth below 10,000 training examples,
            else a tenth.
        seed: seed of the validation split.
        class_names: names of the classes; None if y holds no classes.
        fold: (number, count): use this fold, of so many, as the validation split.
        small_stay: whether classes too small to be divided stay in training.

    Raises:
        InvalidArgument: for shares, groups or times that leave no such split.
    """
    splits, columns = dict(existing), dict(columns)
    settings: dict[str, Any] = {}
    moved = 0
    for split, fraction, split_seed in (("test", test, TEST_SEED), ("validation", validation, seed)):
        if split in splits:
            settings[split] = "given"
            continue
        x, y = splits["train"]
        train = columns["train"]
        labels = y if class_names is not None else None
        if split == "validation" and fold is not None:
            settings[split] = f"fold {fold[0]} of {fold[1]}"
            parts = Parts(train, labels, class_names or (), split_seed, fold[1] if small_stay else 0)
            staying, held, changed = parts.fold(*fold, len(y))
        else:
            share = fraction if fraction is not None else 0.2 if len(y) < SMALL else 0.1
            settings[split] = float(share)
            parts = Parts(train, labels, class_names or (), split_seed, 2 if small_stay else 0)
            staying, held, changed = parts.carved(split, share, len(y))
            _warn_of_share(split, share, len(held) / len(y), train)
        moved += changed
        splits["train"], splits[split] = (take(x, staying), y[staying]), (take(x, held), y[held])
        columns["train"], columns[split] = train.take(staying), train.take(held)
        if weights is not None:
            weights = {**weights, "train": weights["train"][staying], split: weights["train"][held]}
    if moved:
        settings["duplicates"] = moved
    settings |= _facts(columns)
    if weights is not None:
        weights = {split: weights[split] for split in SPLITS}
    return Divided(
        {split: splits[split] for split in SPLITS}, {split: columns[split] for split in SPLITS}, weights, settings
    )


def _warn_of_share(split: str, wanted: float, share: float, columns: SplitColumns) -> None:
    """Warns where groups or equal times are so large that a split is far from the wanted share."""
    if abs(share - wanted) > wanted / 2 and (columns.groups is not None or columns.time is not None):
        what = "groups" if columns.time is None else "examples of the same time"
        text = f"{split}: {share:.0%} of the examples are held out instead of {wanted:.0%}, since {what} stay together"
        warn(text.replace("%", " %"))


def _facts(columns: Mapping[str, SplitColumns]) -> dict[str, Any]:
    """The numbers of groups, and the first and last times, of splits for which they are known."""
    groups, times = {}, {}
    for split in SPLITS:
        of_split = columns[split]
        if of_split.groups is not None:
            groups[split] = len(np.unique(of_split.groups))
        if of_split.time is not None:
            times[split] = [plain(of_split.time.min()), plain(of_split.time.max())]
    return {name: facts for name, facts in (("group_counts", groups), ("times", times)) if facts}


@dataclass(frozen=True)
class Parts:
    """How training examples are divided into those that stay and those held out.

    Args:
        columns: their groups, times, strata and duplicates.
        labels: their classes, or None.
        class_names: names of the classes, for messages.
        seed: of the choice.
        small: classes with fewer examples stay; 0 for none.
    """

    columns: SplitColumns
    labels: np.ndarray | None
    class_names: Sequence[str]
    seed: int
    small: int

    @property
    def strata(self) -> np.ndarray | None:
        """What has the same shares on both sides."""
        return self.labels if self.columns.stratify is None else self.columns.stratify

    def carved(self, split: str, share: float, count: int) -> tuple[np.ndarray, np.ndarray, int]:
        """(staying, held out, how many of these moved to be with their duplicates)."""
        columns = self.columns
        if columns.time is not None:
            return *carve_latest(split, share, columns.time, columns.groups), 0
        if columns.groups is not None:
            return *carve_groups(split, share, self.seed, columns.groups, self.strata), 0
        free = self._free(count)
        options = self._options(free) or {"count": len(free)}
        remedy = REMEDY if columns.stratify is None else ""
        held = free[carve(split, share, self.seed, remedy=remedy, **options)[1]]
        staying = _others(count, held)
        if columns.equal is None:
            return staying, held, 0
        together = kept_together(staying, held, columns.equal, self.strata)
        return *together, len(np.setxor1d(held, together[1]))

    def fold(self, number: int, folds: int, count: int) -> tuple[np.ndarray, np.ndarray, int]:
        """The same for one of so many folds."""
        columns = self.columns
        if columns.time is not None:
            return *forward_folds(folds, columns.time, columns.groups)[number], 0
        if columns.groups is not None:
            return *group_folds(folds, self.seed, columns.groups, self.strata)[number], 0
        free = self._free(count)
        pairs = folds_of(folds, self.seed, examples=len(free), **self._options(free))
        before = [free[held] for _, held in pairs]
        after = before if columns.equal is None else together_in_folds(before, columns.equal)
        staying = _others(count, after[number])
        return staying, after[number], len(np.setxor1d(before[number], after[number]))

    def _free(self, count: int) -> np.ndarray:
        """The examples that need not stay."""
        if self.labels is None or self.columns.stratify is not None:
            return np.arange(count)
        return np.flatnonzero(np.bincount(self.labels)[self.labels] >= self.small)

    def _options(self, free: np.ndarray) -> dict[str, Any]:
        """The options of :func:`carve` and :func:`folds_of` that stratify; {} for none."""
        if self.strata is None:
            return {}
        return {
            "labels": self.strata[free],
            "class_names": () if self.columns.stratify is not None else self.class_names,
        }


def _others(count: int, held: np.ndarray) -> np.ndarray:
    """The indices 0..count-1 but for those held out, sorted."""
    staying = np.ones(count, bool)
    staying[held] = False
    return np.flatnonzero(staying)
