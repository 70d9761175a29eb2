"""as_inputs: inputs of any form as arrays: tables, images, texts, sequences, and records of these."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_text, check_unmasked
from ...callbacks.warning import warn
from .disk.stored import Stored
from .frames import unframed, without_categories
from .image_sizes import check_channels
from .named_arrays import Inputs
from .names import checked_names
from .statistics.feature_statistics import ABSENT
from .statistics.moments import check_finite
from .statistics.narrowing import native, wide
from .strings.number_strings import is_number, numbers_in

__all__ = [
    "DURATIONS",
    "NUMBERS",
    "RECORD_DTYPES",
    "as_inputs",
    "as_written",
    "dense",
    "fraction_in",
    "is_absent",
    "kind_of",
    "missing_where_masked",
    "pad",
]

ACCEPTED = (
    "numbers of shape (n, features), uint8 images of shape (n, height, width[, channels]) or float ones with channels,"
    " sequences of shape (n, steps, size) or a list of arrays (steps, size), n texts, or a dictionary of these and of"
    " columns of shape (n,)"
)
RECORD_DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "float32", "float64")
"""Columns of these types keep their type."""
NUMBERS = (bool, int, float, Decimal, Fraction, np.number, np.bool_)
"""Types of the numbers among objects."""
INTEGERS = (bool, int, np.integer, np.bool_)
DATES = (datetime.date, np.datetime64)
"""Types of dates and times among objects; pandas' Timestamp is one."""
WRITTEN = ("Period", "Interval")
"""Names of the types of pandas' objects that stand for the strings they are written as."""
DURATIONS = "numbers: durations divided by a unit, such as numpy.timedelta64(1, 's')"
FILL = "leave such examples out, or fill the gaps, e.g. with numpy.nan_to_num"
GAPS = {2: f"; pass the positions of a vector as columns of their own, where NaN is missing, or {FILL}"}
GAPS |= dict.fromkeys((3, 4), f"; {FILL}")
"""What to do about NaN in vectors, and in sequences and images, by their dimensions."""
LISTS = (list, tuple, np.ndarray)
DENSE = 50_000_000
"""Maximum number of values of a sparse matrix that is taken as a dense table."""


def as_inputs(argument: str, split: str, x: Any, names: Sequence[str] = ()) -> Inputs:
    """Contiguous arrays of the types that models take; sequences of different lengths stay lists.

    Args:
        argument: name of the inputs, for messages.
        split: name of the split, for messages.
        x: inputs in a form listed in :data:`ACCEPTED`; a DataFrame of numbers is a table, any other one a record.
        names: names of a table's columns, for messages.

    Returns:
        float32, float64 or int64 (n, features), uint8, uint16 or float32 (n, height, width, channels), float32 or
        float64 (n, steps, size) or a list of (steps, size), strings (n,); or a dictionary of these and of columns (n,)
        of numbers, datetime64 or strings.

    Raises:
        InvalidArgument: for other forms, no examples, values that are not finite or too large for float32, or arrays of
            different lengths.
    """
    if isinstance(x, Stored):
        return x
    x = unframed({split: x}, {split: argument})[split]
    if isinstance(x, Mapping):
        return _record(argument, split, x)
    array = _array(argument, split, x, names, table=True)
    if isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype != object:
        raise InvalidArgument(argument, f"{array.dtype} of shape {array.shape}", ACCEPTED)
    return array


def kind_of(values: Any) -> str:
    """The kind of an array from :func:`as_inputs`: that of a Feature, or "string" for a category or a text.

    Example:
        >>> kind_of(np.zeros((5, 8, 8, 1), "uint8"))
        'image'
    """
    if isinstance(values, list):
        return "sequence"
    if values.dtype == object:
        return "string"
    return {1: "number", 2: "vector", 3: "sequence", 4: "image"}[values.ndim]


