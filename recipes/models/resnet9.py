"""resnet9: a small network for short trainings on images, by Page, and what Jordan made of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_integer
from .blocks import Style, hidden_block, input_shape_of, output_layer, sizes
from .by_shape import accepts_shape
from .inputs import model_input

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["patch_filters", "resnet9"]

WHITENING = "whitening"

MOST = 3
"""Convolutions of a group."""

SCALE = 1 / 9
"""Of the features, as in airbench. Largest values are far from 0: without it, the output layer diverges at rates that
suit the convolutions."""

PATCH_EPSILON = 5e-4
"""Added to the variance of each component of the patches, as in airbench."""


@accepts_shape
@checked
def resnet9(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    widths: Sequence[int] = (128, 256, 512),
    convolutions: Sequence[int] = (3, 1, 3),
    stem: int | str = 64,
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "resnet9",
) -> keras.Model:
    """A network of few, wide layers for images of about 32 pixels, which learns much in few epochs.

    A stem, then a group of convolutions for each of ``widths``. The first convolution of a group is followed by 2x2
    max pooling before its normalization and activation. In a group of three, the second and the third are a branch,
    which is added to its input before the last activation. A ninth of the largest value of each channel goes to the
    output layer, as in airbench, so that it learns at the rate of the convolutions (Page has an eighth).

    Use it where minutes count: ``recipes.preset("fast")`` trains it. For more accuracy in longer trainings:
    :func:`recipes.resnet`.

    The stem is a 3x3 convolution with normalization and activation or, with ``stem="whitening"``, 2x2 patches of the
    image in components of their own: average, horizontal, vertical and diagonal differences, of each of the colours'
    average and two differences, and all of them once more with the other sign. These filters are not trained. A batch
    normalization divides each component by its deviation, and has a shift for each, but no scale. The components are
    hardly correlated in photographs, so that the first trained layer sees nearly white inputs, as in airbench, which
    takes the eigenvectors of the patches of 5,000 images.

    Args:
        spec: of the data (``data.spec``); it provides the shapes, the task and the normalization of the inputs.
        input_shape: (height, width, channels); instead of ``spec``.
        outputs: number of classes, or of numbers; instead of ``spec``.
        widths: filters of the convolutions of each group, each of which halves height and width (rounded down).
            Default (128, 256, 512).
        convolutions: 1, 2 or 3 for each group. Default (3, 1, 3), of Page; (2, 2, 2) in airbench94.
        stem: filters of a 3x3 convolution, or "whitening". Default 64.
        activation, initializer, bias, normalization, regularizer, preprocessing, task, name: as in
            :func:`recipes.mlp`; the stem and each convolution count towards "deep".

    Returns:
        A model from (batch, height, width, channels) to (batch, outputs): probabilities, or numbers.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, an input that is not an image, or one too small to be
            halved that often.

    Source: Page 2018, "How to train your ResNet", whose network is the default with ``activation="relu"``: 6.57 million
    parameters, 8 convolutions and a dense layer. Jordan 2024, arXiv:2404.00498, whose airbench94 is ``stem="whitening",
    widths=(64, 256, 256), convolutions=(2, 2, 2), activation="gelu"``, and whose airbench96 has
    ``widths=(128, 384, 512), convolutions=(3, 3, 3)``. What differs: the output layer has a bias, and starts small;
    batch normalization has scales, and its shifts have the rate of the kernels.

    Example:
        >>> model = resnet9(input_shape=(32, 32, 3), outputs=10)
        >>> model.count_params() - sum(int(np.prod(weight.shape)) for weight in model.non_trainable_weights)
        6573130
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    if len(shape) != 3:
        raise InvalidArgument("input_shape", shape, "(height, width, channels) for a resnet9: use mlp for other data")
    filters = _stem_filters(stem)
    widths, convolutions = _groups(shape, widths, convolutions, whitening=filters is None)
    style = Style(activation, initializer, normalization, regularizer, bias=bias, depth=1 + sum(convolutions))
    inputs, x = model_input(spec, shape, preprocessing, style, image=True)
    bare = dataclasses.replace(style, regularizer=())
    x = _white_patches(x, bare) if filters is None else hidden_block(x, _convolution(filters, style), bare)
    for number, (width, count) in enumerate(zip(widths, convolutions, strict=True), start=1):
        x = _group(x, width, count, style, last=number == len(widths))
    x = keras.layers.Rescaling(SCALE, name="scaled_features")(keras.layers.GlobalMaxPooling2D()(x))
    return keras.Model(inputs, output_layer(x, spec, outputs, task, style), name=name)


