"""Files of other kinds are told by their names and their first bytes."""

import gzip
import pickle

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data.files.table_blocks import open_blocks
from recipes.data.files.table_files import check_table_file, read_table

TEXT = b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv.gz", gzip.compress(TEXT, mtime=0), "but it is compressed: unpack it first"),
        ("t.xlsx", b"PK\x03\x04", "but it is an Excel workbook: save the sheet as CSV"),
        ("t.json", b"[]", "but it is JSON: convert it to CSV or Parquet"),
        ("t.txt", TEXT, "of an unknown kind: rename it if it is one of these, or save it as CSV"),
        ("packed.csv", gzip.compress(TEXT, mtime=0), "but inside it is compressed: unpack it first"),
        ("sheet.csv", b"PK\x03\x04\x14", "inside it is an Excel workbook or an archive: save the sheet as CSV, or"),
        (
            "bytes.csv",
            bytes(np.random.default_rng(0).integers(0, 256, 500, "uint8")),
            "inside it is no text, but bytes",
        ),
        ("bytes.csv", pickle.dumps(list(range(500))), "inside it is no text, but bytes: convert it to CSV or Parquet"),
        ("small.csv", b"\x89PNG\r\n\x1a\n", "inside it is a picture: pass a folder"),
        ("page.csv", b"\n<!DOCTYPE html>\n<html>", "inside it is a web page: download the file itself"),
        ("list.csv", b'[\n  {"a": 1, "b": 2}]', "inside it is JSON: convert"),
        ("columns.tsv", b"PAR1\x15", "inside it is Parquet: name it .parquet"),
    ],
)
def test_other_kinds_of_files_say_what_to_do(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidArgument, match=message):
        check_table_file("name", path)


@pytest.mark.parametrize(
    "content", [TEXT, b"a\x01b\x02", b"\x1b[1ma,b\x1b[0m\n", b"{a},[b]\n", "ä,b\n".encode("utf-16")]
)
def test_text_is_no_other_kind(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    check_table_file("name", path)


def test_a_misspelt_path_names_the_file_that_is_near(tmp_path):
    (tmp_path / "churn.csv").write_bytes(TEXT)
    for wrong in ("chrun.csv", "churn.parquet"):
        with pytest.raises(InvalidArgument, match=r"there is no such file .perhaps '.*churn.csv'"):
            check_table_file("name", tmp_path / wrong)
    with pytest.raises(InvalidArgument, match=r"no such file .*nowhere is no folder"):
        check_table_file("name", tmp_path / "nowhere" / "churn.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n3,\x004\n", "text, but line 3, column 'b' has a NUL byte: the file is damaged, or no text"),
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-8 text, but it is UTF-16: save it as UTF-8"),
        ("a,b\n1,ä\n".encode("cp1252"), "line 2, column 'b' has the byte 0xe4 .'ä' in Windows.: save it as UTF-8"),
    ],
)
def test_bytes_that_are_no_text(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidArgument, match=message):
        read_table("name", path)
    with pytest.raises(InvalidArgument, match=message):
        list(open_blocks("name", path).frames(["a", "b"]))
