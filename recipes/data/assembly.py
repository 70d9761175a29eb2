"""From raw inputs and targets to checked splits and their Spec: the one way in for TFDS datasets and a user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from .agreement import check_alike
from .class_coverage import check_classes
from .input_arrays import as_inputs, pad, unframed
from .leaks import warn_of_leaks
from .named_arrays import Inputs, items, length, take
from .spec import TASKS, Spec
from .spec_from_arrays import describe_inputs, make_spec
from .splits import TEST_SEED, carve, folds_of
from .targets import Declared, as_targets

__all__ = ["SPLITS", "Splits", "assemble", "check_options"]

SPLITS = ("train", "validation", "test")
SMALL = 10_000
"""Below so many training examples batches are smaller, and a larger share is needed to validate on."""
Splits = dict[str, tuple[Inputs, np.ndarray]]
NOTHING = Declared()


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
    declared: Declared = NOTHING,
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
        task: None to tell from the target.
        declared: what is known about the target beside its values.
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
    targets, task, names = as_targets({split: y for split, (_, y) in given.items()}, declared, task, y_names)
    for split, x in inputs.items():
        check_alike(x_names[split], (inputs["train"], targets["train"]), (x, targets[split]))
    inputs, filled = _padded(inputs)
    paddings = {**(paddings or {}), **filled}
    splits: Splits = {}
    for split, x in inputs.items():
        # the caller may go on writing to the arrays
        splits[split] = (x if argument is not None else _unshared(x, plain[split]), np.array(targets[split]))
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
            share = fraction if fraction is not None else 0.2 if len(y) < SMALL else 0.1
            settings[split] = float(share)
            staying, held = carve(split, share, split_seed, **(by or {"count": len(y)}))
        splits["train"], splits[split] = (take(x, staying), y[staying]), (take(x, held), y[held])
    splits = {split: splits[split] for split in SPLITS}
    if labelled:
        check_classes({split: y for split, (_, y) in splits.items()}, names, argument or "y")
    features = describe_inputs(name, splits["train"][0], kinds or {}, classes or {}, paddings, nan)
    if isinstance(splits["train"][0], dict):
        kept = [feature.name for feature in features]
        splits = {split: ({key: x[key] for key in kept}, y) for split, (x, y) in splits.items()}
    for x, y in splits.values():
        for array in (y, *(values for _, values in items(x))):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    spec = make_spec(name, splits["train"], features, task, names, feature_names, resized)
    if spec.record:
        warn_of_leaks(spec, *splits["train"])
        splits = {split: (spec.names.to_model(x), y) for split, (x, y) in splits.items()}
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
        return {key: own(values, original[key]) for key, values in x.items()}
    return own(x, original)


def _has_nan(values: Any) -> bool:
    return values.dtype.kind == "f" and values.ndim == 1 and bool(np.isnan(values).any())
