import datetime

import pytest

from recipes.data.strings.date_formats import date_reader, format_of, no_dates

DAYS = [datetime.datetime(2019, 12, 31, 23, 59, 58), datetime.datetime(1999, 2, 3, 4, 5, 6)]
FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m/%d/%y", "%d-%m-%y", "%Y%m%d", "%Y-%m", "%b-%Y"),
    *("%d %b %Y", "%d-%b-%y", "%b %d, %Y", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H%M%S"),
    *("%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S", "%H:%M", "%H:%M:%S", "%I:%M %p"),
)


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_that_strftime_writes_is_found_and_read(format):
    texts = [day.strftime(format) for day in DAYS]
    assert format_of(texts) == (format, False)
    expected = [datetime.datetime.strptime(text, format) for text in texts]
    if "%Y" not in format.replace("%y", "%Y"):
        expected = [day.replace(year=1970) for day in expected]
    assert [date_reader(format)(text) for text in texts] == expected


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["Monday, 6 January 2020", "Tue, 7 Jan 2020"], ("%d %b %Y", False)),
        (["January 6 2020"], ("%b %d, %Y", False)),
        (["2020-01-05 10:30:00.250", "2020-01-06"], ("%Y-%m-%d %H:%M:%S", False)),
        (["2020-01-05T10:30Z", "2020-01-05T10:30+02:00"], ("%Y-%m-%dT%H:%M", False)),
        (["20141013T000000"], ("%Y%m%dT%H%M%S", False)),
        (["3/4/2020", "5/6/2020"], ("%m/%d/%Y", True)),
        (["3.4.2020", "5.6.2020"], ("%d.%m.%Y", False)),
        (["13/4/2020", "5/13/2020"], None),
        (["2020-02-30"], None),
        (["2020-01-05", "05/01/2020"], None),
        (["2020-01-05 10:30", "2020-01-05 10:30:00"], None),
        (["12345678"], None),  # no year from 1900 to 2100
        (["25:00"], None),
        (["13:00 pm"], None),
        (["2020"], None),
        (["may"], None),
        (["2020-01-05x"], None),
        (["1 2 2020"], None),
    ],
)
def test_the_format_of_a_column(texts, found):
    assert format_of(texts) == found


def test_a_reader_takes_other_separators_but_no_other_order():
    read = date_reader("%d/%m/%Y %H:%M")
    assert read("5.1.2020 10:30") == datetime.datetime(2020, 1, 5, 10, 30)
    assert read("05/01/2020") == datetime.datetime(2020, 1, 5)
    assert [read(text) for text in ("2020-01-05", "13/13/2020", "5/1/2020 3:00 PM", "", "?")] == [None] * 5


def test_dates_in_several_formats_or_with_words_among_them():
    days = [f"2020-01-{day:02d}" for day in range(1, 21)]
    assert no_dates(days, 0.1) == []
    assert no_dates([*days, "soon"], 0.1) == [20]
    assert no_dates([*days, *["1/2/2020"] * 9], 0.1) == [*range(20, 29)]
    assert no_dates([*days, *["soon"] * 9], 0.1) is None
