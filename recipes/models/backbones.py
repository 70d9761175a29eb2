"""BACKBONES: the networks of keras.applications, and what images they take."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras

from ...callbacks.checks import InvalidArgument, check_integer
from .preprocessing import resized

__all__ = ["BACKBONES", "IMAGENET_DEVIATION", "IMAGENET_MEAN", "Backbone", "as_taken", "side_of", "without_top"]


class Backbone(NamedTuple):
    """The inputs that a network of ``keras.applications`` expects.

    Args:
        values: "own" (0 to 255: the network rescales by itself), "tf" (-1 to 1), "torch" (0 to 1, then normalized by
            ImageNet's mean and deviation) or "caffe" (0 to 255 minus ImageNet's mean, in the order blue, green, red).
        smallest: the smallest height and width in pixels.
    """

    values: str
    smallest: int


BACKBONES = {
    **{f"ConvNeXt{size}": Backbone("own", 32) for size in ("Tiny", "Small", "Base", "Large", "XLarge")},
    **{f"DenseNet{layers}": Backbone("torch", 32) for layers in (121, 169, 201)},
    **{f"EfficientNetB{number}": Backbone("own", 32) for number in range(8)},
    **{f"EfficientNetV2{size}": Backbone("own", 32) for size in ("B0", "B1", "B2", "B3", "S", "M", "L")},
    "InceptionResNetV2": Backbone("tf", 75),
    "InceptionV3": Backbone("tf", 75),
    "MobileNet": Backbone("tf", 32),
    "MobileNetV2": Backbone("tf", 32),
    "MobileNetV3Large": Backbone("own", 32),
    "MobileNetV3Small": Backbone("own", 32),
    "NASNetLarge": Backbone("tf", 32),
    "NASNetMobile": Backbone("tf", 32),
    **{f"ResNet{layers}": Backbone("caffe", 32) for layers in (50, 101, 152)},
    **{f"ResNet{layers}V2": Backbone("tf", 32) for layers in (50, 101, 152)},
    "VGG16": Backbone("caffe", 32),
    "VGG19": Backbone("caffe", 32),
    "Xception": Backbone("tf", 71),
}
"""The networks of ``keras.applications``."""

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue, with white at 1."""


def side_of(name: str, shape: tuple, image_size: int | None) -> tuple[int, int]:
    """The height and width of the images that the network gets: at least its smallest, in the proportions of ``shape``.

    Args:
        name: of a network.
        shape: (height, width, channels) of the images.
        image_size: the shorter side in pixels; None for that of the images, or the network's smallest if it is larger.
    """
    smallest = BACKBONES[name].smallest
    if image_size is not None:
        image_size = check_integer("image_size", image_size, low=smallest)
    height, width = (int(size or 0) for size in shape[:2])
    shorter = image_size or max(smallest, min(height, width))
    return math.ceil(height * shorter / min(height, width)), math.ceil(width * shorter / min(height, width))


def as_taken(x: Any, side: tuple[int, int], *, resize: bool) -> Any:
    """Images with three channels, grey ones three times the same, resized to ``side`` if asked for."""
    if x.shape[-1] == 1:
        x = keras.layers.Concatenate(name="three_channels")([x, x, x])
    return resized(x, *side, name="resizing") if resize else x


def without_top(name: str, side: tuple[int, int], **options: Any) -> keras.Model:
    """The network with random weights, without its top.

    Raises:
        InvalidArgument: for options that it does not take.
    """
    given = {key: value for key, value in options.items() if key != "input_tensor"}
    try:
        return getattr(keras.applications, name)(
            **{**options, "input_shape": (*side, 3), "include_top": False, "weights": None}
        )
    except (TypeError, ValueError) as error:
        raise InvalidArgument("options", given, f"options of keras.applications.{name} ({error})") from None
