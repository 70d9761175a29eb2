"""METRICS: the scores of predictions by name, exact over all examples of a split.

A metric's function takes the targets y, the predictions and the examples' weights, or None, as scikit-learn's do:

- binary: y 0 or 1 of shape (n,), the probability of 1 of shape (n,);
- multiclass: y of shape (n,), probabilities of shape (n, classes);
- multilabel: y 0 or 1 and probabilities, both of shape (n, labels);
- regression: both of shape (n,) or (n, targets).

An example of weight 2 counts as two. An average over classes or labels ("macro") counts each of them alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks.checks import InvalidArgument
from .catalogue import Lookup
from .metric import ACCURACY, ROOT_MEAN_SQUARED_ERROR, Metric, metric_of

if TYPE_CHECKING:
    from .data.spec import Spec

__all__ = ["METRICS", "check_defined", "find_metric", "metric_for", "score"]

SMALLEST = float(np.finfo(np.float32).eps)
"""Probabilities, computed in float32, are taken to be between this and 1 minus this where a logarithm is taken."""

STANDARDIZED_ERROR = "standardized_error"

CLASSES = ("binary", "multiclass", "multilabel")

SHORT = {"mae": "mean_absolute_error", "rmse": ROOT_MEAN_SQUARED_ERROR.name}
"""Short names -> names."""


def find_metric(metric: str | Metric, task: str) -> Metric:
    """The metric of a name, or the metric itself, if it suits the task.

    Args:
        metric: a name of :data:`METRICS`, "rmse" or "mae"; or a :class:`recipes.metric.Metric` with a function.
        task: of the data: "binary", "multiclass", "multilabel" or "regression".

    Raises:
        InvalidArgument: for an unknown name, with the nearest one, and for a metric of other tasks.

    Example:
        >>> find_metric("rmse", "regression").name
        'root_mean_squared_error'
    """
    found = metric if isinstance(metric, Metric) else METRICS[SHORT.get(metric, metric)]
    if found.tasks and task not in found.tasks:
        suiting = [name for name, other in METRICS.items() if task in other.tasks]
        raise InvalidArgument("metric", found.name, f"one for {task}: {', '.join(suiting)}")
    return found


def metric_for(spec: Spec) -> Metric:
    """The metric by which a search on these data ranks, unless it is told another.

    That of the task; for several targets "standardized_error", since the largest unit alone decides their common root
    mean squared error.
    """
    if spec.task == "regression" and spec.outputs > 1:
        return METRICS[STANDARDIZED_ERROR]
    return metric_of(spec.task)


def score(metric: Metric, y: Any, predicted: Any, sample_weight: Any = None) -> float:
    """The score of some predictions, in float64; NaN if a prediction is not finite.

    Args:
        metric: with a function.
        y: the targets: see the top of this module.
        predicted: what the model predicts for them, of shape (n, outputs).
        sample_weight: shape (n,), >= 0; None for 1 each. Examples of weight 0 are left out.

    Example:
        >>> score(METRICS["balanced_accuracy"], np.array([0, 0, 0, 1]), np.array([[0.1], [0.2], [0.9], [0.8]]))
        0.8333333333333333
    """
    y, predicted = np.asarray(y), np.asarray(predicted, np.float64)
    if y.ndim == 1 and predicted.ndim == 2 and predicted.shape[1] == 1:
        predicted = predicted[:, 0]
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight, np.float64)
        kept = sample_weight > 0
        y, predicted, sample_weight = y[kept], predicted[kept], sample_weight[kept]
    if not np.isfinite(predicted).all() or metric.function is None:
        return float("nan")
    return float(metric.function(y, predicted, sample_weight))


def check_defined(
    metric: Metric, y: Any, *, split: str, task: str, class_names: Sequence[str] = (), sample_weight: Any = None
) -> None:
    """Raises where a metric has no value whatever is predicted, such as the AUC of examples of one class.

    Args:
        metric: any.
        y: the targets of a split.
        split: its name, for the message.
        task: of the data.
        class_names: of the data.
        sample_weight: shape (n,), or None. Examples of weight 0 do not count.

    Raises:
        InvalidArgument: naming the metric, the class or target, and the split.

    Example:
        >>> y = np.ones(9, int)
        >>> check_defined(METRICS["auc"], y, split="test", task="binary", class_names=("no", "yes"))  # doctest: +SKIP
        InvalidArgument: metric must be one that is defined without examples of 'no' in split 'test'. Received: ...
    """
    y = np.asarray(y) if sample_weight is None else np.asarray(y)[np.asarray(sample_weight) > 0]
    if metric.needs == "variance":
        flat = np.flatnonzero(np.ptp(y.reshape(len(y), -1).astype(np.float64), axis=0) == 0)
        if len(flat):
            accepted = f"one that is defined for a target that does not vary: target {flat[0]} in split {split!r}"
            raise InvalidArgument("metric", metric.name, accepted)
    if metric.needs not in ("positives", "both") or task == "regression":
        return
    if task == "multilabel":
        share, lacking = y.mean(axis=0), "{} to label {!r}"
        ways = [("a yes", share == 0), *([("a no", share == 1)] if metric.needs == "both" else [])]
        for answer, missing in ways:
            if missing.any():
                which = lacking.format(answer, class_names[int(np.flatnonzero(missing)[0])])
                raise InvalidArgument("metric", metric.name, f"one that is defined without {which} in split {split!r}")
        return
    present = np.bincount(y, minlength=len(class_names)) > 0
    if task == "binary" and metric.needs == "positives":
        present[0] = True
    if not present.all():
        which = f"examples of {class_names[int(np.flatnonzero(~present)[0])]!r}"
        raise InvalidArgument("metric", metric.name, f"one that is defined without {which} in split {split!r}")


# --- classes ----------------------------------------------------------------------------------------------------------


def _weights(y: Any, sample_weight: Any) -> np.ndarray:
    return np.ones(len(y)) if sample_weight is None else sample_weight


def _decided(y: Any, predicted: Any) -> Any:
    """The predicted classes, or yes-or-no answers, like y."""
    one_of_several = predicted.ndim == 2 and y.ndim == 1
    return predicted.argmax(axis=1) if one_of_several else (predicted > 0.5).astype(y.dtype)


def _one_by_one(y: Any, values: Any) -> Iterator[tuple[Any, Any]]:
    """(truth, values) of one yes-or-no question after another: of a label, or of a class against the others."""
    if values.ndim == 1:
        yield y == 1, values
    else:
        for column in range(values.shape[1]):
            yield (y == column if y.ndim == 1 else y[:, column] == 1), values[:, column]


def _accuracy(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    right = _decided(y, predicted) == y
    return float(np.average(right.reshape(len(y), -1).mean(axis=1), weights=sample_weight))


def _balanced_accuracy(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    w, decided = _weights(y, sample_weight), _decided(y, predicted)
    if y.ndim == 2:
        return float(np.mean([_balanced_accuracy(y[:, k], predicted[:, k], w) for k in range(y.shape[1])]))
    return float(np.mean([np.average(decided[y == label] == label, weights=w[y == label]) for label in np.unique(y)]))


def _by_threshold(truth: Any, predicted: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    """The weights of true and of false examples at each distinct prediction, from the highest down."""
    _, place = np.unique(-predicted, return_inverse=True)
    return np.bincount(place, w * truth), np.bincount(place, w * ~truth)


def _auc(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    w, areas = _weights(y, sample_weight), []
    for truth, values in _one_by_one(y, predicted):
        true, false = _by_threshold(truth, values, w)
        above = np.cumsum(true) - true / 2  # equal predictions count by half
        areas.append((false * above).sum() / (true.sum() * false.sum()))
    return float(np.mean(areas))


def _pr_auc(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    w, areas = _weights(y, sample_weight), []
    for truth, values in _one_by_one(y, predicted):
        true, false = _by_threshold(truth, values, w)
        precision = np.cumsum(true) / np.cumsum(true + false)
        areas.append((true * precision).sum() / true.sum())
    return float(np.mean(areas))


def _counts(y: Any, predicted: Any, sample_weight: Any) -> list[tuple[float, float, float]]:
    """(true yes, false yes, false no) by label or class; a class that is neither there nor predicted is left out."""
    w, decided = _weights(y, sample_weight), _decided(y, predicted)
    if predicted.ndim == 2 and y.ndim == 1:
        pairs = [(y == label, decided == label) for label in np.union1d(y, decided)]
    else:
        pairs = [(truth, values == 1) for truth, values in _one_by_one(y, decided)]
    return [(w[truth & yes].sum(), w[~truth & yes].sum(), w[truth & ~yes].sum()) for truth, yes in pairs]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _precision(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    return float(np.mean([_share(tp, tp + fp) for tp, fp, _ in _counts(y, predicted, sample_weight)]))


def _recall(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    return float(np.mean([_share(tp, tp + fn) for tp, _, fn in _counts(y, predicted, sample_weight)]))


def _f1(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    return float(np.mean([_share(2 * tp, 2 * tp + fp + fn) for tp, fp, fn in _counts(y, predicted, sample_weight)]))


def _log_loss(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    if predicted.ndim == 2 and y.ndim == 1:
        of_truth = predicted[np.arange(len(y)), y]
    else:
        of_truth = np.where(y == 1, predicted, 1 - predicted)
    losses = -np.log(np.clip(of_truth, SMALLEST, 1 - SMALLEST)).reshape(len(y), -1)
    return float(np.average(losses.mean(axis=1), weights=sample_weight))


# --- numbers ----------------------------------------------------------------------------------------------------------


def _errors(y: Any, predicted: Any) -> np.ndarray:
    return (predicted - y.astype(np.float64)).reshape(len(y), -1)


def _root_mean_squared_error(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    return float(np.sqrt(np.average((_errors(y, predicted) ** 2).mean(axis=1), weights=sample_weight)))


def _mean_absolute_error(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    return float(np.average(np.abs(_errors(y, predicted)).mean(axis=1), weights=sample_weight))


def _variances(y: Any, sample_weight: Any) -> np.ndarray:
    targets = y.astype(np.float64).reshape(len(y), -1)
    mean = np.average(targets, axis=0, weights=sample_weight)
    return np.average((targets - mean) ** 2, axis=0, weights=sample_weight)


def _standardized_error(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    squares = np.average(_errors(y, predicted) ** 2, axis=0, weights=sample_weight)
    return float(np.mean(np.sqrt(squares / _variances(y, sample_weight))))


def _r2(y: Any, predicted: Any, sample_weight: Any = None) -> float:
    squares = np.average(_errors(y, predicted) ** 2, axis=0, weights=sample_weight)
    return float(np.mean(1 - squares / _variances(y, sample_weight)))


def _of_classes(name: str, function: Any, summary: str, source: str, **options: Any) -> Metric:
    return Metric(name, function=function, tasks=CLASSES, summary=summary, source=source, **options)


def _of_numbers(name: str, direction: str, function: Any, summary: str, source: str, **options: Any) -> Metric:
    return Metric(name, direction, function, ("regression",), summary=summary, source=source, **options)


METRICS: Lookup[Metric] = Lookup(
    "metric",
    [
        _of_classes(
            ACCURACY.name,
            _accuracy,
            "The share of right answers; of several labels, of the answers to all of them.",
            "scikit-learn's accuracy_score",
        ),
        _of_classes(
            "balanced_accuracy",
            _balanced_accuracy,
            "The mean over the classes of the share that is recognized; .5 for two by chance, 1/k for k.",
            "Brodersen et al. 2010",
        ),
        _of_classes(
            "auc",
            _auc,
            "The area under the ROC curve: how often a yes ranks above a no. Macro: each class against the others.",
            "Fawcett 2006",
            needs="both",
        ),
        _of_classes(
            "pr_auc",
            _pr_auc,
            "The area under precision against recall (average precision); the share of yes by chance. Macro.",
            "Davis and Goadrich 2006",
            needs="positives",
        ),
        _of_classes(
            "f1",
            _f1,
            "The harmonic mean of precision and recall: of the second of two classes, else macro.",
            "van Rijsbergen 1979",
        ),
        _of_classes(
            "precision",
            _precision,
            "The share of the yes answers that are right: of the second of two classes, else macro.",
            "scikit-learn's precision_score",
        ),
        _of_classes(
            "recall",
            _recall,
            "The share of the yes examples that are found: of the second of two classes, else macro.",
            "scikit-learn's recall_score",
        ),
        _of_classes(
            "log_loss",
            _log_loss,
            "The mean negative logarithm of the probability of the truth, without penalties and smoothing.",
            "Good 1952",
            direction="min",
        ),
        _of_numbers(
            ROOT_MEAN_SQUARED_ERROR.name,
            "min",
            _root_mean_squared_error,
            "In the unit of the targets; over all of them. Short: rmse.",
            "Keras' RootMeanSquaredError",
        ),
        _of_numbers(
            STANDARDIZED_ERROR,
            "min",
            _standardized_error,
            "The mean over the targets of root mean squared error / standard deviation: each target counts alike.",
            "Borchani et al. 2015",
            needs="variance",
        ),
        _of_numbers(
            "mean_absolute_error",
            "min",
            _mean_absolute_error,
            "In the unit of the targets; over all of them. Short: mae.",
            "Keras' MeanAbsoluteError",
        ),
        _of_numbers(
            "r2",
            "max",
            _r2,
            "The share of the variance that is explained, averaged over the targets.",
            "scikit-learn's r2_score",
            needs="variance",
        ),
    ],
)
"""The metrics by name; every one suits all tasks of classes, or regression."""
