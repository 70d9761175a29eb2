import os
import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from callbacks.checks import InvalidArgument
from recipes.files import (
    check_new_directory,
    check_new_file,
    folder_name,
    new_directory,
    new_path,
    write_bytes,
    write_figure,
    write_text,
)


def everything(folder):
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


def fill(directory, text="new", **options):
    with new_directory(directory, marker="mark", **options) as folder:
        (folder / "mark").write_text(text)
    return directory


def interrupted_fill(directory, error, also=None, **options):
    with new_directory(directory, marker="mark", **options) as folder:
        (folder / "mark").write_text("half")
        if also is not None:
            also.write_text("")
        raise error


@pytest.mark.parametrize("before", ["nothing", "empty"])
def test_a_new_directory_appears_whole(tmp_path, before):
    target = tmp_path / "deep" / "er" / "out"
    if before == "empty":
        target.mkdir(parents=True)
    with new_directory(target, marker="mark") as folder:
        assert folder != target
        (folder / "mark").write_text("")
        assert not (target / "mark").exists()
    assert everything(tmp_path) == ["deep", "deep/er", "deep/er/out", "deep/er/out/mark"]
    assert target.stat().st_mode & 0o777 == 0o777 & ~_umask()


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o700), (0o002, 0o775)])
def test_a_new_directory_has_the_permissions_that_the_user_wants(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with new_directory(tmp_path / "out", marker="mark"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        interrupted_fill(tmp_path / "deep" / "er" / "out", error)
    assert everything(tmp_path) == []


def test_an_exception_leaves_what_was_there(tmp_path):
    target = fill(tmp_path / "out", "old")
    with pytest.raises(ValueError):
        interrupted_fill(target, ValueError, overwrite=True)
    assert everything(tmp_path) == ["out", "out/mark"]
    assert (target / "mark").read_text() == "old"


def test_what_others_have_written_meanwhile_stays(tmp_path):
    with pytest.raises(ValueError):
        interrupted_fill(tmp_path / "deep" / "out", ValueError, also=tmp_path / "deep" / "theirs")
    assert everything(tmp_path) == ["deep", "deep/theirs"]


def test_overwriting(tmp_path):
    target = fill(tmp_path / "out", "old")
    (target / "more").write_text("")
    fill(target, "new", overwrite=True)
    assert everything(tmp_path) == ["out", "out/mark"]
    assert (target / "mark").read_text() == "new"


def test_a_failing_rename_keeps_the_old_one(tmp_path, monkeypatch):
    target = fill(tmp_path / "out", "old")
    rename = os.rename

    def second_fails(source, to):
        if str(to) == str(target) and "replaced" not in str(source):
            raise OSError("no space")
        rename(source, to)

    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(OSError, match="no space"):
        fill(target, "new", overwrite=True)
    assert everything(tmp_path) == ["out", "out/mark"]
    assert (target / "mark").read_text() == "old"


@pytest.mark.parametrize("overwrite", [False, True])
def test_foreign_directories_are_refused(tmp_path, overwrite):
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(InvalidArgument, match="holds other files"):
        fill(tmp_path, overwrite=overwrite)
    assert everything(tmp_path) == ["thesis.txt"]


def test_our_own_are_replaced_only_when_asked(tmp_path):
    target = fill(tmp_path / "out", "old")
    with pytest.raises(
        InvalidArgument, match=r"save must be a new or empty directory .*overwriting has to be asked for"
    ):
        fill(target, name="save")
    assert (target / "mark").read_text() == "old"


@pytest.mark.parametrize("below", ["", "out", "deep/out"])
def test_a_file_in_the_way(tmp_path, below):
    (tmp_path / "file").write_text("content")
    with pytest.raises(InvalidArgument, match="directory must be"):
        check_new_directory(tmp_path / "file" / below, marker="mark")
    with pytest.raises(InvalidArgument, match="directory must be"):
        fill(tmp_path / "file" / below)
    assert (tmp_path / "file").read_text() == "content"


def test_a_directory_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(tmp_path))
    with pytest.raises(InvalidArgument, match="a directory that can be written"):
        fill(tmp_path / "out")
    (tmp_path / "there").mkdir()
    check_new_directory(tmp_path / "there", marker="mark")
    with pytest.raises(InvalidArgument, match="a directory that can be written"):
        fill(tmp_path / "there")
    assert everything(tmp_path) == ["there"]


def test_what_a_killed_start_has_left_counts_as_nothing(tmp_path):
    (tmp_path / ".mark.x4kq").touch()
    check_new_directory(tmp_path, marker="mark")
    (tmp_path / ".marks").touch()
    with pytest.raises(InvalidArgument, match="holds other files"):
        check_new_directory(tmp_path, marker="mark")


@pytest.mark.parametrize("how", ["makes folders", "cannot read what it wrote"])
def test_a_new_directory_that_was_removed_meanwhile_is_not_half_written(tmp_path, how):
    def saved_by_a_library():
        with new_directory(tmp_path / "out", marker="mark") as folder:
            (folder / "mark").touch()
            shutil.rmtree(tmp_path)
            if how == "makes folders":
                (folder / "assets").mkdir(parents=True)
            else:
                raise ValueError("not a model")

    with pytest.raises(FileNotFoundError, match=r"it was removed while it was written: '.*out'$"):
        saved_by_a_library()
    assert not tmp_path.exists() or everything(tmp_path) == []


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill("out")
    assert everything(tmp_path) == ["out", "out/mark"]


def test_write_bytes_replaces_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "file"
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*/deep/file'$"):
        write_bytes(path, b"a folder that was removed does not come back with one file")
    path.parent.mkdir()
    assert write_bytes(path, b"old") == path
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()

    def fails(_source, _target):
        assert (tmp_path / "deep" / "file").read_bytes() == b"old"
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no space"):
        write_bytes(path, b"new")
    assert everything(tmp_path) == ["deep", "deep/file"]
    monkeypatch.undo()
    write_text(path, "neu: ü")
    assert path.read_text(encoding="utf-8") == "neu: ü"


def _umask():
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_a_new_file(tmp_path, monkeypatch):
    assert check_new_file(tmp_path / "new.png", name="plot") == tmp_path / "new.png"
    (tmp_path / "old.png").write_text("")
    with pytest.raises(InvalidArgument, match="plot must be a file that does not exist yet"):
        check_new_file(tmp_path / "old.png", name="plot")
    with pytest.raises(InvalidArgument, match="plot must be a file in a directory that exists"):
        check_new_file(tmp_path / "no" / "new.png", name="plot")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InvalidArgument, match="plot must be a file in a directory that exists"):
        check_new_file(tmp_path / "new.png", name="plot")


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a", b"\x89PNG"), ("a.svg", b"<?xml")])
def test_figures(tmp_path, name, start):
    write_figure(tmp_path / name, Figure(figsize=(1, 1)))
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
def test_a_file_system_that_refuses_is_noticed_before_work():
    with pytest.raises(InvalidArgument, match="a directory that can be written"):
        check_new_directory("/proc/no/such", marker="run.json")


