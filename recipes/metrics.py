"""METRICS: the scores of predictions by name, exact over all examples of a split."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks.checks import InvalidArgument
from .catalogue import Lookup
from .jackknife import jackknifed
from .metric import ACCURACY, ROOT_MEAN_SQUARED_ERROR, Metric, metric_of
from .metric_functions import (
    accuracy,
    auc,
    balanced_accuracy,
    f1,
    log_loss,
    mean_absolute_error,
    pr_auc,
    precision,
    r2,
    recall,
    root_mean_squared_error,
    standardized_error,
)
from .metric_influences import INFLUENCES
from .own_metrics import OfKeras, own_metric

if TYPE_CHECKING:
    from .data.spec import Spec

__all__ = [
    "METRICS",
    "as_functions_take",
    "check_defined",
    "contributions",
    "find_metric",
    "is_own",
    "listed_metrics",
    "metric_for",
    "metric_from",
    "metric_named",
    "score",
]

STANDARDIZED_ERROR = "standardized_error"

CLASSES = ("binary", "multiclass", "multilabel")

SHORT = {"mae": "mean_absolute_error", "rmse": ROOT_MEAN_SQUARED_ERROR.name}
"""Short names -> names."""


def metric_named(name: str) -> Metric:
    """The metric of a name, short or not.

    Raises:
        UnknownName: for an unknown one, with the nearest one.

    Example:
        >>> metric_named("mae").name
        'mean_absolute_error'
    """
    return METRICS[SHORT.get(name, name) if isinstance(name, str) else name]


def metric_from(value: Any) -> Metric:
    """The metric of a name, a Keras metric or a function; a :class:`recipes.metric.Metric` itself.

    A Keras metric whose name one of this package has is called "keras_auc", "keras_precision", ...

    Raises:
        InvalidArgument: for an unknown name, with the nearest one; for a function whose name another metric has; as
            :func:`recipes.own_metrics.own_metric`.

    Example:
        >>> metric_from(keras.metrics.AUC()).name, metric_from("mae").name
        ('keras_auc', 'mean_absolute_error')
    """
    if isinstance(value, Metric):
        same = METRICS.get(value.name, value)
        if value.function is not None and value.function is not same.function:
            accepted = f"one with another name: {value.name!r} is a metric already"
            raise InvalidArgument("metric", value.name, accepted)
        return same
    if isinstance(value, str) or not callable(value):
        return metric_named(value)
    for metric in METRICS.values():
        if value in (metric.function, getattr(metric.function, "made_by", None)):
            return metric
    metric = own_metric(value)
    if metric.name not in METRICS:
        return metric
    if isinstance(metric.function, OfKeras):
        return dataclasses.replace(metric, name=f"keras_{metric.name}")
    accepted = 'registered by another name than that of a metric that exists: recipes.register("metric", NAME, ...)'
    raise InvalidArgument("metric", metric.name, accepted)


def is_own(metric: Metric) -> bool:
    """Whether a metric does not come with this package."""
    return metric.name not in METRICS or metric.name in METRICS.added


def listed_metrics(value: Any) -> tuple[Metric, ...]:
    """The metrics of a name or several joined by commas, of anything that :func:`metric_from` takes, or of a sequence.

    Raises:
        InvalidArgument: as :func:`metric_from`, and for two of the same name.

    Example:
        >>> [metric.name for metric in listed_metrics("auc, f1")]
        ['auc', 'f1']
    """
    if isinstance(value, str):
        value = [name.strip() for name in value.split(",")]
    metrics = tuple(map(metric_from, value)) if isinstance(value, (list, tuple)) else (metric_from(value),)
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names) or not names:
        raise InvalidArgument("metric", names, "one metric, or several of different names, of which the first decides")
    return metrics


def find_metric(metric: Any, task: str) -> Metric:
    """The metric of a name, or the metric itself, if it suits the task.

    Args:
        metric: a name of :data:`METRICS`, "rmse" or "mae"; or anything else that :func:`metric_from` takes.
        task: of the data: "binary", "multiclass", "multilabel" or "regression".

    Raises:
        InvalidArgument: for an unknown name, with the nearest one, and for a metric of other tasks.

    Example:
        >>> find_metric("rmse", "regression").name
        'root_mean_squared_error'
    """
    found = metric_from(metric)
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
        y: the targets: see :mod:`recipes.metric_functions`.
        predicted: what the model predicts for them, of shape (n, outputs).
        sample_weight: shape (n,), >= 0; None for 1 each. Examples of weight 0 are left out.

    Example:
        >>> score(METRICS["balanced_accuracy"], np.array([0, 0, 0, 1]), np.array([[0.1], [0.2], [0.9], [0.8]]))
        0.8333333333333333
    """
    y, predicted = as_functions_take(y, predicted)
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight, np.float64)
        kept = sample_weight > 0
        y, predicted, sample_weight = y[kept], predicted[kept], sample_weight[kept]
    if not np.isfinite(predicted).all() or metric.function is None:
        return float("nan")
    return float(metric.function(y, predicted, sample_weight))


