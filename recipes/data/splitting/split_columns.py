"""SplitColumns: what decides, besides chance, which examples go to which split: groups, times, strata, duplicates."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ..columns_aside import column_values, without
from ..input_arrays import NUMBERS
from ..strings.date_formats import format_of, no_dates
from ..strings.date_strings import dates_in

__all__ = ["ROLES", "SplitColumns", "check_splits", "plain", "separate_columns"]

ROLES = ("groups", "time", "stratify")
"""The arguments of :meth:`recipes.Data.from_arrays`."""

Splits = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class SplitColumns:
    """Of the examples of one split, each of shape (n,), or None.

    Args:
        groups: int64; equal numbers must be in the same split, and are equal in all splits.
        time: numbers or datetime64: earlier ones train, later ones validate, the latest test.
        stratify: int64; each number has about the same share in all splits.
        equal: int64, from :func:`recipes.data.splitting.duplicates.duplicates_of`.
    """

    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    stratify: np.ndarray | None = None
    equal: np.ndarray | None = None

    @property
    def units(self) -> np.ndarray | None:
        """Equal numbers for examples that belong together: those of a group, or duplicates; None if none do."""
        if self.groups is not None or self.equal is None:
            return self.groups
        alone = self.equal < 0
        return np.where(alone, len(alone) + np.arange(len(alone)) + self.equal.max(), self.equal)

    def take(self, indices: np.ndarray) -> SplitColumns:
        """Those of some examples."""
        return SplitColumns(*(None if values is None else values[indices] for values in self._values()))

    def joined(self, second: SplitColumns) -> SplitColumns:
        """Those of the examples of two splits; None where one of them has none."""
        pairs = zip(self._values(), second._values(), strict=True)
        return SplitColumns(*(None if a is None or b is None else np.concatenate([a, b]) for a, b in pairs))

    def _values(self) -> tuple[np.ndarray | None, ...]:
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self))


def separate_columns(
    splits: Splits, given: Mapping[str, Any], names: Sequence[str] | None = None
) -> tuple[Splits, dict[str, SplitColumns], list[str]]:
    """Finds what decides about the splits, and takes the columns of groups and times out of the inputs.

    Args:
        splits: split -> (x, y), of which "train" is one.
        given: "groups", "time" and "stratify" -> None; a column of the inputs in all splits, by name; an array for the
            training split; or a mapping from each split to its array.
        names: of the columns of an array, or None.

    Returns:
        (splits without the columns of groups and times, the columns of each split, names of those taken out).

    Raises:
        InvalidArgument: naming the argument: an unknown column, another length, missing values, times that are none.

    Example:
        >>> splits, columns, gone = separate_columns({"train": ({"a": [1, 2], "who": ["x", "y"]}, [0, 1])},
        ...                                          {"groups": "who"})
        >>> splits["train"][0], columns["train"].groups.tolist(), gone
        ({'a': [1, 2]}, [0, 1], ['who'])
    """
    if given.get("time") is not None and given.get("stratify") is not None:
        raise InvalidArgument("stratify", given["stratify"], "None with time=, which alone decides about the splits")
    found: dict[str, dict[str, np.ndarray]] = {split: {} for split in splits}
    gone = []
    for role in ROLES:
        raw = given.get(role)
        if raw is None:
            continue
        if isinstance(raw, str):
            arrays = {split: column_values(role, raw, split, x, names) for split, (x, _) in splits.items()}
            gone += [raw] if role != "stratify" else []
        else:
            arrays = dict(raw) if isinstance(raw, Mapping) else {"train": raw}
        for split, values in arrays.items():
            if split not in splits:
                raise InvalidArgument(role, split, f"of the splits that are given: {', '.join(splits)}")
            _check_length(role, values, len(splits[split][1]))
        if "train" not in arrays:
            raise InvalidArgument(role, list(arrays), "given for the training split")
        encoded = _times(arrays) if role == "time" else _codes(role, arrays)
        for split, values in encoded.items():
            found[split][role] = values
    splits = {split: (without(x, gone, names), y) for split, (x, y) in splits.items()} if gone else splits
    return splits, {split: SplitColumns(**arrays) for split, arrays in found.items()}, gone


def check_splits(columns: Mapping[str, SplitColumns]) -> None:
    """Checks that no group is in two splits, and that the splits follow one another in time.

    Args:
        columns: "train", "validation", "test" -> what is known of its examples.

    Raises:
        InvalidArgument: naming the splits and how many examples are on the wrong side.
    """
    listed = list(columns.items())
    for place, (split, earlier) in enumerate(listed):
        for other, later in listed[place + 1 :]:
            if earlier.groups is not None and later.groups is not None:
                shared = np.isin(later.groups, earlier.groups)
                if shared.any():
                    accepted = f"in one split only, but {len(np.unique(later.groups[shared])):,} groups of {other!r}"
                    received = f"{shared.sum():,} of {len(shared):,} examples"
                    accepted = f"{accepted} are also in {split!r}: pass both as one split to have them divided"
                    raise InvalidArgument("groups", received, accepted)
            if earlier.time is not None and later.time is not None:
                early = later.time < earlier.time.max()
                if early.any():
                    accepted = (
                        f"no earlier in split {other!r} than in {split!r}, which ends at {plain(earlier.time.max())}"
                    )
                    received = f"{early.sum():,} of {len(early):,} examples from {plain(later.time.min())}"
                    raise InvalidArgument("time", received, accepted)


def plain(time: Any) -> Any:
    """A time as a value for JSON: a number, or a date and, unless it is midnight, a time of day.

    Example:
        >>> plain(np.datetime64("2019-12-31T00:00:00.000000")), plain(np.float32(1.5))
        ('2019-12-31', 1.5)
    """
    return str(time).removesuffix("T00:00:00.000000") if isinstance(time, np.datetime64) else time.item()


def _check_length(role: str, values: Any, count: int) -> None:
    try:
        shape = np.shape(values)
    except ValueError:  # lists of different lengths
        shape = (len(values), None)
    if shape != (count,):
        raise InvalidArgument(
            role, f"shape {shape}", f"a column of the inputs, or {count} values, one for each example"
        )


def _codes(role: str, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Whole numbers that are equal where the values are, in all splits."""
    import pandas as pd

    values = np.concatenate([np.asarray(array, object) for array in arrays.values()])
    codes, different = pd.factorize(values)
    _check_present(role, codes < 0)
    if role == "stratify":
        seldom = np.flatnonzero(np.bincount(codes[: len(arrays["train"])], minlength=len(different)) == 1)
        if len(seldom):
            accepted = (
                f"of values that 2 or more examples have each, but {len(seldom):,} of {len(different):,} occur once"
            )
            raise InvalidArgument(role, different[seldom[0]], accepted)
    ends = np.cumsum([len(array) for array in arrays.values()])
    return dict(zip(arrays, np.split(codes.astype(np.int64), ends[:-1]), strict=True))