def _stem_filters(stem: int | str) -> int | None:
    """The filters of the first convolution, checked; None for whitened patches."""
    if not isinstance(stem, str):
        return check_integer("stem", stem, low=1)
    if stem != WHITENING:
        raise InvalidArgument("stem", stem, f'an integer >= 1 or "{WHITENING}"')
    return None


def _groups(shape: tuple, widths: Any, convolutions: Any, *, whitening: bool) -> tuple[list[int], list[int]]:
    """The filters and the number of convolutions of each group, checked."""
    widths, convolutions = sizes("widths", widths), sizes("convolutions", convolutions)
    if not widths:
        raise InvalidArgument("widths", widths, "given for at least one group")
    if len(convolutions) != len(widths) or max(convolutions) > MOST:
        raise InvalidArgument("convolutions", convolutions, f"1, 2 or 3 for each of the {len(widths)} widths")
    most = (min(shape[:2]) - whitening).bit_length() - 1
    if len(widths) > most:
        side = 2 ** len(widths) + whitening
        accepted = f"at most {max(most, 0)} long for {shape} images, or images of at least {side} pixels a side"
        raise InvalidArgument("widths", widths, accepted)
    return widths, convolutions


def patch_filters(channels: int) -> np.ndarray:
    """Orthonormal filters of 2x2 patches, and their negatives: of shape (2, 2, channels, 8 channels).

    The products of the Haar basis of the four places, average first, and the cosine basis of the channels: for three,
    (1, 1, 1), (1, 0, -1) and (1, -2, 1), divided by their norms.

    Example:
        >>> filters = patch_filters(3).reshape(12, 24)
        >>> bool(np.allclose(filters[:, :12].T @ filters[:, :12], np.eye(12), atol=1e-6))
        True
    """
    pair = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
    frequencies, places = np.meshgrid(np.arange(channels), np.arange(channels), indexing="ij")
    cosines = np.cos(np.pi * frequencies * (places + 0.5) / channels)
    cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    filters = np.einsum("ai,bj,dc->ijcabd", pair, pair, cosines).reshape(2, 2, channels, 4 * channels)
    return np.concatenate([filters, -filters], axis=-1).astype(np.float32)


def _white_patches(x: Any, style: Style) -> Any:
    """2x2 patches in components of about unit variance, hardly correlated, each with a shift, and activated."""
    filters = patch_filters(x.shape[-1])
    fixed = keras.initializers.Constant(filters.tolist())
    count = filters.shape[-1]
    patches = keras.layers.Conv2D(count, 2, use_bias=False, kernel_initializer=fixed, trainable=False, name="patches")
    variance = keras.layers.BatchNormalization(momentum=0.9, epsilon=PATCH_EPSILON, scale=False, name="white_patches")
    without = dataclasses.replace(style, normalization="none")
    return hidden_block(variance(patches(x)), lambda same: same, without)


def _convolution(filters: int, style: Style) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(filters, 3, padding="same", use_bias=style.use_bias, **style.kernel(4))


def _group(x: Any, width: int, count: int, style: Style, *, last: bool) -> Any:
    """``count`` convolutions, the first with max pooling; ``last`` means that no group follows."""
    first = _convolution(width, style)
    x = hidden_block(x, lambda x: keras.layers.MaxPooling2D()(first(x)), style, last=last and count == 1)
    if count == 1:
        return x
    second = hidden_block(x, _convolution(width, style), style, last=last and count == 2)
    if count == 2:
        return second
    branch = style.normalized(_convolution(width, style)(second))
    after = dataclasses.replace(style if last else dataclasses.replace(style, regularizer=()), normalization="none")
    return hidden_block([branch, x], keras.layers.Add(), after)
