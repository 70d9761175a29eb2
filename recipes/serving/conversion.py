"""fitted: raw inputs as the arrays that an exported model takes, or a one-line error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_unmasked
from ..data.feature import MISSING, Feature
from ..data.image_sizes import are_images, resized_images
from ..data.input_arrays import as_written, dense, is_absent, missing_where_masked
from ..data.names import Names, column_names, is_frame
from ..data.spec import Spec
from ..data.statistics.feature_statistics import ABSENT, measured
from ..data.string_columns import as_strings
from .columns import Rows, columns_of, table_of
from .number_columns import (
    BOOLEANS,
    TRUTH,
    Where,
    nth_row,
    numbers_of,
    refuse_missing,
    refuse_missing_columns,
    whole_numbers,
)
from .pixels import Pixels

__all__ = ["fitted"]


def fitted(inputs: Any, taken: Mapping[str, tuple[tuple[int | None, ...], Any]], spec: Spec) -> dict[str, Any]:
    """The arrays that a model takes, by the user's names of its inputs.

    Args:
        inputs: a batch or a single example: an array, strings, sequences of different lengths as a list; records as
            columns by name, as a list of dictionaries, as a dictionary of single values or as a DataFrame. None, NaN
            and strings such as "", "?" and "NA" are missing numbers; the model must have been trained with some. A
            missing string becomes ""; in a category, "NA" and the like do too, if training has "" and not them.
        taken: user's name -> (shape of one example, type), for each input of the model.
        spec: of the data that the model was trained on.

    Raises:
        InvalidArgument: if names, shapes, types or values do not fit.

    Example:
        >>> fitted([3, 4], {"inputs": ((2,), np.dtype("float32"))}, spec)["inputs"].tolist()       # doctest: +SKIP
        [[3.0, 4.0]]
    """
    features = {feature.name: feature for feature in spec.features}
    where = inputs.where if isinstance(inputs, Rows) else nth_row
    if isinstance(inputs, Mapping):
        inputs = {name: missing_where_masked(f"input[{name!r}]", values) for name, values in inputs.items()}
    else:
        table = spec.kind == "tabular" and not spec.record
        inputs = dense("input", inputs)
        inputs = missing_where_masked("input", inputs, table=True) if table else check_unmasked("input", inputs)
    if spec.kind == "tabular" and not spec.record and _by_name(inputs, spec.feature_names):
        if spec.feature_names:
            inputs = table_of(inputs, spec)
        elif not is_frame(inputs) and not (isinstance(inputs, Mapping) and set(inputs) == set(taken)):
            accepted = (
                f"numbers of shape (n, {spec.input_shape[0]}), since the model was trained on columns without names"
            )
            raise InvalidArgument("input", list(inputs)[:3], accepted)
    if not spec.record and not isinstance(inputs, Mapping):
        ((name, (shape, dtype)),) = taken.items()
        if spec.resized:
            inputs = _of_one_size("input", inputs, spec.input_shape)
        return {name: _single(inputs, shape, dtype, features.get("inputs"), spec)}
    names = spec.names if spec.record else Names(taken)
    columns = columns_of(inputs, {name: len(shape) for name, (shape, _) in taken.items()}, names)
    return {name: _column(name, columns[name], *taken[name], features.get(name), where) for name in taken}


def _by_name(inputs: Any, known: Sequence[str]) -> bool:
    """Whether a table has column names: it is a dictionary, a list of dictionaries, or a DataFrame with names."""
    if isinstance(inputs, (list, tuple)):
        return bool(inputs) and all(isinstance(row, Mapping) for row in inputs)
    return isinstance(inputs, Mapping) or (is_frame(inputs) and column_names("input", inputs, known) is not None)


def _of_one_size(argument: str, images: Any, shape: Sequence[Any]) -> Any:
    """A list of images of unlike sizes resized as the model does it; anything else unchanged."""
    if not isinstance(images, (list, tuple)):
        return images
    arrays = [np.asarray(image) for image in images]
    if len({array.shape for array in arrays}) < 2 or not are_images(arrays):
        return images
    return resized_images(argument, arrays, (shape[0], shape[1]))


def _single(inputs: Any, shape: tuple[int | None, ...], dtype: Any, feature: Feature | None, spec: Spec) -> np.ndarray:
    """The input of a model that does not take records."""
    if dtype.kind == "O":
        listed = list(inputs) if isinstance(inputs, (list, tuple)) else np.asarray(inputs, object).ravel().tolist()
        return _strings("input", listed, text=True)
    if feature is not None and feature.kind == "sequence":
        return _sequences("input", inputs, shape, dtype, feature)
    try:
        array = np.asarray(inputs)
    except ValueError:  # lists of different lengths
        raise InvalidArgument("input", type(inputs).__name__, _wanted(shape, dtype)) from None
    if array.dtype == object and np.issubdtype(dtype, np.floating):
        array = _with_nan(array)
    if _matches(array.shape, shape):
        array = array[None]
    elif shape[-1:] == (1,) and (_matches(array.shape, shape[:-1]) or _matches(array.shape[1:], shape[:-1])):
        array = array.reshape(-1, *array.shape[array.ndim - len(shape) + 1 :], 1)  # without the channel
    pixels = Pixels.of(spec) if spec.kind == "image" else None
    return _numbers("input", array, shape, dtype, pixels, table=spec if spec.kind == "tabular" else None)


def _with_nan(array: np.ndarray) -> np.ndarray:
    """Numbers among objects as float64, NaN for missing ones; other objects unchanged."""
    try:
        return np.where(np.asarray(np.frompyfunc(is_absent, 1, 1)(array), bool), np.nan, array).astype(np.float64)
    except (TypeError, ValueError):
        return array


def _column(
    name: str, values: list[Any], shape: tuple[int | None, ...], dtype: Any, feature: Feature | None, where: Where
) -> np.ndarray:
    """One column of records."""
    argument = f"input[{name!r}]"
    if feature is not None and feature.format:
        return _with_numbers_or_dates(argument, values, feature, where)
    if dtype.kind == "O":
        return _with_empty(_strings(argument, values), feature)
    if feature is not None and feature.kind == "sequence":
        return _sequences(argument, values, shape, dtype, feature)
    if feature is not None and feature.resized:
        values = _of_one_size(argument, values, feature.shape)
    if shape:
        try:
            pixels = Pixels.of(feature) if feature is not None and feature.kind == "image" else None
            return _numbers(argument, np.asarray(values), shape, dtype, pixels)
        except ValueError as error:
            if isinstance(error, InvalidArgument):
                raise
            raise InvalidArgument(argument, type(values[0]).__name__, _wanted(shape, dtype)) from None
    numbers = numbers_of(argument, values, where, TRUTH if dtype.kind == "b" else BOOLEANS)
    missing = np.isnan(numbers)
    if missing.any():
        numbers[missing] = _stand_in(argument, missing, dtype, feature, where)
    if dtype.kind == "b":
        return numbers != 0
    if np.issubdtype(dtype, np.integer):
        exact = whole_numbers(values, numbers) if (numbers == np.round(numbers)).all() else numbers
        return _numbers(argument, exact, shape, dtype)
    return numbers.astype(dtype)


def _with_numbers_or_dates(argument: str, values: list[Any], feature: Feature, where: Where) -> np.ndarray:
    """The strings of a column of numbers or dates; refuses missing ones unless training has some."""
    strings = as_strings(argument, values, feature.kind, feature.format, where=where)
    if feature.missing is None:
        refuse_missing(argument, np.isnan(measured(feature, strings)), where)
    return strings


def _stand_in(argument: str, missing: np.ndarray, dtype: Any, feature: Feature | None, where: Where) -> float:
    """The value for a missing number, or for a missing category one that training does not have."""
    if feature is not None and feature.kind == "category":
        limits = np.iinfo(dtype)
        return float(limits.min if limits.min not in feature.vocabulary else limits.max)
    if feature is not None and feature.missing not in (None, MISSING):
        return float(feature.missing)
    if not np.issubdtype(dtype, np.floating) or (feature is not None and feature.missing is None):
        refuse_missing(argument, missing, where)
    return np.nan


def _strings(argument: str, values: list[Any], text: bool = False) -> np.ndarray:
    """An object array of strings, "" for missing ones. Other values are converted, or refused if ``text``."""
    strings = np.empty(len(values), object)
    for place, value in enumerate(values):
        written = "" if is_absent(value) else as_written(value)
        if text and not isinstance(written, str):
            raise InvalidArgument(argument, value, "texts")
        strings[place] = str(written)
    if not len(strings):
        raise InvalidArgument(argument, values, "at least one text")
    return strings


def _with_empty(strings: np.ndarray, feature: Feature | None) -> np.ndarray:
    """The strings with "" for those that pandas reads as missing, such as "NA", where training has "" and not them."""
    if feature is not None and feature.kind == "category" and "" in feature.vocabulary:
        for place, value in enumerate(strings):
            if value not in feature.vocabulary and value.strip().lower() in ABSENT:
                strings[place] = ""
    return strings


def _sequences(argument: str, inputs: Any, shape: tuple[int | None, ...], dtype: Any, feature: Feature) -> np.ndarray:
    """An array (n, steps, size), padded to the longest if the model was trained with padding."""
    size = shape[-1]
    wanted = f"{np.dtype(dtype).name} values of shape {(None, *shape)}, or a list of arrays of shape {shape}"
    try:
        if isinstance(inputs, np.ndarray):
            arrays = list(inputs[None] if _matches(inputs.shape, shape) else inputs)
        else:
            arrays = [np.asarray(item, dtype) for item in inputs]
            if all(array.ndim == 1 for array in arrays) and (size != 1 or len(arrays[0]) == 1):
                arrays = [np.stack(arrays)]  # the steps of a single sequence
        arrays = [array[:, None] if array.ndim == 1 and size == 1 else array for array in arrays]
        arrays = [array.astype(dtype) for array in arrays]
    except (TypeError, ValueError):
        raise InvalidArgument(argument, type(inputs).__name__, wanted) from None
    lengths = {len(array) if array.ndim == 2 else -1 for array in arrays}
    odd = [array.shape for array in arrays if not _matches(array.shape, shape) or not len(array)]
    if odd or not arrays or (len(lengths) > 1 and feature.padding is None):
        shown = odd[0] if odd else sorted(lengths)
        raise InvalidArgument(argument, shown, wanted)
    if not all(np.isfinite(array).all() for array in arrays):
        raise InvalidArgument(argument, np.nan, "finite")
    padded = np.full((len(arrays), max(lengths), size or 1), feature.padding or 0.0, dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return padded


def _numbers(
    argument: str,
    array: np.ndarray,
    shape: tuple[int | None, ...],
    dtype: Any,
    pixels: Pixels | None = None,
    table: Spec | None = None,
) -> np.ndarray:
    wanted = _wanted(shape, dtype)
    if not array.ndim or not _matches(array.shape[1:], shape) or not array.size:
        raise InvalidArgument(argument, array.shape, wanted)
    if not np.issubdtype(array.dtype, np.number):
        raise InvalidArgument(argument, array.dtype.name, wanted)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        fits = np.issubdtype(array.dtype, np.integer) or (len(shape) == 1 and bool((array == np.round(array)).all()))
        if not fits or array.min() < limits.min or array.max() > limits.max:
            raise InvalidArgument(argument, f"{array.dtype.name} from {array.min()} to {array.max()}", wanted)
    if table is not None:
        refuse_missing_columns(array, table)
    with np.errstate(over="ignore"):
        infinite = ~np.isfinite(array.astype(np.float32) if array.dtype.kind == "f" else array)  # as models compute
    if table is not None:
        infinite &= array == array  # NaN is a missing value there
    if infinite.any():
        rows = np.flatnonzero(infinite.reshape(len(array), -1).any(axis=1))
        count = f"{len(rows)} of {len(array)} have NaN or values infinite or too large for float32"
        accepted = f"finite, but {count}, the first in {nth_row(int(rows[0]))}"
        raise InvalidArgument(argument, array[infinite][0].item(), accepted)
    if pixels is not None:
        pixels.check(argument, array)
    return array.astype(dtype)


def _wanted(shape: tuple[int | None, ...], dtype: Any) -> str:
    return f"{np.dtype(dtype).name} values of shape {(None, *shape)}"


def _matches(actual: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    """Whether ``actual`` fits ``shape``, in which None is any size."""
    return len(actual) == len(shape) and all(n is None or n == m for m, n in zip(actual, shape, strict=True))
