"""The functions of metrics: from targets, predictions and weights to a score, in float64.

Each takes the targets y, the predictions and the examples' weights, or None, as scikit-learn's do:

- binary: y 0 or 1 of shape (n,), the probability of 1 of shape (n,);
- multiclass: y of shape (n,), probabilities of shape (n, classes);
- multilabel: y 0 or 1 and probabilities, both of shape (n, labels);
- regression: both of shape (n,) or (n, targets).

An example of weight 2 counts as two. An average over classes or labels ("macro") counts each of them alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = [
    "accuracy",
    "answers",
    "auc",
    "balanced_accuracy",
    "by_threshold",
    "decide",
    "errors",
    "f1",
    "log_loss",
    "log_losses",
    "mean_absolute_error",
    "pr_auc",
    "precision",
    "questions",
    "r2",
    "recall",
    "root_mean_squared_error",
    "standardized_error",
]

SMALLEST = float(np.finfo(np.float32).eps)
"""Probabilities, computed in float32, are taken to be between this and 1 minus this where a logarithm is taken."""


# --- classes ----------------------------------------------------------------------------------------------------------


def _weights(y: Any, sample_weight: Any) -> np.ndarray:
    return np.ones(len(y)) if sample_weight is None else sample_weight


def decide(y: Any, predicted: Any) -> Any:
    """The predicted classes, or yes-or-no answers, like y."""
    one_of_several = predicted.ndim == 2 and y.ndim == 1
    return predicted.argmax(axis=1) if one_of_several else (predicted > 0.5).astype(y.dtype)


def questions(y: Any, values: Any) -> Iterator[tuple[Any, Any]]:
    """(truth, values) of one yes-or-no question after another: of a label, or of a class against the others."""
    if values.ndim == 1:
        yield y == 1, values
    else:
        for column in range(values.shape[1]):
            yield (y == column if y.ndim == 1 else y[:, column] == 1), values[:, column]


def accuracy(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The share of right answers; of several labels, of the answers to all of them."""
    right = decide(y, predicted) == y
    return float(np.average(right.reshape(len(y), -1).mean(axis=1), weights=sample_weight))


def balanced_accuracy(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The mean over the classes of the share that is recognized; of several labels, their mean."""
    w, decided = _weights(y, sample_weight), decide(y, predicted)
    if y.ndim == 2:
        return float(np.mean([balanced_accuracy(y[:, k], predicted[:, k], w) for k in range(y.shape[1])]))
    return float(np.mean([np.average(decided[y == label] == label, weights=w[y == label]) for label in np.unique(y)]))


def by_threshold(truth: Any, predicted: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    """The weights of true and of false examples at each distinct prediction, from the highest down."""
    _, place = np.unique(-predicted, return_inverse=True)
    return np.bincount(place, w * truth), np.bincount(place, w * ~truth)


def auc(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The area under the ROC curve; of several classes or labels, their mean, each against the others."""
    w, areas = _weights(y, sample_weight), []
    for truth, values in questions(y, predicted):
        true, false = by_threshold(truth, values, w)
        above = np.cumsum(true) - true / 2  # equal predictions count by half
        areas.append((false * above).sum() / (true.sum() * false.sum()))
    return float(np.mean(areas))


def pr_auc(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The average precision: the area under the steps of precision against recall; of several, their mean."""
    w, areas = _weights(y, sample_weight), []
    for truth, values in questions(y, predicted):
        true, false = by_threshold(truth, values, w)
        precision = np.cumsum(true) / np.cumsum(true + false)
        areas.append((true * precision).sum() / true.sum())
    return float(np.mean(areas))


def answers(y: Any, predicted: Any) -> list[tuple[Any, Any]]:
    """(truth, answer is yes) by label or class; a class that is neither there nor predicted is left out."""
    decided = decide(y, predicted)
    if predicted.ndim == 2 and y.ndim == 1:
        return [(y == label, decided == label) for label in np.union1d(y, decided)]
    return [(truth, values == 1) for truth, values in questions(y, decided)]


def _counts(y: Any, predicted: Any, sample_weight: Any) -> list[tuple[float, float, float]]:
    """(true yes, false yes, false no), of :func:`answers`."""
    w = _weights(y, sample_weight)
    return [
        (w[truth & yes].sum(), w[~truth & yes].sum(), w[truth & ~yes].sum()) for truth, yes in answers(y, predicted)
    ]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def precision(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The share of the yes answers that are right, 0 without any; of several classes or labels, their mean."""
    return float(np.mean([_share(tp, tp + fp) for tp, fp, _ in _counts(y, predicted, sample_weight)]))


def recall(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The share of the yes examples that are found, 0 without any; of several classes or labels, their mean."""
    return float(np.mean([_share(tp, tp + fn) for tp, _, fn in _counts(y, predicted, sample_weight)]))


def f1(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The harmonic mean of precision and recall, 0 where both are; of several classes or labels, their mean."""
    return float(np.mean([_share(2 * tp, 2 * tp + fp + fn) for tp, fp, fn in _counts(y, predicted, sample_weight)]))


def log_losses(y: Any, predicted: Any) -> np.ndarray:
    """The negative logarithm of the probability of the truth, by example; of several labels, their mean."""
    if predicted.ndim == 2 and y.ndim == 1:
        of_truth = predicted[np.arange(len(y)), y]
    else:
        of_truth = np.where(y == 1, predicted, 1 - predicted)
    return -np.log(np.clip(of_truth, SMALLEST, 1 - SMALLEST)).reshape(len(y), -1).mean(axis=1)


def log_loss(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The mean negative logarithm of the probability of the truth."""
    return float(np.average(log_losses(y, predicted), weights=sample_weight))


# --- numbers ----------------------------------------------------------------------------------------------------------


def errors(y: Any, predicted: Any) -> np.ndarray:
    """The errors of all targets, of shape (n, targets)."""
    return (predicted - y.astype(np.float64)).reshape(len(y), -1)


def root_mean_squared_error(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The root of the mean squared error over all examples and targets."""
    return float(np.sqrt(np.average((errors(y, predicted) ** 2).mean(axis=1), weights=sample_weight)))


def mean_absolute_error(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The mean absolute error over all examples and targets."""
    return float(np.average(np.abs(errors(y, predicted)).mean(axis=1), weights=sample_weight))


def _variances(y: Any, sample_weight: Any) -> np.ndarray:
    targets = y.astype(np.float64).reshape(len(y), -1)
    mean = np.average(targets, axis=0, weights=sample_weight)
    return np.average((targets - mean) ** 2, axis=0, weights=sample_weight)


def standardized_error(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The root mean squared error of each target in standard deviations of the target, averaged over the targets."""
    squares = np.average(errors(y, predicted) ** 2, axis=0, weights=sample_weight)
    return float(np.mean(np.sqrt(squares / _variances(y, sample_weight))))


def r2(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The share of each target's variance that is explained, averaged over the targets."""
    squares = np.average(errors(y, predicted) ** 2, axis=0, weights=sample_weight)
    return float(np.mean(1 - squares / _variances(y, sample_weight)))
