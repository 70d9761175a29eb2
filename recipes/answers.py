"""as_answers: what a model returns as probabilities or numbers, whatever its loss takes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument

__all__ = ["as_answers", "from_logits"]


def from_logits(loss: Any) -> bool:
    """Whether a compiled loss takes logits.

    Example:
        >>> from_logits(keras.losses.BinaryCrossentropy(from_logits=True)), from_logits("binary_crossentropy")
        (True, False)
    """
    return isinstance(loss, keras.losses.Loss) and bool(loss.get_config().get("from_logits", False))


def as_answers(model: keras.Model, predicted: Any, task: str) -> np.ndarray:
    """Predictions as metrics take them: probabilities of classes, of yes, or numbers.

    Args:
        model: whose loss tells whether it returns logits.
        predicted: what it returns for n examples.
        task: of the data. The two classes of a binary task may be two outputs.

    Returns:
        Shape (n, outputs); of a binary task the probability of the second class, (n, 1).

    Raises:
        InvalidArgument: for several outputs.
    """
    if isinstance(predicted, (list, tuple, dict)):
        raise InvalidArgument("model", f"{len(predicted)} outputs", f"a model with one output, for a {task} task")
    values = np.asarray(predicted)
    values = values.reshape(len(values), -1) if values.ndim != 2 else values
    two = task == "binary" and values.shape[1] == 2
    if task != "regression" and from_logits(getattr(model, "loss", None)):
        logits = values.astype(np.float64)
        if two or task == "multiclass":
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            values = (shares / shares.sum(axis=1, keepdims=True)).astype(values.dtype)
        else:
            values = (0.5 + 0.5 * np.tanh(logits / 2.0)).astype(values.dtype)
    return values[:, 1:] if two else values
