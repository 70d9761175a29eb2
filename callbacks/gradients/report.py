"""gradient_report: gradient norms and activation scales of every layer before training, in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ..checked import checked
from ..fit_data import FitData
from ..inside.state import set_training_state, training_state
from ..inside.step_hooks import has_own_step
from ..taken import check_compiled, taken_by
from .idle_units import Idle, idle_layers, idle_verdict
from .measurement import NOT_MEASURED, build, check_visible_gradients, measure, named_layers, named_weights
from .own_step import recorded_step
from .plot import profiles
from .verdict import judge_gradients

__all__ = ["GradientReport", "gradient_report"]


@dataclass(frozen=True, eq=False)
class GradientReport:
    """The result of :func:`gradient_report`: gradient norms and activation scales of a model's layers on one batch.

    ``str(report)`` is a table followed by the verdict.

    Attributes:
        norm: L2 norm of the whole gradient.
        layers: names of the layers with trainable weights, from input to output, length n.
        layer_norms: L2 norm of the gradient of each of ``layers``, shape (n,).
        activation_layers: names of the layers with a floating-point output, from input to output, length k.
        activation_scales: standard deviation of the output of each of ``activation_layers``, shape (k,).
        idle: the layers of which a large part is dead or saturated, from input to output.
    """

    norm: float
    layers: tuple[str, ...]
    layer_norms: np.ndarray
    activation_layers: tuple[str, ...]
    activation_scales: np.ndarray
    idle: tuple[Idle, ...] = ()

    @property
    def verdict(self) -> str:
        """One line: exploding, vanishing, dead or saturated units, or healthy, with layer, numbers and remedy."""
        verdict = judge_gradients(
            [0],
            np.array([self.norm]),
            self.layers,
            self.layer_norms[None],
            self.activation_layers,
            self.activation_scales[None],
        )
        return idle_verdict(self.idle) if self.idle and verdict.startswith("healthy") else verdict

    def table(self) -> list[dict[str, Any]]:
        """One row per layer from input to output: layer, gradient_norm, relative (to the last), activation_scale.

        Missing values are NaN. ``pandas.DataFrame(report.table())`` makes a data frame of it.
        """
        norms = dict(zip(self.layers, self.layer_norms.tolist(), strict=True))
        scales = dict(zip(self.activation_layers, self.activation_scales.tolist(), strict=True))
        last = self.layer_norms[-1] if len(self.layers) else math.nan
        with np.errstate(divide="ignore", invalid="ignore"):
            return [
                {
                    "layer": name,
                    "gradient_norm": norms.get(name, math.nan),
                    "relative": float(np.divide(norms.get(name, math.nan), last)),
                    "activation_scale": scales.get(name, math.nan),
                }
                for name in [*self.activation_layers, *(name for name in self.layers if name not in scales)]
            ]

    def plot(self) -> Any:
        """A figure of gradient norm and activation scale by layer, on logarithmic axes.

        Returns:
            A matplotlib ``Figure``.
        """
        panels = [("gradient norm", self.layers, self.layer_norms)]
        if self.activation_layers:
            panels.append(("activation scale", self.activation_layers, self.activation_scales))
        return profiles(panels)

    def __str__(self) -> str:
        rows = self.table()
        width = max([5, *(len(row["layer"]) for row in rows)])

        def cell(value: float) -> str:
            return "-" if math.isnan(value) else f"{value:.3g}"

        lines = [f"{'layer':{width}}  {'gradient norm':>13}  {'rel. to last':>12}  {'activation':>10}"]
        lines += [
            f"{row['layer']:{width}}  {cell(row['gradient_norm']):>13}  {cell(row['relative']):>12}  "
            f"{cell(row['activation_scale']):>10}"
            for row in rows
        ]
        return "\n".join([*lines, f"whole gradient: {self.norm:.3g}", self.verdict])

    __repr__ = __str__


@checked
def gradient_report(
    model: keras.Model,
    data: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    batch_size: int = 256,
) -> GradientReport:
    """The gradient norm and the activation scale of every layer in a training step, without training.

    It measures what :class:`callbacks.GradientMonitor` measures: the L2 norm of the loss gradient over each layer's
    trainable weights and the standard deviation of each layer's output, in training mode, on the first batch. The
    model, its optimizer and all random states stay as they are; a model that is not built is built. A ``train_step`` of
    the model's own is run, and all that it has changed is restored.

    Args:
        model: a compiled Keras model.
        data: what Keras' ``fit`` trains on: arrays (x, y) or (x, y, sample weights), each an array or a list or
            dictionary of several; or a ``tf.data.Dataset``, ``keras.utils.PyDataset``, PyTorch ``DataLoader`` or
            generator of such batches. A generator advances by one batch.
        y, sample_weight, class_weight: as for ``fit``.
        batch_size: rows taken from arrays, >= 1. Default 256. Of data in batches, the first batch is taken.

    Returns:
        A :class:`GradientReport`.

    Raises:
        InvalidArgument: if ``model`` is not compiled, or ``data`` is of another kind or empty; on JAX, for a model with
            a ``train_step`` of its own.
        ValueError: if the state of a model with a ``train_step`` of its own cannot be restored; it must be built.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Example:
        >>> layers = [keras.layers.Dense(20, "sigmoid") for _ in range(20)]
        >>> model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x = np.random.default_rng(0).normal(size=(32, 4))
        >>> gradient_report(model, (x, x[:, :1])).verdict.split(" ")[0]
        'vanishing'
    """
    check_compiled(model)
    check_visible_gradients(model)
    batches = FitData(data, y, sample_weight=sample_weight, class_weight=class_weight, batch_size=batch_size)
    batch = keras.tree.map_structure(
        lambda leaf: leaf if keras.ops.is_tensor(leaf) else keras.ops.convert_to_tensor(leaf), batches.first()
    )
    with taken_by(model, "data", lambda: [keras.utils.unpack_x_y_sample_weight(batch)]):
        measured, idle = _measured(model, batch)
    norm, layer_norms, scales = (np.asarray(tensor) for tensor in measured)
    layers = np.array([name for name, _ in named_weights(model)], object)
    activation_layers = np.array([name for name, _ in named_layers(model)], object)
    has_norm, has_scale = layer_norms != NOT_MEASURED, scales != NOT_MEASURED
    return GradientReport(
        float(norm),
        tuple(layers[has_norm]),
        layer_norms[has_norm],
        tuple(activation_layers[has_scale]),
        scales[has_scale],
        idle,
    )


def _measured(model: keras.Model, batch: Any) -> tuple[Any, Any]:
    """Norms and scales, as :func:`measure` returns them, and the idle layers."""
    if not has_own_step(model):
        build(model, batch)
        return measure(model, batch), idle_layers(model, batch)
    before = training_state(model)
    try:
        with recorded_step(model) as step:
            model.train_step(batch)
        return step.measure(), step.idle()
    finally:
        set_training_state(model, before)
