"""encoder: the model of a factory without its output layer, as a part of larger models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument
from .blocks import Style
from .factories import MODELS

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["Factory", "encoder", "head_style", "of_factory"]

Factory = str | Mapping[str, Any] | Callable[..., keras.Model]
"""A name of the models' catalogue; a mapping with a "name" and options; or a function from a Spec to a Keras model."""

STYLE = ("activation", "initializer", "bias", "normalization", "regularizer")


def of_factory(model: Factory, options: Mapping[str, Any]) -> tuple[Factory, dict[str, Any]]:
    """The factory, and all options for it: those of the mapping, and ``options``, which win.

    Raises:
        InvalidArgument: for an unknown name, or an option that says what comes out of the model.
    """
    given = dict(options)
    if isinstance(model, Mapping):
        given = {**{key: value for key, value in model.items() if key != "name"}, **options}
        model = model.get("name")  # type: ignore[assignment]
    if isinstance(model, str) or not callable(model):
        MODELS[model]  # type: ignore[index]
    for name in ("outputs", "task"):
        if name in given:
            raise InvalidArgument(name, given[name], "left out: only the layers before the output are used")
    return model, given


def head_style(options: Mapping[str, Any]) -> Style:
    """How to make the output layers that go with an encoder of these options: with the same penalties."""
    return Style(**{name: options[name] for name in STYLE if name in options})


def encoder(
    model: Factory,
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
        spec: of the data; or else ``input_shape``, without the batch.
        name: of the encoder.
        several: whether it may take a dictionary of inputs. Default False.

    Returns:
        A model from (batch, *input_shape), the raw inputs, to an embedding of shape (batch, units).

    Raises:
        InvalidArgument: when the factory's model has no layer of that name, several inputs, or no embedding of one row
            an example.

    Example:
        >>> encoder("mlp", None, (4,), {"hidden": (8, 5)}, name="encoder").output_shape
        (None, 5)
    """
    # One output for nothing: it is cut off.
    shapes: dict[str, Any] = {"input_shape": input_shape, "outputs": 1} if spec is None else {"spec": spec}
    if spec is not None and input_shape is not None:
        raise InvalidArgument("spec", spec, "given alone, or input_shape instead of it")
    whole = MODELS.build(model, **shapes, **options) if isinstance(model, str) else model(**shapes, **options)  # type: ignore[operator]
    last = next((layer for layer in whole.layers if layer.name == "outputs"), None)
    if last is None:
        raise InvalidArgument("model", whole.name, 'one whose last dense layer is called "outputs"')
    record = not isinstance(whole, keras.Sequential) and isinstance(whole.input, dict)
    if (record and not several) or (not record and len(whole.inputs) != 1) or len(last.input.shape) != 2:
        accepted = "one with one input, and one row of numbers an example before its outputs"
        raise InvalidArgument("model", whole.name, accepted)
    return keras.Model(whole.input if record else whole.inputs[0], last.input, name=name)
