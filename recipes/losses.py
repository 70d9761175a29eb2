"""The loss and metrics that a model's output calls for."""

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

    Softmax: sparse categorical cross-entropy (integer labels) and accuracy. Sigmoid: binary cross-entropy and accuracy;
    of several sigmoids, each a yes or no of its own, the share of all answers that are right.
    Anything else: mean squared error, with the root mean squared and the mean absolute error in the target's own unit;
    where the model ends in a :class:`keras.layers.Rescaling` to the target's scale, the loss is divided by the scale's
    square, so that the same learning rates suit every target (the loss is then the share of variance not explained; of
    several targets, the share of their summed variances).

    A model with several outputs gets dictionaries, by the keys of its dictionary of outputs or, where they are a list,
    by the names of the layers that make them. The model's loss is the sum of its outputs' losses.

    Args:
        model: a built Keras model.

    Raises:
        InvalidArgument: for a list of outputs that are not made by layers of different names.

    Example:
        >>> loss_for(mlp(input_shape=(4,), outputs=3))["loss"]   # doctest: +SKIP
        'sparse_categorical_crossentropy'
    """
    outputs = _outputs(model)
    if outputs is None:
        return _loss_of(_answers(model.layers[-1]))
    each = {name: _loss_of(layer) for name, layer in outputs.items()}
    chosen: dict[str, Any] = {key: {name: each[name][key] for name in each} for key in ("loss", "metrics")}
    scales = {name: options["loss_weights"][0] for name, options in each.items() if "loss_weights" in options}
    if scales:
        chosen["loss_weights"] = {name: scales.get(name, 1.0) for name in each}
    return chosen


def compile_options(model: keras.Model, given: Mapping[str, Any]) -> dict[str, Any]:
    """:func:`loss_for` and the caller's own options for ``compile``, which win.

    For a model with several outputs, loss weights are given by name; those left out are 1. They count on top of the
    scale of an output that ends in a Rescaling.

    Raises:
        InvalidArgument: for loss weights of such a model that are no mapping from its outputs to numbers.

    Example:
        >>> compile_options(model, {"loss_weights": {"odd": 0.5}})["loss_weights"]   # doctest: +SKIP
        {'digit': 1.0, 'odd': 0.5}
    """
    chosen = loss_for(model)
    ours = chosen["loss"]
    if not isinstance(ours, dict):
        return {**chosen, **given}
    losses = given.get("loss", ours)
    if not isinstance(losses, Mapping):  # one for all, or one each, in Keras' order
        several = losses if isinstance(losses, (list, tuple)) else [losses] * len(ours)
        losses = dict(zip(ours, several, strict=False))
    weights = given.get("loss_weights") or {}
    if not isinstance(weights, Mapping) or not set(weights) <= set(ours):
        accepted = f"a mapping to numbers from some of the outputs {', '.join(map(repr, ours))}"
        raise InvalidArgument("loss_weights", weights, accepted)
    weights = {name: check_number(f"loss_weights[{name!r}]", weight) for name, weight in weights.items()}
    scales = chosen.pop("loss_weights", {})
    if "loss" in given:  # whose scale we do not know
        scales = {}
    if weights or scales:
        weights = {name: weights.get(name, 1.0) * scales.get(name, 1.0) for name in losses}
    return {**chosen, **given, "loss": losses, "loss_weights": weights or None}


def ends_in(model: keras.Model) -> str:
    """The activation of the model's last layer, or, where that has none, the layer's kind: "softmax", "rescaling"."""
    return _ending(_answers(model.layers[-1]))


def _answers(last: Any) -> Any:
    """The layer that answers: ``last``, or, where that joins several models by mean or vote, that of the first."""
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
    """:func:`loss_for` of the one output that the layer ``last`` makes."""
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
    """The layer that makes each output, by the output's name; None for a model with one output."""
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
