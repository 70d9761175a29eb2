"""converted_features, converted: the features of a dataset saved by Hugging Face's datasets as those of TFDS."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

__all__ = ["converted", "converted_features"]

NUMBERS = {"bool": "bool", "float": "float32", "double": "float64", "halffloat": "float32", "float16": "float32"}
"""Names of Arrow's types of numbers that NumPy has another name for, or that TFDS does not write."""
WHOLE = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
TEXTS = ("string", "large_string", "utf8", "large_utf8")
WRITTEN = ("timestamp", "date32", "date64")
"""Beginnings of the types that are written as texts, by ISO 8601."""


def converted_features(
    features: Mapping[str, Any],
    missing: Callable[[str], bool],
    image_shape: Callable[[str], tuple[int | None, ...]] | None,
) -> tuple[Any, dict[str, str]]:
    """The features as a ``tfds.features.FeaturesDict``, and those that have no counterpart, in words.

    Args:
        features: name -> the feature's description in ``dataset_info.json``.
        missing: whether a column has missing values; whole numbers and booleans with some become floats.
        image_shape: the shape of a column's images; None where there can be none.

    Example:
        >>> converted_features({"n": {"dtype": "int32", "_type": "Value"}}, lambda name: False, None)[0]["n"].np_dtype
        <class 'numpy.int32'>
    """
    import tensorflow_datasets as tfds

    known: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, feature in features.items():
        if isinstance(feature, Mapping) and not isinstance(feature.get("_type"), str):  # nested
            known[name], below = converted_features(feature, lambda _: True, None)
            left_out |= {f"{name}.{key}": what for key, what in below.items()}
            continue
        made = _feature(feature, name, missing, image_shape)
        if isinstance(made, str):
            left_out[name] = made
        else:
            known[name] = made
    return tfds.features.FeaturesDict(known), left_out


def converted(value: Any, feature: Any) -> Any:
    """A value of Arrow as TFDS takes it: missing numbers are NaN, missing texts "", and missing classes -1.

    Args:
        value: as ``pyarrow.Table.to_pylist`` has it.
        feature: of :func:`converted_features`.
    """
    import tensorflow_datasets as tfds

    kinds = tfds.features
    if isinstance(feature, kinds.Sequence):
        return [converted(item, feature.feature) for item in value or ()]
    if isinstance(feature, kinds.FeaturesDict):
        return {key: converted((value or {}).get(key), inner) for key, inner in feature.items()}
    if isinstance(feature, kinds.ClassLabel):
        return -1 if value is None else value
    if isinstance(feature, kinds.Text):
        return "" if value is None else value.isoformat() if isinstance(value, datetime.date) else value
    if feature.shape:
        return np.asarray(value, feature.np_dtype)
    if value is None:
        return float("nan")
    return float(value) if isinstance(value, Decimal) else value


def _feature(feature: Any, name: str, missing: Callable[[str], bool], image_shape: Any) -> Any:
    """The feature of TFDS, or what it is if there is none."""
    import tensorflow_datasets as tfds

    kinds = tfds.features
    if isinstance(feature, list):
        feature = {"_type": "List", "feature": feature[0]}
    kind = feature.get("_type")
    if not isinstance(kind, str):  # a list of dictionaries
        return converted_features(feature, lambda _: True, None)[0]
    if kind == "Value":
        return _value(feature["dtype"], missing(name))
    if kind == "ClassLabel":
        return kinds.ClassLabel(names=[str(label) for label in feature["names"]])
    if kind == "Image":
        return "an image within another feature" if image_shape is None else kinds.Image(shape=image_shape(name))
    if kind in ("List", "LargeList", "Sequence"):
        inner = _feature(feature["feature"], name, lambda _: True, None)
        length = feature.get("length", -1)
        return inner if isinstance(inner, str) else kinds.Sequence(inner, length=None if length < 0 else length)
    if kind in ("Array2D", "Array3D"):
        return kinds.Tensor(shape=tuple(feature["shape"]), dtype=np.dtype(feature["dtype"]))
    return f"of type {kind}, which no model here takes"


def _value(dtype: str, missing: bool) -> Any:
    import tensorflow_datasets as tfds

    if dtype in TEXTS or dtype.startswith(WRITTEN):
        return tfds.features.Text()
    if dtype.startswith("decimal"):
        return tfds.features.Scalar(np.float64)
    name = NUMBERS.get(dtype, dtype)
    if name in ("bool", *WHOLE):
        return tfds.features.Scalar(np.float64 if missing else np.dtype(name).type)
    if name in ("float32", "float64"):
        return tfds.features.Scalar(np.dtype(name).type)
    return f"of type {dtype}, which no model here takes"
