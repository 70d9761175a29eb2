"""Examples with equal inputs: found, kept together when splits are made, and counted across splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ....callbacks.warning import warn
from ..named_arrays import Inputs, apply, items, length
from ..statistics.moments import chunks
from .split_columns import SplitColumns

__all__ = ["duplicates_of", "kept_together", "together_in_folds", "warn_of_shared"]

LARGEST = 0.05
"""An example that occurs in a larger share of all, and more than :data:`FEW` times, is common rather than repeated."""
FEW = 5
SAMPLE = 200_000
"""Maximum number of rows of a table in which to count equal values."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
FEW_COLUMNS = 64
"""Rows of more values are hashed as a whole."""
BY_CHANCE, OF_MOST = 1.5, 10.0
"""A table has duplicates only if it has more than so many times as many pairs of equal rows as its columns, were they
independent, would make by chance; the second number counts where more than half of the rows have an equal one."""


def duplicates_of(inputs: Mapping[str, Inputs]) -> dict[str, np.ndarray] | None:
    """Numbers that examples with equal inputs share, also across splits.

    Rows of a table are no duplicates where its columns have so few values that rows are equal by chance, nor is an
    example that is as common as a value.

    Args:
        inputs: split -> arrays, with the same arrays in every split.

    Returns:
        Split -> int64 (n,), -1 for an example without a duplicate; None if no example has one.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(50, 3))
        >>> duplicates_of({"train": x, "test": x[[7]]})["test"]
        array([0])
    """
    hashes = {split: _row_hashes(x) for split, x in inputs.items()}
    every = np.concatenate(list(hashes.values()))
    every.sort()
    again = every[1:][every[1:] == every[:-1]]
    if not len(again):
        return None
    repeated, counts = np.unique(again, return_counts=True)
    counts += 1
    common = (counts > LARGEST * len(every)) & (counts > FEW)
    if common.all() or _by_chance(inputs, counts, len(every)):
        return None
    repeated = repeated[~common]
    codes = {}
    for split, values in hashes.items():
        places = np.minimum(np.searchsorted(repeated, values), len(repeated) - 1)
        codes[split] = np.where(repeated[places] == values, places, -1)
    ends = np.cumsum([len(values) for values in codes.values()])
    joined = np.concatenate(list(codes.values()))
    joined[joined >= 0] = _numbered(joined[joined >= 0])
    return dict(zip(inputs, np.split(joined, ends[:-1]), strict=True))


