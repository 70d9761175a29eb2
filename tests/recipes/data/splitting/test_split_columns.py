"""Groups, times and strata: as columns and arrays, in splits made and given, in folds, files and TFDS datasets."""

import datetime

import numpy as np
import pandas
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import recipes
from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.data.splitting.split_columns import separate_columns
from recipes.description import splits_in_a_line
from recipes.saved_run import SavedRun, data_of

RANDOM = np.random.default_rng(0)
N = 240
SPLITS = ("train", "validation", "test")
FRAME = pandas.DataFrame(
    {
        "patient": [f"{number:03}" for number in RANDOM.integers(0, 40, N)],
        "day": pandas.Timestamp("2019-01-01") + pandas.to_timedelta(RANDOM.permutation(N), unit="D"),
        "number": np.arange(N) + 0.5,  # says which example it is
        "town": RANDOM.choice(["Ulm", "Köln", "Rom"], N, p=[0.6, 0.3, 0.1]),
    }
)
Y = RANDOM.choice(["no", "yes"], N)


def reloaded(data, data_dir):
    """The data as a saved run finds them; it checks that they are the same."""
    facts = {"data": data.settings, "fingerprints": data.fingerprints}
    return data_of(SavedRun(None, None, data.spec, {}, facts), data_dir)


def rows(data, split):
    """The rows of the frame that are in a split."""
    return FRAME.iloc[(data.arrays(split)[0]["number"] - 0.5).astype(int)]


def assert_whole_groups(data):
    sides = [set(rows(data, split)["patient"]) for split in SPLITS]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert data.settings["group_counts"] == dict(zip(SPLITS, map(len, sides), strict=True))


def assert_in_order(data):
    days = [rows(data, split)["day"] for split in SPLITS]
    assert days[0].max() < days[1].min()
    assert days[1].max() < days[2].min()
    assert data.settings["times"]["train"] == [str(days[0].min().date()), str(days[0].max().date())]


@pytest.mark.parametrize("form", ["frame", "record", "array"])
def test_a_group_is_in_one_split(form):
    x = {"frame": FRAME, "record": dict(FRAME.items()), "array": FRAME.drop(columns="patient")}[form]
    groups = FRAME["patient"].to_numpy() if form == "array" else "patient"
    data = Data.from_arrays(x, Y, groups=groups, exclude=["day"])
    assert [feature.name for feature in data.spec.features] == ["number", "town"]
    assert data.settings["groups"] == ("given" if form == "array" else "patient")
    assert_whole_groups(data)
    assert abs(data.settings["counts"]["test"] - 48) < 6
    assert Data.from_arrays(x, Y, groups=groups, exclude=["day"]).fingerprint == data.fingerprint
    folds = data.folds(3)
    assert sorted(np.concatenate([rows(fold, "validation").index for fold in folds]).tolist()) == sorted(
        [*rows(data, "train").index, *rows(data, "validation").index]
    )
    for fold in folds:
        assert_whole_groups(fold)
        assert fold.settings["groups"] == data.settings["groups"]


@pytest.mark.parametrize("form", ["datetime", "text", "written", "date", "number", "digits", "aware"])
def test_the_latest_are_the_test(form):
    day = FRAME["day"]
    days = {
        "datetime": day,
        "text": day.dt.strftime("%Y-%m-%d"),
        "written": day.dt.strftime("%d.%m.%Y"),
        "date": day.dt.date,
        "digits": day.dt.strftime("%Y%m%d"),
        "number": (day - day.min()).dt.days,
        "aware": day.dt.tz_localize("UTC"),
    }[form]
    data = Data.from_arrays(FRAME[["number", "town"]].assign(when=days), Y, time="when")
    expected = Data.from_arrays(FRAME[["number", "town"]], Y, time=day)
    assert data.fingerprint == expected.fingerprint
    assert data.settings["counts"] == {"train": 154, "validation": 38, "test": 48}
    assert_in_order(expected)
    folds = expected.folds(3)
    assert [fold.settings["counts"] for fold in folds] == [
        {"train": 48 * (number + 1), "validation": 48, "test": 48} for number in range(3)
    ]
    for fold in folds:
        assert_in_order(fold)


