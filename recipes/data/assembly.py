"""From raw inputs and targets to checked splits and their Spec: the one way in for TFDS datasets and a user's own."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from .feature import MISSING, Feature, plain_name
from .feature_statistics import describe
from .input_arrays import as_inputs, kind_of, pad, unframed
from .leaks import warn_of_leaks
from .moments import moments
from .named_arrays import Inputs, items, length, take
from .spec import RECORD, TASKS, Spec
from .splits import TEST_SEED, carve, folds_of
from .targets import as_targets, check_classes

__all__ = ["SPLITS", "Splits", "assemble", "check_options"]

SPLITS = ("train", "validation", "test")
SMALL = 10_000
"""Below so many training examples batches are smaller, and a larger share is needed to validate on."""
Splits = dict[str, tuple[Inputs, np.ndarray]]


def check_options(*, batch_size: Any, validation: Any, test: Any, seed: Any) -> None:
    """Checks what can be checked before any data is read; see :func:`recipes.data.load` for the meanings."""
    if batch_size is not None:
        check_integer("batch_size", batch_size, low=1)
    if validation is not None:
        check_number("validation", validation, above=0, below=1)
    check_number("test", test, above=0, below=1)
    check_integer("seed", seed, low=0, high=2**32 - 1)


def assemble(
    given: dict[str, tuple[Any, Any]],
    *,
    name: str,
    validation: float | None,
    test: float,
    seed: int,
    batch_size: int | None,
    task: str | None = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] = (),
    argument: str | None = None,
    kinds: Mapping[str, str] | None = None,
    classes: Mapping[str, int] | None = None,
    paddings: Mapping[str, float | None] | None = None,
    resized: bool = False,
    fold: tuple[int, int] | None = None,
) -> tuple[Spec, Splits, dict[str, Any]]:
    """Checks inputs and targets, carves the splits that are not given and takes the statistics of the training split.

    Args:
        given: (x, y) under "train" and, where they exist already, under "validation" and "test".
        name: of the dataset, for the Spec.
        validation, test: the fractions to carve for splits that are not given; the test first, with a fixed seed.
            None for a validation split of a fifth below 10,000 training examples, else a tenth.
        seed: of the validation split.
        batch_size: None for 32 below 10,000 training examples, else 128.
        task: None to tell from the target: whole numbers are classes, floats are regression.
        class_names: None for "0", "1", ...
        feature_names: of a table's columns.
        argument: how to call the inputs in messages; None for ``x``, ``x_test``, ...
        kinds: of inputs by name ("" for a single one), where they are known.
        classes: how many a category of whole numbers has, by the input's name.
        paddings: with what sequences have been filled up, by the input's name, where they come as arrays.
        resized: whether images have been brought to one size.
        fold: (number, count): carve the validation split as this one of so many parts.

    Returns:
        (spec, {"train": (x, y), "validation": (x, y), "test": (x, y)}, settings).

    Raises:
        InvalidArgument: for whatever is wrong with the arrays or the options.
    """
    check_options(batch_size=batch_size, validation=validation, test=test, seed=seed)
    if task is not None:
        check_choice("task", task, TASKS)
    x_names = {split: argument or ("x" if split == "train" else f"x_{split}") for split in given}
    y_names = {split: argument or ("y" if split == "train" else f"y_{split}") for split in given}
    plain = unframed({split: x for split, (x, _) in given.items()}, x_names)
    inputs = {split: as_inputs(x_names[split], split, x, feature_names) for split, x in plain.items()}
    for split, x in inputs.items():
        accepted = f"as long as {x_names[split]}, which has {length(x)} examples"
        try:
            size = len(given[split][1])
        except TypeError:  # None, or a single number
            raise InvalidArgument(y_names[split], given[split][1], accepted) from None
        if length(x) != size:
            raise InvalidArgument(y_names[split], f"{size} targets", accepted)
    targets, task, names = as_targets({split: y for split, (_, y) in given.items()}, task, class_names, y_names)
    for split, x in inputs.items():
        _check_alike(x_names[split], (inputs["train"], targets["train"]), (x, targets[split]))
    inputs, filled = _padded(inputs)
    paddings = {**(paddings or {}), **filled}
    splits: Splits = {}
    for split, x in inputs.items():
        y = targets[split]
        if argument is None:
            x = _unshared(x, plain[split])  # the caller may go on writing to the array
        splits[split] = (x, np.array(y))
    nan = {key for x, _ in splits.values() for key, values in items(x) if _has_nan(values)}
    settings: dict[str, Any] = {"name": name, "seed": int(seed)}
    labelled = task in ("binary", "multiclass")
    for split, fraction, split_seed in (("test", test, TEST_SEED), ("validation", validation, seed)):
        if split in splits:
            settings[split] = "given"
            continue
        x, y = splits["train"]
        by: dict[str, Any] = {"labels": y, "class_names": names} if labelled else {}
        if split == "validation" and fold is not None:
            settings[split] = f"fold {fold[0]} of {fold[1]}"
            staying, held = folds_of(fold[1], split_seed, examples=len(y), **by)[fold[0]]
        else:
            if fraction is None:
                fraction = 0.2 if len(y) < SMALL else 0.1
            settings[split] = float(fraction)
            staying, held = carve(split, fraction, split_seed, **(by or {"count": len(y)}))
        splits["train"], splits[split] = (take(x, staying), y[staying]), (take(x, held), y[held])
    splits = {split: splits[split] for split in SPLITS}
    if labelled:
        check_classes({split: y for split, (_, y) in splits.items()}, names, argument or "y")
    features = _features(name, splits["train"][0], kinds or {}, classes or {}, paddings, nan)
    if isinstance(splits["train"][0], dict):
        kept = [each.name for each in features]
        splits = {split: ({key: x[key] for key in kept}, y) for split, (x, y) in splits.items()}
    for x, y in splits.values():
        for array in (y, *(values for _, values in items(x))):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    spec = _spec(name, splits["train"], features, task, names, feature_names, resized)
    if spec.record:
        warn_of_leaks(spec, *splits["train"])
    size = len(splits["train"][1])
    settings["batch_size"] = int(batch_size) if batch_size is not None else (32 if size < SMALL else 128)
    settings["counts"] = {split: len(y) for split, (_, y) in splits.items()}
    return spec, splits, settings


def _padded(inputs: dict[str, Inputs]) -> tuple[dict[str, Inputs], dict[str, float | None]]:
    """Lists of sequences of different lengths as arrays, and with what they were filled up, by the input's name."""
    paddings: dict[str, float | None] = {}
    inputs = dict(inputs)
    for key, _ in items(inputs["train"]):
        columns = {split: x[key] if isinstance(x, dict) else x for split, x in inputs.items()}
        if any(isinstance(each, list) for each in columns.values()):
            arrays, paddings[key] = pad({split: list(each) for split, each in columns.items()})
        elif len({each.dtype for each in columns.values()}) > 1:  # numbers, some of which are missing in some split
            kind = np.result_type(*[each.dtype for each in columns.values()])
            arrays = {split: each.astype(kind) for split, each in columns.items()}
        else:
            continue
        for split, x in inputs.items():
            inputs[split] = {**x, key: arrays[split]} if isinstance(x, dict) else arrays[split]
    return inputs, paddings


