"""Splits that keep the examples of a group, such as a patient, on one side."""

from __future__ import annotations

import numpy as np

from ....callbacks.checks import InvalidArgument, check_number

__all__ = ["carve_groups", "group_folds"]

DRAWS, FEWEST_DRAWS, LOOKS = 200, 20, 20_000_000
"""Maximum and minimum number of random draws of groups, and of examples to look at in all draws."""


def carve_groups(
    argument: str, fraction: float, seed: int, groups: np.ndarray, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Splits the indices 0..n-1 into those that stay and those held out, with whole groups on either side.

    Of 20 to 200 random draws of groups whose examples are about ``fraction * n``, the best is taken. With ``labels``:
    the one that misses the fewest classes on either side and then holds out the most equal shares of the classes;
    without: the one of the nearest size. The only group that has a class stays. The random stream is NumPy's frozen
    ``RandomState``.

    Args:
        argument: name of the argument with ``fraction``, for messages.
        fraction: the share of the examples to hold out, in (0, 1).
        seed: seed of the draws, 0..2**32-1.
        groups: shape (n,), whole numbers >= 0.
        labels: shape (n,), whole numbers >= 0; or None.

    Returns:
        Two sorted, disjoint int64 arrays of indices, (staying, held out), which together are all.

    Raises:
        InvalidArgument: for a single group, or if each class is in one group alone.

    Source: the aim of scikit-learn's ``StratifiedGroupKFold``, for shares other than 1/k.

    Example:
        >>> staying, held = carve_groups("test", 0.25, 0, np.repeat([0, 1, 2, 3], 5))
        >>> len(staying), len(held)
        (15, 5)
    """
    check_number(argument, fraction, above=0, below=1)
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(sizes) < 2:
        raise InvalidArgument("groups", f"{len(sizes)} group", f"2 or more different groups, to hold out {argument!r}")
    candidates = np.arange(len(sizes))
    if labels is not None:
        candidates = candidates[~np.isin(candidates, _needed(codes, labels))]
    if not len(candidates):
        accepted = f"groups of which 2 or more have the same class, to hold out {argument!r}"
        raise InvalidArgument("groups", f"{len(sizes)} groups", accepted)
    random = np.random.RandomState(seed)
    totals = None if labels is None else np.bincount(labels)
    draws = []
    for _ in range(min(DRAWS, max(FEWEST_DRAWS, LOOKS // len(groups)))):
        order = random.permutation(candidates)[: len(sizes) - 1]
        sums = np.cumsum(sizes[order])
        count = int(np.abs(sums - fraction * len(groups)).argmin()) + 1
        chosen = np.zeros(len(sizes), bool)
        chosen[order[:count]] = True
        rank: tuple[float, ...] = (abs(sums[count - 1] / len(groups) - fraction),)
        if totals is not None and labels is not None:
            parts = np.bincount(labels[chosen[codes]], minlength=len(totals))[totals > 0] / totals[totals > 0]
            rank = (float((parts == 1).sum()), float((parts == 0).sum()), float(np.abs(parts - fraction).mean()))
        draws.append((rank, chosen))
    held = min(draws, key=lambda draw: draw[0])[1][codes]
    return np.flatnonzero(~held), np.flatnonzero(held)


def group_folds(
    count: int, seed: int, groups: np.ndarray, labels: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Divides the indices 0..n-1 into folds of whole groups, each of which is held out in turn.

    Args:
        count: number of folds, >= 2.
        seed: seed of the division.
        groups: shape (n,).
        labels: shape (n,), to stratify by class as far as the groups allow; None for folds of about equal sizes.

    Returns:
        Two sorted arrays of indices per fold, (staying, held out).

    Raises:
        InvalidArgument: if there are fewer groups, or examples of every class, than folds.

    Source: scikit-learn's ``StratifiedGroupKFold``.

    Example:
        >>> [len(held) for _, held in group_folds(2, 0, np.repeat([0, 1, 2, 3], 5))]
        [10, 10]
    """
    from sklearn.model_selection import StratifiedGroupKFold

    different = len(np.unique(groups))
    if different < count:
        raise InvalidArgument("folds", count, f"at most the number of groups, {different}")
    strata = np.zeros(len(groups), np.int64) if labels is None else labels
    largest = int(np.bincount(strata).max())
    if largest < count:
        raise InvalidArgument("folds", count, f"at most the size of the largest class, {largest}")
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    pairs = [(np.sort(staying), np.sort(held)) for staying, held in folds.split(strata, strata, groups)]
    if any(not len(held) for _, held in pairs):
        raise InvalidArgument("folds", count, "fewer, for some fold would have no group")
    return pairs


def _needed(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The groups that alone have some class."""
    width = int(codes.max()) + 1
    pairs = np.unique(labels.astype(np.int64) * width + codes)
    _, first, counts = np.unique(pairs // width, return_index=True, return_counts=True)
    return pairs[first[counts == 1]] % width