def test_groups_in_time():
    weeks = FRAME["day"].dt.isocalendar().week.astype(str) + FRAME["day"].dt.year.astype(str)
    data = Data.from_arrays(FRAME[["number", "town"]], Y, groups=weeks, time=FRAME["day"])
    assert_in_order(data)
    sides = [set(weeks[rows(data, split).index]) for split in SPLITS]
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_strata_have_the_same_shares_and_stay_inputs():
    data = Data.from_arrays(FRAME[["number", "town"]], Y, stratify="town")
    assert [feature.name for feature in data.spec.features] == ["number", "town"]
    for split in SPLITS:
        counts = rows(data, split)["town"].value_counts()
        for town, count in FRAME["town"].value_counts().items():
            assert abs(counts[town] - count * len(rows(data, split)) / N) <= 2
    for fold in data.folds(4):
        counts = rows(fold, "validation")["town"].value_counts()
        assert abs(counts - FRAME["town"].value_counts() / 5).max() <= 2


def test_a_column_of_a_table_is_taken_out_by_name():
    table = np.stack([np.arange(N), np.arange(N) % 40, RANDOM.normal(size=N)], axis=1)
    data = Data.from_arrays(table, Y, feature_names=["n", "who", "z"], groups="who")
    assert data.spec.feature_names == ("n", "z")
    assert data.fingerprint == Data.from_arrays(table[:, [0, 2]], Y, groups=np.arange(N) % 40).fingerprint


def test_the_line_on_the_splits():
    data = Data.from_arrays(FRAME, Y, groups="patient", exclude=["day"])
    counts, groups = data.settings["counts"], data.settings["group_counts"]
    shares = ", ".join(f"{split} {counts[split]} ({counts[split] / N:.0%})".replace("%", " %") for split in SPLITS)
    listed = ", ".join(f"{split} {groups[split]}" for split in SPLITS)
    assert splits_in_a_line(data) == f"splits: {shares}; whole groups 'patient': {listed}; stratified by class"
    data = Data.from_arrays(FRAME[["number", "town", "day"]], RANDOM.normal(size=N), time="day")
    days = [rows(data, split)["day"] for split in SPLITS]
    ranges = (f"{split} {of.min().date()} to {of.max().date()}" for split, of in zip(SPLITS, days, strict=True))
    shares = "splits: train 154 (64 %), validation 38 (16 %), test 48 (20 %)"
    assert splits_in_a_line(data) == f"{shares}; by time 'day': {', '.join(ranges)}"
    assert "stratified by 'town'" in splits_in_a_line(Data.from_arrays(FRAME[["number", "town"]], Y, stratify="town"))
    x = np.repeat(RANDOM.normal(size=(60, 3)), 2, axis=0)
    repeated = Data.from_arrays(x, np.arange(120.0))
    moved = repeated.settings["duplicates"]
    assert splits_in_a_line(repeated).endswith(f"; {moved} examples moved to be in one split with their duplicates")


ORDERED = FRAME.sort_values("day")
GIVEN = {"x_test": ORDERED[200:], "y_test": Y[200:], "exclude": ["patient"]}


def test_splits_that_are_given_are_checked():
    data = Data.from_arrays(ORDERED[:200], Y[:200], time="day", **GIVEN)
    assert data.settings["test"] == "given"
    assert data.settings["counts"] == {"train": 160, "validation": 40, "test": 40}
    with pytest.raises(InvalidArgument, match=r"time must be no earlier in split 'test' than in 'train', which ends"):
        Data.from_arrays(ORDERED[40:], Y[:200], time="day", **{**GIVEN, "x_test": ORDERED[:40]})
    options = {"x_test": FRAME[200:], "y_test": Y[200:], "exclude": ["day"]}
    with pytest.raises(
        InvalidArgument, match=r"groups must be in one split only, but \d+ groups of 'test' are also in"
    ):
        Data.from_arrays(FRAME[:200], Y[:200], groups="patient", **options)
    apart = {"train": FRAME["patient"][:200], "test": "t" + FRAME["patient"][200:]}
    data = Data.from_arrays(FRAME[:200], Y[:200], groups=apart, **{**options, "exclude": ["day", "patient"]})
    assert set(data.settings["group_counts"]) == set(SPLITS)