def _unshared(x: Inputs, original: Any) -> Inputs:
    def own(values: Any, source: Any) -> Any:
        if isinstance(source, (list, tuple)) or not isinstance(values, np.ndarray):
            return values
        return values.copy() if np.shares_memory(values, np.asarray(source)) else values

    if isinstance(x, dict):
        sources = {plain_name(str(key)): original[key] for key in original}
        return {key: own(values, sources[key]) for key, values in x.items()}
    return own(x, original)


def _check_alike(argument: str, train: tuple[Inputs, np.ndarray], other: tuple[Inputs, np.ndarray]) -> None:
    """Raises unless the arrays of a split have the names, shapes and types of the training split's.

    Numbers of records may be of another type, and sequences of another length where lists are given.
    """
    lists = {key for x, _ in (train, other) for key, values in items(x) if isinstance(values, list)}
    first, second = ({**dict(items(x)), "the target": y} for x, y in (train, other))
    keys = dict.fromkeys([*first, *second])
    wrong = [
        key
        for key in keys
        if key not in first or key not in second or _form(first[key], key in lists) != _form(second[key], key in lists)
    ]
    if wrong:
        accepted = f"like the training split, {_described(first, wrong, 'n')}"
        raise InvalidArgument(argument, _described(second, wrong), accepted)


