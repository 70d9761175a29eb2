"""read_strings: which columns of strings are numbers or dates, and objects of these kinds as such strings."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ...callbacks.warning import warn
from .disk.stored import Stored
from .input_arrays import NUMBERS, as_written, is_absent
from .named_arrays import Inputs
from .statistics.feature_statistics import ABSENT
from .statistics.moments import chunks
from .strings.date_formats import ISO_DATE, ISO_TIME, date_reader, format_of, no_dates, offsets_in
from .strings.number_strings import MARKS, beyond_float32, is_number, mark_of, numbers_in

__all__ = ["ODD", "StringColumns", "are_not", "as_strings", "mostly", "read_strings"]

FIRST = 200
"""The number of strings by which most columns of words are recognized."""
SAMPLE = 100_000
"""The number of strings on disk by which their format is recognized, and of those searched for exceptions."""
FRACTION = re.compile(r":[0-9]{2}[.,][0-9]*[1-9]")
"""A fraction of a second in a date."""
ODD = 0.1
"""A column of which up to this share are no numbers, or no dates, is taken for one with misspelled cells."""


@dataclass
class StringColumns:
    """What :func:`read_strings` found, by the columns' names.

    Args:
        inputs: split -> inputs, with strings for dates and times.
        formats: "." or ",", the decimal mark of a column of numbers; the format of a column of dates.
        kinds: "number" or "date".
        missing: columns with missing values.
    """

    inputs: dict[str, Inputs]
    formats: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)


def read_strings(
    name: str,
    inputs: Mapping[str, Inputs],
    arguments: Mapping[str, str],
    *,
    kinds: Mapping[str, str],
    formats: Mapping[str, str],
) -> StringColumns:
    """Finds the columns of a record whose strings are all numbers or all dates, but for missing ones.

    A warning says what was inferred from strings, and which columns are mostly numbers or dates.

    Args:
        name: of the dataset, for messages.
        inputs: split -> arrays as from :func:`~recipes.data.input_arrays.as_inputs`.
        arguments: split -> name of its inputs, for messages.
        kinds: kinds of columns that are known; "string" is none.
        formats: the formats of columns for which they are known.

    Raises:
        InvalidArgument: for values in other splits that do not fit.
    """
    result = StringColumns(dict(inputs))
    train = inputs["train"]
    if not isinstance(train, dict):
        return result
    inferred: dict[str, list[str]] = {}
    for key, values in train.items():
        kind, form = kinds.get(key, "string"), formats.get(key)
        dates = values.dtype.kind == "M" if isinstance(values, np.ndarray) else False
        if form is None and dates:
            whole = (values.astype("datetime64[D]") == values)[~np.isnat(values)].all()
            kind, form = "date", ISO_DATE if whole else ISO_TIME
        elif form is None and kind == "string" and _are_strings(values):
            found = _inferred(values)
            if found is None:
                _warn_of_mostly(name, key, values)
                continue
            kind, form, what = found
            if not getattr(values, "dates", False):
                inferred.setdefault(what, []).append(key)
        if form is None:
            _as_numbers(result, key)
            continue
        result.kinds[key], result.formats[key] = kind, form
        for split, x in result.inputs.items():
            if isinstance(x, dict) and key in x:
                strings, gaps = _converted(f"{arguments[split]}[{key!r}]", x[key], kind, form, split)
                result.inputs[split] = {**x, key: strings}
                result.missing |= {key} if gaps else set()
    if inferred:
        _warn_of_inferred(name, inferred)
    return result


def as_strings(
    argument: str,
    values: Any,
    kind: str,
    format: str,
    *,
    split: str = "",
    where: Callable[[int], str] | None = None,
) -> np.ndarray:
    """Values of a column of dates, or of numbers written as strings, as the strings that the model takes; "" for None.

    Args:
        argument: name of the column, for messages.
        values: strings, numbers, or dates: datetime64, ``datetime.datetime``, ``date``, ``time`` or pandas'
            ``Timestamp``.
        kind: "number" or "date".
        format: the decimal mark, or the format of dates.
        split: name of the split, for messages.
        where: names a row, for messages.

    Raises:
        InvalidArgument: for a value that does not fit.

    Example:
        >>> as_strings("x", [datetime.date(2020, 1, 31), "1/2/2020", None], "date", "%d/%m/%Y").tolist()
        ['31/01/2020', '1/2/2020', '']
    """
    convert = _number_text(format) if kind == "number" else _date_text(format)
    if getattr(values, "dtype", np.dtype(object)).kind == "M":
        values = np.asarray(values, "datetime64[s]")  # whose items are datetimes; those of nanoseconds are integers
    listed = np.asarray(values).tolist() if hasattr(values, "dtype") else list(values)
    strings, wrong = np.empty(len(listed), object), []
    known: dict[Any, str | None] = {}
    for row, value in enumerate(listed):
        text = as_written(value)
        if isinstance(text, str):
            if text not in known:
                known[text] = convert(text)
            strings[row] = known[text]
        else:
            strings[row] = convert(text)
        if strings[row] is None:
            wrong.append(row)
    if wrong:
        what = f"numbers with a decimal {format!r}" if kind == "number" else f"dates such as {_example(format)!r}"
        what += " within float32" * (kind == "number" and is_number(as_written(listed[wrong[0]]), format))
        place = f" in split {split!r}" if split else ""
        first = f"row {wrong[0] + 1}" if where is None else where(wrong[0])
        accepted = f"{what}, as in training, but {len(wrong)} of {len(listed)}{place} are not, the first in {first}"
        raise InvalidArgument(argument, listed[wrong[0]], accepted)
    return strings


def _number_text(mark: str) -> Callable[[Any], str | None]:
    def convert(value: Any) -> str | None:
        if isinstance(value, str):
            fits = is_number(value, mark) and not beyond_float32([value], mark)
            return value if fits or _stands_for_missing(value) else None
        if is_absent(value):
            return ""
        if not isinstance(value, NUMBERS):
            return None
        text = str(int(value) if isinstance(value, (bool, np.bool_)) else value)
        text = (text if is_number(text, ".") else repr(float(value))).replace(".", mark)
        return text if is_number(text, mark) and not beyond_float32([text], mark) else None

    return convert


def _date_text(format: str) -> Callable[[Any], str | None]:
    read = date_reader(format)

    def convert(value: Any) -> str | None:
        if isinstance(value, np.datetime64):
            value = value.astype("datetime64[s]").item()  # None for NaT
        if isinstance(value, str):
            return value if _stands_for_missing(value) or read(value) is not None else None
        if is_absent(value):
            return ""
        if isinstance(value, (datetime.date, datetime.time)):
            year = f"{value.year:04}" if isinstance(value, datetime.date) else ""  # strftime may write 800
            text = value.strftime(format.replace("%Y", year))
            return text if read(text) is not None else None
        return None

    return convert


def _example(format: str) -> str:
    return datetime.datetime(2020, 1, 31, 13, 30).strftime(format)


def _stands_for_missing(text: str) -> bool:
    return text.strip().lower() in ABSENT


def _converted(argument: str, values: Any, kind: str, format: str, split: str) -> tuple[Any, bool]:
    """The column as strings, and whether some stand for missing values. What is on disk is read and stays there."""
    if not isinstance(values, Stored):
        strings = as_strings(argument, values, kind, format, split=split)
        return strings, any(map(_stands_for_missing, strings.tolist()))
    gaps, start = False, 0
    for chunk in chunks(values):
        strings = as_strings(argument, chunk, kind, format, split=split, where=partial(_nth, start))
        gaps, start = gaps or any(map(_stands_for_missing, strings.tolist())), start + len(chunk)
    return values, gaps


def _nth(start: int, row: int) -> str:
    return f"row {start + row + 1}"


def _inferred(values: Any) -> tuple[str, str, str] | None:
    """The kind and the format of a column of strings, and what they are, in words; None for words."""
    first = _present(values[:FIRST])
    if first and _format_in(first) is None:
        return None
    if not isinstance(values, Stored):
        return _format_in(_present(values))
    known = _present(values[:SAMPLE])
    while True:  # with the first string that does not fit, until all fit: a format that did not fit never comes again
        found = _format_in(known)
        odd = None if found is None else _first_odd(values, found[0], found[1], known)
        if odd is None:
            return found
        known.append(odd)


def _first_odd(values: Stored, kind: str, format: str, known: Sequence[str]) -> str | None:
    """The first string that is not of a format, or has a time or seconds, unlike those that are known."""
    fits = _number_text(format) if kind == "number" else _date_text(format)
    colons = max((text.count(":") for text in known), default=0)
    for chunk in chunks(values):
        for text in dict.fromkeys(chunk.tolist()):
            if fits(text) is None or (kind == "date" and text.count(":") > colons):
                return str(text)
    return None


def _present(values: Any) -> list[str]:
    """The different strings that do not stand for a missing value."""
    return [text for text in dict.fromkeys(np.asarray(values).tolist()) if not _stands_for_missing(text)]


def _format_in(texts: Sequence[str]) -> tuple[str, str, str] | None:
    dates = format_of(texts) if texts else None
    if dates is not None:
        clocks = "; UTC offsets differ, and times are those of the clocks" if len(offsets_in(texts)) > 1 else ""
        clocks += "; fractions of seconds are left out" if any(map(FRACTION.search, texts)) else ""
        swapped = "; if the day comes first, pass what pandas.to_datetime(..., dayfirst=True) returns"
        return "date", dates[0], f"dates ({dates[0]}{swapped if dates[1] else ''}{clocks})"
    mark = mark_of(texts)
    return None if mark is None else ("number", mark, "numbers" if mark == "." else "numbers with a decimal comma")


def _are_strings(values: Any) -> bool:
    dtype = getattr(values, "dtype", None)
    return dtype is not None and dtype.kind == "O"


def mostly(texts: Sequence[str]) -> tuple[str, list[int]] | None:
    """Whether strings that are not all numbers or dates nearly are, and at which places they are not.

    Dates in several formats are mostly dates, of the commonest.

    Example:
        >>> mostly(["1.5"] * 19 + ["two"]), mostly(["2020-01-05"] * 19 + [""]), mostly(["a", "b"])
        (('numbers', [19]), None, None)
    """
    present = [place for place, text in enumerate(texts) if not _stands_for_missing(text)]
    known = [texts[place] for place in present]
    for what, exceptions in (("numbers", _no_numbers), ("dates", no_dates)):
        if len(known) > FIRST and exceptions(known[:FIRST], 2 * ODD) is None:
            continue
        odd = exceptions(known, ODD)
        if odd:
            return what, [present[place] for place in odd]
    return None


def _no_numbers(texts: Sequence[str], share: float) -> list[int] | None:
    """The places of strings that are no numbers; None if they are more than this share."""
    most = share * len(texts)
    every = ([place for place, text in enumerate(texts) if not is_number(text, mark)] for mark in MARKS)
    odd = min(every, key=len)
    return odd if len(odd) <= most else None


def _warn_of_mostly(name: str, key: str, values: Any) -> None:
    if isinstance(values, Stored):
        return
    texts = values[:SAMPLE].tolist()
    found = mostly(texts)
    if found is None:
        return
    what, odd = found
    warn(
        f"dataset {name!r}: column {key!r} is mostly {what}, but {len(odd):,} of {len(texts):,} {are_not(what)}:"
        f" {texts[odd[0]]!r} in row {odd[0] + 1}; taken as words. Leave missing ones empty",
    )


def are_not(what: str) -> str:
    """What messages say of the exceptions that :func:`mostly` finds."""
    return "are not" if what == "numbers" else "are not, or in another format"


def _warn_of_inferred(name: str, inferred: Mapping[str, Collection[str]]) -> None:
    shown = "; ".join(f"as {what}: {', '.join(map(repr, keys))}" for what, keys in inferred.items())
    warn(
        f"dataset {name!r}: strings are read {shown}. A pandas category, or features={{name: 'category'}} for a file,"
        " keeps a column as it is",
    )


def _as_numbers(result: StringColumns, key: str) -> None:
    """Replaces strings by numbers in splits other than training, where training has numbers."""
    train = result.inputs["train"][key]
    if getattr(train, "ndim", 0) != 1 or train.dtype.kind not in "fiu":
        return
    for split, x in result.inputs.items():
        values = x.get(key) if isinstance(x, dict) else None
        if not _are_strings(values):
            continue
        texts = np.asarray(values).tolist()
        mark = mark_of({text for text in texts if not _stands_for_missing(text)})
        if mark is not None:
            result.inputs[split] = {**x, key: numbers_in(texts, mark)}
