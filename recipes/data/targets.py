"""From whatever form targets come in to numbers: classes, sets of classes, and quantities."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .moments import check_finite

__all__ = ["Targets", "as_targets", "check_classes"]

Targets = dict[str, np.ndarray]
"""Split -> y."""

ACCEPTED = (
    "numbers of shape (n,): whole numbers for classes, floats for regression; strings for classes; or several numbers"
    " an example, of shape (n, targets): 0 and 1 for multilabel, floats for regression"
)


def as_targets(
    given: dict[str, Any],
    task: str | None,
    class_names: Sequence[str] | None,
    arguments: dict[str, str],
) -> tuple[Targets, str, tuple[str, ...]]:
    """Checks the targets of all splits, finds the task where it is not given, and names the classes.

    Args:
        given: split -> y, of the forms that :data:`ACCEPTED` lists; for multilabel also a list of lists of labels.
        task: None to tell from the training targets.
        class_names: None for "0", "1", ... or, where the targets are strings, these.
        arguments: split -> what its y is called in messages.

    Returns:
        (split -> y, task, class names). y is int64 (n,) for binary and multiclass, int64 (n, classes) of 0 and 1 for
        multilabel, float32 (n,) or (n, targets) for regression.

    Raises:
        InvalidArgument: for other forms, labels outside their range, and a task that the targets contradict.
    """
    if _are_sets(given["train"], task, class_names):
        arrays = _multi_hot(given, class_names, arguments)
    else:
        arrays = {split: _array(arguments[split], split, y) for split, y in given.items()}
    train = arrays["train"]
    if train.dtype == object:
        return _named(arrays, task, class_names, arguments)
    for split, y in arrays.items():
        if y.dtype == object:
            accepted = f"numbers as in training, but all {len(y)} in split {split!r} are strings"
            raise InvalidArgument(arguments[split], y[:3].tolist(), accepted)
    if train.ndim == 2:
        return _several(arrays, task, class_names, arguments)
    if task == "multilabel":
        raise InvalidArgument(arguments["train"], train.shape, f"of shape (n, classes) for task {task!r}")
    if task == "regression" or (task is None and train.dtype.kind == "f"):
        return _numbers(arrays, arguments), "regression", ()
    for split, y in arrays.items():
        if y.dtype.kind == "f":
            shown = f"{y.dtype} of shape {y.shape}"
            raise InvalidArgument(arguments[split], shown, f"whole numbers for task {task!r}")
    whole = {split: y.astype(np.int64) for split, y in arrays.items()}
    names = _class_names(whole, class_names, task, arguments)
    return whole, "binary" if len(names) == 2 else "multiclass", names


def check_classes(targets: Targets, names: Sequence[str], argument: str) -> None:
    """Refuses training examples of one class, and a class that is in another split but not in training.

    A class that training has and another split lacks, or that no split has, is a warning.

    Args:
        targets: split -> y of classes, after all splits have been carved.
        names: of the classes.
        argument: what the targets are called in messages.

    Raises:
        InvalidArgument: naming the classes, the split and the count.
    """
    counts = {split: np.bincount(y, minlength=len(names)) for split, y in targets.items()}
    seen = np.flatnonzero(counts["train"])
    if len(seen) < 2:
        only = names[int(seen[0])]
        accepted = f"of 2 or more classes in split 'train', but all {len(targets['train'])} are {only!r}"
        raise InvalidArgument(argument, only, accepted)
    for split, found in counts.items():
        unknown = [names[each] for each in np.flatnonzero((counts["train"] == 0) & (found > 0)).tolist()]
        if unknown:
            size = int(found[counts["train"] == 0].sum())
            accepted = f"of classes that are in split 'train', but {size} of {found.sum()} in split {split!r} are not"
            raise InvalidArgument(argument, unknown[:5], accepted)
    nowhere = np.sum(list(counts.values()), axis=0) == 0
    lacking = {"any split": nowhere}
    for split, found in counts.items():
        if split != "train":
            lacking[f"split {split!r}, which has {found.sum()} examples"] = (found == 0) & ~nowhere
    for where, which in lacking.items():
        if which.any():
            shown = ", ".join(repr(names[each]) for each in np.flatnonzero(which)[:5].tolist())
            more = f" and {which.sum() - 5} more" if which.sum() > 5 else ""
            warnings.warn(f"{argument}: no example of class {shown}{more} in {where}", UserWarning, stacklevel=5)


def _array(argument: str, split: str, y: Any) -> np.ndarray:
    try:
        y = np.asarray(y)
    except ValueError as error:  # lists of different lengths
        raise InvalidArgument(argument, type(y).__name__, f"{ACCEPTED} ({error})") from None
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind in "OSUT" and y.ndim == 1:
        strange = [each for each in y.tolist() if not isinstance(each, (str, bytes))]
        if strange:
            accepted = f"all strings or all numbers, but {len(strange)} of {len(y)} in split {split!r} are no strings"
            raise InvalidArgument(argument, strange[0], accepted)
        return np.array([each.decode() if isinstance(each, bytes) else each for each in y.tolist()], dtype=object)
    if y.ndim not in (1, 2) or (y.ndim == 2 and not y.shape[1]) or y.dtype.kind not in "fiub":
        raise InvalidArgument(argument, f"{y.dtype} of shape {y.shape}", ACCEPTED)
    return y


def _are_sets(y: Any, task: str | None, class_names: Sequence[str] | None) -> bool:
    """Whether the targets are a list of lists of labels, not rows of numbers."""
    lists = isinstance(y, (list, tuple)) or (isinstance(y, np.ndarray) and y.dtype == object and y.ndim == 1)
    if not lists or not len(y) or not all(isinstance(each, (list, tuple, np.ndarray, set)) for each in y):
        return False
    lengths = {len(each) for each in y}
    if len(lengths) > 1 or any(isinstance(each, set) for each in y):
        return True
    (width,) = lengths
    rows = width > 1 and (class_names is None or len(class_names) == width)
    return task == "multilabel" and not (rows and all(each in (0, 1) for part in y for each in part))


def _multi_hot(given: dict[str, Any], class_names: Sequence[str] | None, arguments: dict[str, str]) -> Targets:
    """Lists of labels as rows of 0 and 1."""
    labels = {
        split: [np.asarray(list(each) if isinstance(each, set) else each) for each in y] for split, y in given.items()
    }
    for split, parts in labels.items():
        wrong = [each for each in parts if each.ndim != 1 or (each.size and each.dtype.kind not in "iu")]
        if wrong:
            accepted = f"lists of whole numbers, but {len(wrong)} of {len(parts)} in split {split!r} are not"
            raise InvalidArgument(arguments[split], wrong[0].tolist(), accepted)
    highest = max((int(each.max()) for each in labels["train"] if each.size), default=-1)
    classes = len(class_names) if class_names is not None else highest + 1
    found = {}
    for split, parts in labels.items():
        found[split] = np.zeros((len(parts), classes), np.int64)
        wrong = [each for each in parts if each.size and (each.min() < 0 or each.max() >= classes)]
        if wrong or classes < 1:
            listed = f"lists of labels in 0..{max(classes - 1, 0)}"
            accepted = f"{listed}, but {len(wrong)} of {len(parts)} in split {split!r} are not"
            raise InvalidArgument(arguments[split], wrong[0].tolist() if wrong else [], accepted)
        for row, each in zip(found[split], parts, strict=True):
            row[each.astype(np.int64)] = 1
    return found


def _named(
    arrays: Targets, task: str | None, class_names: Sequence[str] | None, arguments: dict[str, str]
) -> tuple[Targets, str, tuple[str, ...]]:
    if task in ("regression", "multilabel"):
        raise InvalidArgument(arguments["train"], "strings", f"numbers for task {task!r}")
    names = tuple(class_names) if class_names is not None else tuple(sorted(set(arrays["train"].tolist())))
    if len(names) > max(2, len(arrays["train"]) // 2):
        shown = f"{len(names)} different strings"
        raise InvalidArgument(arguments["train"], shown, "the names of classes, each with 2 or more examples")
    numbers = {name: number for number, name in enumerate(names)}
    coded = {}
    for split, y in arrays.items():
        strange = [each for each in y.tolist() if each not in numbers] if y.dtype == object else y.tolist()
        if strange:
            accepted = f"one of the {len(names)} classes of training, but {len(strange)} in split {split!r} are not"
            raise InvalidArgument(arguments[split], sorted(set(map(str, strange)))[:5], accepted)
        coded[split] = np.array([numbers[each] for each in y.tolist()], np.int64)
    return coded, "binary" if len(names) == 2 else "multiclass", _class_names(coded, names, task, arguments)


def _several(
    arrays: Targets, task: str | None, class_names: Sequence[str] | None, arguments: dict[str, str]
) -> tuple[Targets, str, tuple[str, ...]]:
    train = arrays["train"]
    zero_one = all(bool(np.isin(y, (0, 1)).all()) for y in arrays.values())
    if task is None and zero_one and (train.sum(axis=1) == 1).all():
        accepted = "numbers of shape (n,) for classes, not one-hot rows: give y.argmax(axis=1), or task='multilabel'"
        raise InvalidArgument(arguments["train"], f"{train.dtype} of shape {train.shape}", accepted)
    if task in ("binary", "multiclass"):
        raise InvalidArgument(arguments["train"], train.shape, f"of shape (n,) for task {task!r}")
    if task == "regression" or (task is None and (train.dtype.kind == "f" or not zero_one)):
        return _numbers(arrays, arguments), "regression", ()
    for split, y in arrays.items():
        wrong = ~np.isin(y, (0, 1))
        if wrong.any():
            column = int(np.flatnonzero(wrong.any(axis=0))[0])
            count = f"{wrong[:, column].sum()} of the {len(y)} values of column {column} in split {split!r}"
            shown = y[wrong[:, column], column][:3].tolist()
            raise InvalidArgument(arguments[split], shown, f"0 and 1 for multilabel, but {count} are not")
    names = tuple(class_names) if class_names is not None else tuple(str(each) for each in range(train.shape[1]))
    if len(names) != train.shape[1]:
        raise InvalidArgument("class_names", names, f"{train.shape[1]} names, one for each column of y")
    return {split: y.astype(np.int64) for split, y in arrays.items()}, "multilabel", names


def _numbers(arrays: Targets, arguments: dict[str, str]) -> Targets:
    found = {}
    for split, y in arrays.items():
        with np.errstate(over="ignore"):
            found[split] = y.astype(np.float32)
        check_finite(arguments[split], split, found[split])
    return found


def _class_names(
    splits: Targets, names: Sequence[str] | None, task: str | None, arguments: dict[str, str]
) -> tuple[str, ...]:
    """Checks every label against the classes and names them."""
    largest = max(int(y.max(initial=0)) for y in splits.values())
    classes = len(names) if names is not None else largest + 1
    for split, y in splits.items():
        wrong = y[(y < 0) | (y >= classes)]
        if len(wrong):
            accepted = f"labels in 0..{classes - 1}, but {len(wrong)} of {len(y)} in split {split!r} are not"
            raise InvalidArgument(arguments[split], sorted(set(wrong.tolist()))[:5], accepted)
    if classes < 2:
        size = len(splits["train"])
        accepted = f"of 2 or more classes, but all {size} in split 'train' are {names[0] if names else '0'!r}"
        raise InvalidArgument(arguments["train"], f"{classes} class{'es' * (classes != 1)}", accepted)
    if (task == "binary") != (classes == 2 and task is not None):
        wanted = {"binary": "exactly 2 classes"}.get(str(task), "3 or more classes")
        raise InvalidArgument(arguments["train"], f"{classes} classes", wanted)
    return tuple(names) if names is not None else tuple(str(label) for label in range(classes))
