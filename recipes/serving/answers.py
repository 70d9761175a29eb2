"""answers_of, score_columns: the outputs of a model as labels, probabilities and values by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_number
from ..data.spec import Spec

__all__ = ["PREDICTION", "answers_of", "check_threshold", "score_columns", "score_names"]

PREDICTION = "prediction"
"""Name of the column of predicted labels or values."""

HALF = 0.5


def check_threshold(threshold: float | None, spec: Spec) -> float:
    """The probability above which a label is predicted.

    Raises:
        InvalidArgument: unless it is a number from 0 to 1, or None for 0.5; for models that have no such threshold.

    Example:
        >>> check_threshold(None, spec)                                              # doctest: +SKIP
        0.5
    """
    if threshold is None:
        return HALF
    if spec.task not in ("binary", "multilabel"):
        why = "the likeliest class is predicted" if spec.task == "multiclass" else "a regression has no classes"
        raise InvalidArgument("threshold", threshold, f"left out for task {spec.task!r}: {why}")
    return check_number("threshold", threshold, low=0, high=1)


def answers_of(outputs: np.ndarray, spec: Spec) -> list[dict[str, Any]]:
    """An answer for each row of outputs, as :class:`recipes.Predictor` gives it.

    Args:
        outputs: of the model, shape (n, outputs).
        spec: of its data.
    """
    if spec.task == "regression":
        single = outputs.shape[-1] == 1
        return [{"value": float(row[0])} if single else {"values": row.tolist()} for row in outputs]
    names, probabilities = spec.class_names, _probabilities(outputs, spec)
    if spec.task == "multilabel":
        rows = [dict(zip(names, row.tolist(), strict=True)) for row in probabilities]
        return [{"classes": [name for name, p in row.items() if p > HALF], "probabilities": row} for row in rows]
    best = probabilities.argmax(axis=1)
    return [
        {"class": names[k], "probability": float(row[k])} for k, row in zip(best.tolist(), probabilities, strict=True)
    ]


def score_names(spec: Spec, prefix: str = "", others: Sequence[str] = ()) -> list[str]:
    """The names of the columns of a table of scores.

    These are "prediction" and the classes; of a regression "prediction" alone, or "prediction_1", "prediction_2", ...
    for several targets.

    Args:
        spec: of the data of the model.
        prefix: put before the names of the classes.
        others: names of the columns beside these.

    Raises:
        InvalidArgument: if a name is empty, or two columns would have the same.

    Example:
        >>> score_names(spec, prefix="p_")                                           # doctest: +SKIP
        ['prediction', 'p_no', 'p_yes']
    """
    if not isinstance(prefix, str):
        raise InvalidArgument("prefix", prefix, "a string")
    if spec.task == "regression":
        single = spec.outputs == 1
        names = [PREDICTION] if single else [f"{PREDICTION}_{place}" for place in range(1, spec.outputs + 1)]
    else:
        names = [PREDICTION, *(f"{prefix}{name}" for name in spec.class_names)]
    for place, name in enumerate(names):
        if not name.strip():
            raise InvalidArgument("prefix", prefix, f"one that names the column of the class {name!r}, such as 'p_'")
        if name in others and name.startswith(PREDICTION) and name not in names[len(names) - len(spec.class_names) :]:
            raise InvalidArgument("keep", name, f"names other than {name!r}, the column of the predictions")
        if name in [*others, *names[:place]]:
            accepted = f"one for which no two columns are named alike: {name!r} is also the column of a class"
            raise InvalidArgument("prefix", prefix, accepted)
    return names


def score_columns(outputs: np.ndarray, spec: Spec, threshold: float = HALF) -> list[Any]:
    """The columns of a table of scores, in the order of :func:`score_names`.

    Args:
        outputs: of the model, shape (n, outputs).
        spec: of its data.
        threshold: the probability above which a label is predicted, for binary and multilabel. Default 0.5.

    Returns:
        The predicted labels as a list of strings, or of lists of strings for multilabel, and the probability of each
        class, shape (n,); of a regression the values of each target, shape (n,).

    Example:
        >>> score_columns(np.array([[0.25], [0.75]]), spec)                          # doctest: +SKIP
        [['no', 'yes'], array([0.75, 0.25]), array([0.25, 0.75])]
    """
    if spec.task == "regression":
        return list(outputs.T)
    names, probabilities = spec.class_names, _probabilities(outputs, spec)
    labels: list[Any]
    if spec.task == "multilabel":
        chosen = probabilities > threshold
        labels = [[names[k] for k in np.flatnonzero(row).tolist()] for row in chosen]
    else:
        best = outputs[:, 0] > threshold if spec.task == "binary" else probabilities.argmax(axis=1)
        labels = [names[k] for k in best.astype(int).tolist()]
    return [labels, *probabilities.T]


def _probabilities(outputs: np.ndarray, spec: Spec) -> np.ndarray:
    """One column per class."""
    return np.concatenate([1.0 - outputs, outputs], axis=1) if spec.task == "binary" else outputs
