"""The inputs of models: raw values in, numbers of zero mean and unit variance out, by Keras' own layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ..data.feature import MISSING, Feature

if TYPE_CHECKING:
    from ..data.spec import Spec
    from .blocks import Style

__all__ = ["as_vector", "average", "default_preprocessing", "model_input", "resized"]

ONE_HOT = 32
"""Up to so many values a category is one-hot; beyond, each value has a vector that is learned."""
WORD = 64
"""Size of the vectors of words."""
RECORD_WORD = 16
"""The same, where a text is one column of a record."""
FILTERS = (16, 32, 64)
UNITS = 32
"""Of what reads the images and sequences of a record."""


def default_preprocessing(spec: Spec | None) -> keras.layers.Layer | None:
    """Zero mean and unit variance by the statistics of the training split; None where there is no Spec."""
    if spec is None:
        return None
    return _normalization(spec.input_mean, spec.input_variance)


def model_input(
    spec: Spec | None,
    shape: tuple,
    preprocessing: keras.layers.Layer | None,
    style: Style,
    *,
    word: int = WORD,
) -> tuple[Any, Any]:
    """The inputs, which take the raw values, and the preprocessed tensor, with what regularizers do to it.

    Args:
        spec: of the data, or None for plain numbers of this shape.
        shape: of one example, without the batch.
        preprocessing: a layer for the raw values, instead of what the Spec calls for.
        style: whose regularizers are asked.
        word: size of the vectors of words, for texts.

    Returns:
        (Input, tensor). The tensor is (batch, *shape) for images, tables and sequences, which carry a mask where they
        have been filled up; (batch, words, word) with a mask for texts; and (batch, size) for records, whose Input is
        a dictionary.
    """
    if spec is not None and spec.record and preprocessing is None:
        inputs, x = _record(spec.features, style)
    else:
        inputs = _inputs(spec, shape)
        if preprocessing is not None:
            x = preprocessing(inputs)
        elif spec is None:
            x = inputs
        else:
            x = _preprocessed(spec, inputs, word)
    for each in style.regularizer:
        extra = each.on_input(len(x.shape))
        if extra is not None:
            x = extra(x)
    return inputs, x


def as_vector(x: Any) -> Any:
    """One row of numbers an example: images and sequences of fixed length flattened, others averaged over their steps.

    Args:
        x: shape (batch, ...); steps that are masked do not count.
    """
    if len(x.shape) == 2:
        return x
    if len(x.shape) == 3 and (x.shape[1] is None or keras.src.backend.get_keras_mask(x) is not None):
        return average(x)
    return keras.layers.Flatten()(x)


def average(x: Any) -> Any:
    """The mean over the steps that are not masked; 0 where all are, for which Keras' own layer gives NaN."""
    mask = keras.src.backend.get_keras_mask(x)
    if mask is None:
        return keras.layers.GlobalAveragePooling1D()(x)
    mask = keras.ops.cast(keras.ops.expand_dims(mask, -1), x.dtype)
    return keras.ops.sum(x * mask, axis=1) / keras.ops.maximum(keras.ops.sum(mask, axis=1), 1.0)


def _inputs(spec: Spec | None, shape: tuple) -> Any:
    if spec is None:
        return keras.Input(shape, name="inputs")
    if spec.record:
        return {each.name: keras.Input(each.shape, dtype=each.dtype, name=each.name) for each in spec.features}
    if spec.resized:
        shape = (None, None, shape[-1])
    return keras.Input(shape, dtype=spec.input_dtype, name="inputs")


def _preprocessed(spec: Spec, inputs: Any, word: int) -> Any:
    if spec.kind == "text":
        return _words(spec.features[0], inputs, word)
    if spec.kind == "sequence":
        return _steps(spec.features[0], inputs)
    if spec.resized:
        inputs = resized(inputs, *spec.input_shape[:2], dtype=spec.input_dtype, name="inputs_resizing")
    return _normalization(spec.input_mean, spec.input_variance)(inputs)


def resized(x: Any, height: int, width: int, *, dtype: str = "float32", name: str) -> Any:
    """Images of any size brought to one.

    Keras' layer is called with ``training=False``: left to itself it takes True, and tells so all layers after it, so
    that batch normalization would go by the batch in a model that is called without ``training``, as SavedModels are.
    """
    return keras.layers.Resizing(height, width, dtype=dtype, name=name)(x, training=False)


def _normalization(mean: Sequence[float], variance: Sequence[float]) -> keras.layers.Layer:
    # half precision loses raw values
    return keras.layers.Normalization(mean=list(mean), variance=list(variance), dtype="float32")


