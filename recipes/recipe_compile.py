"""compile_by: compiles a model by a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checks import InvalidArgument
from .choice import NONE
from .class_weights import weighted
from .loss_names import build_loss, loss_weight
from .losses import compile_options
from .model_output import read_outputs
from .precision import check_built_in

if TYPE_CHECKING:
    from .data.spec import Spec
    from .recipe import Recipe

__all__ = ["compile_by", "weight_of_loss"]


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
    chosen = {"optimizer": recipe.build_optimizer(), **_losses(recipe, model, spec, options)}
    if weighted_metrics is True:
        chosen["weighted_metrics"] = chosen.pop("metrics", None)
    elif weighted_metrics is not False:
        if weighted_metrics is not None and not _are_metrics(weighted_metrics):
            accepted = "True, False, or a list, tuple or dict of metrics, as of compile"
            raise InvalidArgument("weighted_metrics", weighted_metrics, accepted)
        chosen["weighted_metrics"] = weighted_metrics
    for regularizer in recipe.regularizers():
        chosen["loss"] = keras.tree.map_structure(regularizer.loss, chosen["loss"])
    if recipe.class_weight != NONE:
        chosen["loss"] = weighted(chosen["loss"], recipe.class_weight, model, spec)
    model.compile(**chosen)
    return model


def _are_metrics(value: Any, depth: int = 2) -> bool:
    """Whether a value is a list, tuple or dict of metrics, or of such for several outputs."""
    if not depth or not isinstance(value, (list, tuple, dict)):
        return False
    metrics = value.values() if isinstance(value, dict) else value
    return all(
        metric is None or isinstance(metric, str) or callable(metric) or _are_metrics(metric, depth - 1)
        for metric in metrics
    )


def weight_of_loss(recipe: Recipe, model: keras.Model, spec: Spec) -> float | None:
    """The weight of the only loss of a model that is compiled by a recipe; None if it has none.

    Example:
        >>> spec = recipes.load("diabetes").spec
        >>> weight = weight_of_loss(recipes.Recipe(), recipes.mlp(spec), spec)
        >>> round(weight * spec.target_variance, 3)
        1.0
    """
    if spec.task != "regression":
        return None
    weights = _losses(recipe, model, spec, {}).get("loss_weights")
    return weights[0] if isinstance(weights, list) and len(weights) == 1 else None


def _losses(recipe: Recipe, model: keras.Model, spec: Spec | None, options: dict[str, Any]) -> dict[str, Any]:
    """The options of ``compile`` but for the optimizer, before the regularizers and class weights."""
    chosen = compile_options(model, options, spec)
    if recipe.loss is not None and "loss" not in options:
        chosen |= _own_loss(recipe.loss, model, chosen, options)
    return chosen


def _own_loss(loss: Any, model: keras.Model, chosen: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """The options of ``compile`` for a recipe's own loss, in place of the task's; its metrics stay.

    Raises:
        InvalidArgument: for a model with several outputs.
    """
    if isinstance(chosen["loss"], dict):
        accepted = f"None for a model with the outputs {', '.join(chosen['loss'])}, or given to compile(loss=...)"
        raise InvalidArgument("loss", loss, accepted)
    output = read_outputs(model)[0]
    built = build_loss(loss, "float64" if output.dtype == "float64" else None)
    if "loss_weights" in options:
        return {"loss": built}
    size = 1.0 if output.scale is None else float(np.mean(np.square(output.scale))) ** 0.5
    weight = loss_weight(loss, size)
    return {"loss": built, "loss_weights": None if weight == 1 else [weight]}
