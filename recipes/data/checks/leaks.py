"""Warnings of columns that tell the target, or that the target tells: often they were recorded after the fact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ....callbacks.warning import warn
from ..named_arrays import Inputs
from ..spec import Spec
from ..statistics.feature_statistics import measured, missing_mask
from .leak_scores import alone, from_target, halves, known_alone

__all__ = ["warn_of_leaks"]

ACCURACY = 0.97
"""A column that reaches this accuracy alone (or, for regression, share of variance explained) is suspect."""
MOST = 20_000
"""Maximum number of examples to check; fewer where there are many columns, at least :data:`LEAST`."""
LEAST, CELLS = 2_000, 4_000_000
FEWEST = 20
"""Minimum number of examples to check. With fewer, a boolean column of noise would be suspect in more than 2 of 1000
cases; with 8, in 50."""
SHOWN = 5
TARGETS = 16
"""Maximum number of targets to check, where there are several."""
LABELS = frozenset({"label", "labels", "target", "targets"})
"""Words in the names of targets."""


def warn_of_leaks(
    spec: Spec,
    x: Inputs,
    y: np.ndarray,
    target: str | None = None,
    units: np.ndarray | None = None,
    targets: Sequence[str] = (),
) -> None:
    """Warns of columns that say what only the target should say, one line each:

    - a number, date or category of a record, or a column of a table or of a record's vector, that alone predicts the
      target, or one of several, almost perfectly, or does so in the examples in which it is known;
    - a column that the target determines, such as a coarse label beside a fine one;
    - a column that is named a label like the target, such as ``label_age`` beside ``label_name``.

    Args:
        spec: the Spec of the data.
        x, y: the training split; the columns of a record by the user's names.
        target: the user's name of the target, if it is known.
        units: shape (n,), equal for examples that belong together, such as those of a patient: it is no news that other
            examples of the same one tell the target.
        targets: names of several targets; otherwise they are numbered.

    Example:
        >>> x, y = data.arrays("train")                                # doctest: +SKIP
        >>> warn_of_leaks(spec, spec.names.to_user(x), y)              # doctest: +SKIP
    """
    if len(y) < FEWEST:
        return
    if y.ndim > 1:
        _warn_of_each(spec, x, y, units, targets or [str(place) for place in range(y.shape[1])])
        return
    classes = spec.task != "regression"
    columns = _columns(spec)
    if len(columns) < 2:  # without its only input nothing could be predicted
        return
    rows = _spread(len(y), min(MOST, max(LEAST, CELLS // len(columns))))
    answers, learn = y[rows], halves(rows if units is None else units[rows])
    deciding: dict[str, float] = {}
    told: dict[str, float] = {}
    for column, values, missing in _values(spec, columns, x, rows):
        score = _score(values, missing, answers, learn, classes)
        if score >= ACCURACY:
            deciding[column] = score
        elif spec.task == "multiclass" and (accuracy := _told(values, answers, learn)) >= ACCURACY:
            told[column] = accuracy
    measure = "accuracy" if classes else "share of the variance explained"
    _warn(spec, deciding, f"alone predicts the target almost perfectly ({measure} {{:.3f}})", columns)
    _warn(spec, told, "follows from the target like another label of it (accuracy {:.3f})", columns)
    named = [column for column in columns if _is_label(column, target) and column not in {**deciding, **told}]
    _warn(spec, dict.fromkeys(named), "is an input, though its name is that of a label", columns)


def _warn_of_each(spec: Spec, x: Inputs, y: np.ndarray, units: np.ndarray | None, targets: Sequence[str]) -> None:
    """Warns of columns that alone predict one of several targets, the first :data:`TARGETS` of them."""
    columns, classes = _columns(spec), spec.task != "regression"
    if len(columns) < 2:
        return
    targets = targets[:TARGETS]
    rows = _spread(len(y), min(MOST, max(LEAST, CELLS // len(columns) // len(targets))))
    answers, learn = y[rows], halves(rows if units is None else units[rows])
    often = [not classes or FEWEST / 2 <= each.sum() <= len(rows) - FEWEST / 2 for each in answers.T]
    deciding: dict[str, dict[str, float]] = {name: {} for name in targets}
    for column, values, missing in _values(spec, columns, x, rows):
        for place, name in enumerate(targets):
            score = _score(values, missing, answers[:, place], learn, classes) if often[place] else 0.0
            if score >= ACCURACY:
                deciding[name][column] = score
    measure = "accuracy" if classes else "share of the variance explained"
    for name, scores in deciding.items():
        _warn(
            spec, scores, f"alone predicts the target {_braced(name)!r} almost perfectly ({measure} {{:.3f}})", columns
        )


def _braced(name: str) -> str:
    return name.replace("{", "{{").replace("}", "}}")


def _columns(spec: Spec) -> dict[str, str | int]:
    """The columns to check, and what excludes them: a name, or a position for one without a name."""
    if not spec.record:
        size = spec.input_shape[0] if spec.kind == "tabular" else 0
        return {name: name for name in spec.feature_names} or {str(place): place for place in range(size)}
    columns: dict[str, str | int] = {}
    for feature in spec.features:
        if feature.kind in ("number", "category", "date"):
            columns[feature.name] = feature.name
        elif feature.kind == "vector":
            columns |= {f"{feature.name}[{place}]": feature.name for place in range(feature.shape[0] or 0)}
    return columns


def _values(
    spec: Spec, columns: Mapping[str, Any], x: Inputs, rows: np.ndarray
) -> Iterator[tuple[str, Any, np.ndarray]]:
    """The values of each column in these rows, and which are missing."""
    none = np.zeros(len(rows), bool)
    if not spec.record:
        for column, values in zip(columns, np.asarray(x[rows]).T, strict=True):
            yield column, values, np.isnan(values) if values.dtype.kind == "f" else none
        return
    for feature in spec.features:
        if feature.kind in ("number", "category", "date"):
            values = x[feature.name][rows]
            numbers = values if feature.kind == "category" else measured(feature, values)
            yield feature.name, numbers, missing_mask(feature, values)
        elif feature.kind == "vector":
            for place, values in enumerate(np.asarray(x[feature.name][rows]).T):
                yield f"{feature.name}[{place}]", values, none


def _spread(count: int, most: int) -> np.ndarray:
    """The positions of at most this many of ``count`` examples, from the first to the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _score(values: Any, missing: np.ndarray, y: np.ndarray, learn: np.ndarray, classes: bool) -> float:
    """How well the column predicts the target, or does so where it is known; 0 for hardly better than chance."""
    score = alone(values, y, learn, classes=classes)
    chance = np.bincount(y).max() / len(y) if classes else 0.0
    if score >= ACCURACY and 1 - score <= (1 - chance) / 4:
        return score
    known = int((~missing).sum())
    return known_alone(values, missing, y, learn, classes=classes) if FEWEST <= known < len(y) else 0.0


def _told(values: Any, y: np.ndarray, learn: np.ndarray) -> float:
    """How well the class predicts a column of 3 or more classes; 0 for hardly better than chance, or another column."""
    if values.dtype.kind == "f" and not (values == np.round(values)).all():
        return 0.0
    accuracy, different, chance = from_target(values, y, learn)
    return accuracy if different > 2 and 1 - accuracy <= (1 - chance) / 4 else 0.0


def _is_label(column: str, target: str | None) -> bool:
    """Whether the column is called a label: just that, or by a word that the target's name has, as in coarseLabel."""
    own, others = (
        {word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", name)} & LABELS for name in (column, target or "")
    )
    return column.lower() in LABELS or bool(own & others)


def _warn(spec: Spec, scores: Mapping[str, Any], finding: str, columns: Mapping[str, str | int]) -> None:
    """One warning for each column, the first few of them."""
    for number, (column, score) in enumerate(list(scores.items())[:SHOWN], start=1):
        more = f"; so do {len(scores) - SHOWN} more columns" if number == SHOWN < len(scores) else ""
        warn(
            f"dataset {spec.name!r}: column {column!r} {finding.format(score)}; if it would not be known when"
            f" predicting, leave it out: exclude=[{columns[column]!r}]{more}",
        )
