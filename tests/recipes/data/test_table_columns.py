"""Table files make the same Data as DataFrames, and faulty columns are refused by file, line and value."""

import warnings
from decimal import Decimal

import numpy as np
import pandas
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.data.table_columns import proposed_target

N = 120


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "customerID": [f"c{number}" for number in range(N)],
            "age": random.integers(18, 90, N),
            "Größe": random.choice(["S", "M, slim", "L"], N),
            "a/b": random.normal(size=N).round(3),
            "vip": random.random(N) < 0.3,
            "weight": random.integers(1, 4, N),
            "Churn": random.choice(["Yes", "No"], N),
            "price": random.normal(100, 10, N).round(2),
        }
    )
    frame.loc[::7, "a/b"] = np.nan
    frame.loc[::9, "Größe"] = None
    return frame


@pytest.fixture
def written(tmp_path):
    """``written(frame, name)``: the path of a file with this DataFrame."""

    def write(frame, name="churn.csv"):
        if name.endswith(".parquet"):
            frame.to_parquet(tmp_path / name)
        else:
            frame.to_csv(tmp_path / name, index=False, sep="\t" if name.endswith(".tsv") else ",")
        return tmp_path / name

    return write


def assert_same(data, other):
    assert data.fingerprint == other.fingerprint
    assert data.spec == other.spec


@pytest.mark.parametrize("name", ["churn.csv", "churn.tsv", "churn.parquet"])
def test_a_record_is_that_of_the_frame(frame, written, name):
    expected = recipes.Data.from_arrays(frame.drop(columns=["customerID", "Churn"]), frame["Churn"], name="churn")
    assert_same(recipes.load(written(frame, name), target="Churn", id="customerID"), expected)


def test_targets_of_decimals_and_of_the_name_self(frame, written):
    exact = frame[["age", "vip"]].assign(cost=[Decimal(f"{price:.2f}") for price in frame["price"]])
    expected = recipes.Data.from_arrays(exact[["age", "vip"]], exact["cost"], name="churn")
    data = recipes.load(written(exact, "churn.parquet"), target="cost", test=0.2)
    assert_same(data, expected)
    tested = recipes.load(written(exact, "churn.parquet"), target="cost", test=written(exact[60:], "test.parquet"))
    assert tested.spec.task == "regression"
    own = frame[["age", "vip", "Churn"]].rename(columns={"Churn": "self"})
    expected = recipes.Data.from_arrays(own[["age", "vip"]], own["self"], name="churn")
    assert_same(recipes.load(written(own), target="self"), expected)


def test_a_table_of_numbers_with_weights(frame, written):
    x = frame[["vip", "age", "weight"]]
    expected = recipes.Data.from_arrays(x, frame["price"], sample_weight="weight", name="churn")
    path = str(written(frame))
    assert_same(recipes.load(path, target="price", features=["vip", "age"], sample_weight="weight"), expected)


def test_several_targets(frame, written):
    expected = recipes.Data.from_arrays(frame[["a/b", "age"]], frame[["price", "weight"]].to_numpy(), name="churn")
    data = recipes.load(written(frame), target=["price", "weight"], features=["a/b", "age"], task="regression")
    assert_same(data, expected)


def test_several_targets_with_strings_of_numbers_and_with_words(frame, written):
    prices = frame.assign(net=np.arange(N) / 4, gross=[f"${1000 + row:,}" for row in range(N)])
    data = recipes.load(written(prices), target=["net", "gross"], features=["age", "vip"])
    net, gross = np.concatenate([data.arrays(split)[1] for split in ("train", "validation", "test")]).T
    np.testing.assert_allclose(gross, 1000 + 4 * net)
    with pytest.raises(InvalidArgument, match=r"of numbers in column 'Churn', but .* the first in line 2"):
        recipes.load(written(prices), target=["net", "Churn"], features=["age", "vip"])


def test_a_test_file_in_another_order(frame, written):
    train, test = frame[:90], frame[90:].iloc[:, ::-1]
    columns = ["age", "Größe", "vip"]
    expected = recipes.Data.from_arrays(
        train[columns], train["Churn"], x_test=test[columns], y_test=test["Churn"], name="churn"
    )
    data = recipes.load(written(train), target="Churn", features=columns, test=written(test, "test.csv"))
    assert_same(data, expected)
    assert data.settings["test"] == "given"


def test_categories_that_look_like_numbers_in_the_test_file(frame, written):
    train = frame.assign(deck=np.where(np.arange(N) % 2, "3", "B"))
    test = train[train["deck"] == "3"]
    data = recipes.load(written(train), target="Churn", features=["deck", "age"], test=written(test, "test.csv"))
    assert set(data.arrays("test")[0]["deck"]) == {"3"}