def as_functions_take(y: Any, predicted: Any) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and predictions in float64, in the shapes that :mod:`recipes.metric_functions` take."""
    y, predicted = np.asarray(y), np.asarray(predicted, np.float64)
    return y, predicted[:, 0] if y.ndim == 1 and predicted.ndim == 2 and predicted.shape[1] == 1 else predicted


def contributions(metric: Metric, y: Any, predicted: Any, sample_weight: Any = None) -> np.ndarray:
    """What each example contributes to a score: their mean is the score, and their spread its noise.

    For accuracy that is 1 for a right answer and 0 for a wrong one; for a score that is no mean over the examples, such
    as the AUC, the score plus the example's influence, to first order (:mod:`recipes.metric_influences`). Of a metric
    of one's own the influences are those of groups of examples (:func:`recipes.jackknife.jackknifed`).

    Args:
        metric: with a function.
        y, predicted, sample_weight: as for :func:`score`.

    Returns:
        Shape (n,), float64; all NaN if a prediction is not finite.

    Example:
        >>> contributions(METRICS["accuracy"], np.array([0, 1]), np.array([[0.1], [0.2]]))
        array([1., 0.])
    """
    y, predicted = as_functions_take(y, predicted)
    w = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    influences = INFLUENCES.get(metric.name)
    if influences is not None:
        metric = METRICS[metric.name]
    values = np.full(len(y), score(metric, y, predicted, sample_weight))
    if np.isfinite(values).all():
        kept = w > 0
        of_kept = y[kept], predicted[kept], w[kept]
        if influences is not None:
            values[kept] += len(y) * w[kept] * influences(*of_kept)
        else:
            values[kept] += len(y) * jackknifed(metric, *of_kept, weighted=sample_weight is not None)
    return values


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
    lacking = _lacking(metric.needs, y, task, class_names)
    if lacking is not None:
        raise InvalidArgument("metric", metric.name, f"one that is defined {lacking} in split {split!r}")


def _lacking(needs: str, y: np.ndarray, task: str, class_names: Sequence[str]) -> str | None:
    """What the targets lack of what a metric needs, in words; None if nothing."""
    if needs == "variance":
        constant = np.flatnonzero(np.ptp(y.reshape(len(y), -1).astype(np.float64), axis=0) == 0)
        return f"for a target that does not vary: target {constant[0]}" if len(constant) else None
    if not needs:
        return None
    if task == "multilabel":
        for answer, value in (("yes", 1), ("no", 0))[: 2 if needs == "both" else 1]:
            absent = np.flatnonzero((y != value).all(axis=0))
            if len(absent):
                return f"without a {answer} to label {class_names[absent[0]]!r}"
        return None
    absent = np.flatnonzero(np.bincount(y, minlength=len(class_names)) == 0)
    if task == "binary" and needs == "positives":
        absent = absent[absent == 1]
    return f"without examples of {class_names[absent[0]]!r}" if len(absent) else None


def _of_classes(name: str, function: Any, summary: str, source: str, **options: Any) -> Metric:
    bounds = (0.0, 1.0 if options.get("direction", "max") == "max" else math.inf)
    return Metric(name, function=function, tasks=CLASSES, summary=summary, source=source, bounds=bounds, **options)


def _of_numbers(name: str, direction: str, function: Any, summary: str, source: str, **options: Any) -> Metric:
    bounds = (-math.inf, 1.0) if direction == "max" else (0.0, math.inf)
    return Metric(name, direction, function, ("regression",), summary=summary, source=source, bounds=bounds, **options)


METRICS: Lookup[Metric] = Lookup(
    "metric",
    [
        _of_classes(
            ACCURACY.name,
            accuracy,
            "The share of right answers; of several labels, of the answers to all of them.",
            "scikit-learn's accuracy_score",
            when="For classes of similar size and mistakes of similar cost: the default. Not for rare "
            "classes: never naming them scores well.",
        ),
        _of_classes(
            "balanced_accuracy",
            balanced_accuracy,
            "The mean over the classes of the share that is recognized; .5 for two by chance, 1/k for k.",
            "Brodersen et al. 2010",
            when="Where a rare class counts as much as a common one. Not where mistakes count by how often "
            "they happen.",
        ),
        _of_classes(
            "auc",
            auc,
            "The area under the ROC curve: how often a yes ranks above a no. Macro: each class against the others.",
            "Fawcett 2006",
            needs="both",
            when="For ranking, before a threshold is chosen. Not for very rare yes, where many false alarms "
            "hardly lower it: pr_auc.",
        ),
        _of_classes(
            "pr_auc",
            pr_auc,
            "The area under precision against recall (average precision); the share of yes by chance. Macro.",
            "Davis and Goadrich 2006",
            needs="positives",
            when="For a rare yes: fraud, disease, retrieval. Not to compare data that differ in the share of "
            "yes, on which it depends.",
        ),
        _of_classes(
            "f1",
            f1,
            "The harmonic mean of precision and recall: of the second of two classes, else macro.",
            "van Rijsbergen 1979",
            when="Where misses and false alarms of one class both count, at the threshold of 0.5. Not where a "
            "right no counts, too.",
        ),
        _of_classes(
            "precision",
            precision,
            "The share of the yes answers that are right: of the second of two classes, else macro.",
            "scikit-learn's precision_score",
            when="Where a false alarm is expensive. Not alone: a single sure and right yes has a precision of 1.",
        ),
        _of_classes(
            "recall",
            recall,
            "The share of the yes examples that are found: of the second of two classes, else macro.",
            "scikit-learn's recall_score",
            when="Where a miss is expensive, as in screening. Not alone: always yes has a recall of 1.",
        ),
        _of_classes(
            "log_loss",
            log_loss,
            "The mean negative logarithm of the probability of the truth, without penalties and smoothing.",
            "Good 1952",
            direction="min",
            when="Where probabilities are used: costs, thresholds, combining. Not where only answers count: a "
            "single sure mistake outweighs many right ones.",
        ),
        _of_numbers(
            ROOT_MEAN_SQUARED_ERROR.name,
            "min",
            root_mean_squared_error,
            "In the unit of the targets; over all of them. Short: rmse.",
            "Keras' RootMeanSquaredError",
            when="For numbers, where large errors count more than in proportion: the default. Not for heavy "
            "outliers, which alone decide it.",
        ),
        _of_numbers(
            STANDARDIZED_ERROR,
            "min",
            standardized_error,
            "The mean over the targets of root mean squared error / standard deviation: each target counts alike.",
            "Borchani et al. 2015",
            needs="variance",
            when="For several targets in different units. For a single one root_mean_squared_error is easier to read.",
        ),
        _of_numbers(
            "mean_absolute_error",
            "min",
            mean_absolute_error,
            "In the unit of the targets; over all of them. Short: mae.",
            "Keras' MeanAbsoluteError",
            when="Where the cost of an error grows in proportion to it: money, minutes. Not where a rare "
            "large error is the harm.",
        ),
        _of_numbers(
            "r2",
            "max",
            r2,
            "The share of the variance that is explained, averaged over the targets.",
            "scikit-learn's r2_score",
            needs="variance",
            when="To say how much better than their mean a model predicts the targets. Not to compare data: "
            "it depends on how far the targets vary.",
        ),
    ],
)
"""The metrics by name; every one suits all tasks of classes, or regression."""
