"""What can be found wrong with data, recipe and model before a training begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.checks import InvalidArgument
from ..callbacks.inside.layers import all_layers, is_functional, normalizes_over_examples
from ..callbacks.warning import warn
from .activations import ACTIVATIONS
from .choice import AUTO, NONE
from .distribution import replicas
from .model_files import not_reloadable
from .model_output import ends_in
from .models.linear_part import LINEAR_PART
from .recipe import Recipe
from .recipe_checks import missing_from

if TYPE_CHECKING:
    from .data import Data
    from .data.spec import Spec

__all__ = [
    "check_batches",
    "check_choices_act",
    "check_data",
    "check_fits",
    "check_recipe",
    "check_shapes",
    "warn_of_layers",
]


ENDINGS = ("probability", "probabilities", "target")
"""The names of the last activations of the factories' models."""


def check_data(data: Any) -> None:
    """Raises unless ``data`` is a :class:`recipes.Data`; a name is the usual mistake."""
    from .data import Data

    if isinstance(data, (list, tuple)) and data and all(isinstance(part, Data) for part in data):
        accepted = (
            "one recipes.Data: a search divides it anew for each repeat (resplit=True) where folds are meant, and"
            " `recipes bench` compares on several datasets"
        )
        raise InvalidArgument("data", f"{type(data).__name__} of {len(data)}", accepted)
    if not isinstance(data, Data):
        raise InvalidArgument("data", data, "what recipes.load(name) or recipes.Data.from_arrays(x, y) returns")


def check_recipe(recipe: Any) -> Recipe:
    """Returns the recipe, or the default recipe for None; raises for anything else."""
    if recipe is None:
        return Recipe()
    if not isinstance(recipe, Recipe):
        raise InvalidArgument("recipe", recipe, "a recipes.Recipe")
    return recipe


def check_fits(model: keras.Model, data: Data) -> None:
    """Raises if the model's inputs or outputs do not fit the data, with the actual and the expected shape or ending."""
    spec = data.spec
    check_shapes(model, spec)
    last = {"multiclass": "softmax", "binary": "sigmoid", "multilabel": "sigmoid"}.get(spec.task)
    if last is not None and ends_in(model) != last:
        raise InvalidArgument("model", ends_in(model), f"a model that ends in {last} for {spec.name!r} ({spec.task})")
    if last is None and ends_in(model) in ("softmax", "sigmoid"):
        raise InvalidArgument("model", ends_in(model), f"a model that ends in numbers for {spec.name!r} ({spec.task})")
    _warn_of_types(model, data)


def check_shapes(model: keras.Model, spec: Spec) -> None:
    """Raises if the shapes or types of the model's inputs and outputs are not those of the data."""
    if not isinstance(model, keras.Model):
        raise InvalidArgument("model", model, "a keras.Model")
    if not is_functional(model):
        accepted = (
            "a functional or sequential model, whose inputs and outputs Keras knows, not a subclass of keras.Model"
        )
        raise InvalidArgument("model", type(model).__name__, accepted)
    if not model.built or not model.layers:
        raise InvalidArgument("model", model.name, "built: give it a keras.Input, or call it once")
    actual = model.input_shape
    if spec.record:
        expected: Any = {feature.key: (None, *feature.shape) for feature in spec.features}
        if isinstance(model.input, dict):
            actual = {name: tensor.shape for name, tensor in model.input.items()}
        fits = isinstance(actual, dict) and set(actual) == set(expected)
        if not fits or not all(_takes(actual[name], expected[name]) for name in expected):
            raise InvalidArgument("model", actual, f"a model with a dictionary of inputs {expected} for {spec.name!r}")
    elif isinstance(actual, (list, dict)) or not _takes(actual, (None, *spec.input_shape)):
        shape = (None, *spec.input_shape)
        raise InvalidArgument("model", actual, f"a model with one input of shape {shape} for {spec.name!r}")
    _check_input_types(model, spec)
    output = model.output_shape
    if isinstance(output, (list, dict)) or output != (None, spec.outputs):
        raise InvalidArgument(
            "model", output, f"a model with one output of shape {(None, spec.outputs)} for {spec.name!r}"
        )