def pad(ragged: Mapping[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Pads the sequences of all splits after their end, to one length.

    Args:
        ragged: split -> a list of arrays (steps, size), all of one type.

    Returns:
        (split -> numbers (n, longest, size), padding value). The padding value is 0 or, if some real step is all 0, a
        number below all values; None if all lengths are equal.

    Example:
        >>> arrays, padding = pad({"train": [np.ones((1, 2)), np.ones((2, 2))]})
        >>> arrays["train"][0].tolist(), padding
        ([[1.0, 1.0], [0.0, 0.0]], 0.0)
    """
    every = [sequence for sequences in ragged.values() for sequence in sequences]
    longest = max(len(sequence) for sequence in every)
    if min(len(sequence) for sequence in every) == longest:
        return {split: np.stack(sequences) for split, sequences in ragged.items()}, None
    padding = 0.0
    if any((sequence == 0).all(axis=1).any() for sequence in every):
        padding = float(np.floor(min(sequence.min() for sequence in every if sequence.size) - 1.0))
    padded = {}
    for split, sequences in ragged.items():
        padded[split] = np.full((len(sequences), longest, every[0].shape[1]), padding, every[0].dtype)
        for row, sequence in zip(padded[split], sequences, strict=True):
            row[: len(sequence)] = sequence
    return padded, padding


def _record(argument: str, split: str, x: Mapping[str, Any]) -> dict[str, Any]:
    if not x:
        raise InvalidArgument(argument, dict(x), "a dictionary with names as keys, at least one")
    checked_names(argument, x)
    columns = {name: _array(f"{argument}[{name!r}]", split, without_categories(values)) for name, values in x.items()}
    sizes = {name: len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise InvalidArgument(argument, sizes, "columns of the same length")
    return columns


def _array(argument: str, split: str, x: Any, names: Sequence[str] = (), *, table: bool = False) -> Any:
    if isinstance(x, Stored):
        _warn_of_fractions(argument, x.fraction)
        return x
    x = missing_where_masked(argument, dense(argument, x), table=table)
    if isinstance(x, np.ndarray) and x.dtype == object and x.ndim == 1 and len(x) and isinstance(x[0], LISTS):
        x = list(x)
    ragged = _ragged(argument, split, x)
    if ragged is not None:
        return ragged
    try:
        # Objects, since every NumPy string takes the space of the longest.
        strings = isinstance(x, (list, tuple)) and any(isinstance(item, (str, bytes)) for item in x)
        x = np.asarray(x, object) if strings else native(np.asarray(x))
    except ValueError as error:  # lists of different lengths within lists
        raise InvalidArgument(argument, type(x).__name__, f"{ACCEPTED} ({error})") from None
    if x.dtype.kind in "OSUT":
        x = _objects(argument, split, x, names)
    if x.dtype.kind == "m":
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", DURATIONS)
    if x.dtype.kind == "M" and x.ndim == 1:
        _check_years(argument, split, x)
        _warn_of_fractions(argument, fraction_in(x))
    elif x.dtype == object:
        pass
    elif x.dtype.kind not in "fiub" and x.dtype.name != "bfloat16":
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", ACCEPTED)
    elif x.ndim in (3, 4) and x.dtype in (np.uint8, np.uint16):
        check_channels(argument, x.shape)
        x = x[..., np.newaxis] if x.ndim == 3 else x
    elif x.ndim == 1:
        x = x if x.dtype.name in RECORD_DTYPES else wide(x)
        with np.errstate(over="ignore"):
            wrong = np.isinf(x.astype(np.float32))  # the type that models compute with
        if wrong.any():
            accepted = f"finite, but {wrong.sum()} of {len(x)} in split {split!r} are infinite or too large for float32"
            raise InvalidArgument(argument, x[wrong][0].item(), accepted)
    elif x.ndim in (2, 3, 4):
        if 0 in x.shape[1:]:
            accepted = "a table with at least one column" if x.ndim == 2 else "of sizes of at least 1"
            raise InvalidArgument(argument, x.shape, accepted)
        check_channels(argument, x.shape)
        x = x.astype(np.float32) if x.ndim == 4 else wide(x)
        if names and len(names) != x.shape[1]:
            raise InvalidArgument(
                "feature_names", list(names), f"{x.shape[1]} names, one for each column of {argument}"
            )
        with np.errstate(over="ignore"):  # the type that models compute with
            numbers = x.astype(np.float32, copy=False)
        if table and x.ndim == 2:  # where NaN is a missing value
            numbers = np.where(np.isnan(numbers), np.float32(0), numbers)
        where = "" if x.ndim == 2 else "the inputs"
        check_finite(argument, split, numbers, names, where, hint="" if table and x.ndim == 2 else GAPS[x.ndim])
    else:
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", ACCEPTED)
    if len(x) == 0:
        raise InvalidArgument(argument, x.shape, f"not empty (split {split!r})")
    return np.ascontiguousarray(x).view()


def dense(argument: str, x: Any) -> Any:
    """A sparse matrix of SciPy as an array; anything else unchanged.

    Raises:
        InvalidArgument: for a matrix of more than :data:`DENSE` values.

    Example:
        >>> dense("x", scipy.sparse.eye(2)).tolist()                # doctest: +SKIP
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if not (hasattr(x, "toarray") and hasattr(x, "nnz")):
        return x
    if np.prod(x.shape, dtype=np.float64) > DENSE:
        accepted = f"dense, or sparse of up to {DENSE:,} values: choose fewer columns, or pass x.toarray()"
        raise InvalidArgument(argument, f"{type(x).__name__} of shape {x.shape}", accepted)
    return x.toarray()


def missing_where_masked(argument: str, x: Any, *, table: bool = False) -> Any:
    """Replaces masked values of a column by NaN, or by None among strings; leaves anything without a mask.

    Args:
        argument: name of the values, for messages.
        x: anything.
        table: whether an array of numbers of shape (n, columns) is a table, in which NaN stands for missing values.

    Raises:
        InvalidArgument: for masked values in anything else.

    Example:
        >>> missing_where_masked("x", np.ma.masked_array([1, 2], [False, True])).tolist()
        [1.0, nan]
    """
    if not isinstance(x, np.ma.MaskedArray) or not (x.ndim == 1 or (table and x.ndim == 2 and x.dtype.kind in "fiub")):
        return check_unmasked(argument, x)
    hidden, values = np.ma.getmaskarray(x), np.asarray(x)
    if not hidden.any():
        return values
    missing: Any = np.nan if x.dtype.kind in "fiub" else None
    return np.where(hidden, missing, values.astype(object) if missing is None else values)


def _objects(argument: str, split: str, x: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Strings, with "" for missing ones, or numbers, with NaN for missing ones."""
    if x.ndim == 2:
        return _numbers(argument, split, x, names)
    if x.ndim != 1:
        raise InvalidArgument(argument, f"{x.dtype} of shape {x.shape}", ACCEPTED)
    values = [as_written(value) for value in x.tolist()]
    absent = [is_absent(value) for value in values]
    present = [value for value, missing in zip(values, absent, strict=True) if not missing]
    strings = [value for value in present if isinstance(value, str)]
    others = [value for value in present if not isinstance(value, str)]
    if others and not strings and all(isinstance(value, NUMBERS) for value in others):
        numbers = np.array([np.nan if missing else value for value, missing in zip(values, absent, strict=True)])
        return numbers if numbers.dtype.kind in "fiub" else numbers.astype(np.float64)
    if others and not strings and all(isinstance(value, DATES) for value in others):
        _warn_of_zones(argument, others)
        return np.array([_clock(value) for value in values])
    if others and not strings and all(isinstance(value, datetime.time) for value in others):
        _warn_of_fractions(argument, fraction_in(x))
        values = [value.strftime("%H:%M:%S") if isinstance(value, datetime.time) else value for value in values]
        others = []
    if others and not strings and all(isinstance(value, datetime.timedelta) for value in others):
        raise InvalidArgument(argument, others[0], DURATIONS)
    if others and all(_is_number(value) for value in present):
        return np.array([np.nan if gap else _number(value) for value, gap in zip(values, absent, strict=True)])
    if others:
        minority = strings if strings and len(strings) <= len(others) else others
        kinds = f"{len(strings)} are strings and {len(others)} are not"
        accepted = f"all strings or all numbers, but of {len(x)} in split {split!r} {kinds}"
        raise InvalidArgument(argument, minority[0], accepted)
    for text in strings:
        check_text(argument, text)
    texts = np.empty(len(x), dtype=object)
    texts[:] = ["" if missing else value for value, missing in zip(values, absent, strict=True)]
    return texts


def as_written(value: Any) -> Any:
    """The string that bytes, and pandas' periods and intervals, stand for; anything else unchanged.

    Example:
        >>> import pandas
        >>> as_written(pandas.Period("2020-01")), as_written(b"a"), as_written(3)
        ('2020-01', 'a', 3)
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if type(value).__name__ in WRITTEN else value


def _clock(value: Any) -> Any:
    """The time of the clock that a date shows: without the offset."""
    if is_absent(value):
        return np.datetime64("NaT", "us")
    if hasattr(value, "to_datetime64"):  # pandas' Timestamp has more years
        value = value.tz_localize(None).to_datetime64()
    if isinstance(value, datetime.datetime):
        value = value.replace(tzinfo=None)
    return value.astype("datetime64[us]") if isinstance(value, np.datetime64) else np.datetime64(value, "us")


def _warn_of_zones(argument: str, dates: Sequence[Any]) -> None:
    zones = sorted({str(getattr(date, "tzinfo", None) or "none") for date in dates})
    if len(zones) > 1:
        warn(f"{argument}: times are those of the clocks, but of several time zones: {', '.join(zones)}")


def fraction_in(x: np.ndarray) -> str:
    """The first time with a fraction of a second, in a column of times or of objects; "" if there is none.

    Example:
        >>> fraction_in(np.array(["2020-01-31T12:30", "2020-01-31T12:30:00.5"], "datetime64[ms]"))
        '2020-01-31T12:30:00.500'
    """
    if x.dtype.kind == "M":
        between = x[~np.isnat(x) & (x.astype("datetime64[s]") != x)]
        return str(between[0]) if len(between) else ""
    for value in x:
        if isinstance(value, datetime.time) and value.microsecond:
            return str(value)
        if isinstance(value, DATES):
            return fraction_in(np.array([_clock(date) for date in x]))
    return ""


def _warn_of_fractions(argument: str, fraction: str) -> None:
    """Warns of times between two seconds, which models do not see."""
    if fraction:
        warn(f"{argument}: fractions of seconds are left out, as in {fraction}")


def _check_years(argument: str, split: str, x: np.ndarray) -> None:
    """Refuses dates that Python has not."""
    years = x.astype("datetime64[Y]").astype(np.int64) + 1970
    wrong = ~np.isnat(x) & ((years < 1) | (years > 9999))
    if wrong.any():
        accepted = f"dates of the years 1 to 9999, but {wrong.sum()} of {len(x)} in split {split!r} are of others"
        raise InvalidArgument(argument, str(x[wrong][0]), accepted)


def _is_number(value: Any) -> bool:
    """Whether an object is a number, a string of one, or a string for a missing one."""
    if isinstance(value, str):
        return value.strip().lower() in ABSENT or is_number(value, ".")
    return isinstance(value, NUMBERS)


def _number(value: Any) -> float:
    return float(numbers_in([value], ".")[0]) if isinstance(value, str) else float(value)


def is_absent(value: Any) -> bool:
    """Whether a value is None, NaN, or pandas' NA or NaT, which cannot be compared.

    Example:
        >>> is_absent(float("nan")), is_absent(None), is_absent(0)
        (True, True, False)
    """
    if isinstance(value, (float, np.floating)):
        return bool(value != value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _numbers(argument: str, split: str, x: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """A table of objects as int64, if all are whole, or float64, NaN for missing ones; refuses anything but numbers."""
    absent = np.array([[is_absent(value) for value in row] for row in x.tolist()], bool).reshape(x.shape)
    wrong = np.array([[not isinstance(value, NUMBERS) for value in row] for row in x.tolist()], bool).reshape(x.shape)
    wrong &= ~absent
    if wrong.any():
        if x.dtype.kind != "O":  # NumPy has converted the numbers to strings too
            wrong = np.array([[not _reads_as_number(value) for value in row] for row in x.tolist()])
            wrong = wrong if wrong.any() else ~wrong
        column = int(np.flatnonzero(wrong.any(axis=0))[0])
        count, which = wrong[:, column].sum(), repr(names[column]) if column < len(names) else column
        accepted = (
            f"numbers, but {count} of the {len(x)} values of column {which} in split {split!r} are none; a table with"
            " strings is a dictionary of columns"
        )
        raise InvalidArgument(argument, x[wrong[:, column], column][0], accepted)
    if all(isinstance(value, INTEGERS) and -(2**63) <= value < 2**63 for row in x.tolist() for value in row):
        return x.astype(np.int64)
    return np.where(absent, np.nan, x).astype(np.float64)


def _reads_as_number(text: Any) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ragged(argument: str, split: str, x: Any) -> list[np.ndarray] | None:
    """A list of arrays (steps, size), or None if x is something else."""
    if not isinstance(x, (list, tuple)) or not len(x):
        return None
    if not all(isinstance(item, LISTS) for item in x):
        return None
    arrays = []
    for item in x:
        try:
            array = native(np.asarray(item))
            arrays.append(array if array.dtype.kind in "fiub" else array.astype(np.float32))
        except (ValueError, TypeError):
            continue
    if len(arrays) < len(x):
        wrong = len(x) - len(arrays)
        accepted = f"a list of arrays of numbers, but {wrong} of {len(x)} in split {split!r} are none"
        raise InvalidArgument(argument, type(x).__name__, accepted)
    shapes = Counter(array.shape for array in arrays)
    if len(shapes) == 1:
        return None  # an ordinary array, written as a list
    images = any(array.ndim == 3 or (array.ndim == 2 and array.dtype in (np.uint8, np.uint16)) for array in arrays)
    arrays = [array.astype(np.result_type(*{wide(array).dtype for array in arrays})) for array in arrays]
    arrays = [array[:, np.newaxis] if array.ndim == 1 else array for array in arrays]
    if images or len({array.shape[1:] for array in arrays}) > 1 or any(array.ndim != 2 for array in arrays):
        others = len(arrays) - shapes.most_common(1)[0][1]
        way = ": pass image_size=(height, width)" if images else ""
        accepted = f"of one size, but {others} of {len(x)} in split {split!r} differ from the rest{way}"
        raise InvalidArgument(argument, sorted(shapes)[:3], accepted)
    empty = sum(len(array) == 0 for array in arrays)
    if empty:
        accepted = f"sequences of at least one step; {empty} of {len(x)} in split {split!r} have none"
        raise InvalidArgument(argument, 0, accepted)
    with np.errstate(over="ignore"):
        rows = np.repeat(np.arange(len(arrays)), list(map(len, arrays)))
        steps = np.concatenate(arrays).astype(np.float32)
        check_finite(argument, split, steps, where="the steps", rows=rows, hint=GAPS[3])
    return arrays
