"""accuracy_of_logits: the accuracy of training batches without the softmax, which often takes longer than the step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import keras

from ...callbacks.inside.layers import logits_of, replaced_method
from ...callbacks.inside.reachable import Reachable

__all__ = ["accuracy_of_logits"]

BY_LARGEST = (keras.metrics.SparseCategoricalAccuracy, keras.metrics.CategoricalAccuracy)
"""Metrics that ask only which output is the largest."""


def accuracy_of_logits(model: keras.Model) -> contextlib.AbstractContextManager[Any]:
    """A context in which a model's metrics get the logits of its last softmax, if which is the largest is all they ask.

    The losses of Keras take the logits anyway, so that the softmax is computed for the accuracy alone; and TensorFlow's
    on a CPU, oneDNN's, takes 60 microseconds however small the batch is, as long as all else in a step of two layers of
    300 and 100 units. The largest logit is that of the largest probability, but for logits so close that their
    probabilities round to the same number.

    Args:
        model: a built and compiled model whose metrics have their variables.
    """
    metrics = {id(metric): metric for metric in Reachable(model).metrics.values()}.values()
    if not all(type(metric) in BY_LARGEST or type(metric) is keras.metrics.Mean for metric in metrics):
        return contextlib.nullcontext()
    return replaced_method(model, "compute_metrics", _with_logits)


def _with_logits(compute: Callable[..., Any]) -> Callable[..., Any]:
    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        logits = logits_of(y_pred) if getattr(y_pred.op, "type", None) == "Softmax" else None
        return compute(x, y, y_pred if logits is None else logits, sample_weight)

    return compute_metrics
