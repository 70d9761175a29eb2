"""A recipe's choice of model: the factory that suits the data, and the model that it builds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.checks import InvalidArgument
from . import choice
from .choice import AUTO, OWN, Choice
from .layer_copies import copy_layer
from .models import MODELS, model_for
from .registration.own_model import OwnModel

if TYPE_CHECKING:
    from .data.spec import Spec

__all__ = ["build_model", "resolved_model"]


def resolved_model(model: Choice, spec: Spec | None, input_shape: tuple[int, ...] = ()) -> Choice:
    """The choice, with the factory that suits the data in place of "auto".

    Args:
        model: a choice of ``MODELS``, or "auto", or a function.
        spec: of the data, or None.
        input_shape: of one example, if there is no Spec.

    Example:
        >>> resolved_model({"name": "auto", "hidden": (50,)}, None, (30,))
        {'name': 'mlp', 'hidden': (50,)}
    """
    if not choice.is_named(model) or choice.name_of(model) != AUTO:
        return model
    shape = spec.input_shape if spec is not None else input_shape
    return choice.named(model_for(spec, shape), choice.options_of(model))


def build_model(model: Choice, spec: Spec | None, style: Mapping[str, Any], options: Mapping[str, Any]) -> keras.Model:
    """A new, uncompiled model from the chosen factory.

    Args:
        model: a choice of ``MODELS``, or "auto", or a function, which gets what it takes of the Spec and the others.
        spec: of the data, or None: then the options must hold ``input_shape`` and ``outputs``.
        style: the recipe's choices that every factory takes: activation, initializer, ...
        options: of the factory; they take precedence over those of the choice, which do over ``style``.

    Raises:
        InvalidArgument: for "own", which stands for a model that was given.
    """
    if model == OWN:
        raise InvalidArgument("model", OWN, "given: the recipe is of a training with a model of your own")
    if not choice.is_named(model):
        return OwnModel(model)(spec=spec, **{**style, **options})
    resolved = resolved_model(model, spec, options.get("input_shape") or ())
    chosen = {name: _of_its_own(name, value) for name, value in choice.options_of(resolved).items()}
    return MODELS.build(choice.name_of(resolved), spec=spec, **{**style, **chosen, **options})


def _of_its_own(name: str, value: Any) -> Any:
    """A copy of a layer, such as a preprocessing, which models would share otherwise; other options as they are."""
    return copy_layer(value, name) if isinstance(value, keras.layers.Layer) else value