def _form(values: Any, varying: bool) -> Any:
    if isinstance(values, list):
        return values[0].dtype, values[0].shape[1:]
    if varying and values.ndim == 3:
        return values.dtype, values.shape[2:]
    numbers = values.ndim == 1 and values.dtype.kind in "fiub"
    return "number" if numbers else values.dtype, values.shape[1:]


def _described(arrays: Mapping[str, Any], keys: Sequence[str], count: str = "") -> str:
    """Types and shapes of these arrays, in words."""

    def words(key: str) -> str:
        name = f"{key}: " if key else ""
        if key not in arrays:
            return f"{name}nothing"
        values = arrays[key]
        size = count or str(len(values))
        if isinstance(values, list):
            return f"{name}{size} sequences of shape (steps, {values[0].shape[1]})"
        return f"{name}{_dtype(values)} of shape ({', '.join([size, *map(str, values.shape[1:])])})"

    return ", ".join(words(key) for key in keys)


def _dtype(values: Any) -> str:
    return "strings" if values.dtype == object else str(values.dtype)


def _has_nan(values: Any) -> bool:
    return values.dtype.kind == "f" and values.ndim == 1 and bool(np.isnan(values).any())


def _features(
    name: str,
    train: Inputs,
    kinds: Mapping[str, str],
    classes: Mapping[str, int],
    paddings: Mapping[str, float | None],
    nan: set[str],
) -> list[Feature]:
    """What is known about each input, from the training split; inputs from which nothing can be learned are left out.

    ``nan`` names those that have missing values in some split.
    """
    features, dropped = [], []
    for key, values in items(train):
        kind = kinds.get(key) or kind_of(values)
        padding = paddings.get(key)
        label = key or "inputs"
        if kind == "sequence" and padding is not None:
            features.append(_padded_feature(label, values, padding))
            continue
        found = describe(label, kind, values, classes=classes.get(key, 0), sole=not isinstance(train, dict))
        if found is None:
            dropped.append(key)
        elif key in nan and found.kind == "number":
            features.append(dataclasses.replace(found, missing=MISSING))
        else:
            features.append(found)
    if dropped:
        shown = ", ".join(repr(each) for each in dropped)
        warnings.warn(
            f"dataset {name!r}: left out {shown}, strings of which hardly two are equal", UserWarning, stacklevel=5
        )
    if not features:
        raise InvalidArgument("features", dropped, "at least one from which something can be learned")
    return features


def _padded_feature(name: str, values: Any, padding: float) -> Feature:
    """A sequence whose steps after the end are not part of the statistics."""
    steps = np.asarray(values).reshape(-1, values.shape[-1])
    mean, variance = moments(steps[(steps != padding).any(axis=1)])
    size = int(values.shape[-1])
    return Feature(
        name, "sequence", (None, size), "float32", mean, variance, length=int(values.shape[1]), padding=padding
    )


def _spec(
    name: str,
    train: tuple[Inputs, np.ndarray],
    features: list[Feature],
    task: str,
    names: Sequence[str],
    feature_names: Sequence[str],
    resized: bool,
) -> Spec:
    x, y = train
    target: dict[str, Any] = {}
    if task == "regression":
        target_mean, target_variance = moments(y.reshape(len(y), -1))
        target = {
            "target_mean": target_mean if y.ndim == 2 else target_mean[0],
            "target_variance": target_variance if y.ndim == 2 else target_variance[0],
        }
    several = task in ("multilabel", "regression")
    outputs = (y.shape[1] if y.ndim == 2 else 1) if several else (1 if task == "binary" else len(names))
    common = {"name": name, "task": task, "outputs": int(outputs), "class_names": tuple(names), **target}
    if isinstance(x, dict):
        plain = {each.kind for each in features} <= {"number", "category", "vector"}
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
        input_max=only.high,
        resized=resized,
        **common,
    )
