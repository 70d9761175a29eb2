"""Tables to predict for: read as training reads them, faults named by line, column and value."""

import numpy as np
import pandas
import pytest

from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.data.files.table_files import read_table
from recipes.serving.conversion import fitted
from recipes.serving.input_files import load_inputs

N = 60
FRAME = pandas.DataFrame(
    {
        "Größe": np.where(np.arange(N) % 9 == 0, np.nan, np.arange(N) / 4),
        "floors": np.arange(N) % 5,
        "town": np.array(["Ulm", "Bonn, West", "Köln"])[np.arange(N) % 3],
    }
)
TARGET = np.arange(N) % 2


def taken_by(spec):
    """What :func:`fitted` is told of a model of this Spec."""
    if not spec.record:
        return {"inputs": (spec.input_shape, np.dtype(spec.input_dtype))}
    types = {feature.name: "O" if feature.dtype == "string" else feature.dtype for feature in spec.features}
    return {name: ((), np.dtype(dtype)) for name, dtype in types.items()}


RECORD = Data.from_arrays(FRAME, TARGET, task="binary").spec
TABLE = Data.from_arrays(FRAME[["Größe", "floors"]].fillna(0.5), TARGET, task="binary").spec


@pytest.fixture
def read(tmp_path):
    """``read(content, spec, name)``: the arrays that a model of this Spec gets of such a file."""

    def make(content, spec, name="rows.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return fitted(load_inputs(tmp_path / name, spec), taken_by(spec), spec)

    return make


def check_same(read, expected):
    assert list(read) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(read[name], values)


ROWS = FRAME[::-1][["town", "floors", "Größe"]]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rows.csv", {}),
        ("rows.csv", {"sep": ";", "decimal": ","}),
        ("rows.csv", {"sep": "|", "encoding": "utf-8-sig"}),
        ("rows.tsv", {"sep": "\t"}),
        ("rows.csv", {"index": True}),
        ("rows.parquet", {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("spec", [RECORD, TABLE], ids=["record", "table"])
def test_every_spelling_gives_what_the_frame_gives(tmp_path, name, options, spec):
    rows = ROWS if spec.record else ROWS.drop(columns="town").fillna(7.25)
    if name.endswith("parquet"):
        rows.to_parquet(tmp_path / name)
    else:
        rows.reset_index(drop=True).to_csv(tmp_path / name, **{"index": False, **options})
    read = fitted(load_inputs(tmp_path / name, spec), taken_by(spec), spec)
    check_same(read, fitted(rows, taken_by(spec), spec))
    frame = read_table("name", tmp_path / name).frame
    check_same(read, fitted(frame, taken_by(spec), spec))


@pytest.mark.parametrize(
    ("content", "spec", "message"),
    [
        (
            "Größe,floors,town\n1,2,Ulm\n\n3,x,Ulm\n",
            RECORD,
            r"'floors'\] must be numbers, but 1 of 2 .* line 4 of rows.*",
        ),
        (
            "Größe,floors,town\n1,2,Ulm\n3,,Ulm\n",
            RECORD,
            r"'floors'\] must be given in every row, .* line 3 of rows.csv",
        ),
        ("Größe,floors,town\n1,2,Ulm\n3,1e999,Ulm\n", RECORD, r"'floors'\] must be finite, .* line 3 of rows.csv"),
        ("Größe,floors\n1,2\n,4\n", TABLE, r"'Größe'\] must be given in every row, .* missing in 1 of 2, .* line 3 of"),
        (
            "Größe,floors\n1,2\n3,four\n",
            TABLE,
            r"'floors'\] must be numbers, .* line 3 of rows.csv. Received: .*='four'",
        ),
        ("Größe,floors,town\n1,2,Ulm,\n", RECORD, "3 cells in every row, but line 2 has 4: .* .a ',' too many"),
        ("Größe,floors,town\n1,2\n", RECORD, "line 2 has 2: '1', '2'|no cell is left for column 'town'"),
        ("Größe,floors,town,\n1,2,Ulm,\n", RECORD, "a name in every column, but column 4 has none"),
        ("Größe,floors,floors\n1,2,3\n", RECORD, "columns 2 and 3 are both 'floors'"),
        ("Größe,floors,town\n", RECORD, "it has none below its header"),
        ('Größe,floors,town\n1,2,"Ulm\n', RECORD, "line 2 has misplaced quotes"),
        (
            "Größe;floors;town\n1,5;2.5;Ulm\n",
            RECORD,
            "one decimal mark, but column 'Größe' has '1,5' and column 'floors'",
        ),
        ("Größe,floors,town\n1,2,Köln\n".encode("latin-1"), RECORD, "UTF-8 text, but line 1"),
        ("Größe,floors,town\n1,2,Ulm\n".encode("utf-16"), RECORD, "it is UTF-16"),
        (",Größe,floors\n7,1,2\n7,1,2\n", TABLE, "column 1 has none and does not count the rows"),
        ("Größe,floors,boat\n1,2,3\n", RECORD, "others are ignored. Received: input='missing: town; unknown: boat'"),
        ("1.5,Ulm,2\n1.5,Ulm,3\n", RECORD, "it names none of them: is its header missing?"),
    ],
)
def test_every_fault_is_one_line_with_its_place(read, content, spec, message):
    with pytest.raises(InvalidArgument, match=message) as caught:
        read(content, spec)
    assert "\n" not in str(caught.value)


def test_faults_of_parquet_files(tmp_path):
    FRAME[["Größe", "floors"]].to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(InvalidArgument, match=r"'Größe'\] must be given .* missing in 7 of 60, the first in row 1 of"):
        load_inputs(tmp_path / "rows.parquet", TABLE)
    FRAME[:0].to_parquet(tmp_path / "none.parquet")
    with pytest.raises(InvalidArgument, match="a table with rows, but it has none"):
        load_inputs(tmp_path / "none.parquet", RECORD)


def test_a_parquet_file_of_several_row_groups_is_read_as_a_whole(tmp_path):
    ROWS.to_parquet(tmp_path / "rows.parquet", row_group_size=7)
    read = fitted(load_inputs(tmp_path / "rows.parquet", RECORD), taken_by(RECORD), RECORD)
    check_same(read, fitted(ROWS, taken_by(RECORD), RECORD))


def test_categories_stay_as_they_are_written(read):
    codes = FRAME.assign(zip=np.array(["01067", "1,5", "NA"])[np.arange(N) % 3])
    spec = Data.from_arrays(codes, TARGET, task="binary").spec
    columns = read("Größe;floors;town;zip\n1,5;2;Ulm;01067\n2,5;3;Ulm;1,5\n;4;Ulm;NA\n", spec)
    assert columns["zip"].tolist() == ["01067", "1,5", "NA"]
    np.testing.assert_array_equal(columns["Größe"], [1.5, 2.5, np.nan])


def test_whole_numbers_keep_all_their_digits(read):
    large = 2**53 + np.arange(N, dtype="int64")
    frame = pandas.DataFrame({"time": large, "n": np.arange(N)})
    spec = Data.from_arrays(frame, TARGET, task="binary").spec
    assert spec.input_dtype == "int64"
    assert read("time,n\n9007199254740993,1\n", spec)["inputs"].tolist() == [[9007199254740993, 1]]
    with pytest.raises(InvalidArgument, match=r"'n'\] must be whole numbers, as in training, .* line 2 of rows.csv"):
        read("time,n\n9007199254740993,1.5\n", spec)


def test_other_columns_are_ignored_with_one_warning(read):
    plain = read("Größe,floors,town\n1,2,Ulm\n3,4,Köln\n", RECORD)
    with pytest.warns(
        UserWarning, match="rows.csv: ignored columns that the model does not take: 'id', 'risk'"
    ) as caught:
        found = read("id,Größe,floors,town,risk\n7,1,2,Ulm,low\n8,3,4,Köln,high\n", RECORD)
    assert len(caught) == 1
    assert list(found) == list(plain)
    for name in plain:
        np.testing.assert_array_equal(found[name], plain[name])
    with pytest.raises(InvalidArgument, match="floors"):  # a misspelling is no other column
        read("id,Größe,flors,town\n7,1,2,Ulm\n", RECORD)
