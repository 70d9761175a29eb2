"""copy_layer, layer_to_json, layer_from_json: a Keras layer with what it has learned, as a new one and as JSON."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument
from ..callbacks.inside.layers import all_layers
from .model_files import own_objects

__all__ = ["copy_layer", "layer_from_json", "layer_identity", "layer_to_json"]

MOST = 100_000
"""The most numbers of a layer that are written as JSON."""

SHAPES = ("build_config", "build_input_shape")
"""Keras' keys of the shapes that a layer was built for."""

STATE = "state"
"""The key of what a layer has learned, beside Keras' own ones."""


def copy_layer(layer: keras.layers.Layer, argument: str = "layer") -> keras.layers.Layer:
    """A new layer with the settings of another one, and with what that has adapted to or learned.

    Args:
        layer: Keras' own or of any class with a ``get_config``.
        argument: its name, for messages.

    Raises:
        InvalidArgument: for a layer that Keras cannot make again.

    Example:
        >>> layer = keras.layers.Normalization()
        >>> layer.adapt(np.array([[2.0], [4.0]]))
        >>> copy_layer(layer)(np.array([[4.0]])).numpy().tolist()
        [[1.0]]
    """
    own = own_objects(layer)
    try:
        config = keras.saving.serialize_keras_object(layer)
        made = keras.saving.deserialize_keras_object(config, custom_objects=own, safe_mode=False)
        _restore(made, _states(layer))
        return made
    except Exception as error:  # whatever a layer's own get_config and from_config raise
        accepted = f"a layer that Keras can make again, since each model gets one of its own ({_reason(error)})"
        raise InvalidArgument(argument, type(layer).__name__, accepted) from None


def layer_to_json(path: str, layer: keras.layers.Layer) -> dict[str, Any]:
    """A layer as JSON values: Keras' configuration, and "state" if it has adapted to data or learned something.

    Args:
        path: where it stands, for messages.
        layer: a layer that Keras can make again without being told of its class.

    Raises:
        InvalidArgument: for another layer, or one of more than 100,000 numbers.
    """
    config = _renamed(keras.saving.serialize_keras_object(layer))
    try:
        keras.saving.deserialize_keras_object(config)
    except Exception as error:
        accepted = f"a layer that Keras can load, to be written as JSON: registered, and no Lambda ({_reason(error)})"
        raise InvalidArgument(path, type(layer).__name__, accepted) from None
    states = _states(layer)
    if not any(state.variables or state.files for state in states):
        return config
    count = sum(values.size for state in states for values in state.variables.values())
    if count > MOST:
        accepted = f"a layer of at most {MOST:,} numbers, to be written as JSON, not {count:,}"
        raise InvalidArgument(path, type(layer).__name__, accepted)
    return {**config, STATE: [state.to_json() for state in states]}


def layer_from_json(values: Mapping[str, Any]) -> Any:
    """The inverse of :func:`layer_to_json`, for any other Keras object too; raises what Keras raises."""
    made = keras.saving.deserialize_keras_object({key: value for key, value in values.items() if key != STATE})
    if STATE in values:
        _restore(made, [State.from_json(state) for state in values[STATE]])
    return made


def layer_identity(layer: keras.layers.Layer) -> dict[str, Any]:
    """JSON values that are equal for layers of equal settings, weights and vocabularies, whatever Keras named them."""
    values = json.loads(json.dumps(_renamed(keras.saving.serialize_keras_object(layer))))
    digest = hashlib.sha256()
    for state in _states(layer):
        digest.update(json.dumps([list(state.variables), state.files]).encode())
        for numbers in state.variables.values():
            digest.update(np.ascontiguousarray(numbers).tobytes())
    return {**_without_shapes(values), STATE: digest.hexdigest()}


@dataclass(frozen=True)
class State:
    """What a layer itself, without those inside it, has beside its configuration.

    Args:
        variables: as Keras saves them: weights, statistics.
        files: as Keras saves them, such as vocabularies: name -> text.
    """

    variables: Mapping[str, np.ndarray]
    files: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        numbers = {name: [str(values.dtype), values.tolist()] for name, values in self.variables.items()}
        return {"variables": numbers, "files": dict(self.files)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> State:
        numbers = {name: np.asarray(listed, dtype) for name, (dtype, listed) in values["variables"].items()}
        return cls(numbers, values["files"])


def _states(layer: keras.layers.Layer) -> list[State]:
    """The states of a layer and of those inside it, in Keras' order."""
    states = []
    for inner in all_layers(layer):
        variables: dict[str, Any] = {}
        try:
            inner.save_own_variables(variables)
        except AttributeError:  # tf-idf without a vocabulary yet
            states.append(State({}, {}))
            continue
        with tempfile.TemporaryDirectory() as folder:
            if hasattr(inner, "save_assets"):
                inner.save_assets(folder)
            files = {path.name: path.read_text() for path in sorted(Path(folder).iterdir())}
        states.append(State({name: np.asarray(values) for name, values in variables.items()}, files))
    return states


def _restore(layer: keras.layers.Layer, states: Sequence[State]) -> None:
    """Gives a new layer the states of another one of its settings."""
    pairs = list(zip(all_layers(layer), states, strict=True))
    for inner, state in pairs:  # before the files, which need the weights of words
        if state.variables:
            inner.load_own_variables(dict(state.variables))
    for inner, state in pairs:
        if state.files:
            with tempfile.TemporaryDirectory() as folder:
                for name, text in state.files.items():
                    (Path(folder) / Path(name).name).write_text(text)
                inner.load_assets(folder)


def _renamed(values: dict[str, Any], place: int = 0) -> dict[str, Any]:
    """The configuration of a layer with names that do not depend on what Keras has made before, as "dense_3" does."""
    config = dict(values["config"])
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", values["class_name"]).lower()
    if re.fullmatch(rf"{kind}(_\d+)?", str(config.get("name"))):
        config["name"] = f"{kind}_{place}" if place else kind
    if values["class_name"] in ("Sequential", "Pipeline"):  # the layers of a Functional refer to one another by name
        config["layers"] = [_renamed(inner, number) for number, inner in enumerate(config["layers"])]
    return {**values, "config": config}


def _without_shapes(values: Any) -> Any:
    """A configuration without the shapes that layers were built for."""
    if isinstance(values, list):
        return [_without_shapes(item) for item in values]
    if isinstance(values, dict):
        return {key: _without_shapes(item) for key, item in values.items() if key not in SHAPES}
    return values


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:150] or type(error).__name__
