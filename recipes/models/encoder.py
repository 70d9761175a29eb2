"""encoder: a factory's model without its output layer, for use in larger models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument
from ..choice import Choice, is_named, name_of, options_of, parse
from .blocks import Style
from .factories import MODELS

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["encoder", "head_style", "of_factory"]

STYLE = ("activation", "initializer", "bias", "normalization", "regularizer")


def of_factory(model: Choice, options: Mapping[str, Any]) -> tuple[Choice, dict[str, Any]]:
    """The factory and its options: those in the choice, updated by ``options``.

    Raises:
        InvalidArgument: for an unknown name, or an option that concerns the output layer.
    """
    model = parse(MODELS, model)
    merged = {**options_of(model), **options}
    for name in ("outputs", "task"):
        if name in merged:
            raise InvalidArgument(name, merged[name], "left out: only the layers before the output are used")
    return name_of(model) if is_named(model) else model, merged


def head_style(options: Mapping[str, Any]) -> Style:
    """The Style of the output layers on an encoder with these options: the same penalties apply."""
    return Style(**{name: options[name] for name in STYLE if name in options})


def encoder(
    model: Choice,
    spec: Spec | None,
    input_shape: Sequence[int] | None,
    options: Mapping[str, Any],
    *,
    name: str,
    several: bool = False,
) -> keras.Model:
    """A new model of a factory, cut before the dense layer called "outputs".

    Args:
        model, options: as :func:`of_factory` returns them.
        spec: of the data.
        input_shape: without the batch; instead of ``spec``.
        name: of the encoder.
        several: whether it may take a dictionary of inputs. Default False.

    Returns:
        A model from (batch, *input_shape), the raw inputs, to an embedding of shape (batch, units).

    Raises:
        InvalidArgument: if the factory's model has no layer of that name, has several inputs (unless allowed), or does
            not make one embedding vector per example.

    Example:
        >>> encoder("mlp", None, (4,), {"hidden": (8, 5)}, name="encoder").output_shape
        (None, 5)
    """
    # The number of outputs does not matter: the output layer is cut off.
    shapes: dict[str, Any] = {"input_shape": input_shape, "outputs": 1} if spec is None else {"spec": spec}
    if spec is not None and input_shape is not None:
        raise InvalidArgument("spec", spec, "given alone, or input_shape instead of it")
    whole = MODELS.build(model, **shapes, **options) if isinstance(model, str) else model(**shapes, **options)
    if not isinstance(whole, keras.Model):
        raise InvalidArgument("model", type(whole).__name__, "a function that returns a keras.Model")
    last = next((layer for layer in whole.layers if layer.name == "outputs"), None)
    if last is None:
        raise InvalidArgument("model", whole.name, 'one whose last dense layer is called "outputs"')
    record = not isinstance(whole, keras.Sequential) and isinstance(whole.input, dict)
    if (record and not several) or (not record and len(whole.inputs) != 1) or len(last.input.shape) != 2:
        accepted = "one with one input, and one row of numbers an example before its outputs"
        raise InvalidArgument("model", whole.name, accepted)
    return keras.Model(whole.input if record else whole.inputs[0], last.input, name=name)
