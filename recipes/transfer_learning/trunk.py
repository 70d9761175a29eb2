"""Copies of the lower layers of a trained model, with frozen layers in inference mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_choice
from ...callbacks.inside.layers import is_functional, node_of
from ..model_files import set_weights
from ..model_output import ends_in

__all__ = ["HEAD", "call_of", "features_of", "has_kernel", "input_of", "leaves_of", "set_trainable", "trunk_of"]

HEAD = "outputs"
"""The name of the last dense layer of this package's models; the layers below are the trunk."""

NOISY = (
    keras.layers.Dropout,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.RandomBrightness,
    keras.layers.RandomContrast,
    keras.layers.RandomFlip,
    keras.layers.RandomRotation,
    keras.layers.RandomTranslation,
    keras.layers.RandomZoom,
)
"""Layers that act in training only."""

STOCHASTIC_DEPTH = "StochasticDepth"
"""Another one, of Keras' ConvNeXt, whose class is private."""


def features_of(source: keras.Model, at: str | None) -> Any:
    """The features that the new head reads: rows (batch, size), or feature maps of rank 3 or 4.

    Args:
        source: the trained model.
        at: the name of the layer that outputs them. With None they are the inputs of the layer "outputs", else, if the
            model ends in softmax or sigmoid, the inputs of its last layer with weights, else the model's output.

    Raises:
        InvalidArgument: for a model that Keras cannot copy, an unknown name, or several outputs.
    """
    if not is_functional(source) or not source.built:
        raise InvalidArgument("model", source.name, "one that Keras can copy: a functional or sequential one, built")
    layers = {layer.name: layer for layer in source.layers}
    weighted = [layer for layer in source.layers if layer.weights]
    if at is not None:
        features = call_of(source, layers[check_choice("at", at, list(layers))]).output_tensors
    elif HEAD in layers:
        features = call_of(source, layers[HEAD]).input_tensors
    elif len(source.outputs) == 1 and ends_in(source) in ("softmax", "sigmoid") and weighted:
        if isinstance(weighted[-1], keras.Model):
            raise InvalidArgument("at", None, f"given where the last layer is a model: {weighted[-1].name!r}")
        features = call_of(source, weighted[-1]).input_tensors
    else:
        features = source.outputs
    if len(features) != 1 or len(features[0].shape) not in (2, 3, 4):
        shapes = [tensor.shape for tensor in features]
        raise InvalidArgument("at", shapes, "given: the name of a layer with one output, of rows or feature maps")
    return features[0]


def call_of(model: keras.Model, layer: Any) -> Any:
    """The only node at which the model calls the layer, or ``InvalidArgument``. (Other models may call it too.)"""
    nodes, seen, waiting = [], set(), list(model.outputs)
    while waiting:
        node = node_of(waiting.pop())
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.operation is layer:
            nodes.append(node)
        waiting.extend(node.input_tensors)
    if len(nodes) != 1:
        raise InvalidArgument("at", layer.name, "the name of a layer that the model calls once")
    return nodes[0]


def input_of(model: keras.Model) -> Any:
    """The input tensor of a model, or the structure of its input tensors."""
    inputs = model.inputs if isinstance(model, keras.Sequential) else model.input
    return inputs[0] if isinstance(inputs, (list, tuple)) and len(inputs) == 1 else inputs


def leaves_of(model: keras.Model) -> list[Any]:
    """The layers of a model from input to output, with nested models replaced by their layers."""

    def leaves(part: Any) -> Iterator[Any]:
        for layer in part.layers:
            if isinstance(layer, keras.Model):
                yield from leaves(layer)
            else:
                yield layer

    return list(leaves(model))


def has_kernel(layer: Any) -> bool:
    """Whether the layer has a weight of rank 2 or more; biases and normalization have rank 1."""
    return any(len(weight.shape) > 1 for weight in layer.weights)


def set_trainable(model: keras.Model, wanted: Mapping[int, bool]) -> None:
    """Sets ``trainable`` of the layers, by their ids; of nested models it becomes True."""
    leaves = leaves_of(model)
    model.trainable = True
    for layer in leaves:
        layer.trainable = wanted[id(layer)]


def trunk_of(source: keras.Model, features: Any, freeze: bool | int) -> keras.Model:
    """A copy of the layers up to ``features``, with their weights, frozen as :func:`recipes.transfer` says."""
    cut = keras.Model(input_of(source), features)
    leaves = leaves_of(cut)
    kernels = [number for number, layer in enumerate(leaves) if has_kernel(layer)]
    if freeze is True:
        end = len(leaves)
    elif not freeze:
        end = 0
    elif freeze > len(kernels):
        raise InvalidArgument("freeze", freeze, f"at most {len(kernels)}, the number of layers with a kernel")
    else:
        end = kernels[freeze] if freeze < len(kernels) else len(leaves)
    frozen = {id(layer) for layer in leaves[:end]}
    try:
        copy = keras.models.clone_model(
            cut, clone_function=lambda layer: _copied(layer, id(layer) in frozen), recursive=True
        )
        set_weights(copy, cut.get_weights())
    except Exception as error:
        reason = str(error).splitlines()[0][:100]
        raise InvalidArgument("model", source.name, f"one whose layers Keras can copy ({reason})") from None
    set_trainable(copy, {id(layer): number >= end for number, layer in enumerate(leaves_of(copy))})
    return copy


def _copied(layer: Any, quiet: bool) -> Any:
    """A new layer of the same kind, without weights yet; if ``quiet``, without dropout and noise."""
    config = layer.get_config()
    if quiet and (isinstance(layer, NOISY) or type(layer).__name__ == STOCHASTIC_DEPTH):
        return keras.layers.Identity(name=config["name"], dtype=config.get("dtype"))
    return type(layer).from_config(_without_dropout(config) if quiet else config)


def _without_dropout(config: Any) -> Any:
    """A layer's configuration with the dropout of recurrent and attention layers set to 0."""
    if isinstance(config, dict):
        off = {key: 0.0 for key in ("dropout", "recurrent_dropout") if isinstance(config.get(key), float)}
        return {**{key: _without_dropout(value) for key, value in config.items()}, **off}
    return [_without_dropout(item) for item in config] if isinstance(config, list) else config