def test_another_training_split_has_no_groups():
    data = Data.from_arrays(FRAME, Y, groups="patient", exclude=["day"])
    other = data.with_train(*data.arrays("train"), how="the same")
    with pytest.raises(
        InvalidArgument, match="folds must be of data with groups of all examples: another training split"
    ):
        other.folds(3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": "who"}, "groups must be a column of the inputs in split 'train': patient, day, number, town"),
        ({"groups": ["a", "b"]}, r"groups must be a column of the inputs, or 240 values, one for each example"),
        ({"groups": [None, *["a"] * (N - 1)]}, "groups must be given for every example, but 1 of 240 are missing"),
        (
            {"groups": {"test": ["a"] * N}},
            "groups must be of the splits that are given: train. Received: groups='test'",
        ),
        ({"groups": ["a"] * N}, "groups must be 2 or more different groups, to hold out 'test'"),
        ({"time": [np.nan, *range(N - 1)]}, "time must be given for every example, but 1 of 240 are missing"),
        ({"time": ["soon"] * N}, "time must be numbers, dates, or texts of dates in one format, .*time='soon'"),
        ({"time": [*["31.12.2019"] * (N - 1), "31.2.2020"]}, "texts of dates in one format, .*time='31.2.2020'"),
        ({"time": [*["2019-12-31"] * (N - 1), "0000-01-01"]}, "dates of the year 1 or later.*time='0000-01-01'"),
        (
            {"time": ["1/2/2019"] * N},
            "time must be texts in which a day above 12 shows whether day or month comes first",
        ),
        ({"time": [2019] * N}, "time must be enough different times to hold out 'test'"),
        ({"time": "day", "stratify": "town"}, "stratify must be None with time="),
        (
            {"stratify": "number"},
            "stratify must be of values that 2 or more examples have each, but 240 of 240 occur once",
        ),
        ({"duplicates": "drop"}, "duplicates must be one of 'together', 'ignore'"),
    ],
)
def test_what_cannot_decide_is_refused_in_a_line(options, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        Data.from_arrays(FRAME, Y, **{"exclude": ["day"], **options})
    assert "\n" not in str(error.value)


def test_times_of_several_kinds():
    days = [datetime.date(2019, 1, 1), datetime.datetime(2019, 1, 2, 12)]
    _, columns, _ = separate_columns({"train": (FRAME[:2], Y[:2])}, {"time": days})
    assert columns["train"].time.tolist() == [datetime.datetime(2019, 1, 1), datetime.datetime(2019, 1, 2, 12)]
    splits = {"train": (FRAME[:2], Y[:2]), "test": (FRAME[2:4], Y[2:4])}
    with pytest.raises(InvalidArgument, match="time must be numbers in all splits, or dates in all"):
        separate_columns(splits, {"time": {"train": days, "test": [1, 2]}})


@pytest.fixture
def file(tmp_path):
    FRAME.assign(day=FRAME["day"].dt.strftime("%Y-%m-%d"), outcome=Y).to_csv(tmp_path / "visits.csv", index=False)
    return tmp_path / "visits.csv"


@pytest.mark.parametrize(
    "options",
    [
        {"groups": "patient", "exclude": ["day"]},
        {"time": "day", "features": ["number", "town"]},
        {"stratify": "town", "features": ["number", "town"]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_file_is_divided_like_its_frame_and_a_run_finds_the_same_splits(file, options):
    data = recipes.load(file, target="outcome", **options)
    role = next(iter(options))
    x = FRAME[["number", "town"]]
    assert data.fingerprint == Data.from_arrays(x, Y, name="visits", **{role: FRAME[options[role]]}).fingerprint
    assert data.settings[role] == data.settings["options"][role] == options[role]
    assert reloaded(data, None).fingerprint == data.fingerprint
    fold = data.folds(2)[1]
    assert reloaded(fold, None).fingerprint == fold.fingerprint


def test_a_file_keeps_the_column_that_is_asked_for_and_compares_groups_as_written(file, tmp_path):
    data = recipes.load(file, target="outcome", features=["patient", "number"], groups="patient")
    assert [feature.name for feature in data.spec.features] == ["patient", "number"] or data.spec.feature_names == (
        "patient",
        "number",
    )
    FRAME[:9].assign(day="2020-01-01", outcome=Y[:9], patient="x1").to_csv(tmp_path / "test.csv", index=False)
    data = recipes.load(
        file, target="outcome", groups="patient", exclude=["day"], test=tmp_path / "test.csv", duplicates="ignore"
    )
    assert data.settings["group_counts"]["test"] == 1
    with pytest.raises(InvalidArgument, match=r"visits.csv, target outcome: groups must be in one split only"):
        recipes.load(file, target="outcome", groups="patient", exclude=["day"], test=file)
    with pytest.raises(InvalidArgument, match=r"time must be a column of visits.csv; did you mean 'day'"):
        recipes.load(file, target="outcome", time="days")


def test_a_published_dataset(prepare):
    kinds = {"who": tfds.features.Text(), "when": tfds.features.Scalar(np.int64), "n": tfds.features.Scalar(np.float32)}
    kinds |= {"third": tfds.features.Scalar(np.int64), "label": tfds.features.ClassLabel(num_classes=2)}
    examples = [
        {"who": f"p{i % 15}", "when": (i * 7) % 60, "n": i + 0.5, "third": i % 3, "label": i // 15 % 2}
        for i in range(60)
    ]
    folder = prepare("visits", kinds, {"train": examples})
    data = recipes.load("visits", data_dir=folder, groups="who", exclude=["when", "third"])
    assert [feature.name for feature in data.spec.features] == ["n"]
    sides = [{int(number - 0.5) % 15 for number in data.arrays(split)[0]["n"]} for split in SPLITS]
    assert sum(map(len, sides)) == 15
    assert reloaded(data, folder).fingerprint == data.fingerprint
    data = recipes.load("visits", data_dir=folder, time="when", features=["n", "when"])
    assert data.arrays("train")[0]["when"].max() < data.arrays("validation")[0]["when"].min()
    assert data.arrays("validation")[0]["when"].max() < data.arrays("test")[0]["when"].min()
    data = recipes.load("visits", data_dir=folder, stratify="third")
    assert [np.bincount(data.arrays(split)[0]["third"]).tolist() for split in SPLITS][2] == [4, 4, 4]
    with pytest.raises(InvalidArgument, match="groups must be one of 'label', 'n', 'third', 'when', 'who'"):
        recipes.load("visits", data_dir=folder, groups="patient")


def test_groups_too_large_for_the_share_are_a_warning():
    groups = np.where(np.arange(N) < 150, "most", np.where(np.arange(N) < 230, "many", "few"))
    message = "test: 33 % of the examples are held out instead of 20 %, since groups stay together"
    options = {"x_validation": FRAME[["number", "town"]][:9], "y_validation": np.arange(9.0), "duplicates": "ignore"}
    with pytest.warns(UserWarning, match=message):
        Data.from_arrays(FRAME[["number", "town"]], RANDOM.normal(size=N), groups=groups, **options)


@pytest.mark.parametrize("batched", [False, True])
def test_a_pipeline_is_divided_like_its_arrays(batched):
    columns = {name: FRAME[name].to_numpy() for name in ("number", "town", "patient")}
    pipeline = tf.data.Dataset.from_tensor_slices({**columns, "outcome": Y})
    pipeline = pipeline.batch(7) if batched else pipeline
    data = Data.from_pipeline(pipeline, target="outcome", groups="patient", name="arrays")
    assert_whole_groups(data)
    expected = Data.from_arrays(columns, Y, groups="patient")
    assert data.settings["group_counts"] == expected.settings["group_counts"]
