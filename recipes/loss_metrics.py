"""metrics_for: the metrics that suit a loss."""

from __future__ import annotations

import functools
from typing import Any

import keras

from .metric import ACCURACY
from .model_output import Output

__all__ = ["binary_accuracy", "errors", "metrics_for", "sparse_accuracy"]

BINARY = {"BinaryCrossentropy", "BinaryFocalCrossentropy", "binary_crossentropy", "binary_focal_crossentropy"}
SPARSE = {"SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"}
CATEGORICAL = {
    *("CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge"),
    *("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge"),
}
BY_LABELS = {"SmoothedCrossentropy"}
"""Losses that take integer and one-hot labels."""
REGRESSION = {
    *("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError"),
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"),
    *("Huber", "huber", "LogCosh", "log_cosh", "Poisson", "poisson", "ScaledSquaredError"),
}


def binary_accuracy(threshold: float = 0.5) -> keras.metrics.Metric:
    """The share of all yes-or-no answers that are right: yes above the threshold."""
    return keras.metrics.BinaryAccuracy(name=ACCURACY.name, threshold=threshold)


def sparse_accuracy() -> keras.metrics.Metric:
    """The share of the integer labels that have the largest output."""
    return keras.metrics.SparseCategoricalAccuracy(name=ACCURACY.name)


def errors(dtype: str = "float32") -> list[Any]:
    """The root mean squared and the mean absolute error, computed in this type."""
    return [keras.metrics.RootMeanSquaredError(dtype=dtype), keras.metrics.MeanAbsoluteError(dtype=dtype)]


def metrics_for(loss: Any, output: Output) -> list[Any]:
    """New metrics that suit a loss, for ``keras.Model.compile``.

    Args:
        loss: anything that ``compile`` takes for one output.
        output: of the model. With a binary loss of logits (``from_logits=True``) the threshold is 0 instead of 0.5. For
            a loss that is not from Keras, the output alone decides; numbers then get no metrics.

    Example:
        >>> loss = keras.losses.BinaryCrossentropy(from_logits=True)
        >>> [metric.threshold for metric in metrics_for(loss, Output("numbers", "linear"))]
        [0.0]
    """
    if loss is None:
        return []
    if isinstance(loss, str) and loss.lower() in ("crossentropy", "ce"):  # whose labels choose, as do the metric's
        return [ACCURACY.name]
    names, from_logits = _names(loss)
    if names & REGRESSION:
        return errors(output.dtype)
    if names & SPARSE:
        return [sparse_accuracy()]
    if names & CATEGORICAL:
        return [keras.metrics.CategoricalAccuracy(name=ACCURACY.name)]
    if names & BY_LABELS or (output.kind == "softmax" and not names & BINARY):
        return [ACCURACY.name]  # of several outputs: sparse or categorical, as the labels are
    if names & BINARY:  # Keras takes the logits of a sigmoid by itself
        return [binary_accuracy(0.0 if from_logits and output.kind != "sigmoid" else 0.5)]
    return [binary_accuracy()] if output.kind == "sigmoid" else []


def _names(loss: Any) -> tuple[set[str], bool]:
    """The names of the loss's classes, or of its function where that is Keras', and whether it takes logits."""
    loss = keras.losses.get(loss)
    options: dict[str, Any] = {}
    while isinstance(loss, functools.partial):
        loss, options = loss.func, {**loss.keywords, **options}
    if isinstance(loss, keras.losses.Loss):
        try:
            options = loss.get_config()
        except NotImplementedError:
            options = vars(loss)
        names = {base.__name__ for base in type(loss).__mro__}
    else:
        name = getattr(loss, "__name__", "")
        names = {name} if getattr(keras.losses, name, None) is loss else set()
    return names, bool(options.get("from_logits", False))
