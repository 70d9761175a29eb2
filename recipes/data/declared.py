"""What a dataset tells about its columns, applied to their values: the task, the classes, numbers out of strings."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .feature_statistics import ABSENT
from .moments import check_finite
from .named_arrays import Inputs
from .selection import Selection, Source

__all__ = ["as_told"]

Read = dict[str, tuple[Inputs, dict[str, Any]]]


def as_told(
    read: Read, selection: Selection, task: str | None, argument: str
) -> tuple[dict[str, tuple[Inputs, Any]], tuple[str, ...], str | None]:
    """The splits as (x, y), the classes' names where the dataset or its values tell them, and the task.

    Args:
        read: split -> (x, targets by name), as :func:`recipes.data.reading.read` gives them.
        selection: what was read.
        task: what the user said, or None.
        argument: what the dataset is called in messages.

    Raises:
        InvalidArgument: for values that are not of the kind that the user has told, and targets that cannot be one.
    """
    inputs = {split: _converted(x, selection, split) for split, (x, _) in read.items()}
    targets = {split: each for split, (_, each) in read.items()}
    if len(selection.targets) > 1:
        ys, names, task = _several(targets, selection.targets, task, argument)
    else:
        (source,) = selection.targets
        ys = {split: each[source.name] for split, each in targets.items()}
        ys, names, task = _single(ys, source, task, argument)
    return {split: (inputs[split], ys[split]) for split in read}, names, task


def _single(
    ys: dict[str, Any], source: Source, task: str | None, argument: str
) -> tuple[dict[str, Any], tuple[str, ...], str | None]:
    train = ys["train"]
    if source.kind in ("image", "sequence"):
        raise InvalidArgument("target", source.name, f"a class, a set of classes or numbers, not of kind {source.kind}")
    if source.kind == "labels":
        return ys, source.names, task or "multilabel"
    if source.kind == "category":
        if task == "regression":
            return ys, (), task
        if len(source.names) < 2:
            raise InvalidArgument("target", source.name, f"of 2 or more classes; it has {len(source.names)}")
        return ys, source.names, task
    if source.kind == "vector":
        zero_one = all(bool(np.isin(y, (0, 1)).all()) for y in ys.values())
        return ys, (), task or ("multilabel" if zero_one and train.dtype.kind in "biu" else "regression")
    if source.kind == "string":
        return ys, (), task
    if train.dtype.kind == "b":
        return {split: y.astype(np.int64) for split, y in ys.items()}, ("False", "True"), task
    whole = train.dtype.kind in "iu"
    if task is None:
        zero_one = whole and all(bool(np.isin(y, (0, 1)).all()) for y in ys.values())
        task = "binary" if zero_one else "regression"
    if task in ("binary", "multiclass"):
        return _classes_of_numbers(ys, source, task, argument)
    return ys, (), task


def _classes_of_numbers(
    ys: dict[str, Any], source: Source, task: str, argument: str
) -> tuple[dict[str, Any], tuple[str, ...], str]:
    """Whole numbers that the user, or their values, have called classes: their names are the numbers."""
    values = np.unique(ys["train"])
    for split, y in ys.items():
        broken = ~np.isfinite(y) | (y != np.round(y))
        if broken.any():
            count = f"{broken.sum()} of {len(y)} values in split {split!r} are not whole"
            raise InvalidArgument("task", task, f"'regression' for {source.name!r}: {count}")
    coded = {}
    for split, y in ys.items():
        known = np.isin(y, values)
        if not known.all():
            accepted = f"one of the {len(values)} classes of training, but {(~known).sum()} in split {split!r} are not"
            raise InvalidArgument(argument, np.unique(y[~known])[:5].tolist(), accepted)
        coded[split] = np.searchsorted(values, y)
    return coded, tuple(str(int(value)) for value in values), task


def _several(
    targets: dict[str, dict[str, Any]], sources: tuple[Source, ...], task: str | None, argument: str
) -> tuple[dict[str, Any], tuple[str, ...], str | None]:
    wrong = [source.name for source in sources if source.kind != "number" and len(source.names) != 2]
    if wrong:
        raise InvalidArgument(
            "target", wrong, "numbers or yes-or-no answers, if there are several; or name another with target="
        )
    for split, each in targets.items():
        for source in sources:
            check_finite(argument, split, each[source.name], where=f"target {source.name!r}")
    ys = {split: np.stack([each[source.name] for source in sources], axis=1) for split, each in targets.items()}
    zero_one = all(bool(np.isin(y, (0, 1)).all()) for y in ys.values())
    if task is None:
        task = "multilabel" if zero_one else "regression"
    return ys, tuple(source.name for source in sources) if task == "multilabel" else (), task


def _converted(x: Inputs, selection: Selection, split: str) -> Inputs:
    """Columns that the user has called something else than they are, as that."""
    if not isinstance(x, dict):
        return x
    found = dict(x)
    for source in selection.inputs:
        if source.given is None:
            continue
        values: Any = np.asarray(found[source.name])
        if source.given == "number" and source.kind == "string":
            found[source.name] = _numbers(source.name, values, split)
        elif source.given == "category" and source.kind == "number":
            broken = ~np.isfinite(values) | (values != np.round(values))
            if broken.any():
                count = f"{broken.sum()} of {len(values)} values in split {split!r} are not whole"
                accepted = f"'number' for {source.name!r}: {count}"
                raise InvalidArgument("features", {source.name: source.given}, accepted)
            found[source.name] = values.astype(np.int64)
    return found


def _numbers(name: str, values: Any, split: str) -> np.ndarray:
    numbers, wrong = np.full(len(values), np.nan, np.float32), []
    for position, text in enumerate(values.tolist()):
        if text.strip().lower() not in ABSENT:
            try:
                numbers[position] = float(text)
            except ValueError:
                wrong.append(text)
    if wrong:
        accepted = f"'category' for {name!r}: {len(wrong)} of {len(values)} values in split {split!r} are no numbers"
        raise InvalidArgument("features", wrong[0], accepted)
    return numbers
