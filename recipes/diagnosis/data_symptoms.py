"""What is wrong with the examples, whatever the model: NaN, constant inputs and targets, leaks, unshuffled batches."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ..data.checks.leaks import warn_of_leaks
from ..data.spec import Spec
from .symptom import Symptom, symptom

__all__ = ["data_symptoms", "leak_symptoms", "numbers", "shown"]

COLUMNS = 500
"""A vector of more columns is no table, and is not looked through for leaks."""


LEAST_CHANGES, SELDOM = 20, 0.3
"""Labels are sorted if they change less often than this part of what is expected at random, of at least so many."""


def data_symptoms(
    batches: Sequence[tuple[Any, Any, Any]], targets: Any = None, *, takes_missing: bool = False
) -> list[Symptom]:
    """The symptoms of some batches (x, y, sample weights).

    Args:
        batches: of NumPy arrays.
        targets: all targets, where they are in memory. Default None: those of the batches.
        takes_missing: whether the model has an answer where inputs are NaN, as one that fills in the mean. Then they
            are no symptom.

    Example:
        >>> batches = [(np.eye(4), np.full(4, 7), None)]
        >>> [found.name for found in data_symptoms(batches)]
        ['constant label']
    """
    symptoms = []
    inputs = joined([x for x, _, _ in batches])
    labels = joined([y for _, y, _ in batches]) if targets is None else targets
    for kind, arrays in (("input", inputs), ("target", labels)):
        for name, values in [] if kind == "input" and takes_missing else named(arrays):
            bad = sum(int((~np.isfinite(part)).sum()) for part in values if part.dtype.kind == "f")
            if bad:
                which = f"{kind} {name!r}" if name else f"the {kind}s"
                symptoms.append(symptom("NaN in the data", f"{bad:,} values of {which} are NaN or infinite"))
    constant = [(name, values) for name, values in named(inputs) if _constant(values)]
    for name, values in constant:
        which = f"input {name!r} is" if name else "the inputs are"
        kind = "constant input" if len(constant) < len(named(inputs)) else "constant inputs"
        symptoms.append(symptom(kind, f"{which} the same for all {_count(values):,} examples"))
    for name, values in named(labels):
        if _constant(values):
            first = values[0][0]
            what = f" ({shown(first)})" if np.ndim(first) == 0 else ""
            which = f"target {name!r} is" if name else "the target is"
            symptoms.append(symptom("constant label", f"{which} the same for all {_count(values):,} examples{what}"))
    return symptoms or _unshuffled([y for _, y, _ in batches])


def leak_symptoms(x: Any, y: Any) -> list[Symptom]:
    """The columns of a table of numbers that tell its target, by the check that loads data.

    Args:
        x: shape (n, columns), floats; anything else has no symptoms, such as the codes of words.
        y: shape (n,) or (n, 1).
    """
    if not isinstance(x, np.ndarray) or x.ndim != 2 or x.dtype.kind != "f" or not 2 <= x.shape[1] <= COLUMNS:
        return []
    y = np.asarray(y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or y.dtype.kind not in "fiub":
        return []
    values, codes = np.unique(y, return_inverse=True)
    if len(values) < 2:
        return []
    classes = len(values) <= 20 and (values == np.round(values)).all()
    task = "regression" if not classes else "binary" if len(values) == 2 else "multiclass"
    names = tuple(str(value) for value in values) if classes else ()
    size = x.shape[1]
    spec = Spec(
        "these",
        "tabular",
        task,
        (size,),
        "float32",
        len(values) if task == "multiclass" else 1,
        input_mean=(0.0,) * size,
        input_variance=(1.0,) * size,
        class_names=names,
        target_mean=None if classes else 0.0,
        target_variance=None if classes else 1.0,
    )
    return caught_leaks(spec, x.astype("float32"), codes if classes else y.astype("float32"))


def caught_leaks(spec: Spec, x: Any, y: np.ndarray) -> list[Symptom]:
    """The warnings of :func:`recipes.data.checks.leaks.warn_of_leaks` as symptoms."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_leaks(spec, x, y)
    return [symptom("column leaks", str(item.message).partition(": ")[2].partition(";")[0]) for item in caught]


def joined(parts: Sequence[Any]) -> Any:
    """The same structure as each part, with a list of arrays, one a part, in place of each array; None for None."""
    if any(part is None for part in parts):
        return None
    return keras.tree.map_structure(lambda *leaves: Parts(np.asarray(leaf) for leaf in leaves), *parts)


class Parts(tuple):
    """Arrays of the batches, which may differ in more than the first dimension."""


def named(arrays: Any) -> list[tuple[str, Sequence[np.ndarray]]]:
    """The arrays of a structure by name or position, each as its parts; "" for a single one."""
    if arrays is None:
        return []
    if isinstance(arrays, Parts):
        return [("", arrays)]
    if isinstance(arrays, dict):
        return [(name, part if isinstance(part, Parts) else [np.asarray(part)]) for name, part in arrays.items()]
    if isinstance(arrays, (list, tuple)):
        return [(str(k), part if isinstance(part, Parts) else [np.asarray(part)]) for k, part in enumerate(arrays)]
    return [("", [np.asarray(arrays)])]


def numbers(values: Any) -> np.ndarray:
    """A tensor or array as float64, shape (n, features of the last axis)."""
    array = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(values)).astype(np.float64)
    return array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(-1, 1)


def shown(value: Any) -> str:
    """A number or string for a sentence."""
    return f"{value:g}" if np.asarray(value).dtype.kind in "fiub" else repr(value)


def _count(values: Sequence[np.ndarray]) -> int:
    return sum(len(part) for part in values)


def _constant(values: Sequence[np.ndarray]) -> bool:
    first = values[0][:1]
    if _count(values) < 2 or first.shape[1:] != values[-1].shape[1:]:
        return False
    return all(part.shape[1:] == first.shape[1:] and bool((part == first).all()) for part in values)


def _unshuffled(ys: Sequence[Any]) -> list[Symptom]:
    """Labels that seldom change from one example to the next."""
    if any(y is None or keras.tree.is_nested(y) or len(y.shape) > 2 for y in ys):
        return []
    labels = np.concatenate([np.asarray(y).reshape(len(y), -1) for y in ys])
    _, counts = np.unique(labels, axis=0, return_counts=True)
    expected = (len(labels) - 1) * (1 - np.sum(np.square(counts / len(labels))))
    changes = int((labels[1:] != labels[:-1]).any(axis=1).sum())
    if len(counts) > len(labels) / 4 or expected < LEAST_CHANGES or changes > SELDOM * expected:
        return []
    text = f"the label changes {changes} times in {len(labels):,} examples, and would {expected:.0f} times at random"
    return [symptom("data not shuffled", text)]
