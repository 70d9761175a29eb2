"""From whatever form inputs come in to arrays: tables, images, texts, sequences, and records of several of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from callbacks.checks import InvalidArgument
from recipes.data.feature import plain_name
from recipes.data.statistics import check_finite
from recipes.data.stored import Stored
from recipes.data.structure import Inputs

__all__ = ["as_inputs", "kind_of", "pad"]

ACCEPTED = (
    "numbers of shape (n, features), uint8 images of shape (n, height, width[, channels]) or float ones with channels,"
    " sequences of shape (n, steps, size) or a list of arrays (steps, size), n texts, or a dictionary of these and of"
    " columns of shape (n,)"
)
RECORD_DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "float32", "float64")
"""Columns of these types stay what they are; others become float32."""


def as_inputs(argument: str, split: str, x: Any, names: Sequence[str] = ()) -> Inputs:
    """Contiguous arrays of the types that models take; sequences of different lengths stay lists.

    Args:
        argument: what the inputs are called, for messages.
        split: which split they are, for messages.
        x: of the forms that :data:`ACCEPTED` lists; a DataFrame of numbers is a table, any other one a record.
        names: of a table's columns, for messages.

    Returns:
        float32 (n, features), uint8, uint16 or float32 (n, height, width, channels), float32 (n, steps, size) or a list
        of (steps, size), strings (n,); or a dictionary of such, and of columns (n,) of numbers.

    Raises:
        InvalidArgument: for other forms, no examples, values that are not finite, or arrays of different lengths.
    """
    if isinstance(x, Stored):
        return x
    if hasattr(x, "columns") and hasattr(x, "dtypes") and not _plain_table(x):  # a pandas DataFrame
        x = {str(column): x[column].to_numpy() for column in x.columns}
    if isinstance(x, Mapping):
        return _record(argument, split, x)
    found = _array(argument, split, x, names)
    if isinstance(found, np.ndarray) and found.ndim == 1 and found.dtype != object:
        raise InvalidArgument(argument, f"{found.dtype} of shape {found.shape}", ACCEPTED)
    return found


def kind_of(values: Any) -> str:
    """The kind of one array as :func:`as_inputs` gives it: as of a Feature, or "string" for a category or a text.

    Example:
        >>> kind_of(np.zeros((5, 8, 8, 1), "uint8"))
        'image'
    """
    if isinstance(values, list):
        return "sequence"
    if values.dtype == object:
        return "string"
    return {1: "number", 2: "vector", 3: "sequence", 4: "image"}[values.ndim]


def pad(given: Mapping[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Sequences of different lengths, split by split, brought to the same length by a filling value after their end.

    Args:
        given: split -> a list of arrays (steps, size).

    Returns:
        (split -> float32 (n, longest, size), the filling value: 0 or, if some real step is all 0, a number below all
        values); or None for it if all lengths are equal.

    Example:
        >>> arrays, filling = pad({"train": [np.ones((1, 2)), np.ones((2, 2))]})
        >>> arrays["train"][0].tolist(), filling
        ([[1.0, 1.0], [0.0, 0.0]], 0.0)
    """
    every = [each for sequences in given.values() for each in sequences]
    longest = max(len(each) for each in every)
    if min(len(each) for each in every) == longest:
        return {split: np.stack(sequences) for split, sequences in given.items()}, None
    filling = 0.0
    if any((each == 0).all(axis=1).any() for each in every):
        filling = float(np.floor(min(each.min() for each in every if each.size) - 1.0))
    padded = {}
    for split, sequences in given.items():
        padded[split] = np.full((len(sequences), longest, every[0].shape[1]), filling, np.float32)
        for row, each in zip(padded[split], sequences, strict=True):
            row[: len(each)] = each
    return padded, filling


def _plain_table(frame: Any) -> bool:
    """Whether all columns are numbers, none of them missing."""
    return all(dtype.kind in "fiub" for dtype in frame.dtypes) and not frame.isna().to_numpy().any()


