"""Two trainings in one directory: the second is refused, or takes over in the same process."""

import os
import subprocess
import sys

import pytest

from callbacks import InvalidArgument
from callbacks.resume.lock import DirectoryLock

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


def _is_free(directory):
    try:
        DirectoryLock(directory)
    except InvalidArgument:
        return False
    return True