def _check_input_types(model: keras.Model, spec: Spec) -> None:
    """Raises for inputs that would cut off fractions, and for numbers where the data are strings or the other way."""
    if spec.record:
        pairs = [(feature.name, feature.dtype, model.input[feature.key].dtype) for feature in spec.features]
    else:
        pairs = [("", spec.input_dtype, model.inputs[0].dtype)]
    for name, raw, taken in pairs:
        if (raw == "string") != (taken == "string") or ("float" in raw and "float" not in taken):
            of = f" for column {name!r}" if name else ""
            raise InvalidArgument("model", taken, f"a model with an input of dtype={raw!r}{of} of {spec.name!r}")


def _warn_of_types(model: keras.Model, data: Data) -> None:
    """Warns of a model of float32 on a table, sequences or targets whose values float32 does not keep apart."""
    x, y = data.arrays("train")
    narrow = {}
    if not data.spec.record and x.dtype in ("float64", "int64") and model.inputs[0].dtype != x.dtype:
        narrow["takes"] = model.inputs[0].dtype
    if y.dtype == "float64" and model.outputs[0].dtype != "float64":
        narrow["returns"] = model.outputs[0].dtype
    for verb, dtype in narrow.items():
        accepted = "give it an input" if verb == "takes" else "give its last layer"
        warn(
            f"model {model.name!r} {verb} {dtype}, which does not keep the values of {data.spec.name!r} apart:"
            f" {accepted} of dtype={str((x if verb == 'takes' else y).dtype)!r}",
        )


def warn_of_layers(model: keras.Model) -> None:
    """Warns of layers that Keras cannot save, or not load by itself: before a long training, not after it.

    Args:
        model: to be trained.
    """
    reasons, lost = not_reloadable(model), not_reloadable(model, trusted=True)
    if not reasons:
        return
    name, reason = next(iter((lost or reasons).items()))
    if lost:
        text = f"model {model.name!r} cannot be saved or exported, because of layer {name!r}: {reason}"
    else:
        text = (
            f"model {model.name!r} can be exported by recipes.export(run, ...), but its saved run cannot be loaded"
            f" where layer {name!r} is not known: {reason}"
        )
    warn(text)


def check_batches(model: keras.Model, data: Data) -> None:
    """Raises for batches of one example where batch normalization needs several: all that it then gives is its bias.

    Of the training split there are full batches only, so that no last one has a single example either.
    """
    replica = " a replica" if replicas() > 1 else ""
    smallest = min(data.batch_size // replicas(), data.settings["counts"]["train"])
    if smallest <= 1 and normalizes_over_examples(model):
        accepted = f"batches of at least 2 examples{replica} for batch normalization, or a recipe with "
        raise InvalidArgument("data", f"batches of 1 example{replica}", accepted + "normalization='none'")


def check_choices_act(recipe: Recipe, model: keras.Model) -> None:
    """Raises for choices that change nothing in a model that the recipe's factory made: dropout without hidden layers.

    Raises:
        InvalidArgument: naming the choice.
    """
    for name in missing_from(recipe, model):
        accepted = f"one that changes something in {model.name!r}, which has no place for it"
        raise InvalidArgument("regularizer", name, accepted)
    if _has_hidden_layers(model, recipe.activation):
        layers = [layer for layer in all_layers(model, include_self=False) if hasattr(layer, "use_bias")]
        normalized = not any(layer.use_bias for layer in layers if layer.name not in ("outputs", LINEAR_PART))
        if normalized and recipe.bias not in (Recipe.bias, AUTO):
            accepted = f"{Recipe.bias} for {model.name!r}, whose batch normalization takes the place of the biases"
            raise InvalidArgument("bias", recipe.bias, accepted)
        return
    for field in ("normalization", "activation", "initializer", "bias"):
        default = getattr(Recipe, field)
        if getattr(recipe, field) not in (default, AUTO, NONE):
            accepted = f"{default!r}, the default, for {model.name!r}, which has no hidden layers of this kind"
            raise InvalidArgument(field, getattr(recipe, field), accepted)


def _has_hidden_layers(model: keras.Model, activation: str) -> bool:
    """Whether a factory's model has layers with this activation, other than the outputs."""
    built = ACTIVATIONS.build(activation)
    return any(
        type(layer) is type(built)
        and getattr(layer, "activation", None) is getattr(built, "activation", None)
        and layer.name not in ENDINGS
        for layer in all_layers(model, include_self=False)
    )


def _takes(shape: Sequence[int | None], needed: Sequence[int | None]) -> bool:
    """Whether an input of this shape takes arrays of the shape ``needed``; None is any size."""
    return len(shape) == len(needed) and all(n is None or n == m for n, m in zip(shape, needed, strict=True))
