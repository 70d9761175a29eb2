"""Keys of compiled training steps: models with equal keys can share a step."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.inside.layers import all_layers
from ..callbacks.inside.optimizer_values import spares_from_decay
from .choice import NONE
from .step_numbers import equal_numbers, penalties_of

if TYPE_CHECKING:
    from .data.spec import Spec
    from .recipe import Recipe

__all__ = ["STEPS", "form_of", "step_key", "structure_of"]

UNCLEAR = ("function", "__lambda__")
"""Classes in a configuration that does not define them completely: two functions may have the same name."""

CLEAR = ("keras", "builtins", "keras_recipes")
"""Packages whose classes are completely defined by their configuration."""

STEPS = ("train_step", "test_step", "compute_loss", "call")
"""Methods that may have been replaced on a model."""

NAMES = ("name", "keras_history", "input_layers", "output_layers")
"""Keys of a configuration that hold names of layers."""


def step_key(
    recipe: Recipe, structure: str | None, spec: Spec, steps_per_execution: int, *, weighs_loss: bool
) -> Hashable:
    """What a compiled step depends on: the recipe without its learning rate, the model without its numbers.

    Args:
        recipe: resolved for the data.
        structure: of the model, built, not compiled, as by :func:`structure_of`.
        spec: of the data.
        steps_per_execution: of the step.
        weighs_loss: whether the weight of the loss is a variable of the step.
    """
    recipe = dataclasses.replace(recipe, learning_rate=1.0)
    if structure is not None:  # it includes the regularizers that act in the model alone
        in_step = [
            choice
            for choice, regularizer in zip(recipe.regularizer, recipe.regularizers(), strict=True)
            if not (regularizer.acts_in_model_alone or regularizer.acts_outside_step)
        ]
        recipe = dataclasses.replace(recipe, regularizer=tuple(in_step))
    shares = None if recipe.class_weight == NONE else (spec.class_shares, spec.examples)  # constants of the loss
    variance = None if weighs_loss else spec.target_variance
    return recipe, structure, steps_per_execution, variance, shares


def form_of(model: keras.Model) -> str | None:
    """A compiled model without its variable numbers, as JSON; None if its configuration does not define it."""
    if not model.built or not model.compiled or model.run_eagerly or spares_from_decay(model.optimizer):
        return None
    if any(hasattr(layer, "adapt") for layer in all_layers(model, include_self=False)):
        return None
    structure = structure_of(model, names=True)
    # The configuration has the steps per execution passed to `compile`, not a later value.
    return None if structure is None else json.dumps([structure, model.steps_per_execution])


def structure_of(model: keras.Model, *, names: bool = False) -> str | None:
    """The layers and, if compiled, the compile options of a built model, without weights and variable numbers.

    Models with equal structures can share a compiled step, if layers with an ``adapt`` method were adapted to the same
    data.

    Args:
        model: a built model.
        names: whether to include the numbers that Keras appends to names ("dense_1"). Default False.

    Returns:
        JSON; None if the configuration does not define the model: for functions, classes of other packages, subclassed
        models, replaced layers or methods, and penalties added to weights later.
    """
    if any(name in vars(model) for name in STEPS) or _has_other_penalties(model):
        return None
    try:
        with equal_numbers(model):
            config = keras.saving.serialize_keras_object(model)
        optimizer = (config.get("compile_config") or {}).get("optimizer", {}).get("config", {})
    except Exception:  # layers and metrics without a configuration raise various errors
        return None
    if config["class_name"] not in ("Sequential", "Functional") or not _is_clear(config):
        return None
    if isinstance(optimizer.get("learning_rate"), float):
        optimizer["learning_rate"] = None
    numbered = [] if names else enumerate(operation.name for operation in _operations(model))
    config = _comparable(config, {name: f"{re.sub(r'_[0-9]+$', '', name)} {number}" for number, name in numbered})
    # A penalty shared by two layers appears twice in the configuration, so the sharing is added to the structure.
    return json.dumps([config, _sharing(model)], sort_keys=True, default=repr)


def _operations(model: keras.Model) -> list[Any]:
    """The layers of a model, and the operations between them."""
    layers = all_layers(model)
    between = [operation for layer in layers for operation in getattr(layer, "operations", ())]
    return [*layers, *(operation for operation in between if not isinstance(operation, keras.layers.Layer))]


def _has_other_penalties(model: keras.Model) -> bool:
    """Whether a weight has a penalty that its layer, and so the configuration, does not have."""
    of_layers = {id(value) for layer in all_layers(model) for value in vars(layer).values()}
    penalties = [getattr(weight, "regularizer", None) for weight in model.trainable_weights]
    return any(penalty is not None and id(penalty) not in of_layers for penalty in penalties)


def _sharing(model: keras.Model) -> list[int]:
    """The index of the penalty at each position that holds one."""
    order = {id(penalty): number for number, penalty in enumerate(penalties_of(model))}
    return [
        order[id(value)]
        for layer in all_layers(model, include_self=False)
        for _, value in sorted(vars(layer).items())
        if id(value) in order
    ]


def _is_clear(config: Any) -> bool:
    """Whether everything in a configuration is completely defined by it."""
    if isinstance(config, dict):
        if "class_name" in config:
            # Keras writes None as the module of a class of the main program.
            home = (config.get("module", "keras") or "").partition(".")[0]
            if config["class_name"] in UNCLEAR or home not in CLEAR:
                return False
        return all(map(_is_clear, config.values()))
    return all(map(_is_clear, config)) if isinstance(config, (list, tuple)) else True


def _comparable(config: Any, names: Mapping[str, str], *, of_layers: bool = False) -> Any:
    """A configuration without initializers, which a built model no longer needs.

    Args:
        config: of a model, or a part of it.
        names: layer name -> replacement.
        of_layers: whether texts in it are names of layers.
    """
    if isinstance(config, (list, tuple)):
        return [_comparable(item, names, of_layers=of_layers) for item in config]
    if isinstance(config, dict):
        return {
            key: _comparable(value, names, of_layers=of_layers or key in NAMES)
            for key, value in config.items()
            if not key.endswith("_initializer")
        }
    return names.get(config, config) if of_layers and isinstance(config, str) else config
