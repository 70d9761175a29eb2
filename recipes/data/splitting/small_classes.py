"""Classes with fewer examples than splits: left out, merged into one class, or kept in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn

__all__ = ["IN_TRAIN", "REFUSE", "REMEDY", "SMALL_CLASSES", "dealt_with"]

REFUSE, IN_TRAIN = "refuse", "train"
SMALL_CLASSES = (REFUSE, "leave_out", "merge", IN_TRAIN)
REMEDY = "; small_classes='leave_out', 'merge' or 'train' says what to do with it, or pass splits of your own"
OTHER = "other"
SHOWN = 5

Targets = dict[str, np.ndarray]


def dealt_with(
    how: str, targets: Mapping[str, np.ndarray], names: Sequence[str], needed: int, argument: str
) -> tuple[Targets, dict[str, np.ndarray], tuple[str, ...]]:
    """Leaves small classes out or merges them; a warning says which.

    Args:
        how: one of :data:`SMALL_CLASSES`. "refuse" and "train" change nothing here.
        targets: split -> y, positions in ``names``, of the splits that exist.
        names: names of the classes.
        needed: the number of training examples below which a class is small.
        argument: name of the targets, for messages.

    Returns:
        (split -> y of the examples that are kept, split -> their indices, names of the classes).

    Raises:
        InvalidArgument: if fewer than 2 classes would be left, or those merged are too few together.

    Example:
        >>> targets = {"train": np.array([0, 0, 0, 1, 2, 2])}
        >>> y, _, names = dealt_with("merge", targets, ["a", "b", "c"], 3, "y")  # doctest: +SKIP
        >>> y["train"].tolist(), names                                           # doctest: +SKIP
        ([0, 0, 0, 1, 1, 1], ('a', 'other'))
    """
    everything = {split: np.arange(len(y)) for split, y in targets.items()}
    counts = np.bincount(targets["train"], minlength=len(names))
    small = (counts > 0) & (counts < needed)
    if how in (REFUSE, IN_TRAIN) or not small.any():
        return dict(targets), everything, tuple(names)
    listed = [names[label] for label in np.flatnonzero(small).tolist()]
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    shown = f"{', '.join(map(repr, listed[:SHOWN]))}{more}"
    size = int(counts[small].sum())
    kept_names = [name for name, out in zip(names, small.tolist(), strict=True) if not out]
    codes = np.cumsum(~small) - 1
    what = f"{size} training examples of {len(listed)} classes with fewer than {needed} each ({shown})"
    if how == "merge":
        if size < needed:
            accepted = f"'leave_out' or 'train' where all small classes have fewer than {needed} examples together"
            raise InvalidArgument("small_classes", how, f"{accepted}: {shown} {size}")
        codes[small] = len(kept_names)
        kept_names.append(_free(OTHER, kept_names))
        text = f"merged {what} into class {kept_names[-1]!r}"
    else:
        text = f"left out {what}"
    if len(kept_names) < 2:
        raise InvalidArgument("small_classes", how, f"'refuse' or 'train' for {argument}: 2 classes have to be left")
    warn(f"{argument}: {text}")
    kept = {
        split: indices if how == "merge" else np.flatnonzero(~small[targets[split]])
        for split, indices in everything.items()
    }
    for split, indices in kept.items():
        if not len(indices):
            raise InvalidArgument("small_classes", how, f"one that leaves examples in split {split!r}")
    return {split: codes[targets[split][kept[split]]] for split in targets}, kept, tuple(kept_names)


def _free(name: str, taken: Sequence[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
