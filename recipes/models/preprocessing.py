"""Preprocessing inside the model, by Keras' layers: from raw values to zero mean and unit variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ...callbacks.inside.layers import mask_of
from ..data.feature import Feature
from ..data.statistics.deviations import EXACT
from ..data.statistics.scaling import LARGEST, Scaling

__all__ = ["as_vector", "average", "normalization", "rescaled", "resized", "scaled", "scaled_steps", "with_missing"]

BOUND = 8.0
"""Bound of heavy columns. Of 3, 5, 8 and none, best or nearly so for outliers and log-normal columns."""

GUARD = 1e-6
"""Smallest standard deviation to leave to Keras' Normalization, which replaces those below 1e-7 by 1e-7."""


def normalization(mean: Sequence[float], variance: Sequence[float]) -> keras.layers.Layer:
    """A layer that normalizes the last axis to zero mean and unit variance.

    Always in float32: raw values would lose digits in half precision.
    """
    return keras.layers.Normalization(mean=list(mean), variance=list(variance), dtype="float32")


def scaled(
    x: Any,
    mean: Sequence[float],
    variance: Sequence[float],
    median: Sequence[float] = (),
    spread: Sequence[float] = (),
) -> Any:
    """Numbers of any unit, centred and scaled column by column: float32, shape (batch, columns).

    The centre and scale are those of :class:`recipes.data.statistics.scaling.Scaling`. The centre is subtracted in
    float64, or in int64, where float32 would round the values. Heavy columns become the inverse hyperbolic sine a of
    their scaled values, which is like z up to 1 and like log(2 z) beyond, within bounds: a / sqrt(1 + (a / 8)^2).

    Args:
        x: raw numbers of any type, shape (batch, columns).
        mean, variance, median, spread: of each column in training; the last two () if unknown.

    Source: Burbidge, Magee & Robb 1988, for the inverse hyperbolic sine. In place of RealMLP's smooth clip (Holzmüller
    et al. 2024, arXiv:2407.04491), which tells large values apart less well.
    """
    scaling = Scaling.of(mean, variance, median, spread)
    wide = scaling.dtype != "float32"
    if not wide and not any(scaling.heavy) and min(scaling.scale) >= GUARD:
        return normalization(mean, variance)(x)
    dtype = "float64" if wide else "float32"
    if scaling.dtype == "int64" and x.dtype == "int64":
        x = _integer_distances(x, [round(centre) for centre in scaling.centre])
    else:
        x = _rescaling(1.0, [-centre for centre in scaling.centre], dtype=dtype)(x)
    x = _rescaling([1 / value for value in scaling.scale], dtype=dtype)(x)
    x = keras.ops.cast(x, "float32") if wide else x
    return _compressed(x, scaling.heavy) if any(scaling.heavy) else x


def with_missing(x: Any, raw: Any, places: Sequence[int]) -> Any:
    """Scaled columns with 0, the centre, for missing values, and a column of 0 and 1 for each that may have some.

    Args:
        x: scaled numbers, shape (batch, columns).
        raw: the numbers before, NaN for missing ones.
        places: positions of the columns that may have missing values; elsewhere NaN stays.
    """
    ops = keras.ops
    may = np.zeros(raw.shape[-1], bool)
    may[list(places)] = True
    missing = ops.logical_and(ops.isnan(raw), may)
    flags = ops.cast(ops.take(missing, np.asarray(places), axis=1), "float32")
    return keras.layers.Concatenate()([ops.where(missing, 0.0, x), flags])


def _integer_distances(x: Any, centres: list[int]) -> Any:
    """``x - centres`` in float64. float64 alone would round large integers; differences of far ones wrap around."""
    ops = keras.ops
    near = _rescaling(1, [-centre for centre in centres], dtype="int64")(x)
    far = _rescaling(1.0, [-float(centre) for centre in centres], dtype="float64")(x)
    return ops.where(ops.less(ops.absolute(far), EXACT), ops.cast(near, "float64"), far)


