"""has_labels, without_unlabelled: examples of TFDS datasets whose target is not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn
from ..named_arrays import Inputs, take
from .reading import chunks
from .selection import Selection
from .sources import Source

__all__ = ["has_labels", "without_unlabelled"]

Read = dict[str, tuple[Inputs, dict[str, Any]]]


def has_labels(builder: Any, selection: Selection, split: str, train: str) -> bool:
    """Whether some example of a split has a target. Benchmarks publish test splits that have none.

    A class of -1, an empty text and NaN are none, and so is a number that is -1 throughout the split where no training
    example has a negative one. Only targets are decoded, until one is found.

    Args:
        builder: a prepared ``tfds.core.DatasetBuilder``.
        selection: names the targets.
        split, train: names of the split and of the training split in TFDS.
    """
    targets = Selection((), selection.targets)
    constant = set()
    for chunk in chunks(builder, targets, split, None):
        for source in targets.targets:
            known = _known(source, chunk[source.name])
            if source.kind == "number" and known.any() and (chunk[source.name][known] == -1).all():
                constant.add(source.name)
            elif known.any():
                return True
    if not constant:
        return False
    return any((chunk[key] < 0).any() for chunk in chunks(builder, targets, train, None) for key in constant)


def without_unlabelled(read: Read, selection: Selection, name: str) -> Read:
    """The splits without the examples whose class is -1 or whose number is NaN; a warning says how many.

    Args:
        read: split -> (x, targets by name), from :func:`recipes.data.tfds.reading.read`.
        selection: the features read.
        name: name of the dataset, for messages.

    Raises:
        InvalidArgument: for a split without any target.
    """
    return {split: _labelled(split, x, targets, selection, name) for split, (x, targets) in read.items()}


def _labelled(
    split: str, x: Inputs, targets: dict[str, Any], selection: Selection, name: str
) -> tuple[Inputs, dict[str, Any]]:
    exact = [source for source in selection.targets if source.kind == "category" or source.dtype.startswith("float")]
    exact = [source for source in exact if source.kind in ("category", "number")]
    if not exact:
        return x, targets
    known = np.all([_known(source, targets[source.name]) for source in exact], axis=0)
    if known.all():
        return x, targets
    shown, count = ", ".join(repr(source.name) for source in exact), int((~known).sum())
    if not known.any():
        accepted = (
            f"a feature with values in split {split!r} of dataset {name!r}, but all {count:,} of {shown} are missing"
        )
        raise InvalidArgument("target", [source.name for source in exact], accepted)
    text = f"left out {count:,} of {len(known):,} examples of split {split!r} without a value of {shown} (-1 or NaN)"
    warn(f"dataset {name!r}: {text}")
    kept = np.flatnonzero(known)
    return take(x, kept), {key: _rows(values, kept) for key, values in targets.items()}


def _rows(values: Any, kept: np.ndarray) -> Any:
    return [values[row] for row in kept.tolist()] if isinstance(values, list) else values[kept]


def _known(source: Source, values: Any) -> np.ndarray:
    """Which values of a target are known."""
    if source.kind == "category":
        return np.asarray(values) >= 0
    if source.kind == "string":
        return np.array([value != "" for value in values], bool)
    if source.kind == "number" and values.dtype.kind == "f":
        return ~np.isnan(values)
    return np.ones(len(values), bool)
