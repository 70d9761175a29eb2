"""Sample weights: how much each example counts, as an array or a column of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_unmasked
from .columns_aside import column_values, without

__all__ = ["Weights", "check_split_weights", "check_weights", "normalized", "separate_weights"]

Weights = dict[str, np.ndarray]
"""Split -> float64 (n,)."""


def separate_weights(
    splits: dict[str, tuple[Any, Any]], given: Mapping[str, Any]
) -> tuple[dict[str, tuple[Any, Any]], Weights | None]:
    """The splits without the column of weights, if it is one, and the weights of all of them; None if there are none.

    Args:
        splits: split -> (x, y), of which "train" is one.
        given: split -> its weights, an array of shape (n,); or None, for 1 each. For "train" also the name of a column
            of x, a DataFrame or a dictionary of columns, in all splits.

    Raises:
        InvalidArgument: for an unknown column, weights of another length, negative or not finite, and those of a split
            that is not given.

    Example:
        >>> separate_weights({"train": ({"a": [1, 2], "w": [0.5, 2]}, [0, 1])}, {"train": "w"})
        ({'train': ({'a': [1, 2]}, [0, 1])}, {'train': array([0.5, 2. ])})
    """
    column = given.get("train")
    raw = {split: weights for split, weights in given.items() if weights is not None}
    if isinstance(column, str):
        raw = {split: column_values("sample_weight", column, split, x) for split, (x, _) in splits.items()} | {
            split: weights for split, weights in raw.items() if split != "train"
        }
        splits = {split: (without(x, [column]), y) for split, (x, y) in splits.items()}
    if not raw:
        return splits, None
    for split in raw:
        if split not in splits:
            raise InvalidArgument(_argument(split), type(raw[split]).__name__, f"None without x_{split} and y_{split}")
    weights = {}
    for split, (_, y) in splits.items():
        weights[split] = check_weights(_argument(split), raw[split], len(y)) if split in raw else np.ones(len(y))
    return splits, weights


def check_weights(argument: str, weights: Any, count: int) -> np.ndarray:
    """The weights of this many examples as float64 of shape (n,).

    Raises:
        InvalidArgument: unless they are finite, >= 0, and one for each example.
    """
    accepted = f"{count} numbers >= 0, one for each example"
    weights = check_unmasked(argument, weights)
    try:
        array = np.asarray(weights)
    except ValueError:  # lists of different lengths
        raise InvalidArgument(argument, weights, accepted) from None
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind not in "fiub" or array.shape != (count,):
        raise InvalidArgument(argument, f"{array.dtype} of shape {array.shape}", accepted)
    array = array.astype(np.float64)
    wrong = ~np.isfinite(array) | (array < 0)
    if wrong.any():
        raise InvalidArgument(argument, array[wrong][0].item(), f"{accepted}, but {wrong.sum()} are not")
    return array


def check_split_weights(weights: Weights) -> Weights:
    """The weights of all splits; raises ``InvalidArgument`` for a split in which all are 0."""
    for split, values in weights.items():
        if not values.any():
            accepted = f"above 0 for at least one example of every split, but all {len(values)} in {split!r} are 0"
            raise InvalidArgument("sample_weight", 0.0, accepted)
    return weights


def normalized(weights: np.ndarray) -> np.ndarray:
    """The weights divided by their mean, as float32: the loss is then a weighted mean, whatever their unit.

    Example:
        >>> normalized(np.array([1.0, 3.0])).tolist()
        [0.5, 1.5]
    """
    return (weights / weights.mean()).astype(np.float32)


def _argument(split: str) -> str:
    return "sample_weight" if split == "train" else f"sample_weight_{split}"
