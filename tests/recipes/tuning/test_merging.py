"""Searches that were run apart become one, or are refused with the difference named."""

import json
import shutil

import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.cli import main
from recipes.stored.json_files import unsealed
from recipes.tuning.comparison import Comparison
from recipes.tuning.ledger import Ledger, read_records
from recipes.tuning.outcomes import outcomes_file
from recipes.tuning.running.runner import Job
from recipes.tuning.settings import plan_in, read_settings


@pytest.fixture
def part(found, tmp_path):
    """``part("a", optimizers=["adam"])``: the search of the other tests as if it had been run with fewer names."""

    def part(name, keep=lambda record: True, change=lambda record: record, **settings):
        directory = tmp_path / name
        directory.mkdir()
        stored = read_settings(found.directory)
        factors = {plural: settings.pop(plural, levels) for plural, levels in stored["factors"].items()}
        stored |= {"factors": factors, **factors, **settings}
        (directory / "settings.json").write_text(json.dumps(stored))
        arms = {arm.name for arm in plan_in(stored).arms}
        lines = (found.directory / "trainings.jsonl").read_text().splitlines()
        records = [unsealed(json.loads(line)) for line in lines]
        kept = [change(record) for record in records if record["arm"] in arms and keep(record)]
        (directory / "trainings.jsonl").write_text("".join(json.dumps(record) + "\n" for record in kept))
        for folder in ("outcomes", "weights"):
            shutil.copytree(found.directory / folder, directory / folder)
        return directory

    return part


def lines_of(directory):
    return (directory / "trainings.jsonl").read_bytes().splitlines()


def test_arms_that_were_run_apart(part, found, classes, tmp_path):
    places = [part(name, optimizers=[name], default_arm=f"{name}+none") for name in ("momentum", "adam")]
    assert recipes.merge_searches(*places, to=tmp_path / "both") == tmp_path / "both"
    assert lines_of(tmp_path / "both") == [line for place in places for line in lines_of(place)]
    assert read_settings(tmp_path / "both") == read_settings(found.directory)
    both = Comparison.load(tmp_path / "both")
    assert both.table().equals(found.table())
    assert both.verdict == found.verdict  # with the outcomes of the test examples
    assert both.settings["merged"] == f"{places[0]}, {places[1]}"
    assert both.ensemble(classes).verdict == found.ensemble(classes).verdict  # with the weights
    with Ledger(tmp_path / "both", read_settings(found.directory)) as ledger:
        assert len(ledger) == 16
        assert not ledger.extended


def test_seeds_that_were_run_apart(part, tmp_path):
    """Both have the tuning; one has the first repeats and the other, which was extended, the second ones."""
    first = part("first", keep=lambda r: r["stage"] == "tune" or r["trial"] == 0, repeats=1)
    second = part("second", keep=lambda r: r["stage"] == "tune" or r["trial"] == 1)
    recipes.merge_searches(first, second, to=tmp_path / "both")
    assert set(lines_of(tmp_path / "both")) == {*lines_of(first), *lines_of(second)}
    assert len(lines_of(tmp_path / "both")) == 16
    assert Comparison.load(tmp_path / "both").finished


def test_what_the_merged_search_lacks_is_said(part, tmp_path, capsys):
    places = [
        part("a", optimizers=["momentum"]),
        part("b", optimizers=["adam"], regularizers=["none"], default_arm="adam+none"),
    ]
    with pytest.raises(SystemExit) as end:
        main(["merge", *map(str, places), "--to", str(tmp_path / "both")])
    assert end.value.code == 0
    assert "12 of 16 trainings have ended, 3 of 4 arms are complete." in capsys.readouterr().out.replace("\n", " ")


def test_repeats_of_different_settings(part, found, tmp_path):
    """One search has three trials, the last of which is best: its repeats have the same name and count."""
    records = read_records(found.directory)[0]
    plan = plan_in({**read_settings(found.directory), "trials": 3})
    more = {}
    for arm in plan.arms:
        for training in plan.of(arm, {**records, **more}):
            if training.key not in records:
                job = Job.of(training, plan, {**records, **more})
                more[training.key] = job.record(learning_rate=0.5, validation_score=1.0, validation_loss=0.0)

    def surpassed(record):
        values = next(r.values for r in more.values() if r.arm == record["arm"])
        return {**record, "values": values} if record["stage"] == "confirm" else record

    few, many = part("few"), part("many", change=surpassed, trials=3)
    with open(many / "trainings.jsonl", "a") as file:
        file.writelines(record.to_json() + "\n" for record in more.values())
    for name, places in (("one", (few, many)), ("other", (many, few))):
        recipes.merge_searches(*places, to=tmp_path / name)
        merged = read_records(tmp_path / name)[0]
        assert len(merged) == 16 + 4 + 8
        assert set(lines_of(places[0])) <= set(lines_of(tmp_path / name))
        comparison = Comparison.load(tmp_path / name)
        assert comparison.finished
        assert set(comparison.results.stage("confirm")["learning_rate"]) == {
            r.values["learning_rate"] for r in more.values()
        }
        assert any(sentence.startswith("8 repeats of settings that a later trial") for sentence in comparison.verdict)
        assert all(outcomes_file(tmp_path / name, key).is_file() for key in merged if "confirm" in key)


def halved(record):
    return {**record, "validation_score": record["validation_score"] / 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 2}, "b has epochs=2, not 1, on which its trainings depend"),
        ({"seed": 5}, "b has seed=5, not 0, on which its trainings depend"),
        ({"data": {"fingerprint": "other"}}, 'b has data.fingerprint="other", not '),
        ({"change": halved}, r"momentum\+none/tune/0 has the validation_score 0\.\d+ in one, 0\.\d+ in another"),
        ({"trials": 3, "widen": True}, "b has widen=true, not false"),
    ],
)
def test_what_is_not_one_search_is_refused(part, found, tmp_path, change, message):
    if "data" in change:
        change = {"data": {**read_settings(found.directory)["data"], **change["data"]}}
    first, second = part("a"), part("b", **change)
    with pytest.raises(InvalidArgument, match=f"directories must be searches .*{message}"):
        recipes.merge_searches(first, second, to=tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_where_merging_is_refused(part, tmp_path):
    first, second = part("a"), part("b")
    for places in ((first,), (first, first), (first, tmp_path / "b" / ".." / "a")):
        with pytest.raises(InvalidArgument, match="directories must be at least two, all different"):
            recipes.merge_searches(*places, to=tmp_path / "both")
    with pytest.raises(InvalidArgument, match="to must be a new or empty directory"):
        recipes.merge_searches(first, second, to=second)
    with pytest.raises(InvalidArgument, match="that `recipes search` has written"):
        recipes.merge_searches(first, tmp_path, to=tmp_path / "both")
    with Ledger(first, read_settings(first)), pytest.raises(InvalidArgument, match="that no process is writing to"):
        recipes.merge_searches(first, second, to=tmp_path / "both")
    assert not (tmp_path / "both").exists()
