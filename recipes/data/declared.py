"""as_declared: applies what a dataset or its user declares about the columns to their values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .named_arrays import Inputs
from .statistics.feature_statistics import ABSENT
from .targets.targets import Declared
from .tfds.selection import Selection
from .tfds.sources import Source

__all__ = ["as_declared"]

Read = dict[str, tuple[Inputs, dict[str, Any]]]


def as_declared(read: Read, selection: Selection) -> tuple[dict[str, tuple[Inputs, Any]], Declared]:
    """The splits as (x, y), and what is declared about y.

    Columns are converted to the kind that the user declared. Several targets become the columns of y.

    Args:
        read: split -> (x, targets by name), from :func:`recipes.data.tfds.reading.read`.
        selection: the features read.

    Raises:
        InvalidArgument: for values that do not fit the declared kind, and features that cannot be targets.
    """
    declared = _declared(selection.targets)
    names = [source.name for source in selection.targets]
    splits = {}
    for split, (x, targets) in read.items():
        columns = [targets[name] for name in names]
        y = np.stack(columns, axis=1) if declared.form == "columns" else columns[0]
        splits[split] = (_converted(x, selection, split), y)
    return splits, declared


def _declared(targets: tuple[Source, ...]) -> Declared:
    if len(targets) > 1:
        wrong = [source.name for source in targets if source.kind != "number" and len(source.names) != 2]
        if wrong:
            accepted = "numbers or yes-or-no answers, if there are several; or name another with target="
            raise InvalidArgument("target", wrong, accepted)
        return Declared("columns", tuple(source.name for source in targets))
    (source,) = targets
    if source.kind == "category":
        if len(source.names) < 2:
            raise InvalidArgument("target", source.name, f"of 2 or more classes; it has {len(source.names)}")
        return Declared("classes", source.names)
    if source.kind == "labels":
        return Declared("label sets", source.names)
    return Declared(None if source.kind == "string" else "quantity")


def _converted(x: Inputs, selection: Selection, split: str) -> Inputs:
    """The inputs, with columns converted to the kind that the user declared."""
    if not isinstance(x, dict):
        return x
    columns = dict(x)
    for source in selection.inputs:
        if source.declared_kind is None:
            continue
        values: Any = np.asarray(columns[source.name])
        if source.declared_kind == "number" and source.kind == "string":
            columns[source.name] = _numbers(source.name, values, split)
        elif source.declared_kind == "category" and source.kind == "number":
            broken = ~np.isfinite(values) | (values != np.round(values))
            if broken.any():
                count = f"{broken.sum()} of {len(values)} values in split {split!r} are not whole"
                accepted = f"'number' for {source.name!r}: {count}"
                raise InvalidArgument("features", {source.name: source.declared_kind}, accepted)
            columns[source.name] = values.astype(np.int64)
    return columns


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
