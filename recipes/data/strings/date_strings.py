"""Dates and times written as strings: what they say, by one rule for NumPy and for models.

Strings that do not match the column's format say none. In the others the sequences of digits are the format's fields,
in order, but for names of months and "pm". Fractions of seconds and UTC offsets are not read: times are those of the
clock that wrote them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .automaton import Automaton
from .date_formats import LENGTH, MONTHS, PIVOT, date_pattern
from .string_codes import END, TOGETHER, WHITE, codes_of

__all__ = ["DATE_CODES", "PARTS", "UNKNOWN", "date_values", "dates_in"]

PARTS = ("month", "weekday", "hour")
"""Parts of a date that recur."""
LETTER = 10
MARKS = "-+:/., "
UNKNOWN, ENDED, BLANK = -1, -2, -3
DATE_CODES = {END: ENDED, **dict.fromkeys(WHITE, BLANK)}
DATE_CODES |= {mark: BLANK - 1 - place for place, mark in enumerate(MARKS)}
DATE_CODES |= {str(digit): digit for digit in range(10)} | {
    letter: LETTER + place
    for alphabet in ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    for place, letter in enumerate(alphabet)
}
"""The code of each character of a date: ``UNKNOWN`` of all others. Those below 0 separate fields."""


def _fields(format: str) -> list[str]:
    """The fields of each sequence of digits in a format.

    Example:
        >>> _fields("%d %b %Y %H:%M"), _fields("%Y%m%dT%H%M%S")
        (['d', 'Y', 'H', 'M'], ['Ymd', 'HMS'])
    """
    plain = format.replace("%b", " ").replace("%p", " ")
    return ["".join(re.findall("%(.)", run)) for run in re.findall("(?:%[A-Za-z])+", plain)]


@functools.cache
def _automaton(format: str) -> Automaton:
    return Automaton(date_pattern(format), DATE_CODES, UNKNOWN)


def date_values(codes: Any, format: str, xp: Any) -> tuple[Any, dict[str, Any]]:
    """What dates say: days since 1970 and the parts that recur.

    Args:
        codes: of characters (see :data:`DATE_CODES`), integers of shape (batch, characters): a NumPy array or a Keras
            tensor.
        format: see :func:`format_of`.
        xp: ``numpy`` or ``keras.ops``.

    Returns:
        (days, with the time of day as a fraction; {part: its position in the year, week or day, from 0 to 1}), each
        float64 (batch, 1). NaN where a string says no date. A format without a date has days from 0 to 1.
    """
    matches = _automaton(format).matches(codes, xp)
    values = _numbers(_without_offset(codes, xp), format, xp)
    dated = "Y" in values or "y" in values
    year, month, day = values.get("Y", 0), values.get("m", 1), values.get("d", 1)
    if "y" in values:
        year = xp.where(values["y"] < PIVOT, values["y"] + 2000, values["y"] + 1900)
    if "%b" in format:
        month = _named_month(codes, xp)
    hour = values.get("H", values.get("I", 0))
    if "%p" in format:
        hour = hour % 12 + 12 * _afternoon(codes, xp)
    seconds = hour * 3600 + values.get("M", 0) * 60 + values.get("S", 0)
    days, invalid = 0, xp.logical_not(matches)
    if dated:
        next_month = _days(year + month // 12, month % 12 + 1, 1, xp)
        limits = [(year, 1, 9999), (month, 1, 12), (day, 1, next_month - _days(year, month, 1, xp))]
        for value, low, high in limits:
            invalid = xp.logical_or(invalid, xp.logical_or(value < low, value > high))
        days = _days(year, month, day, xp)
    fraction = seconds * np.array([1 / 86400.0])
    parts = {"hour": fraction}
    if dated:
        parts |= {
            "month": (month * 31 + day - 32) * np.array([1 / 372.0]),
            "weekday": ((days + 3) % 7) * np.array([1 / 7.0]),
        }
    return xp.where(invalid, np.nan, days + fraction), {
        part: xp.where(invalid, np.nan, parts[part]) for part in PARTS if part in parts
    }


def _numbers(codes: Any, format: str, xp: Any) -> dict[str, Any]:
    """The field's letter -> its number, integers of shape (batch, 1), 0 where a string has no such field."""
    fields = _fields(format)
    digit, run = _runs(codes, xp)
    inside = xp.logical_and(digit[:, :, None], xp.equal(run[:, :, None], np.arange(1, len(fields) + 1)))
    places = xp.cumsum(xp.where(digit, 1, 0), axis=1)[:, :, None]
    last = xp.max(xp.where(inside, places, 0), axis=1, keepdims=True)
    weights = xp.take(10 ** np.arange(LENGTH + 1).clip(max=17), xp.maximum(last - places, 0), axis=0)
    numbers = xp.sum(xp.where(inside, codes[:, :, None] * weights, 0), axis=1)
    values = {}
    for place, letters in enumerate(fields):
        number = numbers[:, place : place + 1]
        for letter in letters[:0:-1]:
            values[letter] = number % 100
            number = number // 100
        values[letters[0]] = number
    return values


