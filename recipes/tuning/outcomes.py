"""Outcomes: the answers of one training to each test example, kept in a file beside the records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..metric import Metric
from ..metric_functions import decide, errors, log_losses
from ..metrics import as_functions_take, contributions
from .archives import archive_file, read_archive, write_archive
from .search_files import OUTCOMES

__all__ = ["Outcomes", "outcomes_file", "outcomes_of", "read_outcomes", "write_outcomes"]

LARGEST = 2**32
"""The most bytes of the arrays of a training."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One training's outcome for each of the n test examples, in the order of the test split.

    Args:
        contribution: to the score of the search's metric: shape (n,), float32. Their mean is the score; see
            :func:`recipes.metrics.contributions`.
        right: whether the answer was right, shape (n,), or (n, labels) for several labels; None for regression.
        loss: shape (n,): of classes the negative logarithm of the probability of the truth, float16; of regression the
            squared error, the mean over the targets, float32.
        answer: what the model said: of one of several classes its number, the smallest unsigned integers; of regression
            the values, float32, of the targets' shape. None for yes-or-no answers, which follow from ``right``, and for
            outcomes of earlier versions.
    """

    contribution: np.ndarray
    right: np.ndarray | None
    loss: np.ndarray
    answer: np.ndarray | None = None

    def __post_init__(self) -> None:
        examples = len(self.contribution)
        if self.contribution.ndim != 1 or self.loss.shape != (examples,):
            accepted = f"of shape ({examples},), one number per example"
            raise InvalidArgument("loss", self.loss.shape, accepted)
        if self.right is not None and (len(self.right) != examples or self.right.dtype != bool):
            raise InvalidArgument("right", self.right.shape, f"true or false for each of {examples} examples")
        if self.answer is not None and len(self.answer) != examples:
            raise InvalidArgument("answer", self.answer.shape, f"an answer for each of {examples} examples")


def outcomes_of(metric: Metric, task: str, y: Any, predicted: Any, sample_weight: Any = None) -> Outcomes:
    """The outcomes of some predictions.

    Args:
        metric: the metric of the search.
        task: of the data: "binary", "multiclass", "multilabel" or "regression".
        y, predicted, sample_weight: the test split's, as for :func:`recipes.metrics.score`.

    Example:
        >>> from recipes.metrics import find_metric
        >>> accuracy = find_metric("accuracy", "binary")
        >>> outcomes_of(accuracy, "binary", np.array([0, 1]), np.array([[0.25], [0.25]])).right
        array([ True, False])
    """
    contribution = contributions(metric, y, predicted, sample_weight).astype(np.float32)
    y, predicted = as_functions_take(y, predicted)
    if task == "regression":
        loss = (errors(y, predicted) ** 2).mean(axis=1).astype(np.float32)
        return Outcomes(contribution, None, loss, np.asarray(predicted, np.float32).reshape(y.shape))
    decided, loss = decide(y, predicted), log_losses(y, predicted).astype(np.float16)
    of_several = decided.astype(np.min_scalar_type(predicted.shape[-1] - 1)) if task == "multiclass" else None
    return Outcomes(contribution, decided == y, loss, of_several)


def outcomes_file(directory: str | os.PathLike[str], key: str) -> Path:
    """The file for the outcomes of a training, by its key in the ledger."""
    return archive_file(directory, OUTCOMES, key)


def write_outcomes(directory: str | os.PathLike[str], key: str, outcomes: Outcomes) -> None:
    """Writes the outcomes of a training atomically, with eight right or wrong answers a byte."""
    arrays: dict[str, Any] = {"contribution": outcomes.contribution, "loss": outcomes.loss}
    if outcomes.right is not None:
        arrays |= {"right": np.packbits(outcomes.right), "shape": np.array(outcomes.right.shape)}
    if outcomes.answer is not None:
        arrays["answer"] = outcomes.answer
    write_archive(outcomes_file(directory, key), arrays, compressed=True)


def read_outcomes(directory: str | os.PathLike[str], key: str) -> Outcomes | None:
    """The outcomes of a training; None if there are none, as of trainings of earlier versions.

    Raises:
        InvalidArgument: for a file that cannot be read.
    """
    return read_archive(outcomes_file(directory, key), _outcomes, most=LARGEST)


def _outcomes(file: dict[str, np.ndarray]) -> Outcomes:
    right = None
    if "right" in file:
        shape = tuple(int(size) for size in file["shape"])
        right = np.unpackbits(file["right"], count=int(np.prod(shape))).reshape(shape).astype(bool)
    return Outcomes(file["contribution"], right, file["loss"], file.get("answer"))
