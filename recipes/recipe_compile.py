"""compile_by: compiles a model by a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.checks import InvalidArgument
from .choice import NONE
from .class_weights import weighted
from .losses import compile_options
from .precision import check_built_in

if TYPE_CHECKING:
    from .data.spec import Spec
    from .recipe import Recipe

__all__ = ["compile_by"]


def compile_by(
    recipe: Recipe, model: keras.Model, spec: Spec | None = None, *, weighted_metrics: Any = False, **options: Any
) -> keras.Model:
    """:meth:`recipes.Recipe.compile`, without its warning.

    Raises:
        InvalidArgument: as it does; for an optimizer that evaluates the loss itself, if the model trains in half
            precision with a scaled loss; for a model that was made in another precision than the recipe's.
    """
    check_built_in(model, recipe.precision)
    if recipe.finds_its_own_step and model.dtype_policy.compute_dtype == "float16":
        accepted = "one that uses the step's gradient: mixed_float16 scales the loss, which this evaluates itself"
        raise InvalidArgument("optimizer", recipe.optimizer_name, accepted)
    chosen = {"optimizer": recipe.build_optimizer(), **compile_options(model, options, spec)}
    if weighted_metrics is True:
        chosen["weighted_metrics"] = chosen.pop("metrics", None)
    elif weighted_metrics is not False:
        chosen["weighted_metrics"] = weighted_metrics
    for regularizer in recipe.regularizers():
        chosen["loss"] = keras.tree.map_structure(regularizer.loss, chosen["loss"])
    if recipe.class_weight != NONE:
        chosen["loss"] = weighted(chosen["loss"], recipe.class_weight, model, spec)
    model.compile(**chosen)
    return model
