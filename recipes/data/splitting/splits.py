"""carve, folds_of: disjoint, stratified splits that a seed determines for good."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from ....callbacks.checks import InvalidArgument, check_number

__all__ = ["TEST_SEED", "carve", "folds_of"]

WHOLE = re.compile(r"-?\d+")
"""A class named by a whole number."""

TEST_SEED = 20190920
"""The seed of every test split, so that it stays the same whatever seed the user chooses."""


def carve(
    argument: str,
    fraction: float,
    seed: int,
    *,
    count: int | None = None,
    labels: np.ndarray | None = None,
    class_names: Sequence[str] = (),
    remedy: str = "",
) -> tuple[np.ndarray, np.ndarray]:
    """Splits the indices 0..n-1 into those that stay and those held out.

    With ``labels``, the split is stratified: each class is held out in proportion, within one example, and keeps at
    least one example in the part that stays. Without, the choice is uniform. The number held out is ``fraction * n``,
    rounded, and at least 1. The random stream is NumPy's frozen ``RandomState``, the same in every version.

    Args:
        argument: name of the argument with ``fraction``, for messages.
        fraction: the share to hold out, in (0, 1).
        seed: seed of the choice, 0..2**32-1.
        count: n, for a choice regardless of class. Pass this or ``labels``.
        labels: shape (n,), whole numbers >= 0.
        class_names: names of the classes, for messages.
        remedy: what to do about a class of a single example, for the message.

    Returns:
        Two sorted, disjoint int64 arrays of indices, (staying, held out), which together are all.

    Raises:
        InvalidArgument: if a class has a single example, or a part would have fewer examples than there are classes.

    Example:
        >>> staying, held = carve("validation", 0.25, 0, labels=np.array([0, 0, 0, 0, 1, 1, 1, 1]))
        >>> len(staying), len(held)
        (6, 2)
    """
    check_number(argument, fraction, above=0, below=1)
    total = len(labels) if labels is not None else int(count or 0)
    if total < 2:
        raise InvalidArgument(argument, fraction, f"taken from 2 or more examples (there are {total})")
    wanted = min(max(round(fraction * total), 1), total - 1)
    random = np.random.RandomState(seed)
    held = np.zeros(total, bool)
    if labels is None:
        held[random.permutation(total)[:wanted]] = True
    else:
        classes, sizes = np.unique(labels, return_counts=True)
        _check_sizes(argument, fraction, classes, sizes, wanted, class_names, remedy)
        for label, share in zip(classes, _shares(sizes, wanted), strict=True):
            members = np.flatnonzero(labels == label)
            held[members[random.permutation(len(members))[:share]]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def folds_of(
    count: int, seed: int, *, labels: np.ndarray | None = None, class_names: Sequence[str] = (), examples: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Divides the indices 0..n-1 into folds, each of which is held out in turn.

    Args:
        count: number of folds, >= 2.
        seed: seed of the division.
        labels: shape (n,), to stratify by class; None for no stratification.
        class_names: names of the classes, for messages.
        examples: n, without labels.

    Returns:
        Two sorted arrays of indices per fold, (staying, held out).

    Raises:
        InvalidArgument: if there are fewer examples, or fewer of a class, than folds.

    Example:
        >>> [held.tolist() for _, held in folds_of(2, 0, labels=np.array([0, 0, 1, 1]))]
        [[1, 2], [0, 3]]
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    if labels is None:
        if examples < count:
            raise InvalidArgument("folds", count, f"at most the number of examples, {examples}")
        pairs = KFold(count, shuffle=True, random_state=seed).split(np.zeros(examples))
    else:
        classes, sizes = np.unique(labels, return_counts=True)
        if sizes.min() < count:
            label = int(classes[np.argmin(sizes)])
            shown = repr(class_names[label]) if label < len(class_names) else str(label)
            raise InvalidArgument("folds", count, f"at most the size of every class, but {shown} has {sizes.min()}")
        pairs = StratifiedKFold(count, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
    return [(np.sort(staying), np.sort(held)) for staying, held in pairs]


def _shares(sizes: np.ndarray, wanted: int) -> np.ndarray:
    """The number to hold out of each class: the exact share rounded down, the rest by largest remainder."""
    ideal = sizes * (wanted / sizes.sum())
    shares = np.minimum(np.floor(ideal + 1e-9).astype(np.int64), sizes - 1)
    remainders = np.where(shares + 1 < sizes, ideal - shares, -1.0)
    for position in np.argsort(-remainders, kind="stable")[: max(wanted - int(shares.sum()), 0)]:
        if remainders[position] > 0:
            shares[position] += 1
    return shares


def _check_sizes(
    argument: str,
    fraction: float,
    classes: np.ndarray,
    sizes: np.ndarray,
    wanted: int,
    names: Sequence[str],
    remedy: str,
) -> None:
    numbers = "; task='regression' if they are quantities" if names and all(map(WHOLE.fullmatch, names)) else ""
    if sizes.min() < 2:
        label = int(classes[np.argmin(sizes)])
        shown = f"{names[label]!r}" if label < len(names) else str(label)
        raise InvalidArgument(
            argument,
            fraction,
            f"carved from 2 or more examples of every class, but class {shown} has only 1{remedy}{numbers}",
        )
    if min(wanted, sizes.sum() - wanted) < len(classes):
        least = math.ceil(100 * len(classes) / sizes.sum()) / 100
        enough = f"; {argument}={least:g} does" if least <= 0.5 else ""
        raise InvalidArgument(
            argument,
            fraction,
            f"a share that leaves both parts at least one example for each of the {len(classes)} classes"
            f" (of {sizes.sum()} examples it holds out {wanted}){enough}{numbers}",
        )
