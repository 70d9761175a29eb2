import datetime
import random

import numpy as np
import pytest

from recipes.data.strings.date_formats import date_reader
from recipes.data.strings.date_strings import dates_in

START = datetime.datetime(1970, 1, 1)
RANDOM = np.random.default_rng(0)
DAYS = [
    START + datetime.timedelta(seconds=int(second)) for second in RANDOM.integers(-62_000_000_000, 100_000_000_000, 500)
]


@pytest.mark.parametrize("format", ["%Y-%m-%d %H:%M:%S", "%d %b %Y %I:%M %p", "%m/%d/%Y", "%Y%m%dT%H%M%S", "%b-%Y"])
def test_days_and_their_parts_are_those_of_the_calendar(format):
    texts = [f"{day:{format.replace('%Y', '%%Y')}}".replace("%Y", f"{day.year:04d}") for day in DAYS]
    expected = [datetime.datetime.strptime(text, format) for text in texts]
    days, parts = dates_in(texts, format)
    np.testing.assert_allclose(days, [(day - START) / datetime.timedelta(days=1) for day in expected], rtol=1e-14)
    np.testing.assert_allclose(parts["weekday"], [day.weekday() / 7 for day in expected], atol=1e-12)
    np.testing.assert_allclose(parts["month"] * 12 // 1, [day.month - 1 for day in expected])
    np.testing.assert_allclose(parts["hour"] * 86400, [(day - START).seconds for day in expected], atol=1e-6)


def test_years_of_two_digits_and_times_alone():
    assert dates_in(["1/2/68", "1/2/69"], "%m/%d/%y")[0].tolist() == [
        *((datetime.datetime(year, 1, 2) - START).days for year in (2068, 1969)),
    ]
    days, parts = dates_in(["6:00 am", "6:00 P.M."], "%I:%M %p")
    assert (days.tolist(), list(parts)) == ([0.25, 0.75], ["hour"])


@pytest.mark.parametrize(
    "text", ["", "?", "soon", "2020-13-01", "2020-01-32", "2020-01-00", "2020-01", "2020-01-01 24:00"]
)
def test_what_is_no_date_is_nan(text):
    days, parts = dates_in([text], "%Y-%m-%d %H:%M")
    assert np.isnan([days, *parts.values()]).all()


def test_days_that_a_month_does_not_have_are_no_dates():
    years = (1899, 1900, 1999, 2000, 2023, 2024, 2100)
    texts = [f"{year}-{month:02d}-{day:02d}" for year in years for month in range(14) for day in range(33)]
    expected = []
    for text in texts:
        try:
            expected.append((datetime.date.fromisoformat(text) - START.date()).days)
        except ValueError:
            expected.append(np.nan)
    np.testing.assert_array_equal(dates_in(texts, "%Y-%m-%d")[0], expected)


def test_offsets_and_fractions_of_seconds_are_not_read():
    days, _ = dates_in(["2020-01-05 10:30:00.25+02:00", "2020-01-05 10:30:00"], "%Y-%m-%d %H:%M:%S")
    assert days[0] == days[1]


def test_an_offset_is_not_taken_for_seconds():
    days, _ = dates_in(["2020-01-05 10:30+02:15", "2020-01-05 10:30"], "%Y-%m-%d %H:%M:%S")
    assert days[0] == days[1]


FORMATS = (
    *("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%y", "%Y%m%d", "%Y-%m", "%b-%Y", "%d %b %Y", "%d-%b-%y", "%b %d, %Y"),
    *("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H%M%S", "%m/%d/%Y %I:%M %p", "%H:%M:%S", "%I:%M %p"),
)


@pytest.mark.parametrize("format", FORMATS)
def test_a_date_is_read_where_the_format_fits_and_nowhere_else(format):
    """Dates of all formats with one character changed, put in or taken away, or something behind them."""
    draw = random.Random(0)
    ends = ["", "", " ", " x", "-07", "Z", "+02:00", " PM", ".25", " 10:30", " 1:05 pm", "T10:30:15.5Z", " 13:00 am"]
    characters = [*"0123456789-/.,:+ \tTZaApPmMjnx\u017f\u00a0\x1f", ""]
    texts = ["", "2020-01-05" + " " * 38, "2020-01-05" + " " * 39, "0000-01-05", "23:59:60", "Mon, 5 Sept. 2020"]
    for _ in range(3000):
        day, form = draw.choice(DAYS), draw.choice([format, format, draw.choice(FORMATS)])
        text = day.strftime(form.replace("%Y", f"{day.year:04d}")) + draw.choice(ends)
        texts.append(text)
        place = draw.randint(0, len(text))
        texts.append(text[:place] + draw.choice(characters) + text[place + draw.randint(0, 1) :])
    expected = [date_reader(format)(text) for text in texts]
    read = [None if np.isnan(days) else days for days in dates_in(texts, format)[0]]
    assert 500 < sum(one is not None for one in expected) < 5000
    unread = ({} if "%S" in format else {"second": 0}) | ({} if "%M" in format else {"hour": 0, "minute": 0})
    for text, when, days in zip(texts, expected, read, strict=True):
        assert (when is None) == (days is None), text
        if when is not None:
            assert days == pytest.approx((when.replace(**unread) - START) / datetime.timedelta(days=1), abs=1e-7), text
