"""format_of: the format in which a column of strings has dates or times, as for ``datetime.strptime``."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "ISO_DATE",
    "ISO_TIME",
    "LENGTH",
    "MONTHS",
    "PIVOT",
    "date_pattern",
    "date_reader",
    "divided",
    "format_of",
    "no_dates",
    "offsets_in",
]

ISO_DATE, ISO_TIME = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
"""The formats of objects such as ``datetime.date`` and NumPy's ``datetime64``."""
LENGTH = 48
"""Maximum number of characters of a date."""
YEARS = (1900, 2100)
"""First and last year of dates without separators, which would be numbers otherwise."""
PIVOT = 69
"""Years of two digits from this one on are of the 20th century, as for ``strptime``."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

NAMES = (
    r"(?P<b>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
WEEKDAYS = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
DAY, MONTH, YEAR = r"(?P<d>[0-9]{1,2})", r"(?P<m>[0-9]{1,2})", r"(?P<Y>[0-9]{4})"
FORMS = {
    "%Y{s}%m{s}%d": rf"{YEAR}(?P<s>[-/.]){MONTH}(?P=s){DAY}",
    "%m{s}%d{s}%Y": rf"{MONTH}(?P<s>[-/]){DAY}(?P=s){YEAR}",
    "%d{s}%m{s}%Y": rf"{DAY}(?P<s>[-/.]){MONTH}(?P=s){YEAR}",
    "%m{s}%d{s}%y": rf"{MONTH}(?P<s>[-/]){DAY}(?P=s)(?P<y>[0-9]{{2}})",
    "%d{s}%m{s}%y": rf"{DAY}(?P<s>[-/.]){MONTH}(?P=s)(?P<y>[0-9]{{2}})",
    "%Y%m%d": r"(?P<Y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    "%Y-%m": r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})",
    "%d{s}%b{s}%Y": rf"{WEEKDAYS}{DAY}(?P<s>[-/ ]){NAMES},?(?P=s){YEAR}",
    "%d{s}%b{s}%y": rf"{DAY}(?P<s>[-/]){NAMES}(?P=s)(?P<y>[0-9]{{2}})",
    "%b %d, %Y": rf"{WEEKDAYS}{NAMES} {DAY},? {YEAR}",
    "%b{s}%Y": rf"{NAMES}(?P<s>[-/ ]){YEAR}",
    "": "",
}
"""Format of the date, with {s} for its separator -> regular expression. Where both fit, the month comes first."""
SWAPPED = {"%m{s}%d{s}%Y": "%d{s}%m{s}%Y", "%m{s}%d{s}%y": "%d{s}%m{s}%y"}
OFFSET = r"(?: ?(?:Z|UTC|GMT|[-+][0-9]{2}:?[0-9]{2}))?"
UTC = ("Z", "UTC", "GMT", "-0000")
SECONDS, HALF = r"(?::(?P<S>[0-5][0-9])(?:[.,][0-9]{1,9})?)?", r" ?(?P<p>[ap]\.?m\.?)"
HOUR, MINUTE = r"(?P<H>[01]?[0-9]|2[0-3])", r"(?P<M>[0-5][0-9])"
CLOCK = rf"{HOUR}:{MINUTE}{SECONDS}"
HALF_CLOCK = rf"(?P<I>0?[1-9]|1[0-2]):{MINUTE}{SECONDS}{HALF}"
COMPACT = rf"(?P<H>[01][0-9]|2[0-3]){MINUTE}(?P<S>[0-5][0-9])"


@functools.cache
def _pattern(form: str, half: bool) -> re.Pattern[str]:
    return re.compile(_dated(form, HALF_CLOCK if half else CLOCK), re.IGNORECASE | re.ASCII)


def _dated(form: str, clock: str) -> str:
    """The regular expression of dates of a form, with or without this time."""
    if not form:
        return f"{clock}{OFFSET}"
    if form == "%Y%m%d":
        return f"{FORMS[form]}(?:(?P<T>T){COMPACT}{OFFSET})?"
    return f"{FORMS[form]}(?:(?:(?P<T>T)|,? ){clock}{OFFSET})?"


def date_pattern(format: str) -> str:
    """The regular expression of the strings that :func:`date_reader` reads, without references to groups.

    It has also days that a month does not have, months from 13 on and the year 0.

    Example:
        >>> pattern = date_pattern("%Y-%m-%d")
        >>> [bool(re.fullmatch(pattern, text)) for text in ("2020/1/31 ", "2020/1-31", "2020-1-31 at 5")]
        [True, False, False]
    """
    form, time = _form(format), divided(format)[1]
    clocks = [clock for clock, half in ((CLOCK, False), (HALF_CLOCK, True)) if not time or half == ("%p" in time)]
    whole = "|".join(_dated(form, clock) for clock in clocks)
    marks = re.search(r"\(\?P<s>\[(.*?)\]\)", whole)
    each = [re.escape(mark) for mark in marks[1]] if marks else [""]
    if marks:
        whole = "|".join(whole.replace(marks[0], mark).replace("(?P=s)", mark) for mark in each)
    return rf"\s*(?:{re.sub('[(][?]P<[A-Za-z]+>', '(?:', whole)})\s*"


def _read(text: str, form: str) -> tuple[datetime.datetime, str] | None:
    """The date and time in a string of this form, and its format; None for anything else."""
    if len(text) > LENGTH:
        return None
    match = _pattern(form, False).fullmatch(text.strip()) or _pattern(form, True).fullmatch(text.strip())
    if match is None:
        return None
    fields = {name: value for name, value in match.groupdict().items() if value is not None}
    whole = {name: int(value) for name, value in fields.items() if name in "YymdHIMS"}
    year = whole.get("Y", 1970 if not form else None)
    if year is None:
        year = whole["y"] + (1900 if whole["y"] >= PIVOT else 2000)
    month = whole.get("m", MONTHS.index(fields["b"][:3].lower()) + 1 if "b" in fields else 1)
    hour = whole["I"] % 12 + 12 * (fields["p"][0] in "pP") if "I" in whole else whole.get("H", 0)
    try:
        when = datetime.datetime(year, month, whole.get("d", 1), hour, whole.get("M", 0), whole.get("S", 0))
    except ValueError:
        return None
    date = form.format(s=fields.get("s", ""))
    time = ""
    if "M" in whole:
        mark = "" if form == "%Y%m%d" else ":"
        time = mark.join(["%I" if "I" in whole else "%H", "%M"] + ["%S"] * ("S" in whole)) + " %p" * ("p" in fields)
    return when, date + (("T" if "T" in fields else " ") if date and time else "") + time


def format_of(texts: Iterable[str]) -> tuple[str, bool] | None:
    """The format in which all strings are dates or times, and whether day and month could be swapped; None if none is.

    A time of day may be absent in some. Dates without separators have to be between 1900 and 2100.

    Args:
        texts: strings, none of which stands for a missing value.

    Example:
        >>> format_of(["2020-01-31", "2020-02-01 10:30"]), format_of(["31/1/2020"]), format_of(["3/1/20"])
        (('%Y-%m-%d %H:%M', False), ('%d/%m/%Y', False), ('%m/%d/%y', True))
        >>> format_of(["2020-02-30"]), format_of(["Jan 5, 2020"])
        (None, ('%b %d, %Y', False))
    """
    distinct = list(dict.fromkeys(texts))
    for form in FORMS:
        formats = _formats(distinct, form)
        if formats:
            other = SWAPPED.get(form)
            longest = max(sorted(formats), key=len)
            alike = formats <= {longest, divided(longest)[0]}
            return (longest, bool(other and _formats(distinct, other))) if alike else None
    return None


def _formats(texts: Sequence[str], form: str) -> set[str]:
    """The formats of all strings; empty if one is not of this form."""
    formats = set()
    for text in texts:
        read = _read(text, form)
        if read is None or (form == "%Y%m%d" and not YEARS[0] <= read[0].year <= YEARS[1]):
            return set()
        formats.add(read[1])
    return formats


def no_dates(texts: Sequence[str], share: float) -> list[int] | None:
    """The places of strings that are no dates of the commonest format; None if more than this share are no dates.

    Example:
        >>> no_dates(["2020-01-05", "2020-01-06", "5/1/2020"], 0.1), no_dates(["2020-01-05", "x"], 0.1)
        ([2], None)
    """
    most, places = share * len(texts), {form: set[int]() for form in FORMS}
    unread = 0
    for place, text in enumerate(texts):
        forms = [form for form in FORMS if _read(text, form) is not None]
        unread += not forms
        if unread > most:
            return None
        for form in forms:
            places[form].add(place)
    best = max(places.values(), key=len)
    return [place for place in range(len(texts)) if place not in best]


def offsets_in(texts: Iterable[str]) -> set[str]:
    """The different offsets from UTC at the end of dates with times, "" for none. Models do not read them.

    Example:
        >>> sorted(offsets_in(["2020-01-05 10:00Z", "2020-01-05T10:00+02:00", "2020-01-05 10:00", "2020-01-05"]))
        ['', '+0000', '+0200']
    """
    ends = (re.search(rf":[0-9.,]+(?:{HALF})?(?P<offset>{OFFSET})\s*$", text, re.IGNORECASE) for text in texts)
    found = {end["offset"].strip().upper().replace(":", "") for end in ends if end is not None}
    return {"+0000" if offset in UTC else offset for offset in found}


def date_reader(format: str) -> Callable[[str], datetime.datetime | None]:
    """A function from a string to the date it says in this format (see :func:`format_of`); to None if it says none.

    Separators may be others, and the time may be absent.

    Example:
        >>> date_reader("%d/%m/%Y")("5.1.2020"), date_reader("%d/%m/%Y")("2020-01-05")
        (datetime.datetime(2020, 1, 5, 0, 0), None)
    """
    form, time = _form(format), divided(format)[1]

    def read(text: str) -> datetime.datetime | None:
        found = _read(text, form)
        if found is None:
            return None
        other = bool(re.search("%[HI]", found[1])) and ("%p" in found[1]) != ("%p" in time)
        return None if time and other else found[0]

    return read


def _form(format: str) -> str:
    """The key of a format in ``FORMS``."""
    date = divided(format)[0]
    return next(form for form in FORMS if any(form.format(s=mark) == date for mark in "-/. "))


def divided(format: str) -> tuple[str, str]:
    """The date and the time of a format."""
    start = re.search("[T ]?%[HI]", format)
    return (format, "") if start is None else (format[: start.start()], format[start.start() :])
