"""autoencoder: a network that reproduces its input from a short code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice, check_integer
from .blocks import Style, hidden_block, input_shape_of, sizes
from .by_shape import accepts_shape
from .cnn import filters_for
from .inputs import model_input
from .preprocessing import rescaled

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["autoencoder"]

HIDDEN = (300, 100)
"""Default units of the dense encoder."""


@accepts_shape
@checked
def autoencoder(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    hidden: Sequence[int] | None = None,
    code: int = 32,
    convolutional: bool | None = None,
    filters: Sequence[int] | None = None,
    scale: str | None = None,
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    name: str = "autoencoder",
) -> keras.Model:
    """An autoencoder: an encoder down to ``code`` numbers, and a decoder that mirrors it.

    Train it on its own input, raw values on both sides, without labels::

        recipe.compile(model)
        model.fit(x, x, epochs=5)

    The network works on normalized values; the last layer, "reconstruction", maps them back to the raw units. The loss
    that a recipe chooses is the mean squared error as a fraction of the inputs' variance: 1 for the mean of each
    channel, 0 for a perfect reconstruction. The encoder alone, to compute codes or to start another network, is
    ``keras.Model(model.input, model.get_layer("code").output)``.

    Without convolutions, the encoder consists of dense layers on the flattened input. With ``hidden=()`` the
    autoencoder is linear: its best code spans the principal components. With convolutions, 2x2 max pooling follows each
    of them. The decoder doubles height and width before each of its convolutions by repeating pixels, and crops them to
    the encoder's size where that was odd.

    With ``regularizer="input_noise"`` it is a denoising autoencoder: the noise is on the input only. Penalties and
    dropout act as in every factory.

    Args:
        spec: of the data (``data.spec``); it provides the shape and the normalization of the raw inputs. Its task is
            ignored.
        input_shape: without the batch, e.g. (28, 28, 1); instead of ``spec``.
        hidden: units of each dense layer before the code; the decoder has the same in reverse. Default (300, 100), or
            () after convolutions.
        code: length of the code, which is linear. Default 32.
        convolutional: whether convolutions come first. Default None: for images with at least 16 pixels on both sides.
        filters: filters of each convolution of the encoder. Default: as many of 32, 64, 128, 256 as reduce the smaller
            side to 4 to 7 pixels.
        scale: "raw" for a reconstruction in the units of the input, or "normalized" for one to compare with the
            normalized input, ``keras.Model(model.input, model.layers[1].output).predict(x)``. The latter is better for
            tables whose columns have different units, where the largest column would dominate the error. Default None:
            "raw", or "normalized" with your own ``preprocessing``, whose inverse is unknown.
        activation, initializer, bias, normalization, regularizer, preprocessing, name: as in :func:`recipes.mlp`; the
            hidden layers of encoder and decoder and the code all count towards "deep".

    Returns:
        A plain, uncompiled model from (batch, *input_shape) to reconstructions of that shape, in float32. Without a
        Spec or a preprocessing the two scales are the same.

    Raises:
        InvalidArgument: for an unknown name, an invalid size, convolutions on data other than images, an image too
            small to be halved that often, or data other than one array of numbers of one shape (texts, records).

    Source: Hinton and Salakhutdinov 2006; convolutional: Masci et al. 2011; denoising: Vincent et al. 2008.

    Example:
        >>> model = autoencoder(input_shape=(28, 28, 1), code=10)
        >>> model.output_shape, model.get_layer("code").output.shape
        ((None, 28, 28, 1), (None, 10))
    """
    if spec is not None and not spec.movable:
        raise InvalidArgument("spec", spec.name, "that of images, tables of numbers or sequences of one length")
    shape, _ = input_shape_of(spec, input_shape, None if spec is not None else 1)
    if None in shape:
        raise InvalidArgument("input_shape", shape, "known sizes")
    code = check_integer("code", code, low=1)
    if scale is None:
        scale = "raw" if preprocessing is None else "normalized"
    check_choice("scale", scale, ("raw", "normalized"))
    if scale == "raw" and preprocessing is not None:
        raise InvalidArgument("scale", scale, "'normalized' with a preprocessing of your own: its inverse is not known")
    style = Style(activation, initializer, normalization, regularizer, bias=bias)
    inputs, x = model_input(spec, shape, preprocessing, style)
    shape = x.shape[1:]
    maps = _maps(shape, convolutional, filters)
    units = sizes("hidden", (() if maps else HIDDEN) if hidden is None else hidden)
    style = dataclasses.replace(style, depth=2 * len(maps) + 2 * len(units) + 1)

    grids = []
    for count in maps:
        grids.append(x.shape[1:3])
        x = keras.layers.MaxPooling2D(2, padding="same")(hidden_block(x, _convolution(count, style), style))
    smallest = x.shape[1:]
    if len(smallest) > 1:
        x = keras.layers.Flatten()(x)
    for count in units:
        x = hidden_block(x, _dense(count, style), style)
    x = keras.layers.Dense(code, **style.kernel(linear=True), name="code")(x)

    for number, count in enumerate(reversed(units), start=1):
        x = hidden_block(x, _dense(count, style), style, last=not maps and number == len(units))
    if maps:
        x = hidden_block(x, _dense(math.prod(smallest), style), style, last=len(maps) == 1)
        x = keras.layers.Reshape(smallest)(x)
        for number in reversed(range(1, len(maps))):
            layer = _convolution(maps[number - 1], style)
            x = hidden_block(_enlarged(x, grids[number]), layer, style, last=number == 1)
        layer = keras.layers.Conv2D(shape[-1], 3, padding="same", **style.kernel(4, linear=True))
        x = layer(_enlarged(x, grids[0]))
    else:
        x = keras.layers.Dense(math.prod(shape), **style.kernel(linear=True))(x)
        if len(shape) > 1:
            x = keras.layers.Reshape(shape)(x)
    return keras.Model(inputs, _reconstruction(x, spec if scale == "raw" else None), name=name)


def _maps(shape: tuple, convolutional: Any, filters: Any) -> list[int]:
    """The filters of the encoder's convolutions; none for a dense encoder."""
    if convolutional is not None and not isinstance(convolutional, bool):
        raise InvalidArgument("convolutional", convolutional, "True, False or None")
    image = len(shape) == 3
    if convolutional is None:
        convolutional = image and min(shape[:2]) >= 16
    if not convolutional:
        if filters is not None:
            raise InvalidArgument("filters", filters, "given only for a convolutional autoencoder")
        return []
    if not image:
        raise InvalidArgument("convolutional", convolutional, f"False for inputs of shape {shape}, which are no images")
    side = min(shape[:2]).bit_length()
    halvings = min(max(side - 3, 1), side - 1)  # down to 4 to 7 pixels
    maps = filters_for(shape, (32, 64, 128, 256)[:halvings] if filters is None else filters)
    if not maps:
        raise InvalidArgument("filters", maps, "given for at least one convolution, for images of at least 2x2 pixels")
    return maps


def _dense(units: int, style: Style) -> keras.layers.Dense:
    return keras.layers.Dense(units, use_bias=style.use_bias, **style.kernel())


def _convolution(filters: int, style: Style) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(filters, 3, padding="same", use_bias=style.use_bias, **style.kernel(4))


def _enlarged(x: Any, size: tuple[int, int]) -> Any:
    """Images upsampled to ``size``: twice their height and width, or one pixel less."""
    x = keras.layers.UpSampling2D()(x)
    bottom, right = x.shape[1] - size[0], x.shape[2] - size[1]
    return keras.layers.Cropping2D(((0, bottom), (0, right)))(x) if bottom or right else x


def _reconstruction(x: Any, spec: Spec | None) -> Any:
    """The last layer: back to the raw units, if there is a Spec."""
    if spec is None:
        return keras.layers.Activation("linear", dtype="float32", name="reconstruction")(x)
    return rescaled(x, spec.input_mean, spec.input_variance, name="reconstruction")
