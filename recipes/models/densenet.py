"""densenet: a densely connected convolutional network for images."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_integer, check_number
from .blocks import Style, hidden_block, input_shape_of, output_layer, sizes
from .by_shape import accepts_shape
from .inputs import model_input

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["densenet"]

LARGE = 64
"""Images with at least this many pixels on the smaller side are reduced to a quarter before the first block."""


@accepts_shape
@checked
def densenet(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    growth: int = 12,
    blocks: Sequence[int] | None = None,
    compression: float = 0.5,
    bottleneck: bool = True,
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "densenet",
) -> keras.Model:
    """A densely connected network for images of any size: each layer sees the outputs of all earlier ones in its block.

    A layer adds ``growth`` channels to its input. As in the paper, and unlike in the other factories, normalization and
    activation come before the convolution ("pre-activation"): batch normalization, activation, 1x1 convolution to
    ``4 * growth`` channels (the bottleneck), batch normalization, activation, 3x3 convolution to ``growth`` channels,
    concatenation. Between two blocks, a transition (batch normalization, activation, 1x1 convolution) reduces the
    channels to the fraction ``compression``, and 2x2 average pooling halves height and width (rounded down). The last
    block is followed by batch normalization, activation, global average pooling and the output layer.

    Before the blocks there is one 3x3 convolution or, if both sides of the image have at least 64 pixels, a 7x7
    convolution and a 3x3 max pooling, both with stride 2. The convolution has ``2 * growth`` filters, or the paper's 16
    without a bottleneck or with a compression of 1.

    Dropout, and any other layer that regularizers put after activations, comes just before each 3x3 convolution, where
    it does not affect the concatenated channels, and once before the output layer. (With batch normalization
    :class:`recipes.regularization.Dropout` acts only before the output layer, as in every factory.)

    Args:
        spec: of the data (``data.spec``); it provides the shapes, the task and the normalization of the inputs.
        input_shape: (height, width, channels); instead of ``spec``.
        outputs: number of classes, or of numbers; instead of ``spec``.
        growth: channels that each layer adds. Default 12.
        blocks: layers of each dense block. Default by the smaller side of the image: (3, 3) below 16 pixels, (2, 4, 8)
            below 64, else (3, 6, 12, 8).
        compression: fraction of the channels that a transition keeps, in (0, 1], rounded down to whole channels.
            Default 0.5.
        bottleneck: whether 1x1 convolutions come before the 3x3 ones. Default True.
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.mlp`; every convolution counts towards "deep".

    Returns:
        A model from (batch, height, width, channels) to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, an input that is not an image, or one too small to be
            halved that often.

    Source: Huang et al. 2017, arXiv:1608.06993, with the default setup of Géron 2019, table 11-3. The paper's DenseNet
    of 40 layers is ``blocks=(12, 12, 12), compression=1, bottleneck=False``, its DenseNet-BC of 100 layers
    ``blocks=(16, 16, 16)``, its DenseNet-121 for ImageNet ``growth=32, blocks=(6, 12, 24, 16)``, each with
    ``activation="relu"``.

    Example:
        >>> model = densenet(input_shape=(32, 32, 3), outputs=10)
        >>> model.output_shape
        (None, 10)
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    if len(shape) != 3:
        raise InvalidArgument("input_shape", shape, "(height, width, channels) for a densenet: use mlp for other data")
    growth = check_integer("growth", growth, low=1)
    compression = check_number("compression", compression, above=0, high=1)
    bottleneck = check_bool("bottleneck", bottleneck)
    blocks = _blocks(shape, blocks)
    depth = 1 + sum(blocks) * (2 if bottleneck else 1) + len(blocks) - 1
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=depth)
    bare = dataclasses.replace(style, regularizer=())
    inputs, x = model_input(spec, shape, preprocessing, style, image=True)
    first = 2 * growth if bottleneck and compression < 1 else 16
    if min(shape[:2]) >= LARGE:
        x = hidden_block(x, _convolution(first, 7, style, stride=2), bare)
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
    else:
        x = _convolution(first, 3, style)(x)
    for number, layers in enumerate(blocks, start=1):
        for _ in range(layers):
            if bottleneck:
                new = hidden_block(_activated(x, bare), _convolution(4 * growth, 1, style), style)
            else:
                new = _activated(x, style)
            x = keras.layers.Concatenate()([x, _convolution(growth, 3, style)(new)])
        if number < len(blocks):
            x = _convolution(max(1, int(compression * x.shape[-1])), 1, style)(_activated(x, bare))
            x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.GlobalAveragePooling2D()(_activated(x, style, last=True))
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)


def _blocks(shape: tuple, blocks: Any) -> list[int]:
    """The number of layers of each block, checked."""
    side = min(shape[:2])
    most = (math.ceil(side / 4) if side >= LARGE else side).bit_length()
    if blocks is None:
        blocks = ((3, 3) if side < 16 else (2, 4, 8) if side < LARGE else (3, 6, 12, 8))[:most]
    blocks = sizes("blocks", blocks)
    if not blocks:
        raise InvalidArgument("blocks", blocks, "given for at least one block")
    if len(blocks) > most:
        raise InvalidArgument("blocks", blocks, f"at most {most} long for {shape} images")
    return blocks


def _convolution(filters: int, size: int, style: Style, *, stride: int = 1) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        filters, size, strides=stride, padding="same", use_bias=style.use_bias, **style.kernel(4)
    )


def _activated(x: Any, style: Style, *, last: bool = False) -> Any:
    """:func:`recipes.models.blocks.hidden_block` without the layer: normalization, activation, dropout."""
    return hidden_block(x, lambda same: same, style, last=last)
