"""Examples with equal inputs: found, kept together when splits are made, and counted across splits."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .moments import chunks
from .named_arrays import Inputs, items
from .split_columns import SplitColumns

__all__ = ["duplicates_of", "kept_together", "together_in_folds", "warn_of_shared"]

LARGEST = 0.05
"""An example that occurs in a larger share of all, and more than :data:`FEW` times, is common rather than repeated."""
FEW = 5
SAMPLE = 200_000
"""Maximum number of rows of a table in which to count equal values."""
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
        >>> duplicates_of({"train": np.array([[0.1, 2.5], [0.3, 0.4], [0.1, 2.5]]), "test": np.array([[0.3, 0.4]])})
        {'train': array([0, 1, 0]), 'test': array([1])}
    """
    codes: Any = 0
    columns = []
    for key, _ in items(inputs["train"]):
        column = np.concatenate([_codes(dict(items(x))[key]) for x in inputs.values()])
        columns.append(_numbered(column))
        codes = _numbered(codes * (int(columns[-1].max()) + 1) + columns[-1])
    counts = np.bincount(codes)
    common = (counts > LARGEST * len(codes)) & (counts > FEW)
    if counts.max() < 2 or _by_chance(inputs, columns, counts, len(codes)):
        return None
    codes = np.where((counts[codes] > 1) & ~common[codes], codes, -1)
    if codes.max() < 0:
        return None
    ends = np.cumsum([len(next(iter(dict(items(x)).values()))) for x in inputs.values()])
    return dict(zip(inputs, np.split(codes, ends[:-1]), strict=True))


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
        warnings.warn(
            f"dataset {name!r}: {' and '.join(found)} have the same inputs as one in an earlier split, so a model may"
            " know them by heart; leave them out of one split",
            UserWarning,
            stacklevel=6,
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


def _codes(values: Any) -> np.ndarray:
    """Values that are equal where the examples are: themselves, or hashes of what is on disk or has several numbers."""
    if values.ndim == 1 and isinstance(values, np.ndarray):
        return values
    return np.concatenate([_hashes(chunk) for chunk in chunks(values)])


def _hashes(values: np.ndarray) -> np.ndarray:
    if values.dtype != object:
        rows = np.ascontiguousarray(values).reshape(len(values), -1)
        values = rows.view(np.dtype((np.void, rows.shape[1] * rows.dtype.itemsize)))[:, 0]
    return np.array([hash(value) for value in values.tolist()], np.int64)


def _by_chance(inputs: Mapping[str, Inputs], columns: list[np.ndarray], counts: np.ndarray, size: int) -> bool:
    """Whether rows of a table are equal about as often as if its columns were independent."""
    if isinstance(inputs["train"], dict):
        separate = iter(columns)
    elif inputs["train"].ndim == 2:
        rows = [np.unique(np.linspace(0, len(x) - 1, min(len(x), SAMPLE)).astype(np.int64)) for x in inputs.values()]
        table = np.concatenate([x[chosen] for x, chosen in zip(inputs.values(), rows, strict=True)])
        separate = (_numbered(column) for column in table.T)
    else:
        return False
    pairs = float((counts * (counts - 1.0)).sum())
    most = counts[counts > 1].sum() > size / 2
    expected = (OF_MOST if most else BY_CHANCE) * size * (size - 1.0)
    for column in separate:
        sizes = np.bincount(column)
        expected *= float((sizes * (sizes - 1.0)).sum()) / (len(column) * (len(column) - 1.0))
        if expected < pairs:
            return False
    return True
