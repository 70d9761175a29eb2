"""Focal, MulticlassHinge: losses of class probabilities and integer labels that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ..callbacks.checks import check_number

__all__ = ["Focal", "MulticlassHinge"]

LEAST = 1e-37
"""Probabilities count as at least this in a logarithm: nearly the smallest number of single precision."""


@keras.saving.register_keras_serializable(package="recipes")
class Focal(keras.losses.Loss):
    """The cross-entropy with a factor (1 - p)^gamma, p the probability of the right answer.

    Examples that are nearly right count little, so the rare and the hard ones decide. It is Keras'
    ``CategoricalFocalCrossentropy`` with ``alpha=1`` and ``BinaryFocalCrossentropy`` in one, for every kind of classes:
    with gamma 0 it is the cross-entropy. Its weights of classes, the paper's alpha, are the recipe's ``class_weight``.

    Args:
        gamma: >= 0. Default 2.
        name, reduction, dtype: as for ``keras.losses.Loss``.

    Shapes: labels (batch,) or (batch, 1) of integers and probabilities (batch, classes); or answers of 0 and 1 and
    their probabilities, both (batch, answers).

    Raises:
        InvalidArgument: for a negative gamma.

    Source: Lin et al. 2017, arXiv:1708.02002, equation 4.

    Example:
        >>> loss = Focal(gamma=2.0)
        >>> round(float(loss(ops.array([0]), ops.array([[0.5, 0.25, 0.25]]))), 4)  # log 2 / 4
        0.1733
    """

    def __init__(
        self, gamma: float = 2.0, name: str = "focal", reduction: str = "sum_over_batch_size", dtype: Any = None
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma = check_number("gamma", gamma, low=0)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        y_pred = ops.convert_to_tensor(y_pred)
        if y_pred.shape[-1] > 1 and _integers(y_true, y_pred):
            losses = -_log_probabilities(y_true, y_pred)
            factor = 1.0 - ops.exp(-losses)
        else:
            y_true = ops.cast(ops.reshape(y_true, ops.shape(y_pred)), y_pred.dtype)
            losses = ops.binary_crossentropy(y_true, y_pred)
            factor = y_true * (1.0 - y_pred) + (1.0 - y_true) * y_pred
        if self.gamma:
            losses = losses * ops.power(ops.maximum(factor, 1e-7), self.gamma)
        return losses if len(losses.shape) == 1 else ops.mean(losses, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss."""
        return {**super().get_config(), "gamma": self.gamma}


@keras.saving.register_keras_serializable(package="recipes")
class MulticlassHinge(keras.losses.Loss):
    """max(0, margin - (z_y - the largest other z)), where z are the logits before the softmax, and y the right class.

    Differences of logits are those of log probabilities, so it is computed from the softmax's output. Keras'
    ``CategoricalHinge`` takes the probabilities themselves for z: of these no two differ by more than 1, so its margin
    is met by no finite logits.

    Args:
        margin: > 0. Default 1.
        name, reduction, dtype: as for ``keras.losses.Loss``.

    Shapes: labels (batch,) or (batch, 1) of integers, probabilities (batch, classes).

    Raises:
        InvalidArgument: for a margin that is not positive.

    Source: Crammer and Singer 2001.

    Example:
        >>> loss = MulticlassHinge()
        >>> probabilities = ops.softmax(ops.array([[1.0, 0.5, -1.0], [2.0, 0.5, -1.0]]))
        >>> round(float(loss(ops.array([0, 0]), probabilities)), 4)  # of 1 - 0.5 and 0
        0.25
    """

    def __init__(
        self,
        margin: float = 1.0,
        name: str = "multiclass_hinge",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.margin = check_number("margin", margin, above=0)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        y_pred = ops.convert_to_tensor(y_pred)
        logs = ops.log(ops.maximum(y_pred, LEAST))
        right = _one_hot(y_true, y_pred)
        others = ops.max(ops.where(right > 0, -float("inf"), logs), axis=-1)
        return ops.maximum(0.0, self.margin - (ops.sum(right * logs, axis=-1) - others))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss."""
        return {**super().get_config(), "margin": self.margin}


def _integers(y_true: Any, y_pred: Any) -> bool:
    """Whether labels are classes by number, not one answer for each probability."""
    shape = tuple(ops.convert_to_tensor(y_true).shape)
    return len(shape) < len(y_pred.shape) or shape[-1] == 1


def _one_hot(y_true: Any, y_pred: Any) -> Any:
    labels = ops.cast(ops.reshape(y_true, ops.shape(y_pred)[:-1]), "int32")
    return ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)


def _log_probabilities(y_true: Any, y_pred: Any) -> Any:
    """log p of the right class of each example."""
    return ops.log(ops.maximum(ops.sum(_one_hot(y_true, y_pred) * y_pred, axis=-1), LEAST))
