"""mlp: a multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from .blocks import Style, hidden_block, input_shape_of, output_layer, sizes
from .by_shape import accepts_shape
from .inputs import encoded_input
from .linear_part import linear_part
from .preprocessing import as_vector

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["mlp"]


@accepts_shape
@checked
def mlp(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    hidden: Sequence[int] = (300, 100),
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "mlp",
) -> keras.Model:
    """A multilayer perceptron on flattened inputs: a plain, uncompiled ``keras.Model``.

    Texts, and sequences of varying length, are averaged over the words or steps; the columns of records are
    concatenated. With the Spec of a table there is a linear layer beside the hidden ones, which is 0 until
    :func:`recipes.fit` or :func:`recipes.blend_with_linear` blends it in.

    Args:
        spec: of the data (``data.spec``); it provides the shapes, the task and the normalization of the inputs.
        input_shape: without the batch, e.g. (28, 28, 1); instead of ``spec``.
        outputs: number of classes, or of numbers; instead of ``spec``.
        hidden: units of each hidden layer. Default (300, 100); () for a linear model.
        activation: by name. Default "elu".
        initializer: name or Keras initializer of the hidden kernels. Default "he_normal".
        bias: initial hidden biases: a number, "auto" (0.1 for ReLU, else 0) or a Keras initializer. Default 0.
        normalization: "auto" (default: batch normalization from 5 hidden layers on), "none", or a name:
            "batch", "layer", "group", "rms" or "unit" (``recipes list normalizations``).
        regularizer: names or objects of regularizers that act inside the model. Default none.
        preprocessing: a Keras layer applied to the raw input; by default the Spec's normalization, or nothing.
        task: "multiclass", "binary" or "regression" if there is no Spec; by default it depends on ``outputs``.
        name: of the model.

    Returns:
        A model from (batch, *input_shape) to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for an unknown name or an invalid size.

    Source: the default setup of Géron 2019, table 11-3.

    Example:
        >>> model = mlp(input_shape=(28, 28, 1), outputs=10)
        >>> model.output_shape
        (None, 10)
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    hidden = sizes("hidden", hidden)
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=len(hidden))
    inputs, x, columns = encoded_input(spec, shape, preprocessing, style)
    x = as_vector(x)
    for number, units in enumerate(hidden, start=1):
        layer = keras.layers.Dense(units, use_bias=style.use_bias, **style.kernel())
        x = hidden_block(x, layer, style, last=number == len(hidden))
    linear = linear_part(columns, outputs) if hidden and columns is not None else None
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style, linear), name=name)
