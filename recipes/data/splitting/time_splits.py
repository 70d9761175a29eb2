"""Splits by time: train on the past, validate on later examples, test on the latest."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ....callbacks.checks import InvalidArgument, check_number

__all__ = ["carve_latest", "forward_folds"]


def carve_latest(
    argument: str, fraction: float, times: np.ndarray, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Holds out the latest examples, about ``fraction * n`` of them.

    Examples of the same time are on the same side, and so are those of a group: the cut is the possible one that is
    nearest to the wanted share.

    Args:
        argument: name of the argument with ``fraction``, for messages.
        fraction: the share of the examples to hold out, in (0, 1).
        times: shape (n,), numbers or datetimes.
        groups: shape (n,), or None.

    Returns:
        Two sorted, disjoint int64 arrays of indices, (staying, held out), which together are all.

    Raises:
        InvalidArgument: if there is no such cut.

    Example:
        >>> staying, held = carve_latest("test", 0.25, np.array([30, 10, 40, 20]))
        >>> staying.tolist(), held.tolist()
        ([0, 1, 3], [2])
    """
    check_number(argument, fraction, above=0, below=1)
    order, cuts = _cuts(times, groups)
    wanted = len(times) - min(max(round(fraction * len(times)), 1), len(times) - 1)
    if not len(cuts):
        raise _no_cut(f"to hold out {argument!r}", times, groups)
    cut = cuts[np.abs(cuts - wanted).argmin()]
    return np.sort(order[:cut]), np.sort(order[cut:])


def forward_folds(
    count: int, times: np.ndarray, groups: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds of forward chaining: each validates on a later part than the one before, and trains on all before it.

    The examples, by time, are cut into ``count + 1`` parts of about equal size, the first of which only trains.
    Examples of the same time, and those of a group, are in the same part.

    Args:
        count: number of folds, >= 2.
        times: shape (n,), numbers or datetimes.
        groups: shape (n,), or None.

    Returns:
        Two sorted arrays of indices per fold, (trained on, held out). Examples later than a fold's are in neither.

    Raises:
        InvalidArgument: if there are not so many parts.

    Source: scikit-learn's ``TimeSeriesSplit``, which it equals where all times differ.

    Example:
        >>> [(staying.tolist(), held.tolist()) for staying, held in forward_folds(2, np.array([30, 10, 20]))]
        [([1], [2]), ([1, 2], [0])]
    """
    order, cuts = _cuts(times, groups)
    size = len(times) // (count + 1)
    wanted = [len(times) - size * (count - number) for number in range(count)]
    ends = [int(cuts[np.abs(cuts - end).argmin()]) for end in wanted] if size and len(cuts) else []
    ends = [*ends, len(times)]
    if len(set(ends)) < count + 1:
        raise _no_cut(f"for {count} folds", times, groups)
    return [(np.sort(order[:end]), np.sort(order[end:after])) for end, after in pairwise(ends)]


def _cuts(times: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The examples by time, and the positions between them at which neither a time nor a group is cut."""
    order = np.argsort(times, kind="stable")
    sorted_times = times[order]
    possible = sorted_times[1:] > sorted_times[:-1]
    if groups is not None:
        _, codes = np.unique(groups[order], return_inverse=True)
        last = np.zeros(int(codes.max()) + 1, np.int64)
        np.maximum.at(last, codes, np.arange(len(codes)))
        possible &= np.maximum.accumulate(last[codes])[:-1] <= np.arange(len(codes) - 1)
    return order, np.flatnonzero(possible) + 1


def _no_cut(purpose: str, times: np.ndarray, groups: np.ndarray | None) -> InvalidArgument:
    different = len(np.unique(times))
    if groups is None:
        return InvalidArgument("time", f"{different} different times", f"enough different times {purpose}")
    accepted = (
        f"times that keep whole groups apart {purpose}, but at every cut a group has examples on both sides: use either"
        " groups or time, or other groups"
    )
    return InvalidArgument("time", f"{different} different times of {len(np.unique(groups))} groups", accepted)
