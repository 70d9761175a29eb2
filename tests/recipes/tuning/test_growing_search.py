"""A search that is killed, resumed, extended and merged: its records only ever grow, and no training runs twice."""

import shutil
import subprocess
import sys
import time

import pytest

import recipes
from recipes.tuning.running.worker import Worker

from .records import trainings
from .test_interrupted_search import SMALL

pytestmark = [pytest.mark.whole_epochs, pytest.mark.thorough]


class Watched:
    """Searches in a directory, of which every line and every training is looked at."""

    def __init__(self, data, options, monkeypatch):
        self.data, self.options, self.trained = data, options, []
        train = Worker.run
        monkeypatch.setattr(Worker, "run", lambda this, job: self.trained.append(job.training.key) or train(this, job))

    def search(self, directory, **changes):
        """The comparison, and the keys of the trainings that ran."""
        before = (directory / "trainings.jsonl").read_bytes().splitlines(keepends=True)
        whole = [line for line in before if line.endswith(b"\n")]
        self.trained.clear()
        comparison = recipes.search(self.data, directory=directory, **{**self.options, **changes})
        after = (directory / "trainings.jsonl").read_bytes().splitlines(keepends=True)
        assert after[: len(whole)] == whole  # to the byte
        keys = [record["key"] for record in trainings(directory)]
        assert len(keys) == len(set(keys)) == len(whole) + len(self.trained)
        assert not {record["key"] for record in trainings(directory)[: len(whole)]} & set(self.trained)
        return comparison, list(self.trained)


def kill(directory, after):
    """Kills a search of two arms, in a process of its own, after so many trainings."""
    code = SMALL.replace("repeats=2", "repeats=3")
    process = subprocess.Popen([sys.executable, "-c", code, str(directory), "momentum adam", "none"])
    limit = time.monotonic() + 300
    while not ((directory / "trainings.jsonl").is_file() and len(trainings(directory)) >= after):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.kill()
    process.wait(timeout=60)


@pytest.mark.usefixtures("no_pictures")
def test_every_step_keeps_what_there_was(classes, search_options, tmp_path, monkeypatch):
    here, there, both = (tmp_path / name for name in ("here", "there", "both"))
    kill(here, after=4)
    watched = Watched(classes, {**search_options, "regularizers": ["none"], "repeats": 3}, monkeypatch)
    _, ran = watched.search(here)
    assert 0 < len(ran) <= 2 * 5 - 4
    _, ran = watched.search(here, repeats=10)
    assert sorted(ran) == sorted(f"{arm}+none/confirm/{k}" for arm in ("momentum", "adam") for k in range(3, 10))
    shutil.copytree(here, there)
    _, ran = watched.search(here, repeats=10, optimizers=["momentum", "adam", "sgd"])
    assert {key.partition("/")[0] for key in ran} == {"sgd+none"}
    assert len(ran) == 2 + 10
    _, ran = watched.search(there, repeats=10, optimizers=["momentum", "adam", "nadam"])
    assert len(ran) == 2 + 10
    recipes.merge_searches(here, there, to=both)
    lines = [set((place / "trainings.jsonl").read_bytes().splitlines()) for place in (here, there, both)]
    assert lines[2] == lines[0] | lines[1]
    names = ["momentum", "adam", "sgd", "nadam"]
    merged, ran = watched.search(both, repeats=10, optimizers=names)
    assert ran == []
    assert sorted(merged.table()["optimizer"]) == sorted(names)
    _, ran = watched.search(both, repeats=10, optimizers=names, trials=5)
    assert [key for key in ran if "/tune/" in key] == [f"{name}+none/tune/{k}" for name in names for k in (2, 3, 4)]
    again = [key for key in ran if "/confirm/" in key]
    assert set(again) == {
        f"{name}+none/confirm/{k}/{key.rpartition('/')[2]}"
        for key in again
        for name in [key.partition("+")[0]]
        for k in range(10)
    }
    with pytest.raises(recipes.InvalidArgument, match=r"repeats=10, not 3, and a search leaves out nothing"):
        watched.search(both, optimizers=names, trials=5)
