"""model_input, encoded_input: the raw inputs of a model, and the preprocessed tensor with the regularizers' layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from ...callbacks.checks import InvalidArgument
from ...callbacks.taken import in_one_line
from .preprocessing import normalization, resized, scaled, scaled_steps, with_missing
from .records import record_inputs, record_vector
from .words import bag_of_words, word_numbers, word_vectors

if TYPE_CHECKING:
    from ..data.spec import Spec
    from .blocks import Style

__all__ = ["encoded_input", "model_input"]

WORD = 64
"""Size of the word vectors."""


def model_input(
    spec: Spec | None,
    shape: tuple,
    preprocessing: keras.layers.Layer | None,
    style: Style,
    *,
    word: int | None = WORD,
    image: bool = False,
) -> tuple[Any, Any]:
    """The inputs for raw values, and the preprocessed tensor with the regularizers' input layers.

    Args:
        spec: of the data; None for plain numbers of this shape.
        shape: of one example, without the batch.
        preprocessing: a layer for the raw values, instead of the Spec's preprocessing.
        style: provides the regularizers.
        word: size of the word vectors, for texts; None for one vector per text, the bag of its words.
        image: whether ``preprocessing`` must return images. Default False: anything.

    Returns:
        (Input, tensor). The tensor has shape (batch, *shape) for images, tables and sequences, with a mask if sequences
        are padded; (batch, words, word) with a mask for texts, or (batch, size) for bags of words; and (batch, size)
        for records, whose Input is a dictionary.
    """
    inputs, x, _ = encoded_input(spec, shape, preprocessing, style, word=word)
    if image and preprocessing is not None and len(x.shape) != 4:
        accepted = f"a layer that returns images (batch, height, width, channels), not {tuple(x.shape)}"
        raise InvalidArgument("preprocessing", preprocessing.name, accepted)
    return inputs, x


def encoded_input(
    spec: Spec | None,
    shape: tuple,
    preprocessing: keras.layers.Layer | None,
    style: Style,
    *,
    word: int | None = WORD,
) -> tuple[Any, Any, Any]:
    """The results of :func:`model_input`, and the columns of a table whose encoding is not learned: (batch, size).

    The columns are None for other data, and with ``preprocessing``.
    """
    inputs, columns = _inputs(spec, shape), None
    if preprocessing is not None:
        x = _with_layer(preprocessing, inputs)
    elif spec is None:
        x = inputs
    elif spec.record:
        x, columns = record_vector(spec.features, inputs, style)
    else:
        x = _preprocessed(spec, inputs, word)
        columns = x if spec.kind == "tabular" else None
    for regularizer in style.regularizer:
        extra = regularizer.on_input(len(x.shape))
        if extra is not None:
            x = extra(x)
    return inputs, x, columns


def _with_layer(preprocessing: keras.layers.Layer, inputs: Any) -> Any:
    """What a layer of the user's makes of the raw values: one tensor, of another shape if it likes."""
    try:
        x = preprocessing(inputs)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        accepted = f"a layer that takes the raw inputs, but: {in_one_line(error)}"
        raise InvalidArgument("preprocessing", preprocessing.name, accepted) from error
    if not isinstance(x, keras.KerasTensor):
        raise InvalidArgument(
            "preprocessing", preprocessing.name, f"a layer that returns one tensor, not {type(x).__name__}"
        )
    return x


def _inputs(spec: Spec | None, shape: tuple) -> Any:
    if spec is None:
        return keras.Input(shape, name="inputs")
    if spec.record:
        return record_inputs(spec.features)
    if spec.resized:
        shape = (None, None, shape[-1])
    return keras.Input(shape, dtype=spec.input_dtype, name="inputs")


def _preprocessed(spec: Spec, inputs: Any, word: int | None) -> Any:
    if spec.kind == "text":
        (feature,) = spec.features
        if word is None:
            return bag_of_words(feature, inputs)
        return word_vectors(feature, word_numbers(feature, inputs), word)
    if spec.kind == "sequence":
        return scaled_steps(spec.features[0], inputs)
    if spec.kind == "tabular":
        x = scaled(inputs, spec.input_mean, spec.input_variance, spec.input_median, spec.input_spread)
        return with_missing(x, inputs, spec.input_missing) if spec.input_missing else x
    if spec.resized:
        inputs = resized(inputs, *spec.input_shape[:2], dtype=spec.input_dtype, name="inputs_resizing")
    return normalization(spec.input_mean, spec.input_variance)(inputs)
