import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data
from recipes.data.string_columns import as_strings, mostly
from recipes.description import inference_table

NAN = np.nan
COUNT = 60
WEST = datetime.timezone(datetime.timedelta(hours=-3))
RANDOM = np.random.default_rng(0)
Y = np.arange(COUNT) // 2 % 2
VALUES = RANDOM.uniform(1000, 5000, COUNT).round(2)
DAYS = pandas.Series(pandas.Timestamp("2019-11-02") + pandas.to_timedelta(RANDOM.integers(0, 9000, COUNT), unit="h"))
PRICES = [f"${value:,.2f}" for value in VALUES]
GAPS = np.where(np.arange(COUNT) % 7 == 3, " ", [f"{value:.1f}" for value in VALUES]).astype(object)


def features(x, message="strings are read", **options):
    with pytest.warns(UserWarning, match=message) as caught:
        data = Data.from_arrays(x, Y, **options)
    assert len(caught) == 1
    return data, {feature.name: feature for feature in data.spec.features}


def test_strings_of_numbers_and_dates_are_found_and_said():
    x = {"price": PRICES, "charges": GAPS, "comma": [f"{value}".replace(".", ",") for value in VALUES]}
    x |= {
        "when": DAYS.dt.strftime("%d.%m.%Y %H:%M").to_numpy(object),
        "zip": [f"0{1000 + v % 9}" for v in range(COUNT)],
    }
    message = (
        "dataset 'arrays': strings are read as numbers: 'price', 'charges'; as numbers with a decimal comma: 'comma';"
        r" as dates \(%d.%m.%Y %H:%M\): 'when'. A pandas category, .*, keeps a column as it is"
    )
    data, found = features(x, message, x_test=x, y_test=Y, duplicates="ignore")
    assert {name: (feature.kind, feature.format) for name, feature in found.items()} == {
        "price": ("number", "."),
        "charges": ("number", "."),
        "comma": ("number", ","),
        "when": ("date", "%d.%m.%Y %H:%M"),
        "zip": ("category", ""),
    }
    train = data.arrays("train")[0]
    raw = np.array([float(text.replace("$", "").replace(",", "")) for text in train["price"]])
    assert found["price"].mean == pytest.approx((raw.mean(),))
    assert found["price"].variance == pytest.approx((raw.var(),))
    assert (found["price"].missing, found["charges"].missing, found["when"].parts) == (
        *(None, "nan"),
        ("month", "weekday", "hour"),
    )
    days = pandas.to_datetime(pandas.Series(train["when"]), format="%d.%m.%Y %H:%M")
    assert found["when"].mean == pytest.approx(((days - pandas.Timestamp(0)) / pandas.Timedelta(days=1)).mean())
    rows = list(zip(*(column.cells for column in inference_table(data).columns), strict=True))
    assert rows[3][:3] == ("when", "date", "string")
    assert f"%d.%m.%Y %H:%M, mean {days.mean():%Y-%m-%d}, sd" in rows[3][4]
    assert rows[3][4].endswith("days, month, weekday, hour")
    folds = data.folds(2)
    assert [[f.kind for f in fold.spec.features] for fold in folds] == [[f.kind for f in found.values()]] * 2


@pytest.mark.parametrize(
    ("values", "format"),
    [
        (DAYS.to_numpy(), "%Y-%m-%d %H:%M:%S"),
        (DAYS.dt.normalize().to_numpy("datetime64[D]"), "%Y-%m-%d"),
        (DAYS.dt.tz_localize("Europe/Berlin"), "%Y-%m-%d %H:%M:%S"),
        ([day.date() for day in DAYS], "%Y-%m-%d"),
        ([day.to_pydatetime() for day in DAYS], "%Y-%m-%d %H:%M:%S"),
        (DAYS.where(np.arange(COUNT) % 3 > 0), "%Y-%m-%d %H:%M:%S"),
        ([None if day.hour < 5 else day for day in DAYS], "%Y-%m-%d %H:%M:%S"),
        (DAYS.astype("timestamp[us][pyarrow]"), "%Y-%m-%d %H:%M:%S"),
        (DAYS.astype("category"), "%Y-%m-%d %H:%M:%S"),
    ],
)
def test_dates_as_objects_are_strings_of_iso_8601(values, format):
    data = Data.from_arrays({"when": values, "n": VALUES}, Y)
    frame = Data.from_arrays(pandas.DataFrame({"when": values, "n": VALUES}), Y)
    assert data.fingerprint == frame.fingerprint
    (feature, _) = data.spec.features
    assert (feature.kind, feature.dtype, feature.format) == ("date", "string", format)
    texts = [text for text in data.arrays("train")[0]["when"] if text]
    assert (feature.missing is None) == (len(texts) == len(data.arrays("train")[1]))
    assert set(texts) <= set(DAYS.dt.strftime(format))


