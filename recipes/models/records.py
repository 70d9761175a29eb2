"""record_inputs, record_vector: one Input per column, and all columns encoded as one vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from ..data.feature import MISSING, Feature
from .blocks import Style, hidden_block
from .preprocessing import average, normalization, resized, scaled, scaled_steps
from .recurrent import after_recurrent, both_kernels
from .string_values import date_of, number_of
from .words import tf_idf, word_numbers, word_vectors

__all__ = ["record_inputs", "record_vector"]

ONE_HOT = 32
"""A category of up to this many values is one-hot; a larger one has an embedding."""
WORD = 16
"""Size of the word vectors."""
COUNTED = 1000
"""At most so many words of a text are counted, for the linear part: with more, its solvers take minutes."""
FILTERS = (16, 32, 64)
"""Filters of the convolutions on an image."""
UNITS = 32
"""Units of the LSTM on a sequence."""
COLUMNS = ("number", "category", "date")
"""Kinds of a single value per example."""


def record_inputs(features: Sequence[Feature]) -> dict[str, Any]:
    """One Input per feature, by its key in the model."""
    return {
        feature.key: keras.Input(_raw_shape(feature), dtype=feature.dtype, name=feature.key) for feature in features
    }


def record_vector(features: Sequence[Feature], inputs: dict[str, Any], style: Style) -> tuple[Any, Any]:
    """All columns of a record, encoded and concatenated: one vector per example, shape (batch, size).

    Numbers, categories and dates come first, in their order, then the rest.

    Returns:
        The vector, and the same of what is not learned alone, with texts as TF-IDF of their words; None if there is
        nothing.
    """
    columns = [feature for feature in features if feature.kind in COLUMNS]
    vectors = _columns(columns, inputs) if columns else []
    fixed = [x for feature, x in zip(columns, vectors, strict=True) if not _has_embedding(feature)]
    for feature in features:
        x = inputs[feature.key]
        if feature.kind == "vector":
            vectors.append(scaled(x, feature.mean, feature.variance, feature.median, feature.spread))
            fixed.append(vectors[-1])
        elif feature.kind == "text":
            numbers = word_numbers(feature, x)
            vectors.append(average(word_vectors(feature, numbers, WORD)))
            fixed.append(tf_idf(feature, numbers, COUNTED))
        elif feature.kind == "sequence":
            vectors.append(_last_state(scaled_steps(feature, x), style))
        elif feature.kind == "image":
            if feature.resized:
                height, width, _ = feature.shape
                x = resized(x, height, width, dtype=feature.dtype, name=f"{feature.key}_resizing")
            vectors.append(_image_vector(normalization(feature.mean, feature.variance)(x), style))
    vector = _joined(vectors, "record")
    if [id(x) for x in fixed] == [id(x) for x in vectors]:
        return vector, vector
    return vector, _joined(fixed, "fixed_columns") if fixed else None


def _joined(vectors: Sequence[Any], name: str) -> Any:
    return keras.layers.Concatenate(name=name)(vectors) if len(vectors) > 1 else vectors[0]


def _raw_shape(feature: Feature) -> tuple[int | None, ...]:
    return (None, None, feature.shape[-1]) if feature.resized else feature.shape


def _columns(features: Sequence[Feature], inputs: dict[str, Any]) -> list[Any]:
    """Numbers, categories and dates, preprocessed by Keras' FeatureSpace: one tensor (batch, size) per column."""
    space = keras.utils.FeatureSpace(
        {
            feature.key: keras.utils.FeatureSpace.feature(
                feature.dtype, _column_layers(feature), "int" if feature.kind == "category" else "float"
            )
            for feature in features
        },
        output_mode="dict",
    )
    raw = space.get_inputs()
    encode = keras.Model([raw[feature.key] for feature in features], space.get_encoded_features(), name="columns")
    encoded = encode([keras.ops.expand_dims(inputs[feature.key], -1) for feature in features])
    columns = []
    for feature in features:
        x = encoded[feature.key]
        if feature.kind == "category":
            values = len(feature.vocabulary) + 1  # one more for unknown values
            if not _has_embedding(feature):
                x = keras.layers.CategoryEncoding(values, output_mode="one_hot", name=f"{feature.key}_one_hot")(x)
            else:
                size = min(50, round(1.6 * values**0.56))
                embedding = keras.layers.Embedding(values, size, name=f"{feature.key}_embedding")
                x = keras.layers.Flatten()(embedding(x))
        columns.append(x)
    return columns


def _has_embedding(feature: Feature) -> bool:
    return feature.kind == "category" and len(feature.vocabulary) + 1 > ONE_HOT


def _column_layers(feature: Feature) -> keras.Model:
    """The preprocessing of one column: from raw values (batch, 1) to numbers, or to indices of categories."""
    raw = keras.Input((1,), dtype=feature.dtype)
    if feature.kind == "category":
        if feature.dtype == "string":
            x = keras.layers.StringLookup(vocabulary=list(feature.vocabulary))(raw)
        else:
            integers = keras.ops.cast(raw, "int64")
            x = keras.layers.IntegerLookup(vocabulary=[int(value) for value in feature.vocabulary])(integers)
        return keras.Model(raw, x)
    numbers, parts = _numbers(feature, raw)
    x = scaled(numbers, feature.mean, feature.variance, feature.median, feature.spread)
    x = keras.layers.Concatenate()([x, *parts]) if parts else x
    if feature.missing is not None:
        missing = _is_missing(numbers, feature)
        x = keras.layers.Concatenate()([keras.ops.where(missing, 0.0, x), keras.ops.cast(missing, "float32")])
    return keras.Model(raw, x)


def _numbers(feature: Feature, raw: Any) -> tuple[Any, list[Any]]:
    """The numbers of a column (batch, 1), or the days of its dates; and the parts of dates that recur (batch, 2)."""
    if feature.kind == "date":
        return date_of(raw, feature.format, feature.parts)
    return (number_of(raw, feature.format) if feature.dtype == "string" else raw), []


def _is_missing(numbers: Any, feature: Feature) -> Any:
    """Which values of a column of numbers or dates are missing."""
    if feature.missing == MISSING:
        return keras.ops.isnan(numbers)
    return keras.ops.equal(keras.ops.cast(numbers, "float32"), float(feature.missing or 0.0))


def _last_state(x: Any, style: Style) -> Any:
    """The last output of an LSTM on a sequence, with the hidden layers' regularizers: shape (batch, units)."""
    layer = keras.layers.LSTM(UNITS, **both_kernels(style.restraints(), style.restraints()))
    return after_recurrent(layer(x), style, last=False)


def _image_vector(x: Any, style: Style) -> Any:
    """The features of three convolutions, averaged over the image: shape (batch, filters)."""
    for filters in FILTERS:
        layer = keras.layers.Conv2D(filters, 3, padding="same", use_bias=style.use_bias, **style.kernel(4))
        x = hidden_block(x, layer, style)
        if min(x.shape[1:3]) >= 4:
            x = keras.layers.MaxPooling2D()(x)
    return keras.layers.GlobalAveragePooling2D()(x)
