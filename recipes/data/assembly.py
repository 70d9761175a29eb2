"""assemble: checked splits and their Spec from raw inputs and targets, of TFDS datasets and users' arrays alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from .checks.agreement import check_alike
from .checks.class_coverage import check_classes
from .checks.empty_texts import warn_of_empty_texts
from .checks.identifiers import warn_of_identifiers
from .checks.imbalance import warn_of_imbalance
from .checks.leaks import warn_of_leaks
from .checks.odd_values import warn_of_odd_values
from .frames import categories_of, unframed
from .input_arrays import as_inputs, pad
from .named_arrays import Inputs, items, length, take
from .spec import TASKS, Spec
from .spec_from_arrays import describe_inputs, make_spec
from .splitting.duplicates import duplicates_of, warn_of_shared
from .splitting.holding_out import SMALL, SPLITS, hold_out
from .splitting.small_classes import IN_TRAIN, REFUSE, SMALL_CLASSES, dealt_with
from .splitting.split_columns import SplitColumns, check_splits
from .statistics.column_statistics import missing_columns
from .statistics.narrowing import narrowed_inputs
from .statistics.rounding import warn_of_rounding
from .string_columns import read_strings
from .targets.missing import examples_at, with_values
from .targets.targets import Declared, as_targets
from .weights import Weights, check_split_weights

__all__ = ["DUPLICATES", "SPLITS", "Assembled", "Splits", "assemble", "check_options", "unusual", "usual_batch_size"]

BATCH, LARGE_BATCH = 32, 128
"""The usual batch sizes for few and for many training examples."""

Splits = dict[str, tuple[Inputs, np.ndarray]]
Assembled = tuple[Spec, Splits, dict[str, Any], Weights | None, dict[str, SplitColumns]]
"""What makes a :class:`recipes.Data`."""
NOTHING = Declared()
TOGETHER = "together"
DUPLICATES = (TOGETHER, "ignore")


def check_options(*, batch_size: Any, validation: Any, test: Any, seed: Any) -> None:
    """Checks the options of :func:`recipes.data.load` before any data is read."""
    if batch_size is not None:
        batch_size = check_integer("batch_size", batch_size, low=1)
    if validation is not None:
        validation = check_number("validation", validation, above=0, below=1)
    test = check_number("test", test, above=0, below=1)
    seed = check_integer("seed", seed, low=0, high=2**32 - 1)


def unusual(duplicates: str, small_classes: str) -> dict[str, str]:
    """Those of the two options that are not the default, for settings."""
    options = {"duplicates": (duplicates, TOGETHER), "small_classes": (small_classes, REFUSE)}
    return {name: value for name, (value, default) in options.items() if value != default}


def assemble(
    existing: dict[str, tuple[Any, Any]],
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
    formats: Mapping[str, str] | None = None,
    classes: Mapping[str, int] | None = None,
    paddings: Mapping[str, float | None] | None = None,
    resized: Collection[str] = (),
    fold: tuple[int, int] | None = None,
    weights: Weights | None = None,
    columns: Mapping[str, SplitColumns] | None = None,
    duplicates: str = TOGETHER,
    small_classes: str = REFUSE,
    target: str | None = None,
) -> Assembled:
    """Checks inputs and targets, holds out missing splits, and computes the statistics of the training split.

    Args:
        existing: (x, y) of "train" and, if they exist, of "validation" and "test".
        name: name of the dataset, for the Spec.
        validation, test: the fractions to hold out for missing splits, the test split first, with a fixed seed.
            ``validation=None`` means a fifth below 10,000 training examples, else a tenth.
        seed: seed of the validation split.
        batch_size: None for :func:`usual_batch_size`.
        task: None to infer it from the target.
        declared: what is known about the target besides its values.
        feature_names: names of a table's columns.
        argument: name of the inputs and targets in messages; None for ``x``, ``x_test``, ...
        kinds: kinds of inputs by name ("" for a single one), where they are known.
        formats: formats of strings that are numbers or dates, by the input's name, where they are known.
        classes: number of values of a category of whole numbers, by the input's name.
        paddings: padding values of sequences that come as arrays, by the input's name.
        resized: names of the images that have been resized to one size, "" for a single input.
        fold: (number, count): use this fold, of so many, as the validation split.
        weights: of the examples of each existing split, or None. They are divided with the examples, and count in no
            statistics but ``class_shares``.
        columns: of each existing split, its groups, times and strata; None for none.
        duplicates: "together" keeps equal examples in one split, where splits are made; "ignore".
        small_classes: what to do with classes of fewer examples than splits that are made.
        target: the user's name of the target, for warnings; or None.

    Returns:
        (spec, {"train": (x, y), "validation": (x, y), "test": (x, y)}, settings, weights by split or None,
        columns by split).

    Raises:
        InvalidArgument: for invalid arrays or options.
    """
    check_options(batch_size=batch_size, validation=validation, test=test, seed=seed)
    if task is not None:
        check_choice("task", task, TASKS)
    check_choice("duplicates", duplicates, DUPLICATES)
    check_choice("small_classes", small_classes, SMALL_CLASSES)
    x_names = {split: argument or ("x" if split == "train" else f"x_{split}") for split in existing}
    y_names = {split: argument or ("y" if split == "train" else f"y_{split}") for split in existing}
    kinds = {**dict.fromkeys(categories_of(existing["train"][0], feature_names), "category"), **(kinds or {})}
    plain = unframed({split: x for split, (x, _) in existing.items()}, x_names, feature_names)
    inputs = {split: as_inputs(x_names[split], split, x, feature_names) for split, x in plain.items()}
    for split, x in inputs.items():
        accepted = f"as long as {x_names[split]}, which has {length(x)} examples"
        try:
            size = len(existing[split][1])
        except TypeError:  # None, or a single number
            raise InvalidArgument(y_names[split], existing[split][1], accepted) from None
        if length(x) != size:
            raise InvalidArgument(y_names[split], f"{size} targets", accepted)
    labels = {split: y for split, (_, y) in existing.items()}
    columns = dict(columns or {split: SplitColumns() for split in existing})
    for split, y in labels.items():
        present = with_values(y_names[split], split, y)
        if present is None:
            continue
        inputs[split], labels[split] = examples_at(inputs[split], present), examples_at(y, present)
        columns[split] = columns[split].take(present)
        weights = weights if weights is None else {**weights, split: weights[split][present]}
    read = read_strings(name, inputs, x_names, kinds=kinds, formats=formats or {})
    inputs, kinds = read.inputs, {**kinds, **read.kinds}
    declared = dataclasses.replace(declared, single=small_classes != REFUSE)
    targets, task, names = as_targets(labels, declared, task, y_names)
    if fold is None:  # the arrays of folds are narrowed already
        inputs = narrowed_inputs(inputs)
    for split, x in inputs.items():
        check_alike(x_names[split], (inputs["train"], targets["train"]), (x, targets[split]))
    inputs, filled = _padded(inputs)
    paddings = {**(paddings or {}), **filled}
    splits: Splits = {}
    for split, x in inputs.items():
        # the caller may write to the arrays later
        splits[split] = (x if argument is not None else _unshared(x, plain[split]), np.array(targets[split]))
    gaps = sorted({place for x, _ in splits.values() for place in _columns_with_gaps(x)})
    nan = {key for x, _ in splits.values() for key, values in items(x) if _has_nan(values)} | read.missing
    settings: dict[str, Any] = {"name": name, "seed": int(seed)}
    labelled = task in ("binary", "multiclass")
    if labelled and fold is None and small_classes != REFUSE:
        needed = 1 + len(SPLITS) - len(splits)
        ys = {split: y for split, (_, y) in splits.items()}
        ys, kept, names = dealt_with(small_classes, ys, names, needed, argument or "y")
        splits = {split: (take(x, kept[split]), ys[split]) for split, (x, _) in splits.items()}
        columns = {split: of_split.take(kept[split]) for split, of_split in columns.items()}
        weights = None if weights is None else {split: weights[split][kept[split]] for split in splits}
        task = "binary" if len(names) == 2 else "multiclass"
        settings["small_classes"] = small_classes
    if fold is None and duplicates == TOGETHER:
        equal = duplicates_of({split: x for split, (x, _) in splits.items()})
        columns = {
            split: dataclasses.replace(columns[split], equal=None if equal is None else equal[split])
            for split in splits
        }
    divided = hold_out(
        splits,
        columns,
        weights,
        validation=validation,
        test=test,
        seed=seed,
        class_names=names if labelled else None,
        fold=fold,
        small_stay=small_classes == IN_TRAIN,
    )
    splits, columns, settings = divided.splits, divided.columns, {**settings, **divided.settings}
    weights = None if divided.weights is None else check_split_weights(divided.weights)
    check_splits(columns)
    if labelled:
        check_classes({split: y for split, (_, y) in splits.items()}, names, argument or "y")
    features = describe_inputs(name, splits["train"][0], kinds, classes or {}, paddings, nan, read.formats, resized)
    if isinstance(splits["train"][0], dict):
        used = [feature.name for feature in features]
        splits = {split: ({key: x[key] for key in used}, y) for split, (x, y) in splits.items()}
    for x, y in splits.values():
        for array in (y, *(values for _, values in items(x))):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    train_weights = None if weights is None else weights["train"]
    spec = make_spec(name, splits["train"], features, task, names, feature_names, "" in resized, train_weights, gaps)
    if fold is None:  # the folds are of data that have been warned of
        warn_of_shared(name, columns)
        warn_of_imbalance(spec)
        known = columns["train"]
        warn_of_identifiers(spec, splits["train"][0], grouped=known.groups is not None or known.time is not None)
        warn_of_empty_texts(spec, splits["train"][0])
        warn_of_odd_values(spec, splits["train"][0])
        warn_of_rounding(spec, *splits["train"])
        several = names if task == "multilabel" else declared.names or ()
        warn_of_leaks(spec, *splits["train"], target, columns["train"].units, several)
    if spec.record:
        splits = {split: (spec.names.to_model(x), y) for split, (x, y) in splits.items()}
    size = len(splits["train"][1])
    settings["batch_size"] = int(batch_size) if batch_size is not None else usual_batch_size(size)
    settings["counts"] = {split: len(y) for split, (_, y) in splits.items()}
    return spec, splits, settings, weights, columns


def usual_batch_size(examples: int) -> int:
    """The batch size where the user names none: 32 below 10,000 examples, else 128.

    An epoch has only full batches. Of a few dozen examples 32 could leave out nearly half in each epoch: where it is
    more than a quarter, as many batches as would hold them all have equal sizes.

    Example:
        >>> usual_batch_size(1000), usual_batch_size(63), usual_batch_size(20)
        (32, 31, 32)
    """
    if examples >= SMALL:
        return LARGE_BATCH
    left_out = examples % BATCH
    if examples > BATCH and left_out > examples / 4:
        return examples // -(-examples // BATCH)
    return BATCH


def _padded(inputs: dict[str, Inputs]) -> tuple[dict[str, Inputs], dict[str, float | None]]:
    """Lists of sequences of different lengths as arrays, and their padding values by the input's name."""
    paddings: dict[str, float | None] = {}
    inputs = dict(inputs)
    for key, _ in items(inputs["train"]):
        columns = {split: x[key] if isinstance(x, dict) else x for split, x in inputs.items()}
        if any(isinstance(column, list) for column in columns.values()):
            arrays, paddings[key] = pad({split: list(column) for split, column in columns.items()})
        elif len({column.dtype for column in columns.values()}) > 1:  # numbers, with missing ones in some split
            dtype = np.result_type(*[column.dtype for column in columns.values()])
            arrays = {split: column.astype(dtype) for split, column in columns.items()}
        else:
            continue
        for split, x in inputs.items():
            inputs[split] = {**x, key: arrays[split]} if isinstance(x, dict) else arrays[split]
    return inputs, paddings


def _unshared(x: Inputs, original: Any) -> Inputs:
    """The inputs, copied where they share memory with arrays that the user can write to."""

    def copied(values: Any, source: Any) -> Any:
        if isinstance(source, (list, tuple)) or not isinstance(values, np.ndarray):
            return values
        array = np.asarray(source)
        return values.copy() if np.shares_memory(values, array) and not _is_frozen(array) else values

    if isinstance(x, dict):
        return {key: copied(values, original[key]) for key, values in x.items()}
    return copied(x, original)


def _is_frozen(array: Any) -> bool:
    """Whether neither an array nor what it is a view of can be written to."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None


def _columns_with_gaps(x: Inputs) -> Sequence[int]:
    return missing_columns(x) if isinstance(x, np.ndarray) and x.ndim == 2 else ()


def _has_nan(values: Any) -> bool:
    return values.dtype.kind == "f" and values.ndim == 1 and bool(np.isnan(values).any())