def _times(arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Numbers, or datetimes in UTC, of all splits alike."""
    whole = {
        split: array.to_numpy() if hasattr(array, "to_numpy") else np.asarray(array) for split, array in arrays.items()
    }
    if len({values.dtype.kind in "fiu" for values in whole.values()}) > 1:
        kinds = {split: str(values.dtype) for split, values in whole.items()}
        raise InvalidArgument("time", kinds, "numbers in all splits, or dates in all")
    values = np.concatenate(list(whole.values()))
    ends = np.cumsum([len(array) for array in whole.values()])
    return dict(zip(whole, np.split(_as_times(values), ends[:-1]), strict=True))


def _as_times(values: np.ndarray) -> np.ndarray:
    import pandas as pd

    missing = np.asarray(pd.isna(values))
    if values.dtype.kind == "f":
        missing |= ~np.isfinite(values)
    _check_present("time", missing)
    if values.dtype.kind in "fiu":
        return values
    if all(isinstance(value, str) for value in values.tolist()):
        numbers = pd.to_numeric(pd.Series(values), errors="coerce")
        if numbers.notna().all():
            return numbers.to_numpy()
    else:
        among = [isinstance(value, NUMBERS) for value in values.tolist()]
        if all(among):
            return values.astype(np.float64)
        if any(among):
            accepted = "numbers, dates, or texts of dates, but these are of several kinds"
            raise InvalidArgument("time", values[among.index(True)], accepted)
    try:
        parsed = pd.to_datetime(pd.Series(values), utc=True, format="ISO8601")
    except (ValueError, TypeError):
        return _as_written(values)
    before = np.asarray(parsed.dt.year < 1)
    if before.any():
        raise InvalidArgument("time", str(values[before.argmax()]), "dates of the year 1 or later")
    return parsed.dt.tz_localize(None).to_numpy("datetime64[us]")


def _as_written(values: np.ndarray) -> np.ndarray:
    """Texts of dates in other formats than ISO's as datetimes; refuses those that may be read in two ways."""
    texts = [str(value) for value in values.tolist()]
    read = format_of(texts)
    if read is None:
        accepted = "numbers, dates, or texts of dates in one format, such as 2019-12-31 or 2019-12-31 23:59"
        raise InvalidArgument("time", texts[(no_dates(texts, 1.0) or [0])[0]], accepted)
    if read[1]:
        accepted = "texts in which a day above 12 shows whether day or month comes first: pass dates, or 2019-12-31"
        raise InvalidArgument("time", texts[0], accepted)
    days = dates_in(texts, read[0])[0]
    return np.datetime64("1970-01-01", "us") + np.round(days * 86_400e6).astype("timedelta64[us]")


def _check_present(role: str, missing: np.ndarray) -> None:
    if missing.any():
        accepted = f"given for every example, but {missing.sum():,} of {len(missing):,} are missing"
        raise InvalidArgument(role, None, accepted)
