"""watch: what it shows of a search that is under way is what the search has written."""

import io
import math

import pytest

import recipes
from recipes.terminal import Terminal
from recipes.tuning.designs import cross
from recipes.tuning.ledger import Ledger, running_file
from recipes.tuning.plan import Training
from recipes.tuning.running.epoch_writer import read_epochs
from recipes.tuning.running.runner import Job
from recipes.tuning.running.watching import shown, standing, watch

SETTINGS = {
    "factors": {"optimizers": ["momentum", "adam"], "regularizers": ["none"]},
    "design": "crossed",
    "epochs": 5,
    "trials": 2,
    "repeats": 2,
    "seed": 0,
    "prune": "none",
    "widen": False,
    "confidence": 0.95,
    "metric": "accuracy",
    "direction": "max",
    "default_arm": "momentum+none",
    "recipe": {},
    "data": {"counts": {"train": 10, "validation": 5, "test": 5}},
}
ARMS = cross(["momentum", "adam"], ["none"])


def record(key, score, seconds=2.0):
    name, stage, number = key.split("/")
    training = Training(next(arm for arm in ARMS if arm.name == name), stage, int(number), 0)
    outcome = {"validation_score": score, "validation_loss": 1.0, "seconds": seconds}
    return Job(training, {"learning_rate": 0.01}).record(**outcome)


@pytest.fixture
def under_way(tmp_path):
    """A search with four of its eight trainings done and two under way."""
    with Ledger(tmp_path / "search", SETTINGS) as ledger:
        for key, score in {
            "momentum+none/tune/0": 0.5,
            "momentum+none/tune/1": math.nan,
            "momentum+none/confirm/0": 0.6,
            "adam+none/tune/0": 0.7,
        }.items():
            ledger.add(record(key, score))
        for key, rows in {
            "momentum+none/confirm/1": "0,0.8,0.55\n1,0.7,0.61\n",
            "adam+none/tune/1": "0,0.9,0.3\n1,0.",
        }.items():
            path = running_file(ledger.directory, key)
            path.parent.mkdir(exist_ok=True)
            path.write_text("epoch,loss,val_accuracy\n" + rows)
        yield ledger


def text(now, rows=10):
    console = Terminal(file=io.StringIO(), width=100)
    console.print(shown(now, rows))
    return console.file.getvalue()


def test_what_is_done_and_what_is_left(under_way):
    now = standing(under_way.directory)
    assert (now.finished, now.total) == (4, 8)
    assert now.seconds_left == pytest.approx(4 * 2.0 / 2)
    assert now.arms == [
        {"arm": "momentum+none", "tuned": 2, "confirmed": 1, "best": 0.5, "mean": pytest.approx(0.6)},
        {"arm": "adam+none", "tuned": 1, "confirmed": 0, "best": 0.7, "mean": pytest.approx(math.nan, nan_ok=True)},
    ]
    assert now.running == [
        {"training": "momentum+none/confirm/1", "epoch": 2, "score": 0.61},
        {"training": "adam+none/tune/1", "epoch": 1, "score": 0.3},  # the row that is not whole is left out
    ]


def test_what_it_looks_like(under_way):
    page = text(standing(under_way.directory))
    assert "4 of 8 trainings, about 4.0 s left" in page
    assert page.index("momentum+none") < page.index("adam+none")
    assert "momentum+none/confirm/1: epoch 2 of 5, 61.00" in page
    assert "adam+none   " not in text(standing(under_way.directory), rows=1)


def test_before_anything_has_ended(tmp_path):
    with Ledger(tmp_path / "search", SETTINGS) as ledger:
        now = standing(ledger.directory)
    assert (now.finished, now.total, now.running) == (0, 8, [])
    assert math.isnan(now.seconds_left)
    assert "0 of 8 trainings" in text(now)


def test_without_a_terminal_it_looks_once(under_way):
    console = Terminal(file=io.StringIO(), width=100)
    watch(under_way.directory, console=console)
    assert console.file.getvalue().count("4 of 8 trainings") == 1


def test_on_a_terminal_it_ends_with_the_search(under_way, monkeypatch):
    def go_on(seconds):
        assert seconds == 0.25
        under_way.add(record(next(key for key in rest if key not in under_way), 0.9))

    rest = [f"{arm.name}/{stage}/{k}" for arm in ARMS for stage in ("tune", "confirm") for k in (0, 1)]
    monkeypatch.setattr("time.sleep", go_on)
    console = Terminal(file=io.StringIO(), width=100, force_terminal=True)
    watch(under_way.directory, every=0.25, console=console)
    assert "8 of 8 trainings, done" in console.file.getvalue()


@pytest.mark.thorough
def test_a_search_leaves_nothing_of_what_was_running(classes, tiny, tmp_path):
    seen = []

    def look(self, record):
        seen.append([row["epoch"] for row in read_epochs(running_file(self.directory, record.key))])
        return add(self, record)

    add = Ledger.add
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "add", look)
        found = recipes.search(
            classes,
            recipe=tiny(),
            optimizers=["adam"],
            regularizers=["none"],
            epochs=2,
            trials=1,
            repeats=1,
            directory=tmp_path / "search",
            verbose=0,
        )
    assert seen == [[0, 1], [0, 1]]
    assert not (found.directory / "running").exists()
    now = standing(found.directory)
    assert (now.finished, now.total, now.seconds_left) == (2, 2, 0.0)


def test_no_search(tmp_path):
    with pytest.raises(recipes.InvalidArgument, match="directory must be"):
        standing(tmp_path)


def test_a_search_that_was_killed_is_not_waited_for(under_way):
    assert standing(under_way.directory).alive
    under_way.__exit__()
    try:
        now = standing(under_way.directory)
        assert not now.alive
        assert now.running == []
        assert "4 of 8 trainings, not running" in text(now)
        console = Terminal(file=io.StringIO(), width=100, force_terminal=True)
        watch(under_way.directory, every=60, console=console)  # ends
        assert "not running" in console.file.getvalue()
        assert "It cannot be extended by this version (" in console.file.getvalue()  # its settings have no recipe
    finally:
        under_way.__enter__()