def _record(argument: str, split: str, x: Mapping[str, Any]) -> dict[str, Any]:
    if not x or not all(isinstance(name, str) and name for name in x):
        raise InvalidArgument(argument, list(x), "a dictionary with names as keys, at least one")
    plain = {name: plain_name(name) for name in x}
    if len({name.replace(".", "_") for name in plain.values()}) < len(plain):
        raise InvalidArgument(argument, list(x), "a dictionary whose names differ in letters and digits")
    found = {plain[name]: _array(f"{argument}[{name!r}]", split, values) for name, values in x.items()}
    sizes = {name: len(values) for name, values in found.items()}
    if len(set(sizes.values())) > 1:
        raise InvalidArgument(argument, sizes, "columns of the same length")
    return found


def _array(argument: str, split: str, x: Any, names: Sequence[str] = ()) -> Any:
    if isinstance(x, Stored):
        return x
    ragged = _ragged(argument, split, x)
    if ragged is not None:
        return ragged
    x = np.asarray(x)
    if x.dtype.kind in "OSU" or x.dtype.kind == "T":
        x = _strings(argument, split, x)
    elif x.dtype.kind not in "fiub" and x.dtype.name != "bfloat16":
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", ACCEPTED)
    elif x.ndim in (3, 4) and x.dtype in (np.uint8, np.uint16):
        x = x[..., np.newaxis] if x.ndim == 3 else x
    elif x.ndim == 1:
        x = x if x.dtype.name in RECORD_DTYPES else x.astype(np.float32)
        if np.isinf(x).any():
            wrong = int(np.isinf(x).sum())
            raise InvalidArgument(argument, np.inf, f"finite, but {wrong} of {len(x)} in split {split!r} are infinite")
    elif x.ndim in (2, 3, 4):
        if 0 in x.shape[1:]:
            accepted = "a table with at least one column" if x.ndim == 2 else "of sizes of at least 1"
            raise InvalidArgument(argument, x.shape, accepted)
        with np.errstate(over="ignore"):
            x = x.astype(np.float32)
        if names and len(names) != x.shape[1]:
            raise InvalidArgument(
                "feature_names", list(names), f"{x.shape[1]} names, one for each column of {argument}"
            )
        check_finite(argument, split, x, names, "" if x.ndim == 2 else "the inputs")
    else:
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", ACCEPTED)
    if len(x) == 0:
        raise InvalidArgument(argument, x.shape, f"not empty (split {split!r})")
    return np.ascontiguousarray(x).view()


def _strings(argument: str, split: str, x: np.ndarray) -> np.ndarray:
    if x.ndim != 1:
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", ACCEPTED)
    texts = np.empty(len(x), dtype=object)
    for position, value in enumerate(x.tolist()):
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        elif value is None or value != value:  # NaN, as pandas writes a missing string
            value = ""
        elif not isinstance(value, str):
            wrong = sum(not isinstance(each, (str, bytes)) for each in x.tolist())
            accepted = f"all strings, but {wrong} of {len(x)} in split {split!r} are not"
            raise InvalidArgument(argument, value, accepted)
        texts[position] = value
    return texts


def _ragged(argument: str, split: str, x: Any) -> list[np.ndarray] | None:
    """A list of arrays (steps, size), if x is one."""
    nested = isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object and x.ndim == 1)
    if not nested or not len(x) or not all(isinstance(each, (np.ndarray, list)) for each in x):
        return None
    try:
        arrays = [np.asarray(each, np.float32) for each in x]
    except ValueError as error:
        raise InvalidArgument(argument, type(x).__name__, f"a list of arrays of numbers ({error})") from None
    arrays = [each[:, np.newaxis] if each.ndim == 1 else each for each in arrays]
    shapes = {each.shape[1:] for each in arrays}
    if len({each.shape for each in arrays}) == 1 and isinstance(x, (list, tuple)):
        return None  # an ordinary array, written as nested lists
    if len(shapes) > 1 or any(each.ndim != 2 for each in arrays):
        shown = sorted({each.shape for each in arrays})[:3]
        raise InvalidArgument(argument, shown, f"of one size; in split {split!r} they differ: resize images first")
    empty = sum(len(each) == 0 for each in arrays)
    if empty:
        raise InvalidArgument(argument, 0, f"sequences of at least one step; {empty} in split {split!r} have none")
    check_finite(argument, split, np.concatenate(arrays), where="the steps")
    return arrays
