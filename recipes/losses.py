"""The loss and metrics that a model's output calls for."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["ends_in", "loss_for"]


def loss_for(model: keras.Model) -> dict[str, Any]:
    """The keyword arguments ``loss``, ``metrics`` (and ``loss_weights``) for compiling ``model``, by its last layer.

    Softmax: sparse categorical cross-entropy (integer labels) and accuracy. Sigmoid: binary cross-entropy and accuracy.
    Anything else: mean squared error, with the root mean squared and the mean absolute error in the target's own unit;
    where the model ends in a :class:`keras.layers.Rescaling` to the target's scale, the loss is divided by the scale's
    square, so that the same learning rates suit every target (the loss is then the share of variance not explained).

    Args:
        model: a built Keras model.

    Example:
        >>> loss_for(mlp(input_shape=(4,), outputs=3))["loss"]   # doctest: +SKIP
        'sparse_categorical_crossentropy'
    """
    last, activation = model.layers[-1], ends_in(model)
    if activation == "softmax":
        return {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    if activation == "sigmoid":
        return {"loss": "binary_crossentropy", "metrics": ["accuracy"]}
    regression: dict[str, Any] = {
        "loss": "mean_squared_error",
        "metrics": [keras.metrics.RootMeanSquaredError(), keras.metrics.MeanAbsoluteError()],
    }
    if isinstance(last, keras.layers.Rescaling):
        regression["loss_weights"] = [1.0 / float(last.scale) ** 2]
    return regression


def ends_in(model: keras.Model) -> str:
    """The activation of the model's last layer, or, where that has none, the layer's kind: "softmax", "rescaling"."""
    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    if isinstance(activation, keras.layers.Layer):  # Dense(10, activation=Softmax())
        activation = type(activation)
    return getattr(activation, "__name__", type(last).__name__).lower()
