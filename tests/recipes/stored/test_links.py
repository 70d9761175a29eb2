"""Directories and names that lead elsewhere are not followed."""

import pytest

from callbacks.checks import InvalidArgument
from callbacks.resume.lock import DirectoryLock
from recipes.stored.links import check_no_links, file_inside
from recipes.tuning.ledger import Ledger


def test_a_directory_with_a_link_in_it_is_not_written_to(tmp_path):
    (tmp_path / "victim").mkdir()
    with Ledger(tmp_path / "search", {"epochs": 1}):
        pass
    (tmp_path / "search" / "running").symlink_to(tmp_path / "victim")
    with pytest.raises(InvalidArgument, match=r"directory must be one without symbolic links \('running' is one\)"):
        Ledger(tmp_path / "search", {"epochs": 1})
    (tmp_path / "again").symlink_to(tmp_path / "victim")
    check_no_links(tmp_path / "again")  # a directory of one's own on another disk


def test_the_lock_of_a_training_truncates_nothing(tmp_path):
    (tmp_path / "victim").write_text("years")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(InvalidArgument, match=r"without symbolic links \('.lock' is one\)"):
        DirectoryLock(tmp_path / "run")
    assert (tmp_path / "victim").read_text() == "years"


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "link.png", "gone.png", "x\0.png", "x" * 5000, "."])
def test_files_outside_cannot_be_named(tmp_path, name):
    (tmp_path / "secret.png").touch()
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "cat.png").touch()
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    assert file_inside(folder, "below/cat.png", "input") == folder / "below" / "cat.png"
    with pytest.raises(InvalidArgument, match=r"^input must be the name of a file in "):
        file_inside(folder, name, "input")
