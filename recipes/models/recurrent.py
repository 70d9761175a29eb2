"""recurrent: an LSTM, GRU or tanh layer; with the conversions before and the regularizers after it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument
from .blocks import Style

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["CELLS", "USUAL", "after_recurrent", "as_steps", "both_kernels", "recurrent", "units_for"]

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "tanh": keras.layers.SimpleRNN}
FEWEST, MOST, USUAL = 16, 128, 64
"""Default units of a layer: the bounds, and the number if the steps are unknown."""


def recurrent(cell: str, units: int, style: Style, **options: Any) -> keras.layers.Layer:
    """One LSTM, GRU or tanh layer with Keras' initializers, and the style's penalties and constraints on both kernels.

    Args:
        cell: a key of :data:`CELLS`.
        units: of the layer.
        style: provides the regularizers.
        **options: of the Keras layer.
    """
    inputs, states = style.kernel(linear=True), style.kernel(linear=True)  # Glorot uniform; separate penalties
    return CELLS[cell](units, **both_kernels(inputs, states), **options)


def both_kernels(inputs: Mapping[str, Any], states: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a recurrent layer, from those for its input kernel and its recurrent kernel."""
    return {
        **inputs,
        "recurrent_regularizer": states["kernel_regularizer"],
        "recurrent_constraint": states["kernel_constraint"],
    }


def after_recurrent(x: Any, style: Style, *, last: bool) -> Any:
    """Applies the layers that regularizers put after activations to ``x``, the outputs of a recurrent layer.

    ``last`` means that no hidden block, which may be normalized, follows.
    """
    for regularizer in style.regularizer:
        extra = regularizer.after_activation(len(x.shape), normalized=style.batch_norm and not last)
        if extra is not None:
            x = extra(x)
    return x


def as_steps(x: Any, shape: tuple, what: str) -> Any:
    """A preprocessed input as (batch, steps, size): sequences unchanged, images row by row.

    Args:
        x: the tensor that :func:`recipes.models.inputs.model_input` returns.
        shape: of the raw input, for the message.
        what: kind of model, for the message.

    Raises:
        InvalidArgument: for an input without steps, e.g. a table.
    """
    if len(x.shape) == 4:
        return keras.layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]), name="rows")(x)
    if len(x.shape) != 3:
        accepted = f"(steps, size) or (height, width, channels) for {what}: use mlp for other data"
        raise InvalidArgument("input_shape", shape, accepted)
    return x


def units_for(x: Any, spec: Spec | None) -> int:
    """The default number of units for sequences like ``x``, shape (batch, steps, size): see :func:`recipes.rnn`."""
    steps, size = x.shape[1:]
    if steps is None and spec is not None and spec.kind == "sequence":
        steps = spec.features[0].length
    if steps is None:
        return USUAL
    return min(max(2 ** round(math.log2(2 * math.sqrt(steps * size))), FEWEST), MOST)
