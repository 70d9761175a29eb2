"""The loss and metrics that a model's output calls for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument, check_number
from .loss_metrics import binary_accuracy, errors, metrics_for, sparse_accuracy
from .model_output import Output, read_outputs
from .scaled_error import ScaledSquaredError

if TYPE_CHECKING:
    from .data.spec import Spec

__all__ = ["compile_options", "loss_for", "loss_in_variances"]

KINDS = {"multiclass": "softmax", "binary": "sigmoid", "multilabel": "sigmoid", "regression": "numbers"}
"""Task -> the kind of output of its models."""

SMALL, LARGE = 1e-6, 1e6
"""Scales between which float32 has room for squares of errors, even large ones."""


def loss_for(model: keras.Model, spec: Spec | None = None) -> dict[str, Any]:
    """The keyword arguments ``loss``, ``metrics`` (and ``loss_weights``) for compiling ``model``, by what it returns.

    - Softmax: sparse categorical cross-entropy (integer labels) and accuracy.
    - Sigmoid: binary cross-entropy and accuracy. With several sigmoids (labels, the pixels of a mask), accuracy is the
      share of correct answers to all of the yes-or-no questions.
    - Numbers: mean squared error, with the root mean squared and the mean absolute error in the target's unit. If a
      :class:`keras.layers.Rescaling` brings them to the target's scale, the loss is divided by the square of the scale,
      so that the same learning rates suit every target; with several targets, each by its own, so that all are learned
      whatever their units. The loss is then the share of unexplained variance, averaged over the targets. The loss and
      metrics of outputs in float64 are computed in float64. Several targets without a
      Rescaling are weighed so by the variances of the Spec, if there is one.

    A model with several outputs gets dictionaries, with the keys of its dictionary of outputs or, for a list, the names
    of the output layers. The model's loss is the sum of its outputs' losses.

    Args:
        model: a Keras model. What it returns is read from its graph: see :func:`recipes.model_output.read_outputs`.
        spec: of the data, whose task decides if the graph does not tell.

    Raises:
        InvalidArgument: without a Spec, for an output that cannot be read, such as that of a subclassed model or custom
            layer; for a list of outputs whose layers do not have different names.

    Example:
        >>> loss_for(mlp(input_shape=(4,), outputs=3))["loss"]   # doctest: +SKIP
        'sparse_categorical_crossentropy'
    """
    return compile_options(model, {}, spec)


def compile_options(model: keras.Model, options: Mapping[str, Any], spec: Spec | None = None) -> dict[str, Any]:
    """:func:`loss_for`, updated with the caller's options for ``compile``.

    If these contain a loss, the metrics suit that loss: see :func:`recipes.loss_metrics.metrics_for`.

    For a model with several outputs, ``loss_weights`` maps names of outputs to numbers, 1 for those left out. They
    multiply the scale of an output that ends in a Rescaling.

    Raises:
        InvalidArgument: as :func:`loss_for`, unless a loss is given; if the ``loss_weights`` of a model with several
            outputs are not a mapping from its outputs to numbers.

    Example:
        >>> compile_options(model, {"loss_weights": {"odd": 0.5}})["loss_weights"]   # doctest: +SKIP
        {'digit': 1.0, 'odd': 0.5}
    """
    names, outputs = _names(model), read_outputs(model)
    if spec is not None:
        outputs = [_by_task(output, spec.task) for output in outputs]
    if names is None:
        if "loss" in options:
            return {"metrics": _metrics_of_one(options["loss"], outputs[0]), **_weight(outputs[0]), **options}
        return {**_loss_of(outputs[0], model, spec), **options}
    named = dict(zip(names, outputs, strict=True))
    if "loss" in options:  # its scale is unknown
        losses, scales = options["loss"], {}
        if not isinstance(losses, Mapping):  # one for all outputs, or one per output in Keras' order
            several = losses if isinstance(losses, (list, tuple)) else [losses] * len(named)
            losses = dict(zip(named, several, strict=False))
        metrics = {name: metrics_for(losses[name], named[name]) for name in named if name in losses}
    else:
        chosen = {name: _loss_of(output, model) for name, output in named.items()}
        losses, metrics = ({name: chosen[name][key] for name in named} for key in ("loss", "metrics"))
        scales = {name: own["loss_weights"][0] for name, own in chosen.items() if "loss_weights" in own}
    weights = options.get("loss_weights") or {}
    if not isinstance(weights, Mapping) or not set(weights) <= set(named):
        accepted = f"a mapping to numbers from some of the outputs {', '.join(map(repr, named))}"
        raise InvalidArgument("loss_weights", weights, accepted)
    weights = {name: check_number(f"loss_weights[{name!r}]", weight) for name, weight in weights.items()}
    if weights or scales:
        weights = {name: weights.get(name, 1.0) * scales.get(name, 1.0) for name in losses}
    compiled = {"metrics": metrics, **options, "loss": losses}
    compiled.pop("loss_weights", None)
    return {**compiled, "loss_weights": weights} if weights else compiled


def loss_in_variances(model: keras.Model) -> bool:
    """Whether the loss of a regression is its share of unexplained variance: see :func:`loss_for`."""
    scaled = isinstance(getattr(model, "loss", None), ScaledSquaredError)
    return scaled or any(output.scale is not None for output in read_outputs(model))


def _by_task(output: Output, task: str) -> Output:
    return Output(KINDS[task], output.name) if output.kind == "unknown" else output


def _metrics_of_one(loss: Any, output: Output) -> Any:
    """The metrics for the loss of a model with one output, or with outputs whose names are unknown."""
    if isinstance(loss, Mapping):
        return {name: metrics_for(part, output) for name, part in loss.items()}
    if isinstance(loss, (list, tuple)):
        several = [metrics_for(part, output) for part in loss]
        return several[0] if len(several) == 1 else several
    return metrics_for(loss, output)


def _loss_of(output: Output, model: keras.Model, spec: Spec | None = None) -> dict[str, Any]:
    """:func:`loss_for` of one output; ``spec`` if it is the model's only one."""
    if output.kind == "unknown":
        accepted = f"given: what {model.name!r} returns, made by {output.name!r}, does not tell whether it is"
        raise InvalidArgument("loss", None, f"{accepted} classes, yes or no, or numbers")
    if output.kind == "softmax":
        return {"loss": "sparse_categorical_crossentropy", "metrics": [sparse_accuracy()]}
    if output.kind == "sigmoid":
        return {"loss": "binary_crossentropy", "metrics": [binary_accuracy()]}
    metrics = errors(output.dtype)
    if output.scale is None and spec is not None and spec.outputs > 1 and len(set(spec.target_variance or ())) > 1:
        output = dataclasses.replace(output, scale=tuple(variance**0.5 for variance in spec.target_variance))
    if _scaled_in_loss(output):
        scales = [abs(scale) for scale in output.scale or ()]
        return {"loss": ScaledSquaredError(scales, dtype=output.dtype), "metrics": metrics}
    return {"loss": "mean_squared_error", "metrics": metrics, **_weight(output)}


def _scaled_in_loss(output: Output) -> bool:
    """Whether the loss divides errors by the scale before it squares them; otherwise, a weight divides the squares.

    A weight cannot serve targets of several scales, nor squares that leave the range of float32.
    """
    scales = set(output.scale or ())
    return len(scales) > 1 or output.dtype == "float64" or any(not SMALL < abs(scale) < LARGE for scale in scales)


def _weight(output: Output) -> dict[str, Any]:
    """The option ``loss_weights`` that makes up for the scale of the output, if there is one for all targets."""
    if output.scale is None or len(set(output.scale)) > 1:
        return {}
    return {"loss_weights": [1.0 / float(np.mean(np.square(output.scale)))]}


def _names(model: keras.Model) -> list[str] | None:
    """The names of several outputs, in Keras' order; None for a model with a single output or without a graph."""
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
    return list(keys)
