"""The files of a saved run: where they were, where they were moved to, or an error that says what to do."""

import hashlib

import pytest

from callbacks.checks import InvalidArgument
from recipes.data.files.located_files import digest, located
from recipes.data.files.table_files import read_table


def test_the_digest_is_that_of_the_whole_file(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 1_000_000)
    assert digest(tmp_path / "x") == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


def test_files_that_stay_move_change_and_vanish(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    files = {"train": read_table("name", path).facts}
    assert located(files) == {"train": str(path)}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert located(files, elsewhere) == {"train": str(path)}
    path.rename(elsewhere / "table.csv")
    assert located(files, elsewhere) == {"train": str(elsewhere / "table.csv")}
    with pytest.raises(
        InvalidArgument, match=r"no longer there; if it was moved, pass its new folder as data_dir. .*csv"
    ):
        located(files)
    with pytest.raises(InvalidArgument, match=f"no longer there nor in {tmp_path}; "):
        located(files, tmp_path)
    (elsewhere / "table.csv").write_text("a,b\n1,3\n")
    with pytest.raises(InvalidArgument, match="it has changed since"):
        located(files, elsewhere)