def test_names_of_folders_stay_in_their_folder():
    for text in ("../../x", "..", ".", "", "a/b\\c", "a\nb\x1b[31m", "x" * 500, "Größe 1"):
        name = folder_name(text)
        assert (Path("searches") / name).resolve().parent == Path("searches").resolve()
        assert name.isprintable()
        assert 0 < len(name) <= 101
    assert folder_name("Größe 1") == "Größe 1"


def test_a_link_to_nothing_is_no_directory(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(InvalidArgument, match="must be a directory, not a link to what does not exist"):
        check_new_directory(tmp_path / "link", marker="mark")


def test_a_full_disk_says_which_file(tmp_path, monkeypatch):
    def full(_number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*notes.md'"):
        write_text(tmp_path / "notes.md", "x")
    assert everything(tmp_path) == []


def half_written(target):
    with new_path(target) as scratch:
        scratch.write_text("half")
        raise OSError("full")


def test_a_library_writes_to_a_path_that_becomes_the_file_or_nothing(tmp_path):
    target = tmp_path / "model.weights.h5"
    with new_path(target) as scratch:
        assert scratch.suffixes == [".weights", ".h5"]
        scratch.write_text("old")
        assert not target.exists()
    with pytest.raises(OSError, match="full"):
        half_written(target)
    assert everything(tmp_path) == ["model.weights.h5"]
    assert target.read_text() == "old"
