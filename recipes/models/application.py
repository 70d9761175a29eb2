"""application: the networks of keras.applications, trained from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice
from ..normalizations import MOMENTUM
from .backbones import BACKBONES, IMAGENET_DEVIATION, IMAGENET_MEAN, as_taken, side_of, without_top
from .blocks import Style, input_shape_of, output_layer, regularized
from .by_shape import accepts_shape
from .inputs import model_input

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["application"]

OWN = ("activation", "initializer", "bias", "normalization")
"""What a network of keras.applications has of its own: the defaults stand for it."""

WHITE = 255.0
"""In the images of the networks that scale pixels by themselves."""

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


@accepts_shape
@checked
def application(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    outputs: int | None = None,
    network: str = "MobileNetV2",
    image_size: int | None = None,
    activation: str = "elu",
    initializer: Any = "he_normal",
    bias: Any = 0.0,
    normalization: str = "auto",
    regularizer: Sequence[Any] | str = (),
    preprocessing: keras.layers.Layer | None = None,
    task: str | None = None,
    name: str = "application",
) -> keras.Model:
    """A network of ``keras.applications`` with random weights, and an output layer for the data.

    Use it to compare a published architecture with the others on images of one's own, by name:
    ``recipes.search(data, models=["resnet", "application(network='EfficientNetB0')"])``. With weights from a file
    :func:`recipes.transfer` starts from what was learned elsewhere, which few images need. The networks were made for
    about 224 pixels: they halve images five times, which leaves little of small ones unless ``image_size`` is larger.

    Activations, initial weights, biases and normalizations are the network's own: the recipe's defaults stand for them,
    and other choices are refused. Only the momentum of batch normalization's averages is that of the other models here,
    0.9: with up to 0.999 of the originals, validation tells nothing for thousands of steps. Regularizers act as
    elsewhere: penalties on all kernels, constraints on all but those of depthwise convolutions, and dropout and noise
    on the averaged features before the output layer.

    Args:
        spec: of the data (``data.spec``); it provides the shapes, the task and the normalization of the inputs.
        input_shape: (height, width, 1 or 3); instead of ``spec``.
        outputs: number of classes, or of numbers; instead of ``spec``.
        network: a name of ``keras.applications``, such as "ResNet50", "EfficientNetB0" or "ConvNeXtTiny": the keys of
            ``recipes.transfer_learning.BACKBONES``. Default "MobileNetV2", the one of the fewest weights but for
            MobileNetV3Small.
        image_size: the shorter side in pixels after resizing; None (default) keeps the size of the images, unless they
            are too small for the network.
        activation, initializer, bias, normalization: left at their defaults.
        regularizer, preprocessing, task, name: as in :func:`recipes.mlp`.

    Returns:
        A model from (batch, height, width, channels) to (batch, outputs): probabilities, or numbers. Inputs are
        normalized by the Spec; ConvNeXt, EfficientNet and MobileNetV3, which scale pixels by themselves, get them from
        0 to 255 again. Without a Spec they go in as they are.

    Raises:
        InvalidArgument: for an unknown network, an input that is no grey or coloured image, a size below the network's
            smallest, and choices that it has of its own.

    Source: Keras Applications; the papers are named in the documentation of each network.

    Example:
        >>> model = application(input_shape=(32, 32, 3), outputs=10, network="MobileNetV2")
        >>> model.output_shape, model.count_params()
        ((None, 10), 2270794)
    """
    shape, outputs = input_shape_of(spec, input_shape, outputs)
    check_choice("network", network, tuple(BACKBONES))
    if len(shape) != 3 or shape[-1] not in (1, 3):
        raise InvalidArgument("input_shape", shape, f"(height, width, 1 or 3) for {network}: grey or coloured images")
    style = Style(activation, initializer, normalization, regularizer, bias=bias)
    for field in OWN:
        default = getattr(Style, field)
        if getattr(style, field) != default:
            accepted = f"{default!r}, the default, which stands for what {network} has of its own"
            raise InvalidArgument(field, getattr(style, field), accepted)
    inputs, x = model_input(spec, shape, preprocessing, style, image=True)
    side = side_of(network, tuple(x.shape[1:]), image_size)
    x = as_taken(x, side, resize=side != tuple(x.shape[1:3]))
    if BACKBONES[network].values == "own" and spec is not None and preprocessing is None:
        scale, offset = ([WHITE * value for value in values] for values in (IMAGENET_DEVIATION, IMAGENET_MEAN))
        x = keras.layers.Rescaling(scale, offset, name="pixels")(x)
    body = without_top(network, side, input_tensor=x)
    _restrain(body, style)
    _settle_soon(body)
    features = keras.layers.GlobalAveragePooling2D(name="pooled")(body.outputs[0])
    features = regularized(features, style)
    return keras.Model(inputs, output_layer(features, spec, outputs, task, style), name=name)


def _restrain(network: keras.Model, style: Style) -> None:
    """Puts the penalties and constraints of the regularizers on the kernels of a network that was built without."""
    for layer in network.layers:
        for attribute in KERNELS:
            kernel = getattr(layer, attribute, None)
            if not isinstance(kernel, keras.Variable):
                continue
            depthwise = "depthwise" in attribute or isinstance(layer, keras.layers.DepthwiseConv2D)
            prefix = "depthwise" if depthwise else attribute.removesuffix("_kernel")
            restraints = style.restraints(len(kernel.shape))
            penalty = restraints["kernel_regularizer"]
            constraint = None if depthwise else restraints["kernel_constraint"]
            setattr(layer, f"{prefix}_regularizer", penalty)
            setattr(layer, f"{prefix}_constraint", constraint)
            kernel.regularizer, kernel.constraint = penalty, constraint


def _settle_soon(network: keras.Model) -> None:
    """Gives batch normalization's averages the momentum that they have in the other models."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
