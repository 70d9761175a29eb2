"""difference, changed: how far answers are from those expected, each output in its own scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.spec import Spec

__all__ = ["ON_GPU", "TOLERANCE", "Scale", "changed", "difference", "difference_of_answers"]

TOLERANCE, ON_GPU = 1e-4, 1e-2
"""Largest difference that counts as none, in standard deviations of the output over the examples. GPUs multiply float32
numbers with 10 bits (TF32), and Keras compiles ``predict`` with XLA there."""

ROUNDING = 1e-5
"""How far rounding may move the logarithm of a probability, as a share of its size plus 1."""

SMALLEST = 1e-30
"""Smaller probabilities count as equal: float32 has few digits left for them."""

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Distance between 1 and the next number of a type."""


class Scale:
    """The scales of the outputs: their standard deviations over examples, of probabilities also on a log scale.

    Args:
        expected: outputs for the examples, shape (n, outputs), of a floating-point type.
        task: of the model.
        tolerance: the largest difference that counts as none, to which the room for rounding comes. Default 1e-4.

    Example:
        >>> scale = Scale(np.array([[1e-5], [3e-5]]), "regression")
        >>> scale.distances(np.array([[1e-5], [4e-5]]), np.array([[1e-5], [3e-5]])).round(6).tolist()
        [[0.0], [1.0]]
    """

    def __init__(self, expected: np.ndarray, task: str, tolerance: float = TOLERANCE):
        self.tolerance = tolerance
        self._probabilities = task != "regression"
        self._epsilon = EPSILON[expected.dtype.name]
        values = expected.astype(np.float64)
        self._deviation = values.std(axis=0)
        self._log_deviation = _log(values).std(axis=0) if self._probabilities else None

    def distances(self, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """The differences in standard deviations, with room for rounding, shape (n, outputs)."""
        actual, expected = actual.astype(np.float64), expected.astype(np.float64)
        rounding = 2 * self._epsilon * np.abs(expected).max(axis=0) + np.finfo(np.float32).tiny
        if self._log_deviation is None:
            return np.abs(actual - expected) / (self._deviation + rounding / self.tolerance)
        rounding = rounding + ROUNDING * expected
        distances = np.abs(actual - expected) / (self._deviation + rounding / self.tolerance)
        logs = _log(expected)
        log_rounding = max(ROUNDING, self._epsilon) * (1 + np.abs(logs))
        log_distances = np.abs(_log(actual) - logs) / (self._log_deviation + log_rounding / self.tolerance)
        return np.maximum(distances, log_distances)  # NaN stays NaN


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, SMALLEST))


def difference(actual: np.ndarray, expected: np.ndarray, scale: Scale) -> tuple[float, int]:
    """The largest difference in standard deviations, infinite for NaN or another shape, and the output it is in.

    Args:
        actual, expected: outputs for the same examples, shape (n, outputs).
        scale: of the outputs.

    Example:
        >>> expected = np.array([[1.0, 1000.0], [2.0, 3000.0]])
        >>> worst, output = difference(expected[:, ::-1], expected, Scale(expected, "regression"))
        >>> worst > 1000, output
        (True, 0)
    """
    if actual.shape != expected.shape:
        return float("inf"), 0
    distances = np.nan_to_num(scale.distances(actual, expected), nan=np.inf)
    return float(distances.max()), int(distances.max(axis=0).argmax())


def changed(actual: np.ndarray, expected: np.ndarray, task: str) -> float:
    """How much a rounded model's answers differ from those of the model, of 1: an accuracy loses at most that.

    Args:
        actual, expected: outputs for the same examples, shape (n, outputs).
        task: of the model.

    Returns:
        Of classes, the share of examples whose class is another one; of several labels, of the label with the largest
        share. Of a regression, the mean squared difference in variances of the output, of the worst output: R^2 loses
        about that. Infinite for NaN or another shape.

    Example:
        >>> changed(np.array([[0.4], [0.9]]), np.array([[0.6], [0.8]]), "binary")
        0.5
    """
    if actual.shape != expected.shape or not np.isfinite(actual.astype(float)).all():
        return float("inf")
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    if task == "multiclass":
        return float(np.mean(actual.argmax(axis=1) != expected.argmax(axis=1)))
    if task != "regression":
        return float(np.mean((actual > 0.5) != (expected > 0.5), axis=0).max())
    squares, variances = np.mean((actual - expected) ** 2, axis=0), expected.var(axis=0)
    return float(np.max(squares / np.where(variances > 0, variances, 1.0)))


def difference_of_answers(
    answers: Sequence[dict[str, Any]], expected: np.ndarray, scale: Scale, spec: Spec
) -> tuple[float, int]:
    """:func:`difference` of the answers of a :class:`~recipes.serving.predictor.Predictor`, whose labels count.

    Args:
        answers: a dictionary for each example.
        expected: outputs for the same examples.
        scale: of the outputs.
        spec: of the data of the trained model.
    """
    if len(answers) != len(expected):
        return float("inf"), 0
    if spec.task == "regression":
        rows = [answer.get("values", [answer.get("value", np.nan)]) for answer in answers]
        return difference(np.array(rows, float), expected, scale)
    names = list(spec.class_names)
    if spec.task == "multilabel":
        rows = [[answer.get("probabilities", {}).get(name, np.nan) for name in names] for answer in answers]
        return difference(np.array(rows, float), expected, scale)
    places = [names.index(answer["class"]) if answer.get("class") in names else -1 for answer in answers]
    if -1 in places:
        return float("inf"), 0
    stated = np.array([answer["probability"] for answer in answers], float)
    single = spec.task == "binary"
    whole = np.concatenate([1 - expected.astype(float), expected], axis=1) if single else expected.astype(float)
    every = np.arange(len(places))
    likeliest, chosen = whole.max(axis=1), whole[every, places]
    if np.any(chosen < likeliest * (1 - scale.tolerance)):  # another class is likelier
        return float("inf"), int(whole[np.argmin(chosen / likeliest)].argmax()) % expected.shape[1]
    actual = expected.astype(float)
    if single:  # 1 - p has lost the digits of a small p
        lost = np.abs(chosen - stated) <= EPSILON["float32"]
        actual[:, 0] = np.where(lost, actual[:, 0], np.where(np.array(places) == 1, stated, 1 - stated))
    else:
        actual[every, places] = stated
    return difference(actual, expected, scale)
