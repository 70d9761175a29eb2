"""What a compiled training step depends on, as text: models with the same key can share one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import keras

from ..callbacks.inside.layers import all_layers
from ..callbacks.inside.optimizer_values import spares_from_decay
from .step_numbers import equal_numbers, penalties_of

__all__ = ["STEPS", "form_of", "structure_of"]

UNCLEAR = ("function", "__lambda__")
"""Classes in a configuration that do not say all about what they stand for: two functions may have one name."""

CLEAR = ("keras", "builtins", "keras_recipes")
"""Packages whose classes have all that they are made from in their configuration."""

STEPS = ("train_step", "test_step", "compute_loss", "call")
"""What a model may have been given in place of its class's own."""

NAMES = ("name", "keras_history", "input_layers", "output_layers")
"""Where a configuration has names of layers."""


def form_of(model: keras.Model) -> str | None:
    """What a compiled model is but for the numbers that can be changed, as JSON; None where that cannot be told."""
    if not model.built or not model.compiled or model.run_eagerly or spares_from_decay(model.optimizer):
        return None
    if any(hasattr(layer, "adapt") for layer in all_layers(model, include_self=False)):
        return None
    structure = structure_of(model, names=True)
    # The configuration has the steps a call that `compile` was given, not those set since.
    return None if structure is None else json.dumps([structure, model.steps_per_execution])


def structure_of(model: keras.Model, *, names: bool = False) -> str | None:
    """The layers of a built model, and how it was compiled if it was, but for weights and numbers that can be changed.

    Two models with one structure can share a compiled step, if layers with a state from ``adapt`` were adapted to the
    same data.

    Args:
        model: built.
        names: whether two models must agree in the numbers that Keras appends to names ("dense_1"). Default False.

    Returns:
        JSON; None where the configuration does not tell all: of functions, of classes from elsewhere, of subclassed
        models, of layers or methods that were replaced, of penalties that were put on weights afterwards.
    """
    if any(name in vars(model) for name in STEPS) or _has_other_penalties(model):
        return None
    try:
        with equal_numbers(model):
            config = keras.saving.serialize_keras_object(model)
        optimizer = (config.get("compile_config") or {}).get("optimizer", {}).get("config", {})
    except Exception:  # a layer or a metric that has no configuration, each in its own way
        return None
    if config["class_name"] not in ("Sequential", "Functional") or not _is_clear(config):
        return None
    if isinstance(optimizer.get("learning_rate"), float):
        optimizer["learning_rate"] = None
    numbered = [] if names else enumerate(layer.name for layer in all_layers(model))
    config = _comparable(config, {name: f"{re.sub(r'_[0-9]+$', '', name)} {number}" for number, name in numbered})
    # Where two layers share one penalty, the configuration has it twice: which are shared is part of the structure.
    return json.dumps([config, _sharing(model)], sort_keys=True, default=repr)


def _has_other_penalties(model: keras.Model) -> bool:
    """Whether a weight has a penalty that its layer does not have, which then is in no configuration."""
    own = {id(value) for layer in all_layers(model) for value in vars(layer).values()}
    penalties = [getattr(weight, "regularizer", None) for weight in model.trainable_weights]
    return any(penalty is not None and id(penalty) not in own for penalty in penalties)


def _sharing(model: keras.Model) -> list[int]:
    """For each place of a penalty, which of the model's penalties stands there."""
    order = {id(penalty): number for number, penalty in enumerate(penalties_of(model))}
    return [
        order[id(value)]
        for layer in all_layers(model, include_self=False)
        for _, value in sorted(vars(layer).items())
        if id(value) in order
    ]


def _is_clear(config: Any) -> bool:
    """Whether everything in a configuration is Keras' own, or of this package, and says all about itself."""
    if isinstance(config, dict):
        if "class_name" in config:
            # Keras writes None for the module of a class in the program that runs.
            home = (config.get("module", "keras") or "").partition(".")[0]
            if config["class_name"] in UNCLEAR or home not in CLEAR:
                return False
        return all(map(_is_clear, config.values()))
    return all(map(_is_clear, config)) if isinstance(config, (list, tuple)) else True


def _comparable(config: Any, names: Mapping[str, str], *, of_layers: bool = False) -> Any:
    """A configuration without initializers, whose work is done.

    Args:
        config: of a model, or a part of it.
        names: of layers -> what to write instead.
        of_layers: whether a text in it is the name of a layer.
    """
    if isinstance(config, (list, tuple)):
        return [_comparable(part, names, of_layers=of_layers) for part in config]
    if isinstance(config, dict):
        return {
            key: _comparable(value, names, of_layers=of_layers or key in NAMES)
            for key, value in config.items()
            if not key.endswith("_initializer")
        }
    return names.get(config, config) if of_layers and isinstance(config, str) else config
