"""The layers of a trained model up to some output, as a copy of their own: frozen layers answer as in inference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_choice
from ...callbacks.inside.layers import is_functional, node_of
from ..losses import ends_in

__all__ = ["HEAD", "call_of", "features_of", "has_kernel", "input_of", "leaves_of", "set_trainable", "trunk_of"]

HEAD = "outputs"
"""The name of the dense layer that all our models end in: what is below is the trunk."""

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
"""Layers that do nothing but while training."""


def features_of(source: keras.Model, at: str | None) -> Any:
    """The output of the last layer that is taken over: rows (batch, size), or feature maps of rank 3 or 4.

    Args:
        source: what is taken from.
        at: the name of that layer; None for the layer below "outputs", else below the last one with weights of a model
            that ends in softmax or sigmoid, else the model's own output.

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
        shapes = [each.shape for each in features]
        raise InvalidArgument("at", shapes, "given: the name of a layer with one output, of rows or feature maps")
    return features[0]


def call_of(model: keras.Model, layer: Any) -> Any:
    """The node at which the model calls the layer, if it does so once. (Other models may call it too.)"""
    found, seen, waiting = [], set(), list(model.outputs)
    while waiting:
        node = node_of(waiting.pop())
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.operation is layer:
            found.append(node)
        waiting.extend(node.input_tensors)
    if len(found) != 1:
        raise InvalidArgument("at", layer.name, "the name of a layer that the model calls once")
    return found[0]


def input_of(model: keras.Model) -> Any:
    """What a model takes: a tensor, or several in the way that they are given to it."""
    given = model.inputs if isinstance(model, keras.Sequential) else model.input
    return given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given


def leaves_of(model: keras.Model) -> list[Any]:
    """The layers of a model, and in place of models within it theirs, from the input on."""

    def each(part: Any) -> Iterator[Any]:
        for layer in part.layers:
            if isinstance(layer, keras.Model):
                yield from each(layer)
            else:
                yield layer

    return list(each(model))


def has_kernel(layer: Any) -> bool:
    """Whether the layer has a weight of rank 2 or more, which biases and normalization do not."""
    return any(len(weight.shape) > 1 for weight in layer.weights)


def set_trainable(model: keras.Model, wanted: Mapping[int, bool]) -> None:
    """Sets the layers by their ids, and the models that hold them to True."""
    leaves = leaves_of(model)
    model.trainable = True
    for layer in leaves:
        layer.trainable = wanted[id(layer)]


def trunk_of(source: keras.Model, features: Any, freeze: bool | int) -> keras.Model:
    """A copy of everything up to ``features``, with the weights, frozen as asked for."""
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
        copy.set_weights(cut.get_weights())
    except Exception as error:
        reason = str(error).splitlines()[0][:100]
        raise InvalidArgument("model", source.name, f"one whose layers Keras can copy ({reason})") from None
    set_trainable(copy, {id(layer): number >= end for number, layer in enumerate(leaves_of(copy))})
    return copy


def _copied(layer: Any, quiet: bool) -> Any:
    """A new layer of the same kind, without weights yet; where ``quiet``, one that is the same in training."""
    config = layer.get_config()
    if quiet and isinstance(layer, NOISY):
        return keras.layers.Identity(name=config["name"], dtype=config.get("dtype"))
    return type(layer).from_config(_without_dropout(config) if quiet else config)


def _without_dropout(config: Any) -> Any:
    """The options of a layer whose own dropout, as recurrent and attention layers have it, is 0."""
    if isinstance(config, dict):
        off = {key: 0.0 for key in ("dropout", "recurrent_dropout") if isinstance(config.get(key), float)}
        return {**{key: _without_dropout(value) for key, value in config.items()}, **off}
    return [_without_dropout(each) for each in config] if isinstance(config, list) else config