def test_only_parts_that_vary_are_used():
    days = np.array(["2020-03-02", "2020-03-09"], "datetime64[D]")[np.arange(COUNT) % 3 // 2]
    data = Data.from_arrays({"when": days, "n": VALUES}, Y)
    assert data.spec.features[0].parts == ()


def test_a_pandas_category_keeps_its_strings():
    x = pandas.DataFrame({"code": pandas.Categorical([str(v % 5) for v in range(COUNT)]), "n": VALUES})
    assert [feature.kind for feature in Data.from_arrays(x, Y).spec.features] == ["category", "number"]
    assert Data.from_arrays(dict(x), Y).spec.features[0].kind == "category"


def test_numbers_and_strings_of_numbers_in_one_column_are_numbers():
    x = [Decimal("2.5"), "1,200", " 7", None, "NA", 3]
    data = Data.from_arrays({"m": x * 10, "n": VALUES}, Y, x_test={"m": ["4", ""], "n": ["1", "2"]}, y_test=[0, 1])
    assert (data.spec.features[0].dtype, data.spec.features[0].missing) == ("float64", "nan")
    np.testing.assert_array_equal(data.arrays("test")[0]["m"], [4, NAN])
    np.testing.assert_array_equal(data.arrays("test")[0]["n"], [1, 2])


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (
            "price",
            ["$1,200.00", "cheap"],
            r"x_test\['price'\] must be numbers with a decimal '.', as in training, but 1 of 2",
        ),
        ("price", ["3", "-1e39"], "numbers with a decimal '.' within float32, .* the first in row 2"),
        ("price", ["9" * 40, "3"], "numbers with a decimal '.' within float32, .* the first in row 1"),
        (
            "when",
            ["31/12/2019", "2019-12-31"],
            r"dates such as '31/01/2020', as in training, but 1 of 2 in split 'test' are",
        ),
        ("when", [3.5, 4.5], r"x_test\['when'\] must be dates such as .* the first in row 1. Received: .*=3.5"),
    ],
)
def test_other_splits_have_to_fit(column, values, message):
    x = {"price": PRICES, "when": DAYS.dt.strftime("%d/%m/%Y").to_numpy(object)}
    test = {"price": [4.5, None], "when": [datetime.date(2020, 1, 1), None]}
    data, found = features(x, x_test=test, y_test=[0, 1])
    assert [values.tolist() for values in data.arrays("test")[0].values()] == [["4.5", ""], ["01/01/2020", ""]]
    assert (found["price"].missing, found["when"].missing) == ("nan", "nan")
    with pytest.raises(InvalidArgument, match=message):
        Data.from_arrays(x, Y, x_test={**test, column: values}, y_test=[0, 1])


def test_day_and_month_that_may_be_swapped():
    features(
        {"when": ["3/4/2020", "5/6/2020"] * 30, "n": VALUES}, r"as dates \(%m/%d/%Y; if the day comes first, pass what"
    )


@pytest.mark.parametrize(
    ("usual", "odd", "message"),
    [
        (
            "${}",
            "on request",
            "column 'x' is mostly numbers, but 1 of 60 are not: 'on request' in row 60; taken as words",
        ),
        (
            "2020-01-{:02d}",
            "1/2/20",
            "column 'x' is mostly dates, but 1 of 60 are not, or in another format: '1/2/20' in",
        ),
    ],
)
def test_columns_that_are_mostly_numbers_or_dates_are_a_warning(usual, odd, message):
    x = [usual.format(1 + place % 20) for place in range(COUNT - 1)]
    _, found = features({"x": [*x, odd], "n": VALUES}, message)
    assert found["x"].kind == "category"


def test_mostly_looks_at_all_formats():
    assert mostly(["2020-01-05", "1/2/2020"] * 5) == ("dates", [1, 3, 5, 7, 9])
    assert mostly(["1.5", ""] * 5) is None
    assert mostly(["yes", "no", "1"] * 5) is None


def test_values_as_strings_in_the_format_of_training():
    assert as_strings("x", [1.5, "2,25", None, True, 1e-7], "number", ",").tolist() == ["1,5", "2,25", "", "1", "1e-07"]
    dates = [np.datetime64("2020-01-31T10:00"), pandas.NaT, datetime.datetime(2020, 1, 31, 22, 5), "?"]
    assert as_strings("x", dates, "date", "%m/%d/%Y %I:%M %p").tolist() == [
        *("01/31/2020 10:00 AM", "", "01/31/2020 10:05 PM", "?"),
    ]


