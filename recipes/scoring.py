"""Scores of a model on a whole split, from its predictions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .answers import as_answers
from .data.batching import in_order
from .metric import Metric
from .metrics import check_defined, score

if TYPE_CHECKING:
    from .data import Data

__all__ = ["EpochScores", "check_scorable", "predictions", "score_of"]


def predictions(model: keras.Model, data: Data, split: str) -> np.ndarray:
    """What a model predicts for all examples of a split, in their order: numbers (n, outputs).

    Example:
        >>> predictions(run.model, data, "test").shape                     # doctest: +SKIP
        (359, 10)
    """
    batches = in_order(*data.on_device(split), data.evaluation_batch_size)
    answers = [as_answers(model, model.predict_on_batch(x), data.spec.task) for x, _ in batches]
    return np.concatenate(answers)


def score_of(model: keras.Model, data: Data, split: str, metric: Metric) -> float:
    """The score of a model on a split, with the data's sample weights if they have any."""
    return score(metric, data.arrays(split)[1], predictions(model, data, split), data.sample_weight(split))


def check_scorable(data: Data, metrics: Iterable[Metric], *splits: str) -> None:
    """Raises if the examples of a split leave a metric without a value: see :func:`recipes.metrics.check_defined`."""
    spec = data.spec
    for metric in metrics:
        for split in splits:
            options: dict[str, Any] = {"class_names": spec.class_names, "sample_weight": data.sample_weight(split)}
            check_defined(metric, data.arrays(split)[1], split=split, task=spec.task, **options)


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
