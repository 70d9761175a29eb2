"""check_levels_act: levels that change nothing in a model are refused before a search, not judged equal after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument
from ..choice import name_of
from ..idle_choices import STYLES, idle_regularizers
from ..recipe import Recipe
from ..recipe_checks import missing_from, warn_of_missing
from ..registration.own_model import is_own_model, own_takes
from ..training_checks import check_choices_act

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["check_levels_act"]


def check_levels_act(recipes: Iterable[Recipe], spec: Spec) -> dict[str, keras.Model]:
    """Builds the models of some arms, each once for what is chosen of its layers and once for its regularizers.

    Args:
        recipes: of the arms, resolved for the data; their models have names.
        spec: of the data.

    Returns:
        A model for each choice of one, by its text. A warning names what all arms of a function's model have and its
        function does not ask for.

    Raises:
        InvalidArgument: for a choice without a place in a factory's model; for one that is compared among arms of a
            model whose function does not ask for it.
    """
    models: dict[str, keras.Model] = {}
    checked, absent = set[Any](), dict[Any, list[str]]()
    compared: dict[tuple[str, str], dict[str, bool]] = defaultdict(dict)
    own: dict[str, tuple[Recipe, keras.Model]] = {}
    for recipe in recipes:
        name, regularizers = str(recipe.model), recipe.regularizers()
        inside = (name, *(str(one.to_choice()) for one in regularizers if one.places))
        keys = {inside, (name, *(str(getattr(recipe, style)) for style in STYLES))}
        if not keys <= checked:
            models[name] = recipe.build_model(spec)
            checked |= keys
            if not is_own_model(recipe.model):
                check_choices_act(recipe, models[name])
                continue
            own[name] = recipe, models[name]
            absent[inside] = idle_regularizers(recipe.model, regularizers) or missing_from(recipe, models[name])
        if is_own_model(recipe.model):
            compared[name, "regularizer"][recipe.regularizer_name] = bool(absent[inside])
            for style in STYLES:
                compared[name, style][str(getattr(recipe, style))] = not own_takes(recipe.model, style)
    for (name, field), levels in compared.items():
        idle = [level for level, changes_nothing in levels.items() if changes_nothing]
        if idle and len(levels) > 1:
            level = next((level for level in idle if level != str(getattr(Recipe, field, None))), idle[0])
            model = name_of(own[name][0].model)
            accepted = f"one that changes something in {model!r}, whose function has to take {field!r} and use it"
            raise InvalidArgument(field, level, accepted)
    for recipe, made in own.values():
        warn_of_missing(recipe, made)
    return models
