"""cnn: a convolutional network for images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_integer
from .blocks import Style, hidden_block, input_shape_of, output_layer, sizes
from .by_shape import accepts_shape
from .inputs import model_input

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["cnn"]


@accepts_shape
@checked
def cnn(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    filters: Sequence[int] | None = None,
    kernel_size: int = 3,
    hidden: Sequence[int] = (128,),
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "cnn",
) -> keras.Model:
    """A convolutional network: (convolution, 2x2 max pooling) for each of ``filters``, then dense layers.

    Args:
        spec: of the data (``data.spec``); it provides the shapes, the task and the normalization of the inputs.
        input_shape: (height, width, channels); instead of ``spec``.
        outputs: number of classes, or of numbers; instead of ``spec``.
        filters: filters of each convolution. Default by the smaller side of the image: (32, 64) below 16 pixels,
            (32, 64, 128, 128), which is deep, below 64, else (32, 64, 128, 256, 256); fewer below 4 pixels, which
            cannot be halved twice.
        kernel_size: side of the square kernels in pixels. Default 3.
        hidden: units of the dense layers after the convolutions. Default (128,).
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.mlp`; convolutions and dense hidden layers both count towards "deep".

    Returns:
        A model from (batch, height, width, channels) to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, an input that is not an image, or one too small to be
            halved that often.

    Source: LeCun et al. 1998, with the default setup of Géron 2019, table 11-3.

    Example:
        >>> model = cnn(input_shape=(28, 28, 1), outputs=10)
        >>> model.output_shape
        (None, 10)
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    if len(shape) != 3:
        raise InvalidArgument("input_shape", shape, "(height, width, channels) for a cnn: use mlp for other data")
    filters, hidden = filters_for(shape, filters), sizes("hidden", hidden)
    kernel_size = check_integer("kernel_size", kernel_size, low=1)
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=len(filters) + len(hidden))
    inputs, x = model_input(spec, shape, preprocessing, style, image=True)
    for number, count in enumerate(filters, start=1):
        layer = keras.layers.Conv2D(count, kernel_size, padding="same", use_bias=style.use_bias, **style.kernel(4))
        x = keras.layers.MaxPooling2D()(hidden_block(x, layer, style, last=number == style.depth))
    x = keras.layers.Flatten()(x)
    for number, units in enumerate(hidden, start=len(filters) + 1):
        dense = keras.layers.Dense(units, use_bias=style.use_bias, **style.kernel())
        x = hidden_block(x, dense, style, last=number == style.depth)
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)


def filters_for(shape: Sequence[int], filters: Sequence[int] | None = None) -> list[int]:
    """The filters of convolutions that are each followed by a halving, checked, or the default for the image's size.

    Args:
        shape: of an image: (height, width, channels).
        filters: of each convolution; None for the default of :func:`cnn`.

    Raises:
        InvalidArgument: for filters that are not integers >= 1, or that are more than the image can be halved.

    Example:
        >>> filters_for((28, 28, 1)), filters_for((96, 96, 3))
        ([32, 64, 128, 128], [32, 64, 128, 256, 256])
    """
    side = min(shape[:2])
    halvings = side.bit_length() - 1
    if filters is None:
        default = [32, 64] if side < 16 else [32, 64, 128, 128] if side < 64 else [32, 64, 128, 256, 256]
        return default[:halvings]
    filters = sizes("filters", filters)
    if len(filters) > halvings:
        raise InvalidArgument("filters", filters, f"at most {halvings} long for {tuple(shape)} images")
    return filters
