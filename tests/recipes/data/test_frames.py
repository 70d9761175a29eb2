import numpy as np
import pandas
import pytest

from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.data.frames import unframed, unframed_targets

pytestmark = pytest.mark.filterwarnings("ignore:.*the same inputs")  # rows of the training split, on purpose

ARGUMENTS = {"train": "x", "test": "x_test"}
X = np.arange(120.0).reshape(40, 3)
Y = np.arange(40) % 2
FRAME = pandas.DataFrame(X, columns=["a", "b", "c"])
OTHER = FRAME[["c", "a", "b"]][:20]
NUMBERED = pandas.DataFrame(X)
YEARS = FRAME.set_axis([2, 0, 1], axis=1)


def test_one_data_frame_that_is_no_table_makes_all_records():
    frames = {"train": pandas.DataFrame({"a": [1.0, np.nan]}), "test": pandas.DataFrame({"a": [1.0, 2.0]})}
    assert {split: list(x) for split, x in unframed(frames, ARGUMENTS).items()} == {"train": ["a"], "test": ["a"]}
    plain = unframed({"train": frames["test"], "test": frames["test"]}, ARGUMENTS)
    assert plain["train"].tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("x", "x_test", "names"),
    [
        (FRAME, OTHER, None),
        (FRAME, X[:20], None),
        (FRAME, NUMBERED[:20], None),
        (X, NUMBERED[:20], None),
        (X, OTHER, ["a", "b", "c"]),
        (X, {name: OTHER[name] for name in OTHER}, ["a", "b", "c"]),
        (NUMBERED, OTHER, ["a", "b", "c"]),
        (NUMBERED, NUMBERED[[2, 0, 1]][:20], None),
        (YEARS, YEARS[[0, 1, 2]][:20], None),
    ],
)
def test_a_table_goes_by_names_and_by_position_only_without(x, x_test, names):
    data = Data.from_arrays(x, Y, x_test=x_test, y_test=Y[:20], feature_names=names)
    np.testing.assert_array_equal(data.arrays("test")[0], X[:20])


@pytest.mark.parametrize(
    ("x", "x_test"),
    [
        (dict(FRAME), OTHER),
        (FRAME, {name: OTHER[name].to_numpy() for name in OTHER}),
        (FRAME.assign(s=list("uuvv") * 10), OTHER.assign(s=list("uuvv") * 5)[["s", "b", "c", "a"]]),
        (FRAME, OTHER.assign(b=np.where(Y[:20], np.nan, OTHER["b"]))),
    ],
)
def test_a_record_goes_by_names(x, x_test):
    data = Data.from_arrays(x, Y, x_test=x_test, y_test=Y[:20])
    columns = data.arrays("test")[0]
    assert data.spec.record
    np.testing.assert_array_equal(columns["a"], X[:20, 0])
    np.testing.assert_array_equal(columns["c"], X[:20, 2])


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (FRAME, {"x_test": OTHER.assign(z=1.0)}, "x_test must be columns a, b, c, .* x_test='unknown: z'"),
        (FRAME, {"x_test": OTHER[["c"]]}, "x_test='missing: a, b'"),
        (FRAME, {"x_test": OTHER.rename(columns={"a": "A"})}, "x_test='missing: a; unknown: A'"),
        (FRAME.assign(s="u"), {"x_test": OTHER}, "x_test='missing: s'"),
        (dict(FRAME), {"x_test": {"a": X[:20, 0]}}, "x_test='missing: b, c'"),
        (X, {"x_test": OTHER, "feature_names": list("abd")}, "x_test='missing: d; unknown: c'"),
        (NUMBERED, {"x_test": OTHER}, "x_test='missing: 0, 1, 2; unknown: c, a, b'"),
        (FRAME, {"x_test": NUMBERED[[0, 1]][:20]}, "x_test='missing: a, b, c; unknown: 0, 1'"),
        (FRAME, {"feature_names": list("cab")}, "feature_names must be None for x, which names its columns itself"),
        (NUMBERED, {"feature_names": ["a", "b"]}, "feature_names must be 3 names, one for each column of x"),
        (FRAME.set_axis([0, 1, "1"], axis=1), {}, "named without repetition. Received: x='1'"),
        (FRAME.set_axis(["a", "", "c"], axis=1), {}, "named by strings that are not empty. Received: x=''"),
    ],
)
def test_columns_that_do_not_match(x, options, message):
    with pytest.raises(InvalidArgument, match=message):
        Data.from_arrays(x, Y, **options, **({"y_test": Y[:20]} if "x_test" in options else {}))


