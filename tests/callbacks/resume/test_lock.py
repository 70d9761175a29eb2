"""Two trainings in one directory: the second is refused, or takes over in the same process."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from callbacks import InvalidArgument
from callbacks.resume.lock import DirectoryLock
from scripts.support.faults import failing

HOLD = """
import sys
from callbacks.resume.lock import DirectoryLock
lock = DirectoryLock(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_is_refused_until_the_first_has_ended(other, tmp_path):
    with pytest.raises(
        InvalidArgument, match=rf"directory must be one in which no .* but process {other.pid} on .* does"
    ):
        DirectoryLock(tmp_path)
    other.kill()
    other.wait()
    lock = DirectoryLock(tmp_path)
    lock.check()
    lock.release()
    lock.release()
    assert os.listdir(tmp_path) == []


def test_in_one_process_the_second_takes_over(tmp_path):
    first, second = DirectoryLock(tmp_path / "new"), DirectoryLock(tmp_path / "new" / ".." / "new")
    with pytest.raises(InvalidArgument, match="one in which no other fit of this process trains"):
        first.check()
    first.release()
    second.check()
    second.release()


def test_a_directory_that_cannot_be_made_is_not_locked(tmp_path):
    (tmp_path / "file").touch()
    lock = DirectoryLock(tmp_path / "file" / "below")
    lock.check()
    lock.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")
def test_a_forked_process_does_not_hold_it(tmp_path):
    lock = DirectoryLock(tmp_path)
    child = os.fork()
    if child == 0:
        os._exit(0 if _is_free(tmp_path) is False else 1)
    assert os.waitpid(child, 0)[1] == 0
    lock.check()
    lock.release()


def test_a_lock_that_cannot_be_opened_is_refused(tmp_path):
    with (
        failing(tmp_path, errno.EACCES, after=0),
        pytest.raises(InvalidArgument, match=r"directory must be a directory that can be written \(.lock: Permission"),
    ):
        DirectoryLock(tmp_path)
    DirectoryLock(tmp_path).release()


def test_a_file_system_without_locks_is_a_warning(tmp_path, monkeypatch):
    def flock(_file, _operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.warns(UserWarning, match=r"its file system has no locks \(No locks available\): train there in one"):
        lock = DirectoryLock(tmp_path)
    lock.check()
    lock.release()


def test_the_lock_of_another_is_not_removed(tmp_path):
    lock = DirectoryLock(tmp_path / "state")
    (tmp_path / "state" / ".lock").unlink()
    (tmp_path / "state" / ".lock").write_text("process 1 on another machine")
    lock.release()
    assert (tmp_path / "state" / ".lock").exists()


def _is_free(directory):
    try:
        DirectoryLock(directory)
    except InvalidArgument:
        return False
    return True