def _words(feature: Feature, x: Any, size: int) -> Any:
    """(batch, words, size), with a mask after the last word."""
    vocabulary = list(feature.vocabulary)
    split = keras.layers.TextVectorization(
        vocabulary=vocabulary, output_sequence_length=feature.length, name=f"{feature.name}_words"
    )
    # Small: most words are rare and stay near where they start, so that a large start is noise which training fits.
    start = keras.initializers.RandomUniform(-0.05, 0.05)
    return keras.layers.Embedding(
        len(vocabulary) + 2,
        size,
        mask_zero=True,
        embeddings_initializer=start,
        name=f"{feature.name}_embedding",
    )(split(x))


def _steps(feature: Feature, x: Any) -> Any:
    """(batch, steps, size) of zero mean and unit variance, with a mask after the last step."""
    if feature.padding is not None:
        x = keras.layers.Masking(feature.padding, dtype="float32")(x)
    scale = [variance**-0.5 for variance in feature.variance]
    offset = [-mean * each for mean, each in zip(feature.mean, scale, strict=True)]
    return keras.layers.Rescaling(scale, offset, dtype="float32")(x)  # Normalization would drop the mask


def _record(features: Sequence[Feature], style: Style) -> tuple[dict[str, Any], Any]:
    """One Input a feature, and all of them encoded, side by side."""
    inputs = {each.name: keras.Input(each.shape, dtype=each.dtype, name=each.name) for each in features}
    columns = [each for each in features if each.kind in ("number", "category")]
    parts = _columns(columns, inputs) if columns else []
    for each in features:
        x = inputs[each.name]
        if each.kind == "vector":
            parts.append(_normalization(each.mean, each.variance)(x))
        elif each.kind == "text":
            parts.append(average(_words(each, x, RECORD_WORD)))
        elif each.kind == "sequence":
            parts.append(_last_state(_steps(each, x), style))
        elif each.kind == "image":
            parts.append(_seen(_normalization(each.mean, each.variance)(x), style))
    return inputs, keras.layers.Concatenate(name="record")(parts) if len(parts) > 1 else parts[0]


def _columns(features: Sequence[Feature], inputs: dict[str, Any]) -> list[Any]:
    """Numbers and categories, preprocessed by Keras' FeatureSpace."""
    space = keras.utils.FeatureSpace(
        {
            each.name: keras.utils.FeatureSpace.feature(
                each.dtype, _column_layers(each), "int" if each.kind == "category" else "float"
            )
            for each in features
        },
        output_mode="dict",
    )
    names = [each.name for each in features]
    fields = space.get_inputs()
    encode = keras.Model([fields[name] for name in names], space.get_encoded_features(), name="columns")
    encoded = encode([keras.ops.expand_dims(inputs[each.name], -1) for each in features])
    parts = []
    for each, name in zip(features, names, strict=True):
        x = encoded[name]
        if each.kind == "category":
            values = len(each.vocabulary) + 1  # and one for what training has not shown
            if values <= ONE_HOT:
                x = keras.layers.CategoryEncoding(values, output_mode="one_hot", name=f"{name}_one_hot")(x)
            else:
                size = min(50, round(1.6 * values**0.56))
                x = keras.layers.Flatten()(keras.layers.Embedding(values, size, name=f"{name}_embedding")(x))
        parts.append(x)
    return parts


def _column_layers(feature: Feature) -> keras.Model:
    """What FeatureSpace does to one column: (batch, 1) raw values to numbers, or to the positions of categories."""
    raw = keras.Input((1,), dtype=feature.dtype)
    if feature.kind == "category":
        if feature.dtype == "string":
            x = keras.layers.StringLookup(vocabulary=list(feature.vocabulary))(raw)
        else:
            whole = keras.ops.cast(raw, "int64")
            x = keras.layers.IntegerLookup(vocabulary=[int(each) for each in feature.vocabulary])(whole)
        return keras.Model(raw, x)
    x = raw if feature.dtype == "float32" else keras.ops.cast(raw, "float32")
    missing = None
    if feature.missing is not None:
        missing = keras.ops.isnan(x) if feature.missing == MISSING else keras.ops.equal(x, float(feature.missing))
        x = keras.ops.where(missing, feature.mean[0], x)
    x = _normalization(feature.mean, feature.variance)(x)
    if missing is not None:
        x = keras.layers.Concatenate()([x, keras.ops.cast(missing, "float32")])
    return keras.Model(raw, x)


def _last_state(x: Any, style: Style) -> Any:
    return keras.layers.LSTM(UNITS)(x)


def _seen(x: Any, style: Style) -> Any:
    from .blocks import hidden_block  # which imports this file

    for filters in FILTERS:
        layer = keras.layers.Conv2D(filters, 3, padding="same", use_bias=not style.batch_norm, **style.kernel(4))
        x = hidden_block(x, layer, style)
        if min(x.shape[1:3]) >= 4:
            x = keras.layers.MaxPooling2D()(x)
    return keras.layers.GlobalAveragePooling2D()(x)
