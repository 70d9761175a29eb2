"""Choices that change nothing in a model: in one without hidden layers, or made by a function that does not ask."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .choice import AUTO, NONE, Choice, name_of, options_of
from .models import MODELS
from .registration.own_model import is_own_model, own_takes
from .regularization.base import IN_MODEL, Regularizer

if TYPE_CHECKING:
    from .recipe import Recipe

__all__ = ["STYLES", "has_hidden_layers", "idle_regularizers", "idle_styles"]

LAYERS = ("filters", "hidden", "units")
"""The options of the factories that list hidden layers."""

STYLES = ("activation", "initializer", "bias", "normalization")
"""What a recipe chooses of a model's layers, regularizers apart."""


def has_hidden_layers(model: Choice) -> bool:
    """Whether a factory makes hidden layers with these options: not if each list of layers that it takes is empty.

    Args:
        model: a choice of a factory; "auto" has hidden layers, or penalties alone.

    Example:
        >>> has_hidden_layers("mlp"), has_hidden_layers("mlp(hidden=[])"), has_hidden_layers("cnn(hidden=[])")
        (True, False, True)
    """
    if name_of(model) not in MODELS:
        return True
    taken, options = inspect.signature(MODELS[name_of(model)].build).parameters, options_of(model)
    lists = [option for option in LAYERS if option in taken]
    return not lists or any(option not in options or options[option] not in ((), []) for option in lists)


def idle_regularizers(model: Choice, regularizers: Iterable[Regularizer]) -> list[str]:
    """The names of those that would act inside a model and have no place in this one.

    Args:
        model: the choice of a model.
        regularizers: of a recipe.

    Example:
        >>> from recipes.regularization import Dropout, L2
        >>> idle_regularizers("mlp(hidden=[])", [L2(), Dropout()])
        ['dropout']
    """
    if is_own_model(model):
        absent = set() if own_takes(model, "regularizer") else set(IN_MODEL)
    else:
        absent = set() if has_hidden_layers(model) else {"after_activation"}
    return [one.name for one in regularizers if absent and one.acts_in_model_alone and set() < one.places <= absent]


def idle_styles(recipe: Recipe) -> list[str]:
    """The fields that are not at their default, and that the function which makes the model does not ask for.

    Args:
        recipe: whose model may be a function of one's own; the factories ask for all.
    """
    if not is_own_model(recipe.model):
        return []
    defaults = {field.name: field.default for field in dataclasses.fields(recipe)}
    return [
        field
        for field in STYLES
        if getattr(recipe, field) not in (defaults[field], AUTO, NONE) and not own_takes(recipe.model, field)
    ]
