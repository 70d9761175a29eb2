"""as_targets: targets of any form as numbers: classes, sets of classes, or quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument, check_unmasked
from ..input_arrays import NUMBERS, is_absent
from ..statistics.moments import check_finite, chunks, moments
from ..statistics.narrowing import narrowed, native, wide
from ..statistics.scaling import Scaling
from .label_sets import are_label_sets, multi_hot
from .number_targets import numbers_of_strings
from .whole_numbers import are_labels, warn_of_flags, warn_of_quantities, warn_of_scale, warn_of_unlabelled

__all__ = ["Declared", "Targets", "as_targets"]

Targets = dict[str, np.ndarray]
"""Split -> y."""

ACCEPTED = (
    "numbers of shape (n,): whole numbers for classes, floats for regression; strings for classes; or several numbers"
    " per example, of shape (n, targets): 0 and 1 for multilabel, floats for regression"
)


@dataclass(frozen=True)
class Declared:
    """What is known about targets besides their values.

    Args:
        form: None if nothing is known, as for a user's arrays; "classes" for positions in ``names``; "label sets" for
            lists of such positions; "quantity" for a number that its dataset does not declare as a class; "columns" for
            several numbers or booleans, named by ``names``.
        names: names of the classes; None if the values name them.
        single: whether classes of a single example are expected.
    """

    form: str | None = None
    names: Sequence[str] | None = None
    single: bool = False


def as_targets(
    raw: dict[str, Any], declared: Declared, task: str | None, arguments: dict[str, str]
) -> tuple[Targets, str, tuple[str, ...]]:
    """Checks the targets of all splits, infers the task if it is None, and encodes and names the classes.

    Without a task, floats are quantities; strings and booleans are classes, and so are whole numbers that look like
    labels (:func:`~recipes.data.targets.whole_numbers.are_labels`), of any sign and size. Strings of many numbers, such
    as prices, are quantities. A warning says where these, whole numbers, or floats that are all 0 or 1 are taken as
    quantities. Whole numbers declared a quantity are classes only if all are 0 or 1. In shape (n, targets), whole
    numbers that are all 0 or 1 are multilabel, others are quantities; with the task "binary" or "multiclass", one-hot
    rows are classes. Classes without declared names are the sorted training values, so labels 0..k-1 keep their
    numbers.

    Args:
        raw: split -> y, in a form listed in :data:`ACCEPTED`; for multilabel also a list of lists of labels.
        declared: what is known besides the values.
        task: None to infer it from the targets.
        arguments: split -> name of its y, for messages.

    Returns:
        (split -> y, task, class names). y is int64 (n,), positions in the class names, for binary and multiclass,
        int64 (n, classes) of 0 and 1 for multilabel, float32 (n,) or (n, targets) for regression, or float64 where
        float32 does not keep the values of a target apart.

    Raises:
        InvalidArgument: for other forms, labels out of range, and a task that contradicts the targets.
    """
    raw = {split: check_unmasked(arguments[split], _unindexed(y)) for split, y in raw.items()}
    if declared.form == "label sets" or (declared.form is None and are_label_sets(raw["train"], task, declared.names)):
        if task not in (None, "multilabel"):
            raise InvalidArgument(arguments["train"], "lists of labels", f"one value an example for task {task!r}")
        rows, names = multi_hot(raw, declared.names, arguments)
        return rows, "multilabel", names
    arrays = {split: _array(arguments[split], split, y) for split, y in raw.items()}
    train = arrays["train"]
    if train.dtype == object:
        numbers = None if declared.names is not None else numbers_of_strings(arrays, task, arguments)
        if numbers is not None:
            return _quantities(numbers, arguments), "regression", ()
        return _strings(arrays, declared.names, task, arguments)
    for split, y in arrays.items():
        if y.dtype == object:
            accepted = f"numbers as in training, but all {len(y)} in split {split!r} are strings"
            raise InvalidArgument(arguments[split], y[:3].tolist(), accepted)
    if train.ndim == 2:
        return _rows(arrays, declared, task, arguments)
    if task == "multilabel":
        raise InvalidArgument(arguments["train"], train.shape, f"of shape (n, classes) for task {task!r}")
    if task == "regression" or (task is None and not _are_classes(arrays, declared, arguments)):
        return _quantities(arrays, arguments), "regression", ()
    return _classes(arrays, declared.names, task, arguments)


def _unindexed(y: Any) -> Any:
    """The objects of a pandas Series, which may be lists of labels, as an array; anything else unchanged."""
    return y.to_numpy() if str(getattr(y, "dtype", "")) == "object" and hasattr(y, "to_numpy") else y


def _array(argument: str, split: str, y: Any) -> np.ndarray:
    try:
        y = native(np.asarray(y))
    except ValueError as error:  # lists of different lengths
        raise InvalidArgument(argument, type(y).__name__, f"{ACCEPTED} ({error})") from None
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype == object and y.ndim == 1 and _are_strings(y):
        return y
    if y.dtype == object:
        y = _numbers(argument, split, y)
    if y.dtype.kind in "OSUT" and y.ndim == 1:
        strange = [value for value in y.tolist() if not isinstance(value, (str, bytes))]
        if strange:
            accepted = f"all strings or all numbers, but {len(strange)} of {len(y)} in split {split!r} are no strings"
            raise InvalidArgument(argument, strange[0], accepted)
        return np.array([value.decode() if isinstance(value, bytes) else value for value in y.tolist()], dtype=object)
    if y.ndim not in (1, 2) or (y.ndim == 2 and not y.shape[1]) or y.dtype.kind not in "fiub":
        raise InvalidArgument(argument, f"{y.dtype} of shape {y.shape}", ACCEPTED)
    return y


def _are_strings(y: np.ndarray) -> bool:
    import pandas as pd

    return pd.api.types.infer_dtype(y, skipna=False) == "string"


def _numbers(argument: str, split: str, y: np.ndarray) -> np.ndarray:
    """Objects that are all numbers as an array of numbers; refuses missing ones among them. Others are left."""
    values = y.ravel().tolist()
    missing = [is_absent(value) for value in values]
    present = [value for value, absent in zip(values, missing, strict=True) if not absent]
    if not present or not all(isinstance(value, NUMBERS) for value in present):
        return y
    if any(missing):
        accepted = f"given for every example, but {sum(missing)} of {len(y)} in split {split!r} are missing"
        raise InvalidArgument(argument, values[missing.index(True)], accepted)
    numbers = np.array(present).reshape(y.shape)
    if numbers.dtype == object and any(isinstance(value, (Decimal, Fraction)) for value in present):
        numbers = numbers.astype(np.float64)
    if numbers.dtype == object:
        raise InvalidArgument(argument, max(present, key=abs), "numbers that int64 or float64 holds")
    return numbers


def _are_zero_one(arrays: Targets) -> bool:
    return all(bool(np.isin(y, (0, 1)).all()) for y in arrays.values())


def _are_classes(arrays: Targets, declared: Declared, arguments: dict[str, str]) -> bool:
    """Whether one number per example is a class, if no task is passed."""
    train, argument = arrays["train"], arguments["train"]
    if train.dtype.kind == "f":
        if declared.names is None and _are_zero_one(arrays):
            warn_of_flags(argument)
        return declared.names is not None
    if declared.form == "quantity" and train.dtype.kind != "b":
        flags = _are_zero_one(arrays)
        if not flags:
            warn_of_scale(argument, train)
        return flags
    if train.dtype.kind == "b" or declared.names is not None or are_labels(train, single=declared.single):
        return True
    warn_of_quantities(argument, train)
    return False


def _classes(
    arrays: Targets, names: Sequence[str] | None, task: str | None, arguments: dict[str, str]
) -> tuple[Targets, str, tuple[str, ...]]:
    """Numbers as classes: positions in ``names``, or else in the sorted training values."""
    train = arrays["train"]
    for split, y in arrays.items():
        broken = ~np.isfinite(y) | (y != np.round(y)) if y.dtype.kind == "f" else np.zeros(len(y), bool)
        if broken.any():
            count = f"{broken.sum()} of {len(y)} in split {split!r} are not"
            purpose = "classes, as in training" if task is None else f"task {task!r}"
            accepted = f"whole numbers for {purpose}, but {count}; others are for 'regression'"
            raise InvalidArgument(arguments[split], y[broken][:3].tolist(), accepted)
    if names is None and train.dtype.kind == "b":
        names = ("False", "True")
    if names is not None:
        for split, y in arrays.items():
            wrong = (y < 0) | (y >= len(names))
            if wrong.any():
                accepted = f"labels in 0..{len(names) - 1}, but {wrong.sum()} of {len(y)} in split {split!r} are not"
                raise InvalidArgument(arguments[split], np.unique(y[wrong])[:5].tolist(), accepted)
        codes = {split: y.astype(np.int64) for split, y in arrays.items()}
        return codes, *_named(codes, names, task, arguments)
    values = np.unique(train)
    if task is None:
        warn_of_unlabelled(arguments["train"], values, int((train == -1).sum()))
    codes = {}
    for split, y in arrays.items():
        unknown = ~np.isin(y, values)
        if unknown.any():
            shown = np.unique(y[unknown])[:5].tolist()
            raise _unknown(arguments[split], shown, len(values), unknown.sum(), split)
        codes[split] = np.searchsorted(values, y).astype(np.int64)
    return codes, *_named(codes, [str(int(value)) for value in values], task, arguments)


def _strings(
    arrays: Targets, names: Sequence[str] | None, task: str | None, arguments: dict[str, str]
) -> tuple[Targets, str, tuple[str, ...]]:
    import pandas as pd

    if task in ("regression", "multilabel"):
        shown = f"strings such as {arrays['train'][0]!r}"
        raise InvalidArgument(arguments["train"], shown, f"numbers for task {task!r}")
    names = tuple(names) if names is not None else tuple(sorted(pd.unique(arrays["train"]).tolist()))
    if len(names) > max(2, len(arrays["train"]) // 2):
        shown = f"{len(names)} different strings"
        raise InvalidArgument(arguments["train"], shown, "the names of classes, each with 2 or more examples")
    index, codes = pd.Index(dict.fromkeys(names), dtype=object), {}
    for split, y in arrays.items():
        parts = [index.get_indexer(pd.Index(chunk, dtype=object)) for chunk in chunks(y)]
        codes[split] = np.concatenate(parts).astype(np.int64, copy=False)
        unknown = y[codes[split] < 0]
        if len(unknown):
            several = sorted(set(map(str, unknown.tolist())))[:5]
            raise _unknown(arguments[split], several, len(names), len(unknown), split)
    return codes, *_named(codes, names, task, arguments)


def _unknown(argument: str, shown: list[Any], classes: int, count: int, split: str) -> InvalidArgument:
    known = f"one of the {classes} class{'es' * (classes != 1)} of training"
    return InvalidArgument(argument, shown, f"{known}, but {count} in split {split!r} are not")


def _named(
    codes: Targets, names: Sequence[str], task: str | None, arguments: dict[str, str]
) -> tuple[str, tuple[str, ...]]:
    """The task and the class names; their number must fit a task that was passed."""
    if len(names) < 2:
        only = f", but all {len(codes['train'])} in split 'train' are {names[0]!r}" if names else ""
        received = f"{len(names)} class{'es' * (len(names) != 1)}"
        raise InvalidArgument(arguments["train"], received, f"of 2 or more classes{only}")
    inferred = "binary" if len(names) == 2 else "multiclass"
    if task not in (None, inferred):
        accepted = "exactly 2 classes" if task == "binary" else "3 or more classes"
        raise InvalidArgument(arguments["train"], f"{len(names)} classes", accepted)
    return inferred, tuple(names)


def _rows(
    arrays: Targets, declared: Declared, task: str | None, arguments: dict[str, str]
) -> tuple[Targets, str, tuple[str, ...]]:
    """Several numbers per example."""
    train = arrays["train"]
    zero_one = _are_zero_one(arrays)
    if task is None and declared.form != "columns" and zero_one and _are_one_hot(train):
        which = "binary" if train.shape[1] == 2 else "multiclass"
        accepted = f"used with task={which!r} for one-hot rows, that is classes, or with task='multilabel'"
        raise InvalidArgument(arguments["train"], f"{train.dtype} of shape {train.shape}", accepted)
    if task in ("binary", "multiclass"):
        return _one_hot(arrays, declared.names, task, arguments)
    if task == "regression" or (task is None and (train.dtype.kind == "f" or not zero_one)):
        columns = declared.names if declared.form == "columns" else None
        return _quantities(arrays, arguments, columns or ()), "regression", ()
    for split, y in arrays.items():
        wrong = ~np.isin(y, (0, 1))
        if wrong.any():
            column = int(np.flatnonzero(wrong.any(axis=0))[0])
            count = f"{wrong[:, column].sum()} of the {len(y)} values of column {column} in split {split!r}"
            shown = y[wrong[:, column], column][:3].tolist()
            raise InvalidArgument(arguments[split], shown, f"0 and 1 for multilabel, but {count} are not")
    rows = {split: y.astype(np.int64) for split, y in arrays.items()}
    return rows, "multilabel", _column_names(rows, declared.names)


def _are_one_hot(y: np.ndarray) -> bool:
    return bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())


def _one_hot(
    arrays: Targets, names: Sequence[str] | None, task: str, arguments: dict[str, str]
) -> tuple[Targets, str, tuple[str, ...]]:
    """One-hot rows as classes: a class is a column."""
    for split, y in arrays.items():
        if y.shape[1:] != arrays["train"].shape[1:] or not _are_one_hot(y):
            accepted = f"of shape (n,), or one-hot rows of shape (n, classes), for task {task!r}"
            raise InvalidArgument(arguments[split], f"{y.dtype} of shape {y.shape}", accepted)
    names = _column_names(arrays, names)
    return {split: y.argmax(axis=1).astype(np.int64) for split, y in arrays.items()}, *_named(
        arrays, names, task, arguments
    )


def _column_names(rows: Targets, names: Sequence[str] | None) -> tuple[str, ...]:
    width = rows["train"].shape[1]
    if names is None:
        return tuple(str(column) for column in range(width))
    if len(names) != width:
        raise InvalidArgument("class_names", tuple(names), f"{width} names, one for each column of y")
    return tuple(names)


def _check_varied(argument: str, train: np.ndarray) -> None:
    """Refuses numbers of shape (n, targets) that are all the same; two examples may be by chance."""
    constant: list[int] = np.flatnonzero((train == train[:1]).all(axis=0)).tolist() if len(train) > 2 else []
    if constant:
        place = f" in column {constant[0]}" if train.shape[-1] > 1 else ""
        accepted = f"of 2 or more values{place}, but all {len(train)} in split 'train' are the same"
        raise InvalidArgument(argument, train[0].tolist()[constant[0]], accepted)


def _quantities(arrays: Targets, arguments: dict[str, str], columns: Sequence[str] = ()) -> Targets:
    numbers = {split: wide(y) for split, y in arrays.items()}
    for split, y in numbers.items():
        with np.errstate(over="ignore"):  # the type that models compute with
            check_finite(arguments[split], split, y.astype(np.float32), columns)
    train = numbers["train"].reshape(len(numbers["train"]), -1)
    _check_varied(arguments["train"], train)
    if train.dtype == np.int64 and len(train) and Scaling.of(*moments(train)).dtype == "int64":
        accepted = "numbers that float64 keeps apart: subtract a constant first"
        raise InvalidArgument(arguments["train"], int(np.abs(train).max()), accepted)
    return narrowed({split: y.astype(np.float64) if y.dtype == np.int64 else y for split, y in numbers.items()})
