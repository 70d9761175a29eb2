"""Units that learn nothing: dead ones of ReLU layers and saturated ones of sigmoid and tanh layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ..curves import Finding
from ..inside.backend import is_concrete
from ..inside.layers import LayerCall, node_of, recorded_calls
from ..inside.training import forward
from .measurement import named_layers

__all__ = ["Idle", "idle_finding", "idle_layers", "idle_verdict", "judged_calls"]

LARGE = 0.4
"""A layer is reported from this part of idle units on. At He's or Glorot's initialization, on normalized inputs, less
than a twentieth is idle."""

FEWEST = 8
"""Examples, times positions: of fewer, each unit of a ReLU layer is off by chance too often."""

SATURATED = 0.01
"""A sigmoid's value is saturated closer than this to 0 or 1: its derivative is below 4 % of the largest. A tanh is a
sigmoid of twice the input, between -1 and 1."""

RELU = ("relu", "relu6", "ReLU")
BOUNDS = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0)}


@dataclass(frozen=True)
class Idle:
    """A layer of which a large part is idle.

    Attributes:
        layer: its name.
        kind: "dead" for units that are 0 for every example, "saturated" for values at a bound of the activation.
        share: of the units, or of the values of all examples, in [0, 1].
    """

    layer: str
    kind: str
    share: float


def idle_layers(model: keras.Model, data: Any) -> tuple[Idle, ...]:
    """The layers of a model of which a large part is idle on a batch, from input to output. The model stays as it is.

    Args:
        model: built, with Keras' ``train_step``.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).
    """
    x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    with recorded_calls([layer for _, layer in named_layers(model)]) as calls:
        forward(model, x)
    return judged_calls(model, calls)


def judged_calls(model: keras.Model, calls: Sequence[LayerCall]) -> tuple[Idle, ...]:
    """The layers of which a large part is idle in these calls; layers that give the model's outputs do not count."""
    outputs = {id(operation) for operation in _output_layers(model)}
    idle = []
    for name, layer in named_layers(model):
        results = [call.result for call in calls if call.layer is layer]
        function = _activation(layer)
        values = [np.asarray(value) for value in results if is_concrete(value) and len(value.shape) > 1]
        if id(layer) in outputs or function is None or not values:
            continue
        units = np.concatenate([value.reshape(-1, value.shape[-1]) for value in values])
        if len(units) < FEWEST:
            continue
        if function in RELU:
            found = Idle(name, "dead", float(np.mean(~units.any(axis=0))))
        else:
            low, high = BOUNDS[function]
            near = SATURATED * (high - low)
            found = Idle(name, "saturated", float(np.mean((units < low + near) | (units > high - near))))
        if found.share >= LARGE:
            idle.append(found)
    return tuple(idle)


REMEDIES = {
    "dead": (
        "He initialization and biases of 0, a lower learning rate, or leaky ReLU or ELU",
        ("he_normal", "leaky_relu", "elu"),
    ),
    "saturated": (
        "normalized inputs, a lower learning rate, Glorot initialization, or an activation of the ReLU family",
        ("glorot_uniform", "elu"),
    ),
}
"""Kind -> remedy, and the names in the catalogues of ``recipes`` that apply it."""


def idle_finding(idle: Sequence[Idle], epoch: int) -> Finding:
    """The worst of some layers in words, as after a training.

    Args:
        idle: at least one layer, of :func:`idle_layers`.
        epoch: of the weights.

    Example:
        >>> print(idle_finding([Idle("dense", "dead", 0.8)], 3).sentence)
        in layer 'dense', 80% of the units are 0 for every example and get no gradient
    """
    worst = max(idle, key=lambda layer: layer.share)
    remedy, choices = REMEDIES[worst.kind]
    others = "" if len(idle) == 1 else f" ({len(idle)} layers have this or the like)"
    facts = {
        "dead": "of the units are 0 for every example and get no gradient",
        "saturated": "of the values are at a bound of the activation, where its derivative is nearly 0",
    }
    sentence = f"in layer {worst.layer!r}, {worst.share:.0%} {facts[worst.kind]}{others}"
    return Finding(f"{worst.kind} units", epoch, sentence, remedy, choices)


def idle_verdict(idle: Sequence[Idle]) -> str:
    """The worst of some layers, in one line that begins with the finding.

    Example:
        >>> print(idle_verdict([Idle("dense", "dead", 0.8)]).partition(".")[0])
        dead units in layer 'dense', 80% of the units are 0 for every example and get no gradient
    """
    finding = idle_finding(idle, 0)
    return f"{finding.name} {finding.sentence}. Remedy: {finding.remedy}."


def _activation(layer: keras.layers.Layer) -> str | None:
    """The name of a layer's activation, if it can have idle units, or None. LSTM and GRU have two and do not count."""
    if isinstance(layer, keras.layers.ReLU):
        return "relu" if not layer.negative_slope and not layer.threshold else None
    if hasattr(layer, "recurrent_activation"):
        return None
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    return name if name in (*RELU, *BOUNDS) else None


def _output_layers(model: keras.Model) -> list[Any]:
    """The layers whose results are outputs of a functional model, or the last layer of another one."""
    if getattr(model, "outputs", None):
        return [node_of(output).operation for output in model.outputs]
    return [layer for _, layer in named_layers(model)][-1:]
