import dataclasses
import fcntl
import math
import shutil
import threading

import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.report.plots import save_plots
from recipes.tuning.arms import Arm
from recipes.tuning.environment_file import write_environment
from recipes.tuning.ledger import Ledger, is_open, read_records
from recipes.tuning.outcomes import Outcomes, write_outcomes
from recipes.tuning.plan import Training
from recipes.tuning.running.runner import Job
from recipes.tuning.settings import read_settings

SETTINGS = {"epochs": 5, "optimizers": ["adam", "sgd"], "seed": 0}


KEYS = ["adam+none/tune/0", "adam+none/tune/1", "adam+none/tune/2"]


def record(number, score=None):
    job = Job(Training(Arm("adam", "none"), "tune", number, 0), {"learning_rate": 0.1})
    return job.record(validation_score=number / 3 if score is None else score, message="ä\n")


def make(directory, count=3):
    with Ledger(directory, SETTINGS) as ledger:
        for number in range(count):
            ledger.add(record(number))
    return directory / "trainings.jsonl"


def test_nothing_is_written_before_entering(tmp_path):
    Ledger(tmp_path / "new", SETTINGS)
    assert not list(tmp_path.iterdir())


def test_what_was_added_can_be_read_back(tmp_path):
    path = make(tmp_path / "deep" / "search")
    records, end = read_records(path.parent)
    assert end == path.stat().st_size
    assert [each.key for each in records.values()] == list(records) == KEYS
    assert records[KEYS[2]].validation_score == 2 / 3
    assert records[KEYS[2]].message == "ä\n"
    assert math.isnan(records[KEYS[2]].test_score)
    assert read_settings(path.parent) == SETTINGS
    with Ledger(path.parent, SETTINGS) as ledger:
        assert len(ledger) == 3
        assert ledger.get(KEYS[1]).validation_score == 1 / 3
        assert ledger.get("adam+none/tune/7") is None
        assert [each.key for each in ledger.records] == KEYS


@pytest.mark.parametrize("how", ["removed", "moved", "replaced"])
def test_what_is_added_to_a_directory_that_is_gone_is_refused(tmp_path, how):
    with Ledger(tmp_path / "search", SETTINGS) as ledger:
        ledger.add(record(0))
        if how == "removed":
            shutil.rmtree(tmp_path / "search")
        else:
            (tmp_path / "search").rename(tmp_path / "other")
        if how == "replaced":
            make(tmp_path / "search", 1)
        with pytest.raises(
            FileNotFoundError, match=r"removed, moved or replaced while the search ran: .*trainings.jsonl"
        ):
            ledger.add(record(1))
    assert list(read_records(tmp_path / "search")[0]) == KEYS[: how == "replaced"]
    assert not (tmp_path / "search").exists() or how == "replaced"


def test_nothing_brings_a_directory_back_that_was_removed(tmp_path):
    with Ledger(tmp_path / "search", SETTINGS) as ledger:
        shutil.rmtree(tmp_path / "search")
        for write in (
            lambda: write_environment(ledger, "recipes search digits", "this machine"),
            lambda: write_outcomes(ledger.directory, KEYS[0], Outcomes(np.ones(1), None, np.ones(1))),
            lambda: save_plots(None, ledger.directory / "plots"),
        ):
            with pytest.raises(FileNotFoundError, match="No such file or directory"):
                write()
    assert not (tmp_path / "search").exists()


def test_a_record_is_on_disk_at_once(tmp_path):
    with Ledger(tmp_path / "search", SETTINGS) as ledger:
        history = dict.fromkeys(("learning_rate", "loss", "score", "val_loss", "val_score"), (1.0, 2.0))
        written = ledger.add(dataclasses.replace(record(0), history=history))
        assert written.history["loss"] == [1.0, 2.0]
        assert written is ledger.get(KEYS[0])
        assert read_records(tmp_path / "search")[0][KEYS[0]].to_json() == written.to_json()


def test_a_torn_line_is_dropped_wherever_it_is_cut(tmp_path):
    path = make(tmp_path / "search")
    content = path.read_bytes()
    start = content.rindex(b"\n", 0, -1) + 1
    for cut in range(start, len(content)):
        path.write_bytes(content[:cut])
        assert list(read_records(path.parent)[0]) == KEYS[:2]
        with Ledger(path.parent, SETTINGS) as ledger:
            assert len(ledger) == 2
            assert path.read_bytes() == content[:start]
            if cut % 7 == 0:
                ledger.add(record(2))
                assert path.read_bytes() == content
    with Ledger(path.parent, SETTINGS) as ledger:
        path.write_bytes(content)


def test_a_damaged_line_in_the_middle_is_not_thrown_away(tmp_path):
    path = make(tmp_path / "search")
    lines = path.read_bytes().splitlines(keepends=True)
    for broken in (b"{\n", b"[]\n", b"{}\n", b"\xff\n", b"\n"):
        damaged = b"".join([lines[0], broken, lines[2]])
        path.write_bytes(damaged)
        with (
            pytest.raises(InvalidArgument, match=r"undamaged.*trainings\.jsonl, line 2"),
            Ledger(path.parent, SETTINGS),
        ):
            pass
        assert path.read_bytes() == damaged
    path.write_bytes(b"".join(lines))
    with Ledger(path.parent, SETTINGS) as ledger:
        assert len(ledger) == 3


