"""own_metric: Keras' metrics, and functions of one's own, as metrics of whole splits."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_signature
from .metric import Metric

__all__ = ["OfFunction", "OfKeras", "own_metric"]

HIGHER = {
    *("AUC", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "TopKCategoricalAccuracy"),
    *("SparseTopKCategoricalAccuracy", "F1Score", "FBetaScore", "Precision", "Recall", "PrecisionAtRecall"),
    *("RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity", "TruePositives", "TrueNegatives"),
    *("IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "CosineSimilarity", "R2Score"),
    *("PearsonCorrelation", "ConcordanceCorrelation"),
}
"""Keras' metrics of which more is better."""
LOWER = {
    *("BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "KLDivergence", "Poisson"),
    *("MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError"),
    *("RootMeanSquaredError", "LogCoshError", "Hinge", "SquaredHinge", "CategoricalHinge"),
    *("FalsePositives", "FalseNegatives"),
}
"""Keras' metrics of which less is better."""

BY_LABELS = ("Sparse", "Mean", "Sum", "Metric", "IoU", "MeanIoU")
"""Keras' metrics of several classes that take integer labels, as ``fit`` gives them; the others take one-hot labels."""

TASKS = {
    "Sparse": ("multiclass",),
    "Categorical": ("multiclass",),
    "TopK": ("multiclass",),
    "OneHot": ("multiclass",),
    "Binary": ("binary", "multilabel"),
}
"""Beginnings of the names of Keras' metrics -> the tasks that they suit; others suit any."""

RESERVED = ("loss", "score", "base_rate")
"""Names that tables have for something else."""


class OfFunction:
    """A function of targets, predictions and perhaps ``sample_weight``, called as a :class:`recipes.metric.Metric`'s.

    Attributes:
        made_by: the function.
        weighted: whether it takes weights.
    """

    options = None

    def __init__(self, made_by: Callable[..., Any]):
        self.made_by = made_by
        self.weighted = "sample_weight" in check_signature("metric", made_by).parameters

    def __call__(self, y: Any, predicted: Any, sample_weight: Any) -> float:
        weights = {"sample_weight": sample_weight} if self.weighted and sample_weight is not None else {}
        return _number(self.made_by, self.made_by(y, predicted, **weights))


class OfKeras:
    """A metric of Keras, or a subclass of one's own, evaluated on all examples at once.

    Attributes:
        made_by: its class.
        options: its ``get_config()``.
        weighted: True.
    """

    weighted = True

    def __init__(self, made_by: type[keras.metrics.Metric], options: Mapping[str, Any]):
        self.made_by, self.options = made_by, dict(options)

    def __reduce__(self) -> Any:
        return OfKeras, (self.made_by, self.options)  # without the variables of the metric

    @functools.cached_property
    def _metric(self) -> keras.metrics.Metric:
        exact = {"dtype": self._dtype} if _is_of_keras(self.made_by) else {}
        return self.made_by.from_config({**self.options, **exact})

    @property
    def _dtype(self) -> str:
        return "float32" if "TopK" in self.made_by.__name__ else "float64"  # as TensorFlow's in_top_k needs

    def __call__(self, y: Any, predicted: Any, sample_weight: Any) -> float:
        if predicted.ndim == 1:
            y, predicted = y.reshape(-1, 1), predicted.reshape(-1, 1)
        elif y.ndim == 1 and self._takes_one_hot:
            y = np.eye(predicted.shape[1])[y]
        self._metric.reset_state()
        predicted = predicted.astype(self._dtype)
        self._metric.update_state(y, predicted, sample_weight=sample_weight)
        return _number(self.made_by, keras.ops.convert_to_numpy(self._metric.result()))

    @property
    def _takes_one_hot(self) -> bool:
        family = _family(self.made_by)
        return not (family in BY_LABELS or family.startswith("Sparse") or family == "MeanMetricWrapper")


def own_metric(value: Any, *, name: str | None = None, direction: str | None = None) -> Metric:
    """The metric that a Keras metric or a function makes.

    Args:
        value: a :class:`keras.metrics.Metric`, its class, or a function of y and predictions, as
            :mod:`recipes.metric_functions` take them, and perhaps ``sample_weight``, to a number.
        name: in tables. Default: that of the object or function, in lower case.
        direction: "max" or "min". Default: that of the Keras metric.

    Raises:
        InvalidArgument: for anything else, and for a direction that is not known.

    Example:
        >>> own_metric(keras.metrics.FBetaScore(beta=0.5, average="macro")).direction
        'max'
    """
    if isinstance(value, type) and issubclass(value, keras.metrics.Metric):
        try:
            value = value()
        except (TypeError, NotImplementedError) as error:
            raise InvalidArgument("metric", value.__name__, f"an object, with its arguments ({error})") from None
    if isinstance(value, keras.metrics.Metric):
        family = _family(type(value))
        known = "max" if family in HIGHER else "min" if family in LOWER else None
        tasks: tuple[str, ...] = next((tasks for begin, tasks in TASKS.items() if family.startswith(begin)), ())
        if family == "Accuracy":
            accepted = 'the name "accuracy": Keras\' Accuracy compares probabilities with labels for equality'
            raise InvalidArgument("metric", family, accepted)
        function: Any = OfKeras(type(value), _config(value))
        name = _named(value) if name is None else name
    elif callable(value) and not isinstance(value, (type, str)):
        known, tasks, function = None, (), OfFunction(value)
        name = getattr(value, "__name__", type(value).__name__) if name is None else name
    else:
        accepted = "a name, see `recipes list metrics`; a keras.metrics.Metric; or a function of y and predictions"
        raise InvalidArgument("metric", value, accepted)
    chosen = known if direction is None else direction
    if chosen is None:
        word = name if name.isidentifier() else "NAME"
        accepted = f'registered with its direction: recipes.register("metric", "{word}", ..., direction="max") or "min"'
        raise InvalidArgument("metric", name, accepted)
    if not re.fullmatch(r"[a-z][a-z0-9_]{,99}", name) or name in RESERVED:
        accepted = "of at most 100 lower-case letters, digits and underscores, not " + ", ".join(RESERVED)
        raise InvalidArgument("name", name, accepted)
    return Metric(name, chosen, function, tasks, summary=(inspect.getdoc(value) or "").partition("\n")[0])


def _family(kind: type) -> str:
    """The name of the first of Keras' classes among those that a metric's class is derived from."""
    return next(base.__name__ for base in kind.__mro__ if _is_of_keras(base))


def _is_of_keras(kind: type) -> bool:
    return kind.__module__.startswith("keras.")


def _named(metric: keras.metrics.Metric) -> str:
    """Its name, without the number that Keras gives to further ones of a class: "auc" of "auc_3"."""
    name = re.sub(r"_\d+$", "", metric.name)
    return name if name.replace("_", "") == type(metric).__name__.lower() else str(metric.name)


def _config(metric: keras.metrics.Metric) -> dict[str, Any]:
    """Its configuration, from which it can be made again."""
    try:
        config = metric.get_config()
        type(metric).from_config(config)
    except Exception as error:
        accepted = f"one that can be made again from its get_config() ({' '.join(str(error).split())[:200]})"
        raise InvalidArgument("metric", metric.name, accepted) from None
    return config


def _number(made_by: Any, value: Any) -> float:
    value = np.asarray(value)
    if value.size != 1 or value.dtype.kind not in "fiub":
        name = getattr(made_by, "__name__", type(made_by).__name__)
        accepted = 'one that gives one number, such as one with average="macro"'
        raise InvalidArgument("metric", f"{name}: {value.dtype} of shape {value.shape}", accepted)
    return float(value.reshape(()))
