"""Scores of a model on a whole split, from its predictions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument
from .answers import as_answers
from .evaluation import predict
from .metric import Metric
from .metrics import check_defined, is_own, score

if TYPE_CHECKING:
    from .data import Data

__all__ = ["BASE_RATE", "EpochScores", "base_rate", "check_scorable", "predictions", "score_of"]

BASE_RATE = "base_rate"
"""The name of the accuracy of always answering what is most frequent, among scores."""


def predictions(model: keras.Model, data: Data, split: str) -> np.ndarray:
    """What a model predicts for all examples of a split, in their order: numbers (n, outputs).

    Example:
        >>> predictions(run.model, data, "test").shape                     # doctest: +SKIP
        (359, 10)
    """
    return np.concatenate([as_answers(model, batch, data.spec.task) for batch in predict(model, data, split)])


def score_of(model: keras.Model, data: Data, split: str, metric: Metric) -> float:
    """The score of a model on a split, with the data's sample weights if they have any."""
    return score(metric, data.arrays(split)[1], predictions(model, data, split), data.sample_weight(split))


def check_scorable(data: Data, metrics: Iterable[Metric], *splits: str) -> None:
    """Raises if the examples of a split leave a metric without a value: see :func:`recipes.metrics.check_defined`.

    A metric of one's own is tried with random predictions.

    Raises:
        InvalidArgument: also for one that does not take them, or not the weights that the data have.
    """
    spec = data.spec
    for metric in metrics:
        for split in splits:
            options: dict[str, Any] = {"class_names": spec.class_names, "sample_weight": data.sample_weight(split)}
            check_defined(metric, data.arrays(split)[1], split=split, task=spec.task, **options)
            if is_own(metric):
                _try(metric, data, split)


def base_rate(data: Data, split: str, *, weighted: bool = True) -> float | None:
    """The accuracy on a split of always answering what is most frequent in the training split; None for numbers.

    Of several labels, of the more frequent answer to each.

    Example:
        >>> round(base_rate(recipes.load("breast_cancer"), "test"), 3)
        0.632
    """
    spec, y = data.spec, data.arrays(split)[1]
    if spec.task == "regression":
        return None
    shares = np.asarray(spec.class_shares)
    answers = (shares > 0.5).astype(y.dtype) if spec.task == "multilabel" else shares.argmax()
    right = (y == answers).reshape(len(y), -1).mean(axis=1)
    return float(np.average(right, weights=data.sample_weight(split) if weighted else None))


def _try(metric: Metric, data: Data, split: str) -> None:
    """Raises if a metric of one's own has no finite score of random predictions."""
    y, weight, task, random = data.arrays(split)[1], data.sample_weight(split), data.spec.task, np.random.default_rng(0)
    if weight is not None and not getattr(metric.function, "weighted", True):
        raise InvalidArgument("metric", metric.name, "one that takes sample_weight, since the data have weights")
    if task == "regression":
        predicted = random.permutation(y) + random.normal(size=y.shape)
    elif task == "multiclass":
        predicted = random.dirichlet(np.ones(data.spec.outputs), len(y))
    else:
        predicted = random.random(y.shape)
    shapes = f"y of shape {y.shape} and predictions of shape {predicted.shape}, {_NUMBERS[task]}"
    try:
        value = score(metric, y, predicted, weight)
    except InvalidArgument:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise InvalidArgument("metric", metric.name, f"one that takes {shapes} ({reason})") from None
    if not np.isfinite(value):
        raise InvalidArgument("metric", metric.name, f"one that is finite for {shapes}, not {value}")


_NUMBERS = {"regression": "numbers", "multiclass": "probabilities", "binary": "probabilities of the second class"}
_NUMBERS["multilabel"] = "probabilities of yes"


class EpochScores(keras.callbacks.Callback):
    """Adds the score on the validation split to the logs of each epoch, as "val_" and the metric's name.

    Callbacks after it, and the history, have it; so it comes first.

    Args:
        data: whose validation split is predicted.
        metric: with a function.
    """

    def __init__(self, data: Data, metric: Metric):
        super().__init__()
        self._data, self._metric = data, metric

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs[f"val_{self._metric.name}"] = score_of(self.model, self._data, "validation", self._metric)
