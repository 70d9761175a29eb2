"""Table files read block by block, from disk: the same Data as of the whole file, the same faults, and flat memory."""

import datetime
import decimal
import pickle
import warnings

import numpy as np
import pandas
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.data.disk import stored_columns
from recipes.data.disk.stored_columns import StoredColumn
from recipes.data.files import column_scan, table_blocks
from recipes.description import in_a_line, inference_table

N = 120
RANDOM = np.random.default_rng(0)
FRAME = pandas.DataFrame(
    {
        "id": [f"c{number}" for number in range(N)],
        "age": RANDOM.integers(18, 90, N),
        "Größe": RANDOM.choice(["S", "M, slim", "L"], N),
        "a/b": RANDOM.normal(size=N).round(3),
        "vip": RANDOM.random(N) < 0.3,
        "late": [None if n % 11 == 0 else bool(n % 3 == 0) for n in range(N)],
        "parts": [None if n % 13 == 5 else n // 2 for n in range(N)],
        "code": [str(n % 5) if n < 70 else f"x{n % 3}" for n in range(N)],
        "weight": RANDOM.integers(1, 4, N),
        "Churn": RANDOM.choice(["Yes", "No"], N),
        "price": RANDOM.normal(100, 10, N).round(2),
        "sentinel": np.where(np.arange(N) % 5, RANDOM.integers(0, 50, N), -9),
        "stamp": 1_700_000_000_000_000_000 + RANDOM.integers(0, 10**17, N),
        "day": pandas.date_range("2023-12-01", periods=N).strftime("%d.%m.%Y"),
        "sum": [f"{1 + n // 7},{n * 37 % 1000:03}.50" for n in range(N)],
        "since": [None if n % 17 == 0 else "n.v." if n == 40 else f"2024-01-{1 + n % 28:02}" for n in range(N)],
        "note": [f"a longer note of number {n * 7919 % N}, with words" for n in range(N)],
    }
)
FRAME.loc[::7, "a/b"] = np.nan
FRAME.loc[::9, "Größe"] = None


@pytest.fixture
def written(tmp_path, monkeypatch):
    """``written(frame, name, **options)``: the path of a file, which is read in blocks of 17 rows."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(table_blocks, "ROWS", 17)
    monkeypatch.setattr(column_scan, "MOST", 50)
    monkeypatch.setattr("recipes.data.files.large_tables.MOST", 50)
    monkeypatch.setattr(stored_columns, "SCAN", 20)

    def write(frame, name="churn.csv", **options):
        if name.endswith(".parquet"):
            frame.to_parquet(tmp_path / name, row_group_size=25)
        else:
            frame.to_csv(tmp_path / name, index=False, **options)
        return tmp_path / name

    return write


def both(path, **options):
    """The data of a file read as a whole and in blocks, with the warnings of each."""
    made = []
    for memory in (1.0, 0.0):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data = recipes.load(path, memory=memory, **options)
        made.append((data, sorted(str(warning.message) for warning in caught)))
    return made


def assert_same(path, **options):
    (whole, said), (blocks, said_of_blocks) = both(path, **options)
    assert blocks.on_disk
    assert not whole.on_disk
    assert blocks.spec == whole.spec
    assert blocks.settings == whole.settings
    assert said_of_blocks == said
    assert blocks.fingerprint == whole.fingerprint
    for split in ("train", "validation", "test"):
        for (x, *rest), (other, *others) in zip(blocks.batches(split), whole.batches(split), strict=True):
            if isinstance(x, dict):
                for name, values in other.items():
                    np.testing.assert_array_equal(x[name].numpy(), values.numpy())
            else:
                np.testing.assert_array_equal(x.numpy(), other.numpy())
            for values, expected in zip(rest, others, strict=True):
                np.testing.assert_array_equal(values.numpy(), expected.numpy())
    return blocks


CASES = {
    "record": {"target": "Churn", "id": "id"},
    "numbers": {"target": "price", "features": ["vip", "age", "weight"], "seed": 3},
    "weights": {"target": "Churn", "features": ["a/b", "age"], "sample_weight": "weight", "batch_size": 8},
    "several": {"target": ["price", "weight"], "features": ["a/b", "late"], "task": "regression"},
    "whole": {"target": "parts", "features": ["age", "code"], "task": "regression"},
    "flag": {"target": "late", "features": ["age", "stamp"]},
    "large": {"target": "vip", "features": ["stamp", "a/b"]},
    "strings": {"target": "Churn", "features": ["day", "sum", "since", "age"]},
    "groups": {"target": "vip", "features": ["age", "price"], "groups": "code", "stratify": "Churn"},
    "time": {"target": "price", "features": ["age", "vip"], "time": "day"},
    "kinds": {"target": "vip", "features": {"age": "category", "price": "number"}},
}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("churn.csv", {}),
        ("churn.tsv", {"sep": "\t"}),
        ("churn.csv", {"sep": ";", "decimal": ",", "encoding": "utf-8-sig"}),
        ("churn.parquet", {}),
    ],
    ids=["csv", "tsv", "semicolons", "parquet"],
)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.ordinarily("record-csv", "numbers-csv", "record-parquet", "kinds-semicolons", "flag-csv", "weights-csv")
def test_blocks_give_what_the_whole_file_gives(written, name, options, case):
    assert_same(written(FRAME, name, **options), **CASES[case])


def test_types_of_a_parquet_file_and_what_stands_for_missing_values(written):
    frame = pandas.DataFrame(
        {
            "bytes": RANDOM.integers(0, 200, N).astype("uint8"),
            "half": RANDOM.normal(size=N).astype("float32"),
            "quarter": RANDOM.normal(size=N).astype("float16"),
            "nothing": [None] * N,
            "sum": ["?" if n % 20 == 3 else f"{n * 37 % 1000}.50" for n in range(N)],
            "code": [n if n < 40 else "n/a" for n in range(N)],
            "note": [None if n % 9 == 0 else f"a longer note of number {n * 7919 % N}, with words" for n in range(N)],
        }
    ).astype({"code": str})
    flags = {name: RANDOM.integers(0, 2, N) for name in ("self", "b", "c")}
    path = written(frame.assign(b=flags["b"], c=flags["c"]), "t.parquet")
    data = assert_same(path, target=["b", "c"])
    assert data.spec.task == "multilabel"
    assert {feature.name: feature.dtype for feature in data.spec.features}["bytes"] == "uint8"
    whole = frame[["half", "sum"]].copy()
    whole["self"] = pandas.array(flags["self"], "Int64")
    whole.loc[3, "self"] = None
    assert assert_same(written(whole), target="self").spec.task == "binary"


def test_a_test_file_in_another_order(written):
    path, other = written(FRAME[:90]), written(FRAME[90:].iloc[:, ::-1], "test.csv")
    data = assert_same(path, target="Churn", id="id", exclude=["note"], test=other)
    assert data.settings["counts"]["test"] == 30


def test_rows_without_a_target_are_left_out_with_the_same_words(written):
    holes = FRAME.assign(answer=pandas.array(np.arange(N) % 2, "Int64"), count=np.arange(N))
    holes.loc[[5, 17, 18], "answer"] = None
    holes.loc[33, "age"] = None
    words = holes.astype({"age": object})
    words.loc[40, "age"] = "old"
    for frame in (holes, words):
        data = assert_same(written(frame), target="answer", features=["age", "vip", "count"])
        assert sum(data.settings["counts"].values()) == N - 3


NUMBERS = [f"{n * 7 % 30}.50" for n in range(60)]
YES_NO = ["yes" if n % 3 else "no" for n in range(60)]


def other(cells, where, word):
    """The cells with a word at these places."""
    return [word if place in where else cell for place, cell in enumerate(cells)]


LATE, HIDDEN = range(36, 60), range(17, 34)
"""The last blocks; a whole block, of whose rows the target is missing in the tests of such rows."""
UNLABELLED = {"y": other(YES_NO, HIDDEN, "")}
KINDS = {
    "absent in the test file": ({"c": NUMBERS}, {"c": other(NUMBERS[:20], [3], "?")}, {}, {"c": "number"}),
    "codes in the test file": ({"c": NUMBERS}, {"c": other(NUMBERS[:20], [3, 18], '"1,200"')}, {}, {"c": "number"}),
    "nothing in the test file": ({"c": other(NUMBERS, [1], "$5")}, {"c": [""] * 20}, {}, {"c": "number"}),
    "odd in the test file": ({"c": YES_NO}, {"c": other(NUMBERS[:20], [3], "x")}, {}, {"c": "category"}),
    "codes as numbers": (
        {"c": other(other(NUMBERS, [2], "?"), LATE, "007")},
        {"c": NUMBERS[:20]},
        {"features": {"c": "number"}},
        {"c": "number"},
    ),
    "booleans, then numbers": ({"c": other(["true"] * 60, LATE, "1")}, None, {}, {"c": "category"}),
    "numbers, then dates": ({"c": other(NUMBERS, LATE, "2020-01-31")}, None, {}, {"c": "category"}),
    "dates without a few": ({"c": other(["2020-01-31", "2020-02-28"] * 30, [50], "?")}, None, {}, {"c": "date"}),
    "an early word": ({"c": other(NUMBERS, [3], "x")}, None, {}, {"c": "category"}),
    "beyond 64 bits": ({"c": other(["5"] * 60, LATE, "9" * 25)}, None, {}, {"c": "number"}),
    "a gap without a target": ({"c": other(["5", "6"] * 30, HIDDEN, ""), **UNLABELLED}, None, {}, {"c": "number"}),
    "a word without a target": ({"c": other(NUMBERS, [20], "x"), **UNLABELLED}, None, {}, {"c": "number"}),
    "a boolean gap without a target": (
        {"c": other(["True", "False"] * 30, HIDDEN, ""), **UNLABELLED},
        None,
        {},
        {"c": "number"},
    ),
    "large in the test file": (
        {"c": other(["5", "6"] * 30, [4], "")},
        {"c": [str(2**53 + n) for n in range(20)]},
        {},
        {"c": "number"},
    ),
    "several targets": (
        {"c": NUMBERS, "d": [f"${n % 7}" for n in range(60)], "y": other(NUMBERS, LATE, '"1,200"')},
        None,
        {"target": ["y", "d"], "features": ["c"]},
        {"c": "number"},
    ),
    "ids": ({"c": NUMBERS, "i": ["1", "01", "1.0", "true"] * 15}, None, {"id": "i"}, {"c": "number"}),
    "strata": ({"c": ["1"] * 40 + ["u"] * 20}, {"c": ["1"] * 20}, {"stratify": "c"}, {"c": "category"}),
    "a counter in another order": ({"c": [str(n * 7 % 60) for n in range(60)]}, None, {}, {"c": "number"}),
    "commas in the test target": (
        {"c": NUMBERS, "y": NUMBERS},
        {"c": NUMBERS[:20], "y": other(NUMBERS[:20], [3], '"1,200"')},
        {},
        {"c": "number"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.ordinarily(
    "absent in the test file", "codes as numbers", "booleans, then numbers", "a gap without a target", "ids", "strata"
)
def test_the_kind_of_a_column_is_decided_alike(written, kind):
    columns, test, options, kinds = KINDS[kind]

    def file(name, columns):
        columns = {"y": YES_NO[: len(columns["c"])], **columns}
        path = written(FRAME[:1], name)
        path.write_text("\n".join(map(",".join, [list(columns), *zip(*columns.values(), strict=True)])) + "\n")
        return path

    tests = {} if test is None else {"test": file("test.csv", test)}
    data = assert_same(file("t.csv", columns), **{"target": "y", **options, **tests})
    features = {feature.name: feature.kind for feature in data.spec.features}
    assert {name: features.get(name, "number") for name in kinds} == kinds


LATER = {
    "the day comes first": [f"{1 + n // 30:02}/03/2020" if n < 100 else "13/04/2020" for n in range(N)],
    "a time of day": ["2020-01-31" if n < 100 else f"2020-01-31 {n % 24}:30" for n in range(N)],
    "a word": ["2020-01-31" if n < 119 else "never" for n in range(N)],
    "a decimal comma": [f"{n % 9},500" if n < 100 else f"{n % 9},25" for n in range(N)],
}


@pytest.mark.parametrize("case", LATER)
@pytest.mark.ordinarily("the day comes first")
def test_the_format_of_strings_is_that_of_all_rows(written, monkeypatch, case):
    monkeypatch.setattr("recipes.data.string_columns.SAMPLE", 20)
    monkeypatch.setattr("recipes.data.string_columns.FIRST", 10)
    path = written(FRAME[["age", "Churn"]].assign(when=LATER[case]))
    assert_same(path, target="Churn", features=["when", "age"])


def test_a_second_load_decodes_nothing_and_warns_again(written, monkeypatch):
    path = written(FRAME.assign(id="same").drop(columns=["day", "sum", "since"]))
    with pytest.warns(UserWarning, match="column 'id' does not identify the rows: 'same' is in lines 2 and 3"):
        first = recipes.load(path, target="Churn", id="id", memory=0)
    monkeypatch.setattr("recipes.data.files.large_tables.scan_table", None)
    with pytest.warns(UserWarning, match="column 'id' does not identify the rows: 'same' is in lines 2 and 3"):
        again = recipes.load(path, target="Churn", id="id", memory=0)
    assert again.fingerprint == first.fingerprint
    assert len([folder for folder in path.parent.glob("cache/*/decoded/*") if folder.is_dir()]) == 1


def test_folds_and_pickles_of_stored_columns(written):
    (whole, _), (blocks, _) = both(written(FRAME), target="Churn", features=["age", "Größe", "a/b", "since", "late"])
    for fold, other in zip(blocks.folds(3), whole.folds(3), strict=True):
        assert fold.fingerprint == other.fingerprint
    assert pickle.loads(pickle.dumps(blocks)).fingerprint == blocks.fingerprint
    columns = list(blocks.arrays("train")[0].values())
    assert all(isinstance(column, StoredColumn) for column in columns)
    assert len({id(column.rows) for column in columns}) == 1


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a,b\n" + "1,2\n" * 40 + "3\n", {}, "line 42 has 1: '3' .no cell is left for column 'b'"),
        ("a,b\n" + "1,2\n" * 40 + '3,"x\n', {}, "line 42 has misplaced quotes"),
        (("a,b\n" + "1,2\n" * 40 + "3,Köln\n").encode("latin-1"), {}, "line 42, column 'b' has the byte 0xf6"),
        ("a,b\n" + "1,x\n" * 40 + "1e99,y\n", {}, "finite in column 'a' .*, but 1 of 41 are not, the first in line 42"),
        (
            "a,b\n" + "1,x\n" * 40 + "z,y\n",
            {"features": {"a": "number"}},
            "of numbers in column 'a', but 1 of 41 .* 42",
        ),
        ("a,b\n" + "1,\n" * 40, {}, "a column of table.csv with values, but all are missing"),
        ("a;b\n" + "1,5;2.5\n" * 40, {}, "one decimal mark, but column 'a' has '1,5' and column 'b' 2.5"),
        ("a,b\n", {}, "a table with rows, but it has none"),
        ("a,b,c\n" + "1,2,3\n" * 40 + ",3,4\n", {"groups": "a"}, "a value of 'a' .groups. in every .* 1 of 41 .* 42"),
        (
            "a,b\n" + "".join(f"1,{n}\n" for n in range(60)) + "2,x\n",
            {},
            "mostly numbers, but 1 of 61 .*'x' in line 62",
        ),
    ],
)
def test_faults_are_those_of_the_whole_file(written, tmp_path, content, options, message):
    path = written(FRAME[:1], "table.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for memory in (1.0, 0.0):
        with pytest.raises(InvalidArgument, match=message) as caught:
            recipes.load(path, target="b", memory=memory, **options)
        assert "\n" not in str(caught.value)
    assert not [path for path in tmp_path.rglob("decoded/*") if path.is_dir()]


def test_what_is_said_of_a_large_file_is_what_is_said_of_a_whole_one(written):
    (whole, _), (blocks, _) = both(written(FRAME), target="Churn", id="id")
    said = []
    for data in (whole, blocks):
        table = inference_table(data)
        said.append([list(column.cells) for column in table.columns])
    assert said[0] == said[1]
    assert "read from disk" in in_a_line(blocks)


@pytest.mark.parametrize(
    ("numbers", "counting"),
    [
        (np.arange(5, 5 + 60), True),
        (np.random.default_rng(0).permutation(60) - 20, True),  # in any order
        (np.random.default_rng(0).permutation(60) + 3_000_000, True),
        ([0, 0, 3, 3, *range(4, 60)], False),
        ([0, 1, 3, 3, *range(4, 60)], False),
        ([*range(59), 60], False),
    ],
    ids=["in order", "in any order", "large", "0 twice", "3 twice", "a gap"],
)
@pytest.mark.ordinarily("in any order", "0 twice")
def test_rows_numbered_in_any_order(written, numbers, counting):
    path = written(FRAME[:60][["age", "Churn"]].assign(number=numbers))
    for memory in (1.0, 0.0):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            recipes.load(path, target="Churn", features=["number", "age"], memory=memory)
        assert any("'number' numbers the rows" in str(warning.message) for warning in said) == counting


OWN_TYPES = {
    "times": pandas.Timestamp("2024-01-02 03:04:05") + pandas.to_timedelta(np.arange(N), unit="h"),
    "times with gaps": pandas.Series(
        pandas.Timestamp("2024-01-02") + pandas.to_timedelta(np.arange(N) * 7, unit="m")
    ).where(np.arange(N) % 9 != 4),
    "old dates": np.array([f"{800 + row}-01-02" for row in range(N)], "datetime64[s]"),
    "whole days": pandas.Timestamp("2024-01-02") + pandas.to_timedelta(np.arange(N), unit="D"),
    "times of a zone": pandas.Timestamp("2024-01-02", tz="Europe/Berlin") + pandas.to_timedelta(np.arange(N) * 50, "h"),
    "dates": [datetime.date(2024, 1, 1) + datetime.timedelta(days=row) for row in range(N)],
    "times of day": [datetime.time(row % 24, 30) for row in range(N)],
    "fractions": pandas.Timestamp("2024-01-02") + pandas.to_timedelta(np.arange(N) * 250, "ms"),
    "fractions in a zone": pandas.Timestamp("2024-01-02", tz="UTC") + pandas.to_timedelta(np.arange(N) * 250, "ms"),
    "fractions of a time of day": [datetime.time(row % 24, 30, 0, row // 100) for row in range(N)],
    "decimals": [decimal.Decimal(row * 3701 % 10_000) / 100 for row in range(N)],
    "categories": pandas.Categorical(np.arange(N) % 3),
    "bytes": [b"a", b"b"] * (N // 2),
    "flags with gaps": pandas.array([None, True, False] * (N // 3), "boolean"),
}


@pytest.mark.parametrize("kind", OWN_TYPES)
def test_types_of_parquet_are_read_as_from_a_whole_file(written, kind):
    frame = FRAME[["age", "Churn"]].assign(own=OWN_TYPES[kind])
    path = written(frame[["age", "own", "Churn"]], "churn.parquet")
    assert_same(path, target="Churn")
    for _, said in both(path, target="Churn"):
        assert any("'own']: fractions of seconds are left out" in text for text in said) == ("fractions" in kind)


def test_columns_of_other_kinds_are_refused_in_words(written):
    path = written(FRAME.assign(day=pandas.Timedelta("1 day")), "churn.parquet")
    match = "in column 'day' of a file larger than the memory, not timedelta.*durations divided by a unit"
    with pytest.raises(InvalidArgument, match=match):
        recipes.load(path, target="Churn", id="id", memory=0)
    path = written(FRAME.assign(day=np.array(["12000-01-01"], "M8[s]").repeat(N)), "far.parquet")
    with pytest.raises(InvalidArgument, match="dates of the years 1 to 9999, but column 'day' has one of 12000"):
        recipes.load(path, target="Churn", id="id", memory=0)