def test_rows_without_a_target_are_left_out(frame, written):
    holes = frame.assign(answer=pandas.array(np.arange(N) % 2, "Int64"), yes=np.arange(N) % 2 == 1)
    holes["yes"] = holes["yes"].astype(object)
    holes.loc[[5, 17], ["answer", "yes"]] = None
    for target in ("answer", "yes"):
        with pytest.warns(
            UserWarning, match=f"churn.csv: left out 2 of {N} rows without a value of '{target}', .*line 7"
        ):
            data = recipes.load(written(holes), target=target, features=["age", "vip"])
        rest = holes.drop(index=[5, 17])
        expected = recipes.Data.from_arrays(
            rest[["age", "vip"]],
            rest[target].astype(data.arrays("train")[1].dtype if target == "answer" else bool),
            name="churn",
        )
        assert_same(data, expected)


def test_declared_kinds(frame, written):
    codes = frame.assign(code=np.arange(N) % 4)
    data = recipes.load(written(codes), target="Churn", features={"code": "category", "age": "number"})
    code, age = data.spec.features
    assert (code.kind, set(code.vocabulary), age.kind) == ("category", {"0", "1", "2", "3"}, "number")
    with pytest.raises(InvalidArgument, match=r"of numbers in column 'Größe', but .* the first in line 3"):
        recipes.load(written(frame), target="Churn", features={"Größe": "number"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {},
            "target must be the column of churn.csv to predict, e.g. 'price' .the last column., one of customerID, age",
        ),
        ({"target": "churn"}, "target must be a column of churn.csv; did you mean 'Churn'"),
        ({"target": "Churn", "exclude": ["agee"]}, "exclude must be a column of churn.csv; did you mean 'age'"),
        (
            {"target": "Churn", "features": ["zzzzzz"]},
            "features must be a column of churn.csv. It has customerID, age",
        ),
        ({"target": "Churn", "id": "customer"}, "id must be a column of churn.csv; did you mean 'customerID'"),
        ({"target": "Churn", "features": ["Churn"]}, "besides the target"),
        ({"target": "Churn", "image_size": (8, 8)}, "image_size must be None for a table file"),
        ({"target": "Churn", "test": 2}, "test must be a number > 0 and < 1"),
        (
            {"target": "Churn", "test": "no.csv"},
            "test must be a .csv, .tsv or .parquet file, but there is no such file",
        ),
        ({"target": "customerID"}, "churn.csv, target customerID: y must be"),
    ],
)
def test_wrong_options(frame, written, options, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.load(written(frame), **options)


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        (
            "age",
            3,
            "old",
            "column 'age' is mostly numbers, but 1 of 120 cells are not: 'old' in line 5; taken as words",
        ),
        ("customerID", 3, "c1", "column 'customerID' does not identify the rows: 'c1' is in lines 3 and 5"),
    ],
)
def test_odd_cells_are_warned_of(frame, written, column, row, value, message):
    odd = frame.astype({column: object})
    odd.loc[row, column] = value
    with pytest.warns(UserWarning, match=message):
        recipes.load(written(odd), target="Churn", id="customerID")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("price", "dear", "numbers in the target: column 'price' is mostly numbers, .*'dear' in line 5"),
        ("a/b", "inf", "finite in column 'a/b' .*, but 1 of 120 are not, the first in line 5"),
    ],
)
def test_odd_cells_are_refused(frame, written, column, value, message):
    odd = frame.astype({column: object})
    odd.loc[3, column] = value
    with pytest.raises(InvalidArgument, match=message), warnings.catch_warnings():
        recipes.load(written(odd), target="price", id="customerID")


def test_test_files_that_differ(frame, written):
    path = written(frame)
    other = written(frame.drop(columns="age").assign(boat=1), "test.csv")
    with pytest.raises(
        InvalidArgument, match=r"in any order .missing: age; unknown: boat.\. Received: test='test.csv'"
    ):
        recipes.load(path, target="Churn", test=other)
    other = written(frame.assign(age="old"), "test.csv")
    with pytest.raises(InvalidArgument, match=r"test.csv must be of numbers in column 'age', but 120 .* line 2"):
        recipes.load(path, target="Churn", test=other)


def test_a_column_that_numbers_the_rows(frame, written):
    path = written(frame.assign(number=np.arange(5, 5 + N)))
    with pytest.warns(UserWarning, match="column 'number' numbers the rows; .* leave it out: id='number'"):
        recipes.load(path, target="Churn", features=["number", "age"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recipes.load(path, target="Churn", features=["age", "vip"], id="number")


def test_targets_that_are_proposed(tmp_path):
    for header, expected in [
        ("a,b,Churn", ("Churn", "the last column")),
        ("a,Label,b", ("Label", "a usual name of targets")),
        ("y,a,target", ("target", "a usual name of targets")),
    ]:
        (tmp_path / "x.csv").write_text(f"{header}\n1,2,3\n")
        assert proposed_target(tmp_path / "x.csv") == expected
    assert proposed_target(tmp_path / "x.csv", {"exclude": ["target"], "groups": "y"}) == ("a", "the last column")
