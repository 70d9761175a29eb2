"""built_models: what the functions of a search make, by which a changed function is told from the same one."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from ..as_compiled.trainer import compiled_model
from ..registration.own_model import is_own_model
from ..seeding import set_seeds
from .arms import Arm
from .candidate import Candidate

if TYPE_CHECKING:
    from ..data import Data
    from ..recipe import Recipe

__all__ = ["built_models", "facts_of"]

ELSEWHERE = ("module", "registered_name", "name", "build_config", "shared_object_id")
"""Keys of a configuration that do not change what a model computes."""

FUNCTIONS = ("function", "__lambda__")
"""Classes in a configuration whose other values are code."""


def built_models(data: Data, arms: Sequence[Arm], recipe_of: Mapping[str, Recipe]) -> dict[str, Any]:
    """The setting "built": what each function of one's own makes for the data. Empty without such functions.

    Args:
        data: to be searched.
        arms: what is compared.
        recipe_of: their recipes, by name.
    """
    found: dict[str, Any] = {}
    for arm in arms:
        recipe = recipe_of[arm.name]
        label = arm.name if isinstance(arm, Candidate) else str(recipe.model)
        if label in found or not is_own_model(recipe.model):
            continue
        set_seeds(0, keep_functions=True)
        compiled = isinstance(arm, Candidate) and arm.compiled
        found[label] = facts_of(compiled_model(recipe, data) if compiled else recipe.build_model(data.spec))
    return {"built": found} if found else {}


def facts_of(model: keras.Model) -> dict[str, Any]:
    """What a model is, as JSON values: its weights, its layers' configurations, how they are connected and compiled.

    Names do not count, nor from which module a class comes. Of what has no configuration the weights alone are known.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu")])
        >>> facts_of(model)["weights"], facts_of(model)["layers"]["1 Dense"]["units"]
        ('4x3, 3', 3)
    """
    return {
        "weights": ", ".join("x".join(map(str, weight.shape)) or "1" for weight in model.weights),
        "layers": {
            f"{number} {type(layer).__name__}": _plain(_config_of(layer))
            for number, layer in enumerate(model.layers, 1)
        },
        "connections": _connections(model),
        "compiled": _plain(_compile_config(model)),
    }


def _config_of(layer: Any) -> Any:
    try:
        return layer.get_config()
    except Exception:  # of layers of one's own, which raise various errors
        return {}


def _compile_config(model: keras.Model) -> Any:
    try:
        return (model.get_compile_config() or {}) if model.compiled else {}
    except Exception:  # of losses and metrics of one's own
        return {}


def _connections(model: keras.Model) -> str:
    """A digest of which layer feeds which."""
    config = _config_of(model)
    layers = config.get("layers", ()) if isinstance(config, dict) else ()
    nodes = [_plain(layer.get("inbound_nodes")) for layer in layers if isinstance(layer, dict)]
    text = re.sub(r'_[0-9]+"', '"', json.dumps(nodes))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    """A configuration as JSON values that are the same in another process."""
    if isinstance(value, Mapping):
        if value.get("class_name") in FUNCTIONS:
            name = value.get("config")
            return {"class_name": value["class_name"], "config": name if isinstance(name, str) else None}
        return {str(key): _plain(part) for key, part in value.items() if key not in ELSEWHERE}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and abs(value) < math.inf:
        return float(f"{value:.6g}")
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))
