"""What is wrong with a model on one batch: its weights, what is frozen, its input's scale, its gradients and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ...callbacks.gradients.idle_units import idle_verdict
from ...callbacks.gradients.measurement import named_layers, named_weights
from ...callbacks.gradients.report import GradientReport
from ...callbacks.inside.layers import recorded_calls
from ...callbacks.inside.training import forward
from ..models.linear_part import LINEAR_PART
from .data_symptoms import numbers
from .symptom import Symptom, symptom

__all__ = ["gradient_symptoms", "input_symptoms", "weight_symptoms"]

LARGE_INPUT, SMALL_INPUT = 20.0, 1e-3
"""The root mean square of a column of inputs between which a network trains at the usual rates. Normalized ones have 1,
pixels of 0 to 255 about 100; a normalized column that is nearly always 0 stays below 20."""

NORMALIZES = ("Normalization", "BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization")


def weight_symptoms(model: keras.Model) -> list[Symptom]:
    """Weights that are NaN or infinite, and models of which nothing, or not the last layer, is trained."""
    bad = []
    for name, layer in [*named_layers(model), (model.name, model)]:
        if any(not np.isfinite(numbers(weight)).all() for weight in layer.weights if _is_float(weight)):
            bad.append(name)
    if bad:
        others = f", and of {len(bad) - 2} more layers" if len(bad) > 2 else ""
        return [symptom("NaN in the weights", f"weights of {bad[0]!r} are NaN or infinite{others}")]
    if not model.trainable_weights:
        count = len(model.weights)
        return [symptom("nothing is trained", f"all {count} weights of the model are frozen or not trainable")]
    layers = [(name, layer) for name, layer in named_layers(model) if layer.name != LINEAR_PART]  # it is solved for
    with_weights = [(name, layer) for name, layer in layers if _kernels(layer)]
    if with_weights and not with_weights[-1][1].trainable_weights:
        return [symptom("head is frozen", f"the last layer with weights, {with_weights[-1][0]!r}, is not trained")]
    return []


def input_symptoms(model: keras.Model, x: Any) -> list[Symptom]:
    """Inputs of the first trained layers whose scale is far from 1, unless a normalization follows at once.

    Args:
        model: built.
        x: the inputs of a batch.
    """
    layers = named_layers(model)
    with recorded_calls([layer for _, layer in layers]) as calls:
        forward(model, x)
    names = {id(layer): name for name, layer in layers}
    made: set[int] = set()  # the tensors behind a layer with a kernel
    symptoms = []
    for call, following in zip(calls, [*calls[1:], None], strict=True):
        inputs = [leaf for leaf in keras.tree.flatten(call.arguments) if hasattr(leaf, "shape")]
        behind = any(id(leaf) in made for leaf in inputs)
        kernels = _kernels(call.layer) and not isinstance(call.layer, keras.layers.Embedding)
        if behind or kernels or type(call.layer).__name__ in NORMALIZES:
            made |= {id(leaf) for leaf in keras.tree.flatten(call.result) if hasattr(leaf, "shape")}
        normalized = following is not None and type(following.layer).__name__ in NORMALIZES[1:]
        if behind or not kernels or not call.layer.trainable_weights or normalized or not inputs:
            continue
        tensor = inputs[0]
        if len(tensor.shape) < 2 or not _is_float(tensor):
            continue
        scales = np.sqrt(np.mean(np.square(numbers(tensor)), axis=0))
        if scales.max() > LARGE_INPUT or scales.max() < SMALL_INPUT:
            text = f"layer {names[id(call.layer)]!r} gets inputs with a root mean square of up to {scales.max():.3g}"
            symptoms.append(symptom("input not normalized", text))
    return symptoms


def gradient_symptoms(model: keras.Model, report: GradientReport) -> list[Symptom]:
    """Layers that no gradient reaches, and what :func:`callbacks.gradient_report` says."""
    symptoms = []
    cut = [name for name, _ in named_weights(model) if name not in report.layers]
    if cut:
        others = f", and {len(cut) - 1} more" if len(cut) > 1 else ""
        symptoms.append(symptom("layer cut off", f"no gradient reaches the weights of {cut[0]!r}{others}"))
    if report.idle:
        worst = max(report.idle, key=lambda layer: layer.share)
        return [*symptoms, symptom(f"{worst.kind} units", idle_verdict(report.idle).partition(" units ")[2])]
    verdict = report.verdict
    for kind in ("vanishing", "exploding"):
        if verdict.startswith(kind):
            symptoms.append(symptom(f"{kind} gradient", verdict.partition(" ")[2]))
    return symptoms


def _kernels(layer: keras.layers.Layer) -> Sequence[Any]:
    """The weights of a layer with at least two axes."""
    return [weight for weight in layer.weights if len(weight.shape) > 1]


def _is_float(tensor: Any) -> bool:
    return "float" in str(getattr(tensor, "dtype", ""))
