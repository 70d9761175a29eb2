"""A search that has not ended, at every stage: what is known of it, and what is missing."""

import json

import pytest

from callbacks.checks import InvalidArgument
from recipes.cli import main
from recipes.tuning.comparison import Comparison
from recipes.tuning.counted import count
from recipes.tuning.ledger import Ledger, read_records
from recipes.tuning.running.runner import Job
from recipes.tuning.settings import plan_in, read_settings


@pytest.fixture
def begun(found, tmp_path):
    """``begun(5)``: the directory of a search of 16 trainings with 4 arms, of which so many have ended."""
    lines = (found.directory / "trainings.jsonl").read_bytes().splitlines(keepends=True)

    def begun(ended, torn=b""):
        (tmp_path / "settings.json").write_bytes((found.directory / "settings.json").read_bytes())
        (tmp_path / "trainings.jsonl").write_bytes(b"".join(lines[:ended]) + torn)
        return tmp_path

    return begun


def report(directory):
    with pytest.raises(SystemExit) as end:
        main(["report", str(directory)])
    assert end.value.code == 0


@pytest.mark.parametrize("ended", [4, 7, 8, 13, 15])
def test_the_complete_arms_are_compared(begun, found, ended):
    comparison = Comparison.load(begun(ended, torn=b'{"key": "ad'))
    arms = list(dict.fromkeys(found.results.trials["arm"]))[: ended // 4]
    assert sorted(comparison.table()["arm"]) == sorted(arms)
    assert comparison.verdict[0].startswith(f"Unfinished: {ended} of 16 trainings have ended, {ended // 4} of 4 arms ")
    assert comparison.verdict[0].endswith("The same search again goes on.")
    assert comparison.verdict[-2].startswith("Decision so far: ")  # the last names the outcomes that are missing here
    assert not comparison.finished
    alone, whole = (table.set_index("arm").loc[arms] for table in (comparison.table(), found.table()))
    assert alone["test_mean"].equals(whole["test_mean"])


def test_a_finished_search_says_nothing_of_it(found):
    assert found.finished
    assert "unfinished" not in found.results.settings


def test_main_effects_compare_arms_in_the_same_company(begun):
    """After three arms of four: momentum+none, adam+none, momentum+dropout."""
    effects = Comparison.load(begun(12)).results.main_effects.set_index("level")
    table = Comparison.load(begun(12)).table().set_index("arm")
    for level, arm in (("momentum", "momentum+none"), ("adam", "adam+none"), ("dropout", "momentum+dropout")):
        assert effects.loc[level, "test_mean"] == pytest.approx(table.loc[arm, "test_mean"])


@pytest.mark.parametrize("ended", [0, 3])
def test_before_an_arm_is_complete(begun, ended, capsys):
    directory = begun(ended)
    with pytest.raises(InvalidArgument, match=rf"a complete arm \({ended} of 16 trainings have ended, 0 of 4 arms are"):
        Comparison.load(directory)
    report(directory)
    output = capsys.readouterr().out
    assert f"{ended} of 16 trainings" in output
    assert "No arm is complete" in output
    assert {path.name for path in directory.iterdir()} == {"settings.json", "trainings.jsonl"}


@pytest.mark.usefixtures("no_pictures")
def test_while_another_process_writes(begun, found, capsys):
    directory = begun(14)
    records = list(read_records(found.directory)[0].values())
    with Ledger(directory, read_settings(directory)) as ledger:
        for record in records[14:]:
            report(directory)
            assert f"{len(ledger)} of 16 trainings" in capsys.readouterr().out
            ledger.add(record)
        report(directory)
    assert "Unfinished" not in capsys.readouterr().out


def test_the_command_that_goes_on(begun):
    directory = begun(5)
    (directory / "environment.json").write_text(json.dumps({"command": "recipes search digits"}))
    assert Comparison.load(directory).verdict[0].endswith(f"To go on: `recipes search digits --directory {directory}`.")


def test_superseded_repeats_are_counted_apart(found):
    """With more trials the first setting of an arm may be surpassed: its repeats no longer count."""
    records = dict(read_records(found.directory)[0])
    settings = read_settings(found.directory)
    assert count(plan_in(settings), records).superseded == 0
    plan = plan_in({**settings, "trials": 3})
    counted = count(plan, records)
    assert (counted.planned, counted.finished, counted.superseded) == (20, 8, 0)  # until the tuning has ended
    (new,) = (training for training in plan.of(plan.arms[0], records) if training.key not in records)
    records[new.key] = Job.of(new, plan, records).record(learning_rate=0.5, validation_score=2.0, validation_loss=0.0)
    counted = count(plan, records)
    assert (counted.planned, counted.finished, counted.superseded) == (20, 9, 2)
