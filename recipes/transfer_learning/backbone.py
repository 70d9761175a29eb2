"""backbone_of: a network of keras.applications for transfer, with weights from a file and raw images as inputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from ...callbacks.checks import InvalidArgument
from ..model_files import set_weights
from ..models.backbones import BACKBONES, IMAGENET_DEVIATION, IMAGENET_MEAN, as_taken, side_of, without_top
from ..models.blocks import Style
from ..models.inputs import model_input

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["backbone_of", "preprocessing_of"]


CAFFE_MEAN = (123.68, 116.779, 103.939)
"""For "caffe": red, green and blue, with white at 255."""


def backbone_of(
    name: str,
    spec: Spec,
    weights: str | os.PathLike[str] | None,
    image_size: int | None,
    options: Mapping[str, Any],
) -> keras.Model:
    """The network without its top, with layers in front that preprocess raw images.

    Its weights come from the file, or are random where there is none.
    """
    if spec.kind != "image" or spec.input_shape[-1] not in (1, 3):
        raise InvalidArgument("data", spec.name, f"grey or coloured images for {name}")
    if weights is not None and not Path(weights).is_file():
        raise InvalidArgument("weights", str(weights), f"a file with the weights of {name}: none is downloaded")
    side = side_of(name, tuple(spec.input_shape), image_size)
    network = without_top(name, side, **options)
    if weights is not None:
        try:
            network.load_weights(weights)
        except Exception as error:
            reason = " ".join(str(error).split())[:100]
            accepted = f"a file with the weights of this {name} without its top ({reason})"
            raise InvalidArgument("weights", str(weights), accepted) from None
        if name.startswith("EfficientNetB") and _divides_twice(Path(weights)):
            _divide_twice(network)
    scaling, *normalization = preprocessing_of(BACKBONES[name].values, spec)
    inputs, x = model_input(spec, tuple(spec.input_shape), scaling, Style())
    x = as_taken(x, side, resize=False)
    for layer in normalization:
        x = layer(x)
    x = as_taken(x, side, resize=spec.resized or side != tuple(spec.input_shape[:2]))
    # Weight files identify layers by their position in the network. So the weights are loaded into a network without
    # preprocessing, and copied to a second one on top of the preprocessing layers.
    whole = without_top(name, side, input_tensor=x, **options)
    set_weights(whole, network.get_weights())
    return keras.Model(inputs, whole.outputs[0], name=name)


def _divides_twice(weights: Path) -> bool:
    """Whether a file of weights is of an EfficientNet that Keras built for its published ones.

    Such a network divides its inputs by the square root of ImageNet's deviations once more, in a Rescaling layer that
    networks without those weights do not have. A file that ``save_weights`` has written names the layer.
    """
    if not weights.name.endswith(".weights.h5"):
        return True
    import h5py

    with h5py.File(weights) as file:
        return "layers/rescaling_1" in file


def _divide_twice(network: keras.Model) -> None:
    """Makes the Normalization layer of an EfficientNet do what the missing Rescaling layer would."""
    layer = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    mean, variance, *count = layer.get_weights()
    layer.set_weights([mean, variance * np.array(IMAGENET_DEVIATION, variance.dtype), *count])
    layer.finalize_state()


def preprocessing_of(values: str, spec: Spec) -> list[Any]:
    """Layers from raw pixels to the inputs of a :class:`Backbone`; grey becomes three channels after the first."""
    white = spec.input_max
    if white is None or (spec.input_dtype == "uint8" and white >= 128):  # ordinary bytes, even if no pixel is white
        white = 255.0

    def rescaling(scale: Any, offset: Any = 0.0, name: str = "pixels") -> keras.layers.Layer:
        return keras.layers.Rescaling(scale, offset, dtype="float32", name=name)

    if values == "tf":
        return [rescaling(2.0 / white, -1.0)]
    if values == "torch":
        pairs = list(zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True))
        scale, offset = [1 / deviation for _, deviation in pairs], [-mean / deviation for mean, deviation in pairs]
        return [rescaling(1.0 / white), rescaling(scale, offset, name="normalized")]
    if values == "caffe":
        centred = rescaling(1.0, [-mean for mean in CAFFE_MEAN], name="centred")
        return [rescaling(255.0 / white), centred, _reversed_channels]
    return [rescaling(255.0 / white)]


def _reversed_channels(x: Any) -> Any:
    return ops.flip(x, axis=-1)
