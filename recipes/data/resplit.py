"""resplit: the examples of a dataset divided anew into training, validation and test splits."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .assembly import Assembled, Splits, assemble
from .folds import INHERITED, joined_columns, known_of
from .named_arrays import concatenate, take
from .spec import Spec
from .splitting.holding_out import Parts
from .splitting.small_classes import IN_TRAIN, REFUSE
from .splitting.split_columns import SplitColumns
from .targets.targets import Declared
from .weights import Weights

__all__ = ["carved_splits", "folds_in", "resplit"]


def carved_splits(settings: Mapping[str, Any]) -> list[str]:
    """Which of "validation" and "test" were held out by a fraction, and so may be held out otherwise."""
    return [split for split in ("validation", "test") if isinstance(settings[split], float)]


def folds_in(settings: Mapping[str, Any]) -> int:
    """How many test splits of the size at hand the examples make, at least 2; 1 if the test split was given."""
    return max(2, round(1 / settings["test"])) if "test" in carved_splits(settings) else 1


def resplit(
    spec: Spec,
    arrays: Splits,
    settings: Mapping[str, Any],
    weights: Weights | None,
    columns: Mapping[str, SplitColumns],
    number: int,
) -> Assembled:
    """What makes the Data of :meth:`recipes.Data.resplit`, for a number above 0 and data with a carved split."""
    free = ["train", *carved_splits(settings)]
    if "train" in settings:
        raise InvalidArgument("resplit", number, f"of data whose training split was not replaced ({settings['train']})")
    joined = joined_columns("resplit", number, [columns[split] for split in free], settings)
    x, y = arrays["train"]
    for split in free[1:]:
        x, y = concatenate(x, arrays[split][0]), np.concatenate([y, arrays[split][1]])
    shared = None if weights is None else np.concatenate([weights[split] for split in free])
    pieces = {"train": np.arange(len(y))}
    if "test" in free:
        tested = len(arrays["test"][1])
        pieces = _rotated(spec, y, joined, settings, np.arange(len(y) - tested, len(y)), number)
    splits = {split: (take(x, rows), y[rows]) for split, rows in pieces.items()}
    divided = {split: joined.take(rows) for split, rows in pieces.items()}
    own = None if shared is None else {split: shared[rows] for split, rows in pieces.items()}
    for split in [split for split in ("validation", "test") if split not in free]:
        splits[split], divided[split] = arrays[split], columns[split]
        own = own if own is None or weights is None else {**own, split: weights[split]}
    if spec.record:
        splits = {split: (spec.names.to_user(x), y) for split, (x, y) in splits.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the data at hand have been warned of
        spec, splits, made, own, divided = assemble(
            splits,
            name=spec.name,
            validation=settings["validation"] if "validation" in free else None,
            test=0.5,
            seed=(settings["seed"] + number) % 2**32,
            batch_size=settings["batch_size"],
            task=spec.task,
            declared=Declared(names=spec.class_names or None),
            feature_names=spec.feature_names,
            argument=f"dataset {spec.name!r}",
            weights=own,
            small_classes=settings.get("small_classes", REFUSE),
            columns=divided,
            **known_of(spec),
        )
    inherited = {key: settings[key] for key in INHERITED if key in settings}
    return spec, splits, {**made, **inherited}, own, divided


def _rotated(
    spec: Spec,
    y: np.ndarray,
    columns: SplitColumns,
    settings: Mapping[str, Any],
    tested: np.ndarray,
    number: int,
) -> dict[str, np.ndarray]:
    """The rows to train on (and validate) and those to test: the next fold.

    Args:
        y, columns: of all examples that are divided.
        settings: of the data at hand.
        tested: the rows of the test split at hand, which is the first fold.
        number: of the fold, above 0.
    """
    count = folds_in(settings)
    labels = y if spec.task in ("binary", "multiclass") else None
    others = np.setdiff1d(np.arange(len(y)), tested)

    def parts(rows: np.ndarray, seed: int) -> Parts:
        small = count if settings.get("small_classes") == IN_TRAIN else 0
        return Parts(columns.take(rows), None if labels is None else labels[rows], spec.class_names, seed, small)

    if columns.time is not None:  # each origin lies before the last one; the first part only trains
        turn = number % max(1, count - 1)
        if turn == 0:
            return {"train": others, "test": tested}
        staying, held, _ = parts(others, 0).fold(count - 2 - turn, count - 2, len(others))
        return {"train": others[staying], "test": others[held]}
    division, fold = divmod(number, count)
    everything = np.arange(len(y))
    if division:
        rows = everything
        held = parts(rows, division).fold(fold, count, len(rows))[1]
    else:
        rows = others
        held = parts(rows, 0).fold(fold - 1, count - 1, len(rows))[1] if count > 2 else np.arange(len(rows))
    return {"train": np.setdiff1d(everything, rows[held]), "test": rows[held]}
