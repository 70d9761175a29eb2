"""number_of, date_of: the numbers and dates in columns of strings, read inside the model by Keras' own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..data.strings import date_formats, number_strings
from ..data.strings.date_strings import DATE_CODES, UNKNOWN, date_values
from ..data.strings.number_strings import LARGEST, number_codes, number_values
from ..data.strings.string_codes import code_table

__all__ = ["date_of", "number_of"]


def number_of(raw: Any, mark: str) -> Any:
    """The numbers in strings with this decimal mark: float64, NaN for strings without one that float32 can hold.

    Args:
        raw: strings, shape (batch, 1).
        mark: "." or ",".
    """
    codes = _codes(raw, number_codes(mark), number_strings.UNKNOWN, number_strings.LENGTH + 1)
    numbers = number_values(codes, keras.ops)
    return keras.ops.where(keras.ops.absolute(numbers) <= LARGEST, numbers, np.nan)


def date_of(raw: Any, format: str, parts: tuple[str, ...]) -> tuple[Any, list[Any]]:
    """The dates in strings of a format.

    Args:
        raw: strings, shape (batch, 1).
        format: as for ``datetime.strptime``; see :func:`recipes.data.strings.date_formats.format_of`.
        parts: of a date that recur, from :data:`recipes.data.strings.date_strings.PARTS`.

    Returns:
        (days since 1970, float64 (batch, 1), NaN for strings without a date; for each part two numbers, float32 (batch,
        2): the sine and the cosine of its position in the year, the week or the day).
    """
    codes = _codes(raw, DATE_CODES, UNKNOWN, date_formats.LENGTH + 1)
    days, positions = date_values(codes, format, keras.ops)
    angles = [keras.ops.cast(positions[part] * np.array([2 * np.pi]), "float32") for part in parts]
    return days, [keras.ops.concatenate([keras.ops.sin(x), keras.ops.cos(x)], axis=1) for x in angles]


def _codes(raw: Any, codes: Mapping[str, int], unknown: int, length: int) -> Any:
    split = keras.layers.TextVectorization(
        standardize=None,
        split="character",
        vocabulary=[character for character in codes if character],
        output_sequence_length=length,
    )
    return keras.ops.take(code_table(codes, unknown), split(raw), axis=0)
