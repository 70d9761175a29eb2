"""check_classes: every split should have examples of every class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn

__all__ = ["check_classes"]


def check_classes(targets: dict[str, np.ndarray], names: Sequence[str], argument: str) -> None:
    """Refuses a training split of a single class, and a class that only another split has.

    It warns of a class that another split lacks, or that no split has.

    Args:
        targets: split -> y of classes, once all splits exist.
        names: names of the classes.
        argument: name of the targets, for messages.

    Raises:
        InvalidArgument: naming the classes, the split and the count.
    """
    counts = {split: np.bincount(y, minlength=len(names)) for split, y in targets.items()}
    seen = np.flatnonzero(counts["train"])
    if len(seen) < 2:
        only = names[int(seen[0])]
        accepted = f"of 2 or more classes in split 'train', but all {len(targets['train'])} are {only!r}"
        raise InvalidArgument(argument, only, accepted)
    for split, sizes in counts.items():
        unknown = [names[label] for label in np.flatnonzero((counts["train"] == 0) & (sizes > 0)).tolist()]
        if unknown:
            size = int(sizes[counts["train"] == 0].sum())
            accepted = f"of classes that are in split 'train', but {size} of {sizes.sum()} in split {split!r} are not"
            raise InvalidArgument(argument, unknown[:5], accepted)
    nowhere = np.sum(list(counts.values()), axis=0) == 0
    lacking = {"any split": nowhere}
    for split, sizes in counts.items():
        if split != "train":
            lacking[f"split {split!r}, which has {sizes.sum()} examples"] = (sizes == 0) & ~nowhere
    for where, which in lacking.items():
        if which.any():
            shown = ", ".join(repr(names[label]) for label in np.flatnonzero(which)[:5].tolist())
            more = f" and {which.sum() - 5} more" if which.sum() > 5 else ""
            warn(f"{argument}: no example of class {shown}{more} in {where}")