def test_an_empty_ledger(tmp_path):
    path = make(tmp_path / "search", count=0)
    assert read_records(path.parent) == ({}, 0)
    path.write_bytes(b'{"key"')
    with Ledger(path.parent, SETTINGS) as ledger:
        assert len(ledger) == 0
    assert path.read_bytes() == b""
    path.unlink()
    assert read_records(path.parent) == ({}, 0)


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({**SETTINGS, "epochs": 6}, "epochs=5, not 6"),
        ({**SETTINGS, "optimizers": ["adam"]}, r'optimizers=\["adam", "sgd"\], not \["adam"\]'),
        ({"epochs": 5, "optimizers": ["adam", "sgd"]}, "seed=0, not null"),
        ({**SETTINGS, "more": 1}, "more=null, not 1"),
        ({**SETTINGS, "epochs": "x" * 200}, r"epochs=5, not \"x+\.\.\."),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, other, difference):
    path = make(tmp_path / "search")
    before = path.read_bytes()
    with pytest.raises(InvalidArgument, match=difference):
        Ledger(tmp_path / "search", other)
    assert path.read_bytes() == before
    assert read_settings(tmp_path / "search") == SETTINGS


def test_a_search_of_version_0_1_goes_on(tmp_path):
    before = '{"epochs": 5, "recipe": {"recipe": 1, "model": "mlp", "regularization": ["early_stopping"]}}'
    (tmp_path / "settings.json").write_text(before)
    recipe = {"recipe": 1, "model": "mlp", "regularizer": ["early_stopping"]}
    assert read_settings(tmp_path) == {"epochs": 5, "recipe": recipe}
    with Ledger(tmp_path, {"epochs": 5, "recipe": recipe}) as ledger:
        ledger.add(record(0))
    with pytest.raises(InvalidArgument, match=r"recipe\.regularizer="):
        Ledger(tmp_path, {"epochs": 5, "recipe": {**recipe, "regularizer": ["l2"]}})


def test_settings_are_compared_as_json(tmp_path):
    make(tmp_path / "search")
    assert Ledger(tmp_path / "search", {**SETTINGS, "optimizers": ("adam", "sgd")}).settings == SETTINGS


def test_a_foreign_directory_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(InvalidArgument, match="holds other files"):
        Ledger(tmp_path, SETTINGS)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(InvalidArgument, match="that of an undamaged search"):
        Ledger(tmp_path, SETTINGS)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["settings.json", "thesis.txt"]


def test_what_a_search_leaves_that_was_killed_as_it_began_counts_as_nothing(tmp_path):
    for name in ("trainings.jsonl", "environment.json", ".environment.json.x4kq", ".settings.json.2", "search.yaml"):
        (tmp_path / name).touch()
    (tmp_path / "outcomes").mkdir()
    (tmp_path / "outcomes" / "of another search.npz").touch()
    (tmp_path / "keras_tuner" / "trial").mkdir(parents=True)
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.add(record(0))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["settings.json", "trainings.jsonl"]
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert list(ledger) == KEYS[:1]
    (tmp_path / "settings.json").unlink()
    with pytest.raises(InvalidArgument, match="holds other files"):  # results are not thrown away
        Ledger(tmp_path, SETTINGS)


@pytest.mark.parametrize("name", ["summary.csv", "best", "thesis.txt"])
def test_results_are_not_what_is_left_over(tmp_path, name):
    (tmp_path / "environment.json").touch()
    (tmp_path / name).touch()
    with pytest.raises(InvalidArgument, match="holds other files"):
        Ledger(tmp_path, SETTINGS)


def test_one_process_at_a_time(tmp_path):
    path = make(tmp_path / "search")
    with Ledger(tmp_path / "search", SETTINGS) as first:
        second = Ledger(tmp_path / "search", SETTINGS)
        with pytest.raises(InvalidArgument, match="no other search is writing"), second:
            pass
        first.add(record(3))
    with second:
        assert len(second) == 4
    assert len(path.read_text().splitlines()) == 4


def test_two_that_start_together_with_other_settings(tmp_path):
    first, second = Ledger(tmp_path / "search", SETTINGS), Ledger(tmp_path / "search", {**SETTINGS, "epochs": 6})
    with first:
        first.add(record(0))
    with pytest.raises(InvalidArgument, match="epochs=5, not 6"), second:
        pass
    assert read_settings(tmp_path / "search") == SETTINGS
    with Ledger(tmp_path / "search", SETTINGS) as again:  # the refused one has let go of the lock
        assert len(again) == 1


def test_what_is_forgotten_is_gone_and_can_be_added_again(tmp_path):
    make(tmp_path / "search")
    with Ledger(tmp_path / "search", read_settings(tmp_path / "search")) as ledger:
        first, second, *_ = ledger
        ledger.forget([first, second, "unknown"])
        assert first not in ledger
        ledger.add(record(1, score=0.125))
    records, _ = read_records(tmp_path / "search")
    assert first not in records
    assert records[second].validation_score == 0.125
    lines = (tmp_path / "search" / "trainings.jsonl").read_text().splitlines()
    assert len(lines) == 3 + 2  # nothing was taken out of the file


def test_whether_a_process_is_writing(tmp_path):
    assert not is_open(tmp_path / "search")
    make(tmp_path / "search")
    assert not is_open(tmp_path / "search")
    with Ledger(tmp_path / "search", read_settings(tmp_path / "search")):
        assert is_open(tmp_path / "search")
    assert not is_open(tmp_path / "search")


def test_a_look_at_the_wrong_moment_does_no_harm(tmp_path):
    make(tmp_path / "search")
    with open(tmp_path / "search" / "trainings.jsonl") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        threading.Timer(0.08, fcntl.flock, (file, fcntl.LOCK_UN)).start()
        with Ledger(tmp_path / "search", read_settings(tmp_path / "search")) as ledger:
            assert len(ledger) == 3
