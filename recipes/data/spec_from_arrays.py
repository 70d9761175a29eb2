"""describe_inputs, make_spec: the Spec of a dataset, from the arrays of its training split."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.warning import warn
from .feature import MISSING, Feature
from .input_arrays import kind_of
from .named_arrays import Inputs, items
from .spec import RECORD, Spec
from .statistics.feature_statistics import describe
from .statistics.moments import moments

__all__ = ["class_shares", "describe_inputs", "make_spec"]


def describe_inputs(
    name: str,
    train: Inputs,
    kinds: Mapping[str, str],
    classes: Mapping[str, int],
    paddings: Mapping[str, float | None],
    nan: set[str],
    formats: Mapping[str, str],
    resized: Collection[str] = (),
) -> list[Feature]:
    """The Feature of each input. Inputs with nothing to learn from are left out with a warning.

    Args:
        name: name of the dataset, for messages.
        train: the inputs of the training split.
        kinds: kinds of inputs by name ("" for a single one), where they are known.
        classes: number of values of a category of whole numbers, by the input's name.
        paddings: padding values of sequences, by the input's name.
        nan: names of inputs with missing values in some split.
        formats: formats of strings that are numbers or dates, by the input's name.
        resized: names of images that have been resized to one size.

    Raises:
        InvalidArgument: if nothing can be learned from any input.
    """
    features, dropped = [], []
    for key, values in items(train):
        kind = kinds.get(key) or kind_of(values)
        padding = paddings.get(key)
        label = key or "inputs"
        if kind == "sequence" and padding is not None:
            features.append(_padded_feature(label, values, padding))
            continue
        options: dict[str, Any] = {"classes": classes.get(key, 0), "format": formats.get(key, "")}
        feature = describe(label, kind, values, sole=not isinstance(train, dict), **options)
        if feature is None:
            dropped.append(key)
        elif key in nan and feature.kind in ("number", "date"):
            features.append(dataclasses.replace(feature, missing=MISSING))
        elif key and key in resized:
            features.append(dataclasses.replace(feature, resized=True))
        else:
            features.append(feature)
    if dropped:
        shown = ", ".join(map(repr, dropped))
        warn(f"dataset {name!r}: left out {shown}, strings of which hardly two are equal")
    if not features:
        raise InvalidArgument("features", dropped, "at least one from which something can be learned")
    return features


def _padded_feature(name: str, values: Any, padding: float) -> Feature:
    """The Feature of a padded sequence; padding is left out of the statistics."""
    steps = np.asarray(values).reshape(-1, values.shape[-1])
    mean, variance = moments(steps[(steps != padding).any(axis=1)])
    size = int(values.shape[-1])
    return Feature(
        name, "sequence", (None, size), values.dtype.name, mean, variance, length=int(values.shape[1]), padding=padding
    )


def class_shares(y: np.ndarray, task: str, classes: int, sample_weight: np.ndarray | None = None) -> tuple[float, ...]:
    """The share of the examples that each class has, or, for multilabel, that have each label; () for regression.

    Args:
        y: encoded targets.
        task: their task.
        classes: the number of classes or labels.
        sample_weight: shape (n,), or None for 1 each.

    Example:
        >>> class_shares(np.array([0, 0, 0, 1]), "binary", 2)
        (0.75, 0.25)
    """
    if task == "regression":
        return ()
    if task == "multilabel":
        return tuple(np.average(y, axis=0, weights=sample_weight).tolist())
    sizes = np.bincount(y, sample_weight, minlength=classes)
    return tuple((sizes / sizes.sum()).tolist())


def make_spec(
    name: str,
    train: tuple[Inputs, np.ndarray],
    features: list[Feature],
    task: str,
    names: Sequence[str],
    feature_names: Sequence[str],
    resized: bool,
    sample_weight: np.ndarray | None = None,
    missing: Sequence[int] = (),
) -> Spec:
    """The Spec of a dataset.

    Args:
        name: name of the dataset.
        train: (x, y) of the training split.
        features: what :func:`describe_inputs` returned.
        task: "binary", "multiclass", "multilabel" or "regression".
        names: names of the classes.
        feature_names: names of a table's columns.
        resized: whether images have been resized to one size.
        sample_weight: of the training split, which count in ``class_shares`` alone; or None.
        missing: positions of a table's columns with missing values in some split.
    """
    x, y = train
    target: dict[str, Any] = {}
    if task == "regression":
        target_mean, target_variance = moments(y.reshape(len(y), -1))
        target = {
            "target_mean": target_mean if y.ndim == 2 else target_mean[0],
            "target_variance": target_variance if y.ndim == 2 else target_variance[0],
        }
    by_column = task in ("multilabel", "regression")
    outputs = (y.shape[1] if y.ndim == 2 else 1) if by_column else (1 if task == "binary" else len(names))
    common = {"name": name, "task": task, "outputs": int(outputs), "class_names": tuple(names), **target}
    common |= {"class_shares": class_shares(y, task, len(names), sample_weight), "examples": len(y)}
    if isinstance(x, dict):
        plain = {feature.kind for feature in features} <= {"number", "category", "date", "vector"}
        kind = "tabular" if plain else "mixed"
        return Spec(kind=kind, input_shape=(), input_dtype=RECORD, features=tuple(features), **common)
    (only,) = features
    if only.kind in ("text", "sequence"):
        return Spec(kind=only.kind, input_shape=only.shape, input_dtype=only.dtype, features=tuple(features), **common)
    return Spec(
        kind="image" if only.kind == "image" else "tabular",
        input_shape=only.shape,
        input_dtype=only.dtype,
        input_mean=only.mean,
        input_variance=only.variance,
        feature_names=tuple(feature_names),
        input_median=only.median,
        input_spread=only.spread,
        input_min=only.low,
        input_max=only.high,
        input_missing=tuple(missing),
        resized=resized,
        **common,
    )
