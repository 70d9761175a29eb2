"""gradient_report: gradients and activations of every layer before any training, in one call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ..checks import InvalidArgument, check_integer
from .measurement import NOT_MEASURED, build, measure, named_layers, named_weights
from .plot import profiles
from .verdict import judge_gradients

__all__ = ["GradientReport", "gradient_report"]


@dataclass(frozen=True, eq=False)
class GradientReport:
    """Gradient norms and activation scales of a model's layers on one batch; what :func:`gradient_report` returns.

    ``str(report)`` is a table with the verdict below.

    Attributes:
        norm: of the whole gradient.
        layers: names of the layers with trainable weights, from input to output, length n.
        layer_norms: the L2 norm of each one's gradient, shape (n,).
        activation_layers: names of the layers with a floating-point output, from input to output, length k.
        activation_scales: the standard deviation of each one's output, shape (k,).
    """

    norm: float
    layers: tuple[str, ...]
    layer_norms: np.ndarray
    activation_layers: tuple[str, ...]
    activation_scales: np.ndarray

    @property
    def verdict(self) -> str:
        """One line: exploding, vanishing or healthy, with the layer, the numbers and the remedy."""
        return judge_gradients(
            [0],
            np.array([self.norm]),
            self.layers,
            self.layer_norms[None],
            self.activation_layers,
            self.activation_scales[None],
        )

    def table(self) -> list[dict[str, Any]]:
        """A row a layer from input to output: layer, gradient_norm, relative (to the last), activation_scale.

        NaN where a layer has none. ``pandas.DataFrame(report.table())`` takes it.
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


def gradient_report(model: keras.Model, data: Any, *, batch_size: int = 256) -> GradientReport:
    """The gradient norm and the activation scale of every layer as a training step would have them, without training.

    The same measurement as :class:`callbacks.GradientMonitor`'s: the L2 norm of the loss gradient over each layer's
    trainable weights, the standard deviation of each layer's output, in training mode, on the first batch. The model,
    its optimizer and all random states stay as they are; a model that was not built is built.

    Args:
        model: a compiled Keras model.
        data: a ``tf.data.Dataset`` of batches (x, y) or (x, y, sample_weight), or a tuple of arrays of these.
        batch_size: rows taken from arrays, >= 1; a Dataset's batches are taken as they are. Default 256.

    Returns:
        A :class:`GradientReport`.

    Raises:
        InvalidArgument: when ``model`` is not compiled, or ``data`` is something else or empty.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Example:
        >>> layers = [keras.layers.Dense(20, "sigmoid") for _ in range(20)]
        >>> model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x = np.random.default_rng(0).normal(size=(32, 4))
        >>> gradient_report(model, (x, x[:, :1])).verdict.split(" ")[0]
        'vanishing'
    """
    if not isinstance(model, keras.Model) or not model.compiled:
        raise InvalidArgument("model", model, "a compiled Keras model")
    batch = _first_batch(data, check_integer("batch_size", batch_size, low=1))
    build(model, batch)
    whole, norms, scales = (np.asarray(each) for each in measure(model, batch))
    names, others = [name for name, _ in named_weights(model)], [name for name, _ in named_layers(model)]
    there, active = norms != NOT_MEASURED, scales != NOT_MEASURED
    return GradientReport(
        float(whole),
        tuple(np.array(names, object)[there]),
        norms[there],
        tuple(np.array(others, object)[active]),
        scales[active],
    )


def _first_batch(data: Any, rows: int) -> Any:
    import tensorflow as tf

    accepted = "a tf.data.Dataset of batches (x, y), or a tuple of arrays (x, y)"
    if isinstance(data, tf.data.Dataset):
        batch = next(iter(data.take(1)), None)
        if batch is None:
            raise InvalidArgument("data", data, f"{accepted}, not empty")
        return batch
    if not isinstance(data, tuple) or len(data) not in (2, 3):
        raise InvalidArgument("data", type(data), accepted)
    try:
        batch = keras.tree.map_structure(lambda each: tf.convert_to_tensor(each[:rows]), data)
    except (TypeError, ValueError, IndexError):
        raise InvalidArgument("data", tuple(map(type, data)), accepted) from None
    sizes = {int(each.shape[0]) for each in keras.tree.flatten(batch)}
    if len(sizes) != 1 or sizes == {0}:
        raise InvalidArgument("data", sorted(sizes), f"{accepted} of the same length, not empty")
    return batch
