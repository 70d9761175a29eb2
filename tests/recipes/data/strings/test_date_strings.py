import datetime

import numpy as np
import pytest

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
