"""Whether targets, output and loss of a model fit one another."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ...callbacks.inside.layers import is_functional, node_of
from ...callbacks.inside.loss_facts import LossFacts
from ..model_output import ends_in, read_outputs
from .data_symptoms import named, numbers, shown
from .symptom import Symptom, symptom

__all__ = ["label_symptoms", "output_symptoms"]

RANGES = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf)}
"""The values that a last activation can give."""

BEYOND = 0.01
"""The share of targets outside the range of the output that is a symptom."""


def label_symptoms(facts: LossFacts, targets: Any, units: int) -> list[Symptom]:
    """Targets that the loss cannot take: classes beyond the output's units, or no probabilities.

    Args:
        facts: of the loss.
        targets: all that are known.
        units: size of the output's last axis.

    Example:
        >>> facts = LossFacts(crossentropy=True, sparse=True)
        >>> [found.name for found in label_symptoms(facts, np.array([1, 2, 3]), units=3)]
        ['labels out of range']
    """
    if not facts.crossentropy:
        return []
    values = np.concatenate([part.reshape(-1) for _, parts in named(targets) for part in parts]).astype(np.float64)
    values = values if facts.ignored is None else values[values != facts.ignored]
    high = units - 1 if facts.sparse else 1
    outside = (values < 0) | (values > high)
    if facts.sparse:
        outside |= values != np.round(values)
    if not outside.any():
        return []
    example, takes = shown(values[outside][0]), f"0 to {high}" if facts.sparse else "0 to 1"
    text = f"{int(outside.sum()):,} of {len(values):,} labels, such as {example}, are not among {takes}"
    return [symptom("labels out of range", text)]


def output_symptoms(model: keras.Model, facts: LossFacts, y: Any, output: Any) -> list[Symptom]:
    """How the output contradicts the loss or the targets, the first reason alone.

    Args:
        model: with one output.
        facts: of its loss.
        y: the targets of a batch.
        output: the model's output for it.
    """
    values, units = numbers(output), output.shape[-1]
    labels = np.asarray(keras.ops.convert_to_numpy(y))
    last = ends_in(model) if is_functional(model) else ""
    if units == 1 and (np.abs(values - 1.0) < 1e-6).all() and (facts.crossentropy or last.startswith("softmax")):
        return [symptom("softmax over one unit", "the output is 1 for every example")]
    if _softmax_twice(model):
        return [symptom("softmax twice", "the last layer applies a softmax to the probabilities of one before")]
    within = bool(((values >= -1e-3) & (values <= 1.001)).all())
    adds_up = units > 1 and bool((np.abs(values.sum(axis=1) - 1) < 1e-2).all())
    if facts.crossentropy and facts.from_logits:
        if last in ("softmax", "sigmoid") or (within and adds_up):
            what = last or "softmax"
            return [symptom("softmax twice", f"the output ends in a {what}, and the loss has from_logits=True")]
    elif facts.crossentropy and not (within and (adds_up or facts.binary)):
        what = f"values from {values.min():.3g} to {values.max():.3g}"
        if within:
            what = f"rows that add up to {values.sum(axis=1).min():.3g} to {values.sum(axis=1).max():.3g}"
        return [symptom("output does not fit the loss", f"the loss takes probabilities, and the output has {what}")]
    if facts.sparse:
        return []
    if not _same_shape(labels.shape, tuple(output.shape)):
        shapes = f"the loss compares targets of shape {_form(labels)} with an output of shape {_form(output)}"
        return [symptom("loss does not fit the targets", shapes)]
    low, high = RANGES.get(last, (-np.inf, np.inf))
    outside = float(np.mean((labels < low - 1e-6) | (labels > high + 1e-6))) if labels.dtype.kind in "fiub" else 0.0
    if not facts.crossentropy and outside > BEYOND:
        text = f"the output ends in {last}, between {low:g} and {high:g}; {outside:.0%} of the targets lie beyond"
        return [symptom("output cannot reach the targets", text)]
    return []


def _softmax_twice(model: keras.Model) -> bool:
    """Whether the graph applies a softmax to a softmax, or a sigmoid to a sigmoid."""
    if not is_functional(model) or ends_in(model) not in ("softmax", "sigmoid"):
        return False
    node = node_of(model.outputs[0])
    activation_only = type(node.operation).__name__ in ("Softmax", "Activation", "Sigmoid")
    if not activation_only or len(node.input_tensors) != 1:
        return False
    below = keras.Model(model.inputs, node.input_tensors[0])
    return read_outputs(below)[0].kind in ("softmax", "sigmoid")


def _same_shape(targets: tuple[int, ...], output: tuple[int, ...]) -> bool:
    """Whether Keras compares them entry by entry; it adds or drops a last axis of 1."""
    return targets == output or (*targets, 1) == output or targets == (*output, 1)


def _form(array: Any) -> str:
    return str(("n", *array.shape[1:])).replace("'", "")