def kept_together(
    staying: np.ndarray, held: np.ndarray, equal: np.ndarray, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Moves duplicates to the side of the first of them, where both sides have some.

    The last examples of a class stay. Nothing moves if no example would be left on a side.

    Args:
        staying, held: sorted indices of the two sides, which together are all.
        equal: shape (n,), from :func:`duplicates_of`.
        labels: shape (n,), the classes; or None.

    Returns:
        (staying, held), sorted.

    Example:
        >>> staying, held = kept_together(np.array([0, 1, 3]), np.array([2, 4]), np.array([0, -1, 0, -1, -1]))
        >>> staying.tolist(), held.tolist()
        ([0, 1, 2, 3], [4])
    """
    before = np.zeros(len(equal), bool)
    before[held] = True
    after = _as_first(before, equal)
    if labels is not None:
        classes = np.bincount(labels)
        lost = (classes > 0) & (np.bincount(labels[~after], minlength=len(classes)) == 0)
        after[np.isin(equal, equal[lost[labels]]) & (equal >= 0)] = False
    if after.all() or not after.any():
        return staying, held
    return np.flatnonzero(~after), np.flatnonzero(after)


def together_in_folds(folds: Sequence[np.ndarray], equal: np.ndarray) -> list[np.ndarray]:
    """Moves duplicates to the fold of the first of them. Nothing moves if a fold would be empty.

    Args:
        folds: the indices that each fold holds out, disjoint and sorted. An example in no fold, and its duplicates,
            stay in none.
        equal: shape (n,), from :func:`duplicates_of`.

    Example:
        >>> folds = [np.array([0, 2]), np.array([1, 3])]
        >>> [held.tolist() for held in together_in_folds(folds, np.array([0, 0, -1, -1]))]
        [[0, 1, 2], [3]]
    """
    numbers = np.full(len(equal), -1)
    for number, held in enumerate(folds):
        numbers[held] = number
    numbers = _as_first(numbers, equal)
    moved = [np.flatnonzero(numbers == number) for number in range(len(folds))]
    return moved if all(map(len, moved)) else list(folds)


def warn_of_shared(name: str, columns: Mapping[str, SplitColumns]) -> None:
    """Warns, in one line, of validation and test examples that an earlier split has too.

    Args:
        name: name of the dataset.
        columns: "train", "validation", "test" -> what is known of its examples.
    """
    seen, found = np.array([-1]), []
    for split in ("train", "validation", "test"):
        codes = columns[split].equal
        if codes is None:
            return
        shared = int((np.isin(codes, seen) & (codes >= 0)).sum())
        if shared:
            found.append(f"{shared:,} of the {len(codes):,} examples in split {split!r}")
        seen = np.union1d(seen, codes)
    if found:
        warn(
            f"dataset {name!r}: {' and '.join(found)} have the same inputs as one in an earlier split, so a model may"
            " know them by heart; leave them out of one split",
        )


def _as_first(sides: np.ndarray, equal: np.ndarray) -> np.ndarray:
    """The sides, with that of the first duplicate for all of them."""
    repeated = np.flatnonzero(equal >= 0)
    _, first, which = np.unique(equal[repeated], return_index=True, return_inverse=True)
    sides = sides.copy()
    sides[repeated] = sides[repeated[first]][which]
    return sides


def _numbered(values: np.ndarray) -> np.ndarray:
    """Positions in the order of first occurrence; missing values are equal."""
    import pandas as pd

    return pd.factorize(values, use_na_sentinel=False)[0].astype(np.int64)


def _row_hashes(x: Inputs) -> np.ndarray:
    """A number for each example, uint64 (n,), the same for examples with equal inputs and others but for 1 in 2^64."""
    arrays = [values for _, values in items(x)]
    hashes = np.zeros(len(arrays[0]), np.uint64)
    for values in arrays:
        start = 0
        for chunk in chunks(values):
            part = hashes[start : start + len(chunk)]
            part *= FACTOR
            part += _hashes(chunk)
            start += len(chunk)
    return hashes


def _hashes(values: np.ndarray) -> np.ndarray:
    """The same of the rows of one array."""
    import pandas as pd

    if values.ndim == 1:
        return pd.util.hash_array(values + 0.0 if values.dtype.kind == "f" else values)  # 0.0 for -0.0
    rows = np.ascontiguousarray(values).reshape(len(values), -1)
    if rows.shape[1] > FEW_COLUMNS:
        rows = rows.view(np.dtype((np.void, rows.shape[1] * rows.dtype.itemsize)))[:, 0]
        return np.array([hash(value) for value in rows.tolist()], np.int64).view(np.uint64)
    hashes = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        hashes = hashes * FACTOR + _hashes(np.ascontiguousarray(column))
    return hashes


def _by_chance(inputs: Mapping[str, Inputs], counts: np.ndarray, size: int) -> bool:
    """Whether rows of a table are equal about as often as if its columns were independent.

    Args:
        inputs: split -> arrays.
        counts: how often examples occur that occur more than once.
        size: the number of examples.
    """
    if not isinstance(inputs["train"], dict) and inputs["train"].ndim != 2:
        return False
    sampled = [_sample(x) for x in inputs.values()]
    pairs = float((counts * (counts - 1.0)).sum())
    most = counts.sum() > size / 2
    expected = (OF_MOST if most else BY_CHANCE) * size * (size - 1.0)
    for column in _columns(sampled):
        sizes = np.bincount(_numbered(column))
        expected *= float((sizes * (sizes - 1.0)).sum()) / (len(column) * (len(column) - 1.0))
        if expected < pairs:
            return False
    return True


def _sample(x: Inputs) -> Inputs:
    rows = np.unique(np.linspace(0, length(x) - 1, min(length(x), SAMPLE)).astype(np.int64))
    return apply(lambda values: values[rows], x)


def _columns(parts: Sequence[Inputs]) -> Iterator[np.ndarray]:
    """The columns of a table or a record, hashed where they are no columns of single values."""
    if not isinstance(parts[0], dict):
        yield from np.concatenate(parts).T
        return
    for key in parts[0]:
        column = np.concatenate([part[key] for part in parts])
        yield column if column.ndim == 1 else _hashes(column)
