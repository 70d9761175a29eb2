"""ScaledSquaredError: the mean squared error of several targets, each in units of its own scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ..callbacks.checks import InvalidArgument, check_number

__all__ = ["ScaledSquaredError"]


@keras.saving.register_keras_serializable(package="recipes")
class ScaledSquaredError(keras.losses.Loss):
    """The mean of ``((y - prediction) / scale) ** 2`` over targets whose scales differ.

    With standard deviations as scales, every target counts alike, whatever its unit: the loss is the mean over the
    targets of the share of the variance that is not explained.

    Args:
        scale: one number a target (the size of the last axis), > 0.
        name, reduction, dtype: as for ``keras.losses.Loss``.

    Shapes: targets and predictions (..., targets); the last size of the targets may be left out if it is 1.

    Raises:
        InvalidArgument: for a scale that is not positive.

    Example:
        >>> loss = ScaledSquaredError([1000.0, 1.0])
        >>> float(loss(keras.ops.array([[0.0, 0.0]]), keras.ops.array([[1000.0, 2.0]])))
        2.5
    """

    def __init__(
        self,
        scale: Sequence[float],
        name: str = "scaled_squared_error",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not isinstance(scale, (list, tuple)) or not scale:
            raise InvalidArgument("scale", scale, "a list of positive numbers, one a target")
        self.scale = [check_number("scale", value, above=0, double=True) for value in scale]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        if len(y_true.shape) == len(y_pred.shape) - 1:
            y_true = ops.expand_dims(y_true, -1)
        return ops.mean(ops.square((y_true - y_pred) / ops.convert_to_tensor(self.scale, y_pred.dtype)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss."""
        return {**super().get_config(), "scale": self.scale, "dtype": self.dtype}