def test_a_new_training_split_goes_by_names():
    data = Data.from_arrays(FRAME, Y)
    again = data.with_train(OTHER, Y[:20], how="a half")
    np.testing.assert_array_equal(again.arrays("train")[0], X[:20])
    with pytest.raises(InvalidArgument, match="x='missing: a'"):
        data.with_train(OTHER[["c", "b"]], Y[:20], how="a half")
    gaps = Data.from_arrays(FRAME, Y, x_test=np.where(X > 100, np.nan, X)[:20] + 0.5, y_test=Y[:20])
    x, _ = gaps.with_train(FRAME.where(X > 9), Y, how="with gaps").arrays("train")
    np.testing.assert_array_equal(x, np.where(X > 9, X, np.nan))
    record = Data.from_arrays(dict(FRAME), Y)
    x, y = record.arrays("train")
    assert list(record.with_train(dict(reversed(x.items())), y, how="alike").arrays("train")[0]) == list(x)


def test_a_new_training_split_of_a_record_has_the_users_names_and_dates():
    days = pandas.Series(pandas.date_range("2020-01-01", periods=40))
    frame = FRAME.assign(**{"a/b": days, "c": days.dt.strftime("%d/%m/%Y")})
    with pytest.warns(UserWarning, match="strings are read as dates"):
        data = Data.from_arrays(frame, Y)
    x, _ = data.with_train(frame.assign(c=days)[::-1][:9], Y[:9], how="the last").arrays("train")
    assert (x["a_b"][0], x["c"][0]) == ("2020-02-09", "09/02/2020")


def test_several_targets_in_a_data_frame_go_by_names():
    y = pandas.DataFrame({"rain": Y, "wind": np.arange(40) // 2 % 2})
    options = {"x_test": X[:20], "y_test": y[["wind", "rain"]][:20]}
    data = Data.from_arrays(X, y, **options)
    assert (data.spec.task, data.spec.class_names) == ("multilabel", ("rain", "wind"))
    np.testing.assert_array_equal(data.arrays("test")[1], y[:20])
    assert Data.from_arrays(X, y, class_names=["p", "q"], **options).spec.class_names == ("p", "q")
    classes = Data.from_arrays(X, pandas.DataFrame({"no": 1 - Y, "yes": Y}), task="binary")
    assert classes.spec.class_names == ("no", "yes")
    with pytest.raises(InvalidArgument, match="y_test='missing: rain; unknown: snow'"):
        Data.from_arrays(X, y, **options | {"y_test": y.rename(columns={"rain": "snow"})[:20]})
    numbered = pandas.DataFrame(y.to_numpy())
    ys, names = unframed_targets({"train": numbered, "test": numbered}, {"train": "y", "test": "y_test"})
    assert (ys["test"].tolist(), names) == (y.to_numpy().tolist(), [])


@pytest.mark.parametrize("argument", ["y", "sample_weight", "groups", "y_test"])
def test_rows_that_the_indexes_put_in_another_order(argument):
    frame = pandas.DataFrame({"a": np.arange(40.0), "b": np.arange(40) % 3})
    values = {"y": pandas.Series(np.arange(40) % 2), "x_test": frame[:20], "y_test": pandas.Series(np.arange(20) % 2)}
    values |= {"sample_weight": pandas.Series(np.ones(40)), "sample_weight_test": np.ones(20)}
    if argument == "groups":
        values = {"y": values["y"], "groups": pandas.Series(np.arange(40) // 4)}
    assert len(Data.from_arrays(frame, **values).arrays("train")[1]) > 20
    shuffled = values[argument].iloc[::-1]
    of = "x_test" if argument == "y_test" else "x"
    with pytest.raises(InvalidArgument, match=rf"{argument} must be in the order of {of}: .*{argument}\.loc\[{of}\.in"):
        Data.from_arrays(frame, **{**values, argument: shuffled})
    Data.from_arrays(frame, **{**values, argument: shuffled.reset_index(drop=True)})  # by position
