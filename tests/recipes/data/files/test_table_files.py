"""Files that are read as tables, and files that are refused in one line."""

import sys

import numpy as np
import pandas
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.files.table_blocks import open_blocks
from recipes.data.files.table_files import is_table_file, read_table


@pytest.fixture
def written(tmp_path):
    """``written(content, name)``: the path of a file with this content, text or bytes."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("name", "is_file"),
    [("a/b.CSV", True), ("x.tsv", True), ("x.parquet", True), ("glue/sst2:1.0.0", False), ("a", False)],
)
def test_paths_and_names_of_datasets(name, is_file):
    assert is_table_file(name) is is_file


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('age,town\n3,"Ulm, West"\n,Köln\n', "plain.csv"),
        ('\ufeffage, town\r\n3, "Ulm, West"\r\n\r\n, Köln\r\n', "spaces_and_a_mark.csv"),
        ("age;town\n3;Ulm, West\n;Köln\n", "semicolons.csv"),
        ("age\ttown\n3\tUlm, West\n\tKöln\n", "tabs.tsv"),
        (',age,town\n0,3,"Ulm, West"\n1,,Köln\n', "numbered.csv"),
    ],
)
def test_the_same_table_in_many_spellings(written, content, name):
    frame = read_table("name", written(content, name)).frame
    expected = pandas.DataFrame({"age": [3, np.nan], "town": ["Ulm, West", "Köln"]})
    pandas.testing.assert_frame_equal(frame.reset_index(drop=True), expected)


def test_plain_files_are_what_pandas_reads(written):
    path = written("a,b,c,d,e\n1,1.5,x,True,2024-01-02\n2,,NA,False,\n-3,1e3,yes,True,x\n")
    pandas.testing.assert_frame_equal(read_table("name", path).frame.reset_index(drop=True), pandas.read_csv(path))


def test_the_index_counts_lines(written):
    path = written('a,b\n\n1,"two\nlines"\n   \n2,x\n')
    assert read_table("name", path).frame.index.tolist() == [3, 6]


def test_decimal_commas(written):
    frame = read_table("name", written("size;town\n1,5;Ulm\n2;Bonn, West\n")).frame
    assert frame["size"].tolist() == [1.5, 2.0]
    assert read_table("name", written("size;n\n1,5;1\n2;3\n"), strings=["size"]).frame["size"].tolist() == ["1,5", "2"]


def test_strings_and_whole_numbers_with_missing_cells(written, tmp_path):
    path = written("zip,n\n01067,1\n,\n")
    frame = read_table("name", path, strings=["zip"], nullable=["n"]).frame
    assert frame["zip"].iloc[0] == "01067"
    assert frame["n"].dtype == "Int64"
    pandas.DataFrame({"zip": [1067, None], "n": [1, None]}).astype("Int64").to_parquet(tmp_path / "table.parquet")
    frame = read_table("name", tmp_path / "table.parquet", strings=["zip"], nullable=["n"]).frame
    assert frame["zip"].iloc[0] == "1067"
    assert frame["n"].dtype == "Int64"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "but the file is empty"),
        (" \n\n", "but the file is empty"),
        ("a,b\n", "has none below its header"),
        ("a\n1\n", "a table of 2 or more columns, but it has only 'a'"),
        ("a,b\n1,2\n3\n", "a table of 2 cells in every row, but line 3 has 1: '3' .no cell is left for column 'b'"),
        ("a,b\n1,2\n\n3,Ulm,West\n", "line 4 has 3: '3', ..., 'West' .'West' has no column; .*has to be in quotes"),
        ('a,b\n1,2\n3,"x\n4,5\n', "line 3 has misplaced quotes"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 are both 'a'"),
        ("a,,b\n1,2,3\n", "column 2 has none"),
        (",a,b\n5,2,3\n5,2,3\n", "column 1 has none and does not count the rows"),
        ("1,2.5\n3,4\n", "line 1 has only numbers: 1, 2.5, ...; put a line of names before it"),
        ("0,0,1\n3,4,5\n", "line 1 has only numbers: 0, 0, 1"),
        ("sep=;\na;b\n1;2\n", "line 1 is a note for Excel, 'sep=': delete this line"),
        ("a b\n1 2\n", "it has only 'a b' .cells are separated by ',' ';' '|' or a tab"),
        (
            "a,b\n1,x\n2,Köln\n".encode("latin-1"),
            "line 3, column 'b' has the byte 0xf6 .'ö' in Windows.: save it as UTF-8",
        ),
        ("a,b\n1,x\n".encode("utf-16"), "it is UTF-16: save it as UTF-8"),
        ("a;b\n1,5;2.5\n2,5;3\n", "one decimal mark, but column 'a' has '1,5' and column 'b' 2.5"),
        ('"a\n1,2\n', "a table whose first line names the columns|misplaced quotes"),
    ],
)
def test_every_fault_is_one_line_with_its_place(written, content, message):
    with pytest.raises(InvalidArgument, match=message) as caught:
        read_table("name", written(content))
    assert str(caught.value).count("\n") == 0
    assert "table.csv" in str(caught.value)


def test_what_is_no_table_file(written, tmp_path):
    for path, message in [
        (tmp_path / "no.csv", "a .csv, .tsv or .parquet file, but there is no such file"),
        (tmp_path, "but it is a directory"),
        (written("x", "table.xlsx"), "save the sheet as CSV"),
        (written("x,y\n1,2\n", "table.tsv"), "only 'x,y' .a .tsv file is separated by tabs"),
        (written("x", "table.parquet"), "a readable .parquet file"),
    ]:
        with pytest.raises(InvalidArgument, match=message):
            read_table("name", path)


def test_parquet_without_pyarrow(written, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InvalidArgument, match="Parquet files need pyarrow"):
        read_table("name", written("x", "table.parquet"))


@pytest.mark.parametrize(("mark", "spaces"), [(",", False), (", ", True)])
def test_spaces_belong_to_cells_unless_the_header_has_them(written, mark, spaces):
    rows = ["3| Plus|1.5", "4|Plus |", "5|Plus| 2"]
    path = written("".join(f"{line}\n".replace("|", mark) for line in ["age|plan|paid", *rows]))
    frame = read_table("name", path).frame
    (block,) = open_blocks("name", path).frames(["age", "plan", "paid"])
    expected = pandas.read_csv(path, skipinitialspace=spaces)
    assert expected["plan"].nunique() == (2 if spaces else 3)
    for read in (frame, block):
        pandas.testing.assert_frame_equal(read.reset_index(drop=True), expected)


def test_quotes_after_a_space(written):
    with pytest.raises(InvalidArgument, match=r"line 2 has 3: .* .quotes count right after a separator"):
        read_table("name", written('age,town\n3, "Ulm, West"\n'))
    frame = read_table("name", written('age, town\n3, "Ulm, West"\n')).frame
    assert frame["town"].tolist() == ["Ulm, West"]
