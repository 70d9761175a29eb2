"""folded: the folds of a cross-validation."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from .assembly import Assembled, Splits, assemble
from .named_arrays import concatenate
from .spec import Spec
from .splitting.small_classes import REFUSE
from .splitting.split_columns import ROLES, SplitColumns
from .targets.targets import Declared
from .weights import Weights

__all__ = ["INHERITED", "folded", "joined_columns", "known_of"]

INHERITED = ("version", "test", "options", "files", "duplicates", "small_classes", *ROLES)
"""Settings that all folds share with the data they are made of."""


def joined_columns(
    argument: str, number: int, columns: Sequence[SplitColumns], settings: Mapping[str, Any]
) -> SplitColumns:
    """What is known of the examples of several splits, which are divided anew.

    Args:
        argument, number: what divides them, for the message.
        columns: of the splits, in order.
        settings: of the data, which say what all examples had.

    Raises:
        InvalidArgument: for groups, times or strata that some split lacks.
    """
    joined = functools.reduce(SplitColumns.joined, columns)
    unknown = [role for role in ROLES if role in settings and getattr(joined, role) is None]
    if unknown:
        accepted = f"of data with {unknown[0]} of all examples: another training split has none"
        raise InvalidArgument(argument, number, accepted)
    return joined


def folded(
    spec: Spec,
    arrays: Splits,
    settings: Mapping[str, Any],
    weights: Weights | None,
    columns: Mapping[str, SplitColumns],
    count: int,
) -> Iterator[Assembled]:
    """What makes the Data of :meth:`recipes.Data.folds`, one after another."""
    joined = joined_columns("folds", count, [columns["train"], columns["validation"]], settings)
    (x, y), (more_x, more_y) = arrays["train"], arrays["validation"]
    splits = {"train": (concatenate(x, more_x), np.concatenate([y, more_y])), "test": arrays["test"]}
    if weights is not None:
        weights = {"train": np.concatenate([weights["train"], weights["validation"]]), "test": weights["test"]}
    if spec.record:
        splits = {split: (spec.names.to_user(x), y) for split, (x, y) in splits.items()}
    inherited = {key: settings[key] for key in INHERITED if key in settings}
    for number in range(count):
        fold, divided, own, divided_weights, divided_columns = assemble(
            splits,
            name=spec.name,
            validation=None,
            test=0.5,
            seed=settings["seed"],
            batch_size=settings["batch_size"],
            task=spec.task,
            declared=Declared(names=spec.class_names or None),
            feature_names=spec.feature_names,
            argument=f"dataset {spec.name!r}",
            fold=(number, count),
            weights=weights,
            small_classes=settings.get("small_classes", REFUSE),
            columns={"train": joined, "test": columns["test"]},
            **known_of(spec),
        )
        yield fold, divided, {**own, **inherited}, divided_weights, divided_columns


def known_of(spec: Spec) -> dict[str, Any]:
    """What is known of the inputs, by their users' names ("" for a single one): kinds, classes, paddings, sizes."""
    features = {feature.name if spec.record else "": feature for feature in spec.features}
    whole = {key: tuple(range(len(feature.vocabulary))) for key, feature in features.items() if feature.vocabulary}
    return {
        "kinds": {key: feature.kind for key, feature in features.items()},
        "formats": {key: feature.format for key, feature in features.items() if feature.format},
        "classes": {key: len(values) for key, values in whole.items() if features[key].vocabulary == values},
        "resized": [""] if spec.resized else [key for key, feature in features.items() if feature.resized],
        "paddings": {key: feature.padding for key, feature in features.items() if feature.padding is not None},
    }