@pytest.mark.parametrize(("other", "said"), [("+02:00", True), ("", True), ("Z", False)])
def test_several_offsets_from_utc_are_said(other, said):
    times = [f"{day:%Y-%m-%dT%H:%M:%S}.25{'Z' if row % 2 else other}" for row, day in enumerate(DAYS)]
    _, found = features({"noise": VALUES, "when": times})
    assert found["when"].format == "%Y-%m-%dT%H:%M:%S"
    with pytest.warns(UserWarning, match="strings are read as dates") as caught:
        Data.from_arrays({"noise": VALUES, "when": times}, Y)
    assert ("UTC offsets differ, and times are those of the clocks" in str(caught[0].message)) is said
    assert "fractions of seconds are left out" in str(caught[0].message)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (np.datetime64("2024-01-01", "ms") + np.arange(40) * np.timedelta64(1250, "ms"), True),
        (np.datetime64("2024-01-01", "ns") + np.arange(40) * np.timedelta64(1, "s"), False),
        ([datetime.datetime(2024, 1, 1, 3, 4, second, 250_000) for second in range(40)], True),
        ([datetime.datetime(2024, 1, 1, 3, 4, second, tzinfo=WEST) for second in range(40)], False),
        ([datetime.datetime(2024, 1, 1, 3, 4, second, 1, tzinfo=WEST) for second in range(40)], True),
        ([datetime.date(980 + year, 1, 2) for year in range(40)], False),
    ],
)
def test_fractions_of_seconds_are_said(column, said):
    x = {"t": column, "a": np.random.default_rng(0).normal(size=40)}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        data = Data.from_arrays(x, np.arange(40) % 2)
    assert any("x['t']: fractions of seconds are left out" in str(warning.message) for warning in warned) == said
    assert len(warned) == said
    times = {text for split in ("train", "validation", "test") for text in data.arrays(split)[0]["t"]}
    assert not any("." in text for text in times)
    assert str(np.asarray(column)[0])[:10] in {text[:10] for text in times}
    if isinstance(column, list) and isinstance(column[0], datetime.datetime):
        assert "2024-01-01 03:04:00" in times  # of the clock


def test_several_time_zones_of_objects_are_said():
    times = [day.tz_localize("Asia/Tokyo" if row % 2 else "UTC").to_pydatetime() for row, day in enumerate(DAYS)]
    with pytest.warns(
        UserWarning, match=r"x\['when'\]: times are those of the clocks, but of several .*: Asia/Tokyo, UTC"
    ):
        data = Data.from_arrays({"noise": VALUES, "when": times}, Y)
    assert set(data.arrays("train")[0]["when"]) <= set(DAYS.dt.strftime("%Y-%m-%d %H:%M:%S"))


YEARS = ["0800-01-05", "9999-12-31", None] * (COUNT // 3)


@pytest.mark.parametrize(
    "values",
    [
        np.array(YEARS, "datetime64[s]"),
        [None if text is None else datetime.date.fromisoformat(text) for text in YEARS],
        [np.datetime64("NaT" if text is None else text) for text in YEARS],
    ],
    ids=["datetime64", "dates", "objects"],
)
def test_dates_far_from_today(values):
    data = Data.from_arrays({"n": VALUES[: len(YEARS)], "when": values}, Y[: len(YEARS)])
    assert set(data.arrays("train")[0]["when"]) == {"0800-01-05", "9999-12-31", ""}


def test_periods_and_intervals_are_their_strings():
    months = pandas.Series(pandas.period_range("2019-01", periods=COUNT, freq="M"))
    for values in (months, months.tolist(), months.astype(str)):
        _, found = features({"noise": VALUES, "when": values})
        assert (found["when"].kind, found["when"].format) == ("date", "%Y-%m")
    cuts = pandas.cut(pandas.Series(VALUES), 3)
    spec = Data.from_arrays({"cut": cuts, "n": VALUES}, Y).spec
    assert spec == Data.from_arrays({"cut": cuts.astype(str), "n": VALUES}, Y).spec
    assert as_strings("x", [months[0], pandas.NaT], "date", "%Y-%m").tolist() == ["2019-01", ""]


def test_durations_are_refused_with_the_way_to_pass_them():
    with pytest.raises(InvalidArgument, match=r"numbers: durations divided by a unit, such as numpy\.timedelta64"):
        Data.from_arrays({"x": np.arange(COUNT).astype("timedelta64[s]"), "n": VALUES}, Y)
    with pytest.raises(InvalidArgument, match=r"numbers: durations divided by a unit, such as numpy\.timedelta64"):
        Data.from_arrays({"x": [datetime.timedelta(value) for value in range(COUNT)], "n": VALUES}, Y)


def test_dates_that_have_no_string_are_refused():
    with pytest.raises(InvalidArgument, match=r"dates of the years 1 to 9999, but 1 of .* Received: .*'12000-01-01'"):
        Data.from_arrays({"n": VALUES, "x": np.array(["12000-01-01", *["2020-01-01"] * (COUNT - 1)], "M8[D]")}, Y)
