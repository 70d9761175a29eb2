"""load_model, not_reloadable: Keras' model files, and layers that Keras cannot load from them by itself."""

from __future__ import annotations

import os
from typing import Any

import keras

from ..callbacks.checks import InvalidArgument
from ..callbacks.inside.layers import all_layers

__all__ = ["load_model", "not_reloadable"]


def load_model(
    path: str | os.PathLike[str], *, like: keras.Model | None = None, argument: str = "model"
) -> keras.Model:
    """The model in a ``.keras`` file, not compiled.

    Args:
        path: the file.
        like: a model with the same layers, whose own classes and ``Lambda`` layers are trusted. Default None.
        argument: name of the path, for messages.

    Raises:
        InvalidArgument: for a file that is missing, damaged, or needs a class that is not registered here.
    """
    own = {} if like is None else {type(layer).__name__: type(layer) for layer in all_layers(like) if _is_own(layer)}
    try:
        return keras.models.load_model(path, custom_objects=own, compile=False, safe_mode=like is None)
    except Exception as error:  # Keras, HDF5, zip and the file system have many
        raise InvalidArgument(argument, str(path), f"a model that Keras can load here ({_reason(error)})") from None


def not_reloadable(model: keras.Model) -> dict[str, str]:
    """The layers that Keras does not load from a file unless told how: name -> reason.

    These are ``Lambda`` layers with a Python function, and classes and functions that are neither Keras' own nor
    registered with ``keras.saving.register_keras_serializable``.

    Example:
        >>> layers = [keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x, name="twice")]
        >>> list(not_reloadable(keras.Sequential(layers)))
        ['twice']
    """
    reasons = {}
    for layer in all_layers(model):
        if isinstance(layer, keras.Model) and layer.__class__.__module__.startswith("keras."):
            continue
        try:
            config = keras.saving.serialize_keras_object(layer)
            config.pop("build_config", None)  # a copy without weights will do
            keras.saving.deserialize_keras_object(config)
        except Exception as error:  # whatever a layer's own get_config and from_config raise
            reasons[layer.name] = _reason(error)
    return reasons


def _is_own(layer: Any) -> bool:
    return type(layer).__module__.partition(".")[0] != "keras"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:150] or type(error).__name__
