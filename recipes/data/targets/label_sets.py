"""Multilabel targets written as a list of labels per example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument

__all__ = ["are_label_sets", "multi_hot"]


def are_label_sets(y: Any, task: str | None, class_names: Sequence[str] | None) -> bool:
    """Whether targets are a list of lists of labels rather than rows of numbers.

    Args:
        y: targets of the training split.
        task: the user's task, or None.
        class_names: names of the classes, or None.

    Example:
        >>> are_label_sets([[0, 2], [1]], None, None), are_label_sets([[0, 1], [1, 1]], None, None)
        (True, False)
    """
    lists = isinstance(y, (list, tuple)) or (isinstance(y, np.ndarray) and y.dtype == object and y.ndim == 1)
    if not lists or not len(y) or not all(isinstance(labels, (list, tuple, np.ndarray, set)) for labels in y):
        return False
    lengths = {len(labels) for labels in y}
    if len(lengths) > 1 or any(isinstance(labels, set) for labels in y):
        return True
    (width,) = lengths
    rows = width > 1 and (class_names is None or len(class_names) == width)
    return task == "multilabel" and not (rows and all(label in (0, 1) for labels in y for label in labels))


def multi_hot(
    label_sets: dict[str, Any], class_names: Sequence[str] | None, arguments: dict[str, str]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Encodes lists of labels as rows of 0 and 1.

    Args:
        label_sets: split -> n lists, sets or arrays of whole numbers.
        class_names: names of the classes 0, 1, ...; None for the sorted labels of the training split, which also name
            the classes.
        arguments: split -> name of its targets, for messages.

    Returns:
        (split -> int64 (n, classes), names of the classes).

    Raises:
        InvalidArgument: for anything but lists of whole numbers, and for labels without a class.

    Example:
        >>> rows, names = multi_hot({"train": [[0, 9], [5]]}, None, {"train": "y"})
        >>> rows["train"].tolist(), names
        ([[1, 0, 1], [0, 1, 0]], ('0', '5', '9'))
    """
    sets = {
        split: [np.asarray(list(labels) if isinstance(labels, set) else labels) for labels in y]
        for split, y in label_sets.items()
    }
    for split, rows in sets.items():
        wrong = [labels for labels in rows if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu")]
        if wrong:
            accepted = f"lists of whole numbers, but {len(wrong)} of {len(rows)} in split {split!r} are not"
            raise InvalidArgument(arguments[split], wrong[0].tolist(), accepted)
    if class_names is not None:
        values = np.arange(len(class_names))
        names, known = tuple(class_names), f"of labels in 0..{len(class_names) - 1}"
    else:
        values = np.unique(np.concatenate([labels for labels in sets["train"] if labels.size] or [np.zeros(0, int)]))
        names, known = tuple(map(str, values.tolist())), f"of the {len(values)} labels of training"
    if not len(values):
        raise InvalidArgument(arguments["train"], [], f"lists of labels, but all {len(sets['train'])} are empty")
    arrays = {}
    for split, rows in sets.items():
        wrong = [labels for labels in rows if not np.isin(labels, values).all()]
        if wrong:
            accepted = f"lists {known}, but {len(wrong)} of {len(rows)} in split {split!r} are not"
            raise InvalidArgument(arguments[split], wrong[0].tolist(), accepted)
        arrays[split] = np.zeros((len(rows), len(values)), np.int64)
        for row, labels in zip(arrays[split], rows, strict=True):
            row[np.searchsorted(values, labels)] = 1
    return arrays, names
