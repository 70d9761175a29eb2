"""load_model, save_model, set_weights: Keras' model files, layers that Keras cannot load by itself, copied weights."""

from __future__ import annotations

import os
import types
from collections.abc import Sequence
from typing import Any

import keras

from ..callbacks.checks import InvalidArgument
from ..callbacks.inside.layers import all_layers

__all__ = ["load_model", "not_reloadable", "own_objects", "save_model", "set_weights"]

KERAS_OBJECTS = (
    *(keras.layers.Layer, keras.initializers.Initializer, keras.regularizers.Regularizer),
    keras.constraints.Constraint,
)


def load_model(
    path: str | os.PathLike[str],
    *,
    like: keras.Model | None = None,
    compile: bool = False,
    argument: str = "model",
) -> keras.Model:
    """The model in a ``.keras`` file.

    Args:
        path: the file.
        like: a model with the same layers, whose own classes, functions and ``Lambda`` layers are trusted. Default
            None.
        compile: whether it comes with its optimizer, loss and metrics. Default False.
        argument: name of the path, for messages.

    Raises:
        InvalidArgument: for a file that is missing, damaged, or needs a class or function that is not registered here.
    """
    own = {} if like is None else own_objects(like)
    try:
        return keras.models.load_model(path, custom_objects=own, compile=compile, safe_mode=like is None)
    except Exception as error:  # Keras, HDF5, zip and the file system have many
        raise InvalidArgument(argument, str(path), f"a model that Keras can load here ({_reason(error)})") from None


def save_model(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Writes a ``.keras`` file.

    Raises:
        InvalidArgument: for a layer that Keras cannot make again, such as one that takes arguments and has no
            ``get_config``.
    """
    for name, reason in not_reloadable(model, trusted=True).items():
        raise InvalidArgument("model", model.name, f"one that Keras can save, but layer {name!r}: {reason}")
    model.save(path)


def set_weights(model: keras.Model, weights: Sequence[Any]) -> None:
    """``model.set_weights``, after which Normalization layers that were adapted use the new statistics.

    Keras alone goes on with those that they had, 0 and 1 in a copy: it takes over new ones when it loads a file only.

    Args:
        model: any.
        weights: what ``get_weights`` of a model with the same layers returns.

    Example:
        >>> layers = keras.layers.Normalization(), keras.layers.Normalization()
        >>> layers[0].adapt(np.array([[2.0], [4.0]]))
        >>> models = [keras.Sequential([keras.Input((1,)), layer]) for layer in layers]
        >>> set_weights(models[1], models[0].get_weights())
        >>> models[1](np.array([[4.0]])).numpy().tolist()
        [[1.0]]
    """
    model.set_weights(weights)
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def not_reloadable(model: keras.Model, *, trusted: bool = False) -> dict[str, str]:
    """The layers that Keras does not load from a file by itself: name -> reason.

    These are ``Lambda`` layers with a Python function, and classes and functions that are neither Keras' own nor
    registered with ``keras.saving.register_keras_serializable``.

    Args:
        model: any.
        trusted: whether Keras is told that these are fine, as in :func:`load_model` with ``like``: then only layers are
            left that cannot be saved, such as those that take arguments and have no ``get_config``. Default False.

    Example:
        >>> layers = [keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x, name="twice")]
        >>> model = keras.Sequential(layers)
        >>> list(not_reloadable(model)), list(not_reloadable(model, trusted=True))
        (['twice'], [])
    """
    reasons = {}
    own = own_objects(model) if trusted else {}
    for layer in all_layers(model):
        if isinstance(layer, keras.Model) and layer.__class__.__module__.startswith("keras."):
            continue
        try:
            config = keras.saving.serialize_keras_object(layer)
            config.pop("build_config", None)  # a copy without weights will do
            keras.saving.deserialize_keras_object(config, custom_objects=own, safe_mode=not trusted)
        except Exception as error:  # whatever a layer's own get_config and from_config raise
            reasons[layer.name] = _reason(error)
    return reasons


def own_objects(model: keras.layers.Layer) -> dict[str, Any]:
    """The classes and functions in a model or layer that are not Keras' own, by name."""
    own: dict[str, Any] = {}
    for layer in all_layers(model):
        for value in (layer, *vars(layer).values()):
            if isinstance(value, types.FunctionType):
                own[value.__name__] = value
            elif isinstance(value, KERAS_OBJECTS) and not type(value).__module__.startswith("keras."):
                own[type(value).__name__] = type(value)
    return own


def _reason(error: Exception) -> str:
    """The innermost cause, which Keras puts last, in short."""
    text = " ".join(str(error).split()).rpartition("Exception encountered: ")[2]
    return text.partition(". ")[0][:150] or type(error).__name__
