"""The loss and metrics that suit a model's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_number
from ..callbacks.inside.layers import node_of
from .metric import ACCURACY

__all__ = ["compile_options", "ends_in", "loss_for"]


def loss_for(model: keras.Model) -> dict[str, Any]:
    """The keyword arguments ``loss``, ``metrics`` (and ``loss_weights``) for compiling ``model``, by its last layer.

    - Softmax: sparse categorical cross-entropy (integer labels) and accuracy.
    - Sigmoid: binary cross-entropy and accuracy. With several sigmoids, each a yes-or-no question, accuracy is the
      share of correct answers to all of them.
    - Anything else: mean squared error, with the root mean squared and the mean absolute error in the target's unit.
      If the model ends in a :class:`keras.layers.Rescaling` to the target's scale, the loss is divided by the square of
      the scale, so that the same learning rates suit every target. The loss is then the share of unexplained variance;
      for several targets, the share of their summed variances.

    A model with several outputs gets dictionaries, with the keys of its dictionary of outputs or, for a list, the names
    of the output layers. The model's loss is the sum of its outputs' losses.

    Args:
        model: a built Keras model.

    Raises:
        InvalidArgument: for a list of outputs whose layers do not have different names.

    Example:
        >>> loss_for(mlp(input_shape=(4,), outputs=3))["loss"]   # doctest: +SKIP
        'sparse_categorical_crossentropy'
    """
    outputs = _outputs(model)
    if outputs is None:
        return _loss_of(_output_layer(model.layers[-1]))
    by_output = {name: _loss_of(layer) for name, layer in outputs.items()}
    chosen: dict[str, Any] = {
        key: {name: options[key] for name, options in by_output.items()} for key in ("loss", "metrics")
    }
    scales = {name: options["loss_weights"][0] for name, options in by_output.items() if "loss_weights" in options}
    if scales:
        chosen["loss_weights"] = {name: scales.get(name, 1.0) for name in by_output}
    return chosen


def compile_options(model: keras.Model, options: Mapping[str, Any]) -> dict[str, Any]:
    """:func:`loss_for`, updated with the caller's options for ``compile``.

    For a model with several outputs, ``loss_weights`` maps names of outputs to numbers, 1 for those left out. They
    multiply the scale of an output that ends in a Rescaling.

    Raises:
        InvalidArgument: if the ``loss_weights`` of such a model are not a mapping from its outputs to numbers.

    Example:
        >>> compile_options(model, {"loss_weights": {"odd": 0.5}})["loss_weights"]   # doctest: +SKIP
        {'digit': 1.0, 'odd': 0.5}
    """
    chosen = loss_for(model)
    ours = chosen["loss"]
    if not isinstance(ours, dict):
        return {**chosen, **options}
    losses = options.get("loss", ours)
    if not isinstance(losses, Mapping):  # one for all outputs, or one per output in Keras' order
        several = losses if isinstance(losses, (list, tuple)) else [losses] * len(ours)
        losses = dict(zip(ours, several, strict=False))
    weights = options.get("loss_weights") or {}
    if not isinstance(weights, Mapping) or not set(weights) <= set(ours):
        accepted = f"a mapping to numbers from some of the outputs {', '.join(map(repr, ours))}"
        raise InvalidArgument("loss_weights", weights, accepted)
    weights = {name: check_number(f"loss_weights[{name!r}]", weight) for name, weight in weights.items()}
    scales = chosen.pop("loss_weights", {})
    if "loss" in options:  # its scale is unknown
        scales = {}
    if weights or scales:
        weights = {name: weights.get(name, 1.0) * scales.get(name, 1.0) for name in losses}
    return {**chosen, **options, "loss": losses, "loss_weights": weights or None}


def ends_in(model: keras.Model) -> str:
    """The activation of the model's output layer or, without one, the layer's kind: "softmax", "rescaling"."""
    return _ending(_output_layer(model.layers[-1]))


def _output_layer(last: Any) -> Any:
    """The layer that predicts: ``last`` or, if it combines several models by mean or vote, that of the first model."""
    while True:
        if isinstance(last, keras.Model):
            last = last.layers[-1]
        elif isinstance(last, keras.layers.Average) or not isinstance(last, keras.layers.Layer):
            last = node_of(keras.tree.flatten(last.input)[0]).operation
        else:
            return last


def _ending(last: Any) -> str:
    activation = getattr(last, "activation", None)
    if isinstance(activation, keras.layers.Layer):  # Dense(10, activation=Softmax())
        activation = type(activation)
    return getattr(activation, "__name__", type(last).__name__).lower()


def _loss_of(last: Any) -> dict[str, Any]:
    """:func:`loss_for` of the output of the layer ``last``."""
    activation = _ending(last)
    if activation == "softmax":
        return {"loss": "sparse_categorical_crossentropy", "metrics": [ACCURACY.name]}
    if activation == "sigmoid":
        return {"loss": "binary_crossentropy", "metrics": [ACCURACY.name]}
    regression: dict[str, Any] = {
        "loss": "mean_squared_error",
        "metrics": [keras.metrics.RootMeanSquaredError(), keras.metrics.MeanAbsoluteError()],
    }
    if isinstance(last, keras.layers.Rescaling):
        regression["loss_weights"] = [1.0 / float(np.mean(np.square(last.scale)))]
    return regression


def _outputs(model: keras.Model) -> dict[str, Any] | None:
    """Output name -> layer; None for a model with a single output."""
    names: list[str] = getattr(model, "output_names", None) or []
    structure = model.output if names else None
    if isinstance(structure, dict):
        keys = keras.tree.flatten({key: key for key in structure})  # in the order of output_names
    elif isinstance(structure, (list, tuple)) and len(structure) > 1:
        keys = names
    else:
        return None
    if len(set(keys)) != len(keys):
        raise InvalidArgument("model", keys, "one whose outputs are made by layers of different names")
    layers = {layer.name: layer for layer in model.layers}
    return {key: layers.get(name) for key, name in zip(keys, names, strict=True)}