def _without_offset(codes: Any, xp: Any) -> Any:
    """The characters without those of an offset from UTC, which follows a time with its colon."""
    time = xp.cumsum(xp.where(xp.equal(codes, DATE_CODES[":"]), 1, 0), axis=1) > 0
    sign = xp.logical_or(xp.equal(codes, DATE_CODES["-"]), xp.equal(codes, DATE_CODES["+"]))
    offset = xp.cumsum(xp.where(xp.logical_and(time, sign), 1, 0), axis=1) > 0
    return xp.where(offset, UNKNOWN, codes)


def _runs(codes: Any, xp: Any) -> tuple[Any, Any]:
    """Which characters are digits, and the number of the sequence of digits up to each, from 1."""
    digit = xp.logical_and(codes >= 0, codes < LETTER)
    whole = xp.where(digit, 1, 0)
    before = xp.pad(whole[:, :-1], ((0, 0), (1, 0)))
    return digit, xp.cumsum(whole * (1 - before), axis=1)


def _named_month(codes: Any, xp: Any) -> Any:
    """The month that a string names, 0 if none."""
    keys = np.array([[DATE_CODES[letter] for letter in name] for name in MONTHS]) @ [36 * 36, 36, 1]
    letters = xp.where(codes >= LETTER, codes, 0)
    inside = xp.where(codes >= LETTER, 1, 0)
    start = 1 - xp.pad(inside[:, :-1], ((0, 0), (1, 0)))
    here = (letters[:, :-2] * 36 * 36 + letters[:, 1:-1] * 36 + letters[:, 2:]) * start[:, :-2]
    return xp.sum(xp.where(xp.equal(here[:, :, None], keys), np.arange(1, 13), 0), axis=(1, 2))[:, None]


def _afternoon(codes: Any, xp: Any) -> Any:
    """1 for strings with "pm" or "p.m.", else 0."""
    inside = xp.where(codes >= LETTER, 1, 0)
    start = 1 - xp.pad(inside[:, :-1], ((0, 0), (1, 0)))
    return xp.max(xp.where(xp.equal(codes, DATE_CODES["p"]), start, 0), axis=1, keepdims=True)


def _days(year: Any, month: Any, day: Any, xp: Any) -> Any:
    """Days since 1970 in the Gregorian calendar; years begin in March, so that a leap day is the last."""
    early = xp.where(month < 3, 1, 0)
    year = year - early
    before = (153 * (month + 12 * early - 3) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + before + day - 719469


def dates_in(texts: Sequence[str], format: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What dates say, as the model reads it: see :func:`date_values`; arrays of shape (n,).

    Example:
        >>> days, parts = dates_in(["1970-01-02 12:00", "?"], "%Y-%m-%d %H:%M")
        >>> days.tolist(), parts["hour"].tolist()
        ([1.5, nan], [0.5, nan])
    """
    starts = range(0, max(len(texts), 1), TOGETHER)
    codes = (codes_of(texts[start : start + TOGETHER], DATE_CODES, UNKNOWN, LENGTH + 1) for start in starts)
    days, parts = zip(*(date_values(some, format, np) for some in codes), strict=True)
    every = {part: np.concatenate([some[part] for some in parts])[:, 0] for part in parts[0]}
    return np.concatenate(days)[:, 0], every
