"""From raw arrays to checked splits and their Spec: the one way in for TFDS datasets and for a user's own arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from recipes.data.spec import TASKS, Spec
from recipes.data.splits import TEST_SEED, carve
from recipes.data.statistics import check_finite, moments

__all__ = ["SPLITS", "Splits", "assemble", "check_options"]

SPLITS = ("train", "validation", "test")
SMALL = 10_000
"""Below so many training examples batches are smaller, and a larger share is needed to validate on."""
Splits = dict[str, tuple[np.ndarray, np.ndarray]]


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
) -> tuple[Spec, Splits, dict[str, Any]]:
    """Checks the arrays, carves the splits that are not given and takes the statistics of the training split.

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

    Returns:
        (spec, {"train": (x, y), "validation": (x, y), "test": (x, y)}, settings).

    Raises:
        InvalidArgument: for whatever is wrong with the arrays or the options.
    """
    check_options(batch_size=batch_size, validation=validation, test=test, seed=seed)
    if task is not None:
        check_choice("task", task, TASKS)
    splits: Splits = {}
    for split, (x, y) in given.items():
        suffix = "" if split == "train" else f"_{split}"
        x_name, y_name = (argument, argument) if argument else (f"x{suffix}", f"y{suffix}")
        x, y = _inputs(x_name, split, x, feature_names), _target(y_name, split, y, task)
        if len(x) != len(y):
            raise InvalidArgument(y_name, f"{len(y)} targets", f"as long as {x_name}, which has {len(x)} examples")
        if argument is None and np.shares_memory(x, given[split][0]):
            x = x.copy()  # the caller may go on writing to the array
        splits[split] = (x, y)
    train_x, train_y = splits["train"]
    for split, (x, y) in splits.items():
        if x.shape[1:] != train_x.shape[1:] or x.dtype != train_x.dtype or y.dtype != train_y.dtype:
            accepted = f"like the training split, {_shape(train_x)} with {train_y.dtype} targets"
            raise InvalidArgument(argument or f"x_{split}", f"{_shape(x)} with {y.dtype} targets", accepted)
    regression = train_y.dtype == np.float32
    names = () if regression else _class_names(splits, class_names, task, argument)
    settings: dict[str, Any] = {"name": name, "seed": int(seed)}
    for split, fraction, split_seed in (("test", test, TEST_SEED), ("validation", validation, seed)):
        if split in splits:
            settings[split] = "given"
            continue
        x, y = splits["train"]
        if fraction is None:
            fraction = 0.2 if len(y) < SMALL else 0.1
        settings[split] = float(fraction)
        by = {"count": len(y)} if regression else {"labels": y, "class_names": names}
        staying, held = carve(split, fraction, split_seed, **by)
        splits["train"], splits[split] = (x[staying], y[staying]), (x[held], y[held])
    splits = {split: splits[split] for split in SPLITS}
    for arrays in splits.values():
        for array in arrays:
            array.flags.writeable = False
    spec = _spec(name, splits["train"], names, feature_names)
    size = len(splits["train"][1])
    settings["batch_size"] = int(batch_size) if batch_size is not None else (32 if size < SMALL else 128)
    settings["counts"] = {split: len(y) for split, (_, y) in splits.items()}
    return spec, splits, settings


def _shape(x: np.ndarray) -> str:
    return f"{x.dtype} of shape (n, {', '.join(str(size) for size in x.shape[1:])})"


def _inputs(argument: str, split: str, x: Any, names: Sequence[str]) -> np.ndarray:
    """A private, contiguous copy or view: (n, features) float32, or (n, height, width, channels) uint8."""
    x = np.asarray(x)
    if x.dtype == np.uint8 and x.ndim in (3, 4):
        x = x[..., np.newaxis] if x.ndim == 3 else x
    elif x.ndim == 2 and x.dtype.kind in "fiub":
        if x.shape[1] == 0:
            raise InvalidArgument(argument, x.shape, "a table with at least one column")
        with np.errstate(over="ignore"):
            x = x.astype(np.float32)
        if names and len(names) != x.shape[1]:
            raise InvalidArgument(
                "feature_names", list(names), f"{x.shape[1]} names, one for each column of {argument}"
            )
        check_finite(argument, split, x, names)
    else:
        accepted = "numbers of shape (n, features), or uint8 images of shape (n, height, width[, channels])"
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", accepted)
    if len(x) == 0:
        raise InvalidArgument(argument, x.shape, f"not empty (split {split!r})")
    return np.ascontiguousarray(x).view()


def _target(argument: str, split: str, y: Any, task: str | None) -> np.ndarray:
    """(n,), int64 for classes, float32 for regression."""
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or y.dtype.kind not in "fiub":
        accepted = "numbers of shape (n,): whole numbers for classes, floats for regression"
        raise InvalidArgument(argument, f"{y.dtype} of shape {y.shape}", accepted)
    if task == "regression" or (task is None and y.dtype.kind == "f"):
        with np.errstate(over="ignore"):
            y = y.astype(np.float32)
        check_finite(argument, split, y)
        return y
    if y.dtype.kind == "f":
        raise InvalidArgument(argument, f"{y.dtype} of shape {y.shape}", f"whole numbers for task {task!r}")
    return y.astype(np.int64)


def _class_names(
    splits: Splits, names: Sequence[str] | None, task: str | None, argument: str | None
) -> tuple[str, ...]:
    """Checks every label against the classes and names them."""
    largest = max(int(y.max()) for _, y in splits.values())
    classes = len(names) if names is not None else largest + 1
    for split, (_, y) in splits.items():
        wrong = y[(y < 0) | (y >= classes)]
        if len(wrong):
            suffix = "" if split == "train" else f"_{split}"
            accepted = f"labels in 0..{classes - 1}, but {len(wrong)} of {len(y)} in split {split!r} are not"
            raise InvalidArgument(argument or f"y{suffix}", sorted(set(wrong.tolist()))[:5], accepted)
    if classes < 2 or (task == "binary") != (classes == 2 and task is not None):
        wanted = {"binary": "exactly 2 classes", "multiclass": "3 or more classes"}.get(task or "", "2 or more classes")
        raise InvalidArgument(argument or "y", f"{classes} classes", wanted)
    return tuple(names) if names is not None else tuple(str(label) for label in range(classes))


def _spec(name: str, train: tuple[np.ndarray, np.ndarray], names: Sequence[str], feature_names: Sequence[str]) -> Spec:
    x, y = train
    mean, variance = moments(x)
    target: dict[str, float] = {}
    if y.dtype == np.float32:
        target_mean, target_variance = moments(y[:, np.newaxis])
        target = {"target_mean": target_mean[0], "target_variance": target_variance[0]}
    return Spec(
        name=name,
        kind="image" if x.ndim == 4 else "tabular",
        task="regression" if target else "binary" if len(names) == 2 else "multiclass",
        input_shape=x.shape[1:],
        input_dtype=str(x.dtype),
        outputs=1 if len(names) < 3 else len(names),
        input_mean=mean,
        input_variance=variance,
        class_names=tuple(names),
        feature_names=tuple(feature_names),
        input_max=float(x.max() or 255) if x.ndim == 4 else None,
        **target,
    )
