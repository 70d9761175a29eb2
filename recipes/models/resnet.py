"""resnet: a residual network for images."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice, check_number
from .blocks import (
    Style,
    hidden_block,
    input_shape_of,
    output_layer,
    sizes,
)
from .by_shape import accepts_shape
from .inputs import model_input

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["resnet"]

REDUCTIONS = (1, 2, 4)
"""The factors by which height and width can be reduced before the first block."""

TINY, SMALL, LARGE = 16, 24, 64
"""Sizes of the smaller side, in pixels, at which the default network changes."""


@accepts_shape
@checked
def resnet(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    filters: Sequence[int] | None = None,
    blocks: Sequence[int] | None = None,
    reduction: int | None = None,
    stochastic_depth: float = 0.0,
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "resnet",
) -> keras.Model:
    """A residual network for images of any size: each block adds what it learns to its input.

    A block is ``activation(shortcut(x) + f(x))`` with the branch ``f``: 3x3 convolution, batch normalization,
    activation, 3x3 convolution, batch normalization. The shortcut is the identity or, where a stage changes the size or
    the number of filters, a 1x1 convolution with batch normalization. Every stage but the first halves height and width
    (rounded up) in its first block. Global average pooling follows the last block, then the output layer.

    Before the blocks there is one 3x3 convolution. If the smaller side of the images has 24 pixels or more, a 3x3 max
    pooling with stride 2 follows it, so that the blocks can have twice the filters in the same time; from 64 pixels on
    the convolution is 7x7 with stride 2.

    Dropout, and any other layer that regularizers put after activations, is on the branches, between the two
    convolutions, and once after the last block; never on the shortcut path, on which every later block builds. (With
    batch normalization :class:`recipes.regularization.Dropout` skips the branches, as in every factory.)

    With ``stochastic_depth`` examples skip the branches of random blocks in training, so that each step trains a
    shallower network; a branch that is kept is scaled up, and none is skipped at inference.

    Without batch normalization the convolutions have biases. The variance of the signal then about doubles with every
    block: fine for a few blocks, not for dozens.

    Args:
        spec: of the data (``data.spec``); it provides the shapes, the task and the normalization of the inputs.
        input_shape: (height, width, channels); instead of ``spec``.
        outputs: number of classes, or of numbers; instead of ``spec``.
        filters: filters of each stage's convolutions. Default by the smaller side of the image: (16, 32) below 16
            pixels, (16, 32, 64) below 24, else (32, 64, 128, 256); with ``blocks``, one per stage, doubling likewise.
        blocks: residual blocks of each stage. Default 1 each below 16 pixels, else 2 each.
        reduction: factor by which height and width are reduced before the first block: 1, 2 or 4. Default 1 below 24
            pixels, 2 below 64, else 4.
        stochastic_depth: how often an example skips the last block's branch in training, in [0, 1); of L blocks the
            l-th is skipped l / L times as often. Default 0. To compare:
            ``factors={"model.stochastic_depth": [0, 0.2]}``.
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.mlp`; the first convolution and two for each block count towards "deep".

    Returns:
        A model from (batch, height, width, channels) to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, an input that is not an image, or one too small to be
            halved that often.

    Source: He et al. 2016, arXiv:1512.03385, with its projection shortcuts (option B) and the default setup of Géron
    2019, table 11-3; stochastic depth: Huang et al. 2016, arXiv:1603.09382. With ``activation="relu"`` the paper's
    ResNet-20 for CIFAR-10 is ``filters=(16, 32, 64), blocks=(3, 3, 3), reduction=1``, its ResNet-18 for ImageNet
    ``filters=(64, 128, 256, 512), blocks=(2, 2, 2, 2)``.

    Example:
        >>> model = resnet(input_shape=(32, 32, 3), outputs=10)
        >>> model.output_shape
        (None, 10)
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    if len(shape) != 3:
        raise InvalidArgument("input_shape", shape, "(height, width, channels) for a resnet: use mlp for other data")
    reduction = _reduction(min(shape[:2]), reduction)
    filters, blocks = _stages(shape, filters, blocks, reduction)
    stochastic_depth = check_number("stochastic_depth", stochastic_depth, low=0, below=1)
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=1 + 2 * sum(blocks))
    inputs, x = model_input(spec, shape, preprocessing, style, image=True)
    large = reduction == 4
    x = hidden_block(x, _convolution(filters[0], 7 if large else 3, 2 if large else 1, style), _bare(style))
    if reduction > 1:
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
    strides = [
        (count, 2 if stage > 1 and number == 1 else 1)
        for stage, (count, repeats) in enumerate(zip(filters, blocks, strict=True), start=1)
        for number in range(1, repeats + 1)
    ]
    for number, (count, stride) in enumerate(strides, start=1):
        skipped = stochastic_depth * number / len(strides)
        x = _block(x, count, stride, style, skipped=skipped, last=number == len(strides))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)


def _reduction(side: int, reduction: int | None) -> int:
    if reduction is None:
        return 1 if side < SMALL else 2 if side < LARGE else 4
    return check_choice("reduction", reduction, REDUCTIONS)


def _stages(shape: tuple, filters: Any, blocks: Any, reduction: int) -> tuple[list[int], list[int]]:
    """The filters and the number of blocks of each stage, checked."""
    side = min(shape[:2])
    most = math.ceil(side / reduction).bit_length()
    if blocks is not None:
        blocks = sizes("blocks", blocks)
    if filters is None:
        stages = 2 if side < TINY else 3 if side < SMALL else 4
        stages = min(stages, most) if blocks is None else len(blocks)
        filters = [(16 if side < SMALL else 32) * 2**stage for stage in range(stages)]
    filters = sizes("filters", filters)
    if blocks is None:
        blocks = [1 if side < TINY else 2] * len(filters)
    if not filters:
        raise InvalidArgument("filters", filters, "given for at least one stage")
    if len(blocks) != len(filters):
        raise InvalidArgument("blocks", blocks, f"as long as filters, which has {len(filters)} stages")
    if len(filters) > most:
        raise InvalidArgument("filters", filters, f"at most {most} long for {shape} images")
    return filters, blocks


def _bare(style: Style) -> Style:
    """The style without regularizers."""
    return dataclasses.replace(style, regularizer=())


def _convolution(filters: int, size: int, stride: int, style: Style) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        filters, size, strides=stride, padding="same", use_bias=style.use_bias, **style.kernel(4)
    )


def _block(x: Any, filters: int, stride: int, style: Style, *, skipped: float, last: bool) -> Any:
    """``activation(shortcut(x) + branch(x))``; ``last`` means that no block follows.

    ``skipped`` is the share of the examples for which the branch is 0 in training.
    """

    def linear(x: Any, size: int, stride: int) -> Any:
        x = _convolution(filters, size, stride, style)(x)
        return style.normalized(x)

    branch = linear(hidden_block(x, _convolution(filters, 3, stride, style), style), 3, 1)
    if skipped:
        branch = keras.layers.Dropout(skipped, noise_shape=(None, 1, 1, 1))(branch)  # a whole branch of an example
    shortcut = x if stride == 1 and x.shape[-1] == filters else linear(x, 1, stride)
    after = dataclasses.replace(style if last else _bare(style), normalization="none")  # normalized before the sum
    return hidden_block([branch, shortcut], keras.layers.Add(), after)