def _compressed(x: Any, columns: Sequence[bool]) -> Any:
    """These columns z as a / sqrt(1 + (a / 8)^2), a = arsinh(z); the others unchanged."""
    ops = keras.ops
    x = ops.clip(x, -LARGEST, LARGEST)  # the square of a larger one would overflow
    heavy = x if all(columns) else keras.layers.Rescaling([float(column) for column in columns], dtype="float32")(x)
    size = ops.absolute(heavy)
    heavy = ops.sign(heavy) * ops.log(size + ops.sqrt(ops.square(size) + 1.0))
    heavy = heavy * ops.rsqrt(ops.square(heavy / BOUND) + 1.0)
    if all(columns):
        return heavy
    return heavy + keras.layers.Rescaling([float(not column) for column in columns], dtype="float32")(x)


def rescaled(x: Any, mean: Any, variance: Any, name: str) -> Any:
    """Numbers of zero mean and unit variance back in the units of a target or an input.

    In float32, or in float64 where float32 does not keep the target's values apart.

    Args:
        x: shape (batch, ..., targets).
        mean, variance: of each target; numbers, or sequences.
        name: of the layer.
    """
    scaling = Scaling.of(np.atleast_1d(mean).tolist(), np.atleast_1d(variance).tolist())
    scale, offset = list(scaling.scale), list(scaling.centre)
    if scaling.dtype != "float32":
        return _rescaling(scale, offset, dtype="float64", name=name)(x)
    single = not np.ndim(mean)
    return keras.layers.Rescaling(*((scale[0], offset[0]) if single else (scale, offset)), dtype="float32", name=name)(
        x
    )


def _rescaling(scale: Any, offset: Any = 0.0, *, dtype: str, name: str | None = None) -> keras.layers.Rescaling:
    """A Rescaling layer that does not round its numbers, which Keras takes for float32 unless they are arrays."""
    return keras.layers.Rescaling(np.asarray(scale, dtype), np.asarray(offset, dtype), dtype=dtype, name=name)


def resized(x: Any, height: Any, width: Any, *, dtype: str = "float32", name: str) -> Any:
    """Images of any size resized to (height, width).

    The layer is called with ``training=False``. Its default is True, which Keras passes on to all later layers: batch
    normalization would then use the batch's statistics in a model called without ``training``, as SavedModels are.
    """
    return keras.layers.Resizing(height, width, dtype=dtype, name=name)(x, training=False)


def scaled_steps(feature: Feature, x: Any) -> Any:
    """Sequences scaled to zero mean and unit variance, shape (batch, steps, size), with a mask for padded steps."""
    scaling = Scaling.of(feature.mean, feature.variance)
    if feature.padding is not None:
        x = keras.layers.Masking(feature.padding, dtype=feature.dtype)(x)
    scale = [variance**-0.5 for variance in feature.variance]  # Normalization would drop the mask
    if scaling.dtype == "float32":
        offset = [-mean * factor for mean, factor in zip(feature.mean, scale, strict=True)]
        return keras.layers.Rescaling(scale, offset, dtype="float32")(x)
    x = _rescaling(1.0, [-mean for mean in feature.mean], dtype="float64")(x)
    return _rescaling(scale, dtype="float32")(x)


def as_vector(x: Any) -> Any:
    """One vector per example: images and sequences of fixed length flattened, others averaged over their steps.

    Args:
        x: of shape (batch, ...). Masked steps do not count.
    """
    if len(x.shape) == 2:
        return x
    if len(x.shape) == 3 and (x.shape[1] is None or mask_of(x) is not None):
        return average(x)
    return keras.layers.Flatten()(x)


def average(x: Any) -> Any:
    """The mean over the unmasked steps; 0 if all are masked, where Keras' layer returns NaN."""
    mask = mask_of(x)
    if mask is None:
        return keras.layers.GlobalAveragePooling1D()(x)
    mask = keras.ops.cast(keras.ops.expand_dims(mask, -1), x.dtype)
    return keras.ops.sum(x * mask, axis=1) / keras.ops.maximum(keras.ops.sum(mask, axis=1), 1.0)
