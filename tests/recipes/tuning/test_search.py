import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.catalogue import Entry, Range
from recipes.optimizers import OPTIMIZERS, SGD
from recipes.recipe import Recipe
from recipes.tuning.arms import Arm
from recipes.tuning.comparison import Comparison

pytestmark = pytest.mark.whole_epochs

TIMES = ["seconds", "seconds_to_default"]

FILES = {
    *("settings.json", "trainings.jsonl", "environment.json", "keras_tuner", "verdict.txt", "report.html", "plots"),
    *("trials.csv", "epochs.csv", "summary.csv", "main_effects.csv", "best"),
}


def trainings(directory):
    """The ledger's records without their seconds."""
    lines = (Path(directory) / "trainings.jsonl").read_text().splitlines()
    return [{**json.loads(line), "seconds": None} for line in lines]


def same_records(first, second):
    return json.dumps(first) == json.dumps(second)  # as text, so that NaN equals NaN


def without_seconds(path):
    return pd.read_csv(path).drop(columns=["seconds", "seconds_to_default"], errors="ignore").to_csv(index=False)


def test_everything_is_written(found):
    assert {each.name for each in found.directory.iterdir()} == FILES
    assert {each.name for each in (found.directory / "best").iterdir()} == {
        *("saved_model", "model.keras", "recipe.json", "spec.json", "export.json")
    }
    assert list((found.directory / "plots").glob("*.png"))
    assert (found.directory / "verdict.txt").read_text().splitlines() == found.verdict
    pd.testing.assert_frame_equal(pd.read_csv(found.directory / "summary.csv"), found.table(), check_dtype=False)
    environment = json.loads((found.directory / "environment.json").read_text())
    assert environment["command"] == "recipes.search(...)"
    assert environment["versions"]["keras"] == keras.__version__


def test_the_records_of_a_search(found):
    records = trainings(found.directory)
    assert len({record["key"] for record in records}) == len(records) == 16
    for record in records:
        assert record["epochs_run"] == 1
        assert record["best_epoch"] == 1
        assert not record["diverged"]
        assert 0.0 <= record["validation_score"] <= 1.0
        assert math.isnan(record["test_score"]) == (record["stage"] == "tune")
        assert {len(curve) for curve in record["history"].values()} == {1}
        assert record["history"]["val_score"][0] == pytest.approx(record["validation_score"])
        assert record["history"]["learning_rate"][0] < record["values"]["learning_rate"]
    for arm in ("momentum+none", "adam+dropout"):
        mine = [record for record in records if record["arm"] == arm]
        assert [record["seed"] for record in mine] == [0, 0, 1, 2]
        tuned, confirmed = mine[:2], mine[2:]
        best = max(tuned, key=lambda record: (record["validation_score"], -record["validation_loss"]))
        assert all(record["values"] == best["values"] for record in confirmed)
    points = [record["values"]["learning_rate"] for record in records if record["arm"] == "momentum+dropout"][:2]
    assert points == [record["values"]["learning_rate"] for record in records if record["arm"] == "momentum+none"][:2]


def test_a_record_is_that_of_a_training_alone(found, classes, search_options):
    for number in (3, 9):
        record = trainings(found.directory)[number]
        arm = Arm(record["optimizer"], record["regularizer"])
        recipe = arm.recipe(search_options["recipe"], record["values"])
        run = recipes.fit(classes, recipe, epochs=1, seed=record["seed"], verbose=0)
        assert run.history["val_loss"] == record["history"]["val_loss"]
        assert run.evaluate("validation")["accuracy"] == record["validation_score"]


def test_the_best_recipe_is_exported(found):
    first = found.table().iloc[0]
    assert found.best.optimizer == first["optimizer"]
    assert found.best.regularizer_name == first["regularizer"]
    assert found.best.learning_rate == first["learning_rate"]
    assert found.best.model == {"name": "mlp", "hidden": (8,)}
    assert Recipe.from_json((found.directory / "best" / "recipe.json").read_text()) == found.best
    rows = found.results.trials
    rows = rows[(rows["arm"] == first["arm"]) & (rows["stage"] == "confirm")]
    assert rows.set_index("seed").loc[found.best_seed, "validation_score"] == rows["validation_score"].max()
    facts = json.loads((found.directory / "best" / "export.json").read_text())
    assert facts["test"]["accuracy"] == rows.set_index("seed").loc[found.best_seed, "test_score"]


def test_a_comparison_is_read_back(found):
    back = Comparison.load(found.directory)
    pd.testing.assert_frame_equal(back.table(), found.table())
    assert back.verdict == found.verdict
    assert back.best == found.best
    assert back.best_seed == found.best_seed
    assert back.tuner is None
    assert back.settings["command"] == "recipes.search(...)"
    assert len(back.plot().axes) >= 1
    table = back.table()
    table.loc[0, "arm"] = "changed"
    assert back.table().loc[0, "arm"] != "changed"


def test_what_cannot_be_read_back(found, tmp_path):
    with pytest.raises(InvalidArgument, match="`recipes search` has written"):
        Comparison.load(tmp_path)
    (tmp_path / "settings.json").write_bytes((found.directory / "settings.json").read_bytes())
    lines = (found.directory / "trainings.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "trainings.jsonl").write_bytes(b"".join(lines[:5]))
    with pytest.raises(InvalidArgument, match="it has 5 of 16 trainings"):
        Comparison.load(tmp_path)


@pytest.mark.thorough
def test_a_finished_search_is_not_repeated(found, classes, search_options):
    before = {
        path: path.read_bytes()
        for path in found.directory.rglob("*")
        if path.is_file() and "keras_tuner" not in path.parts and path.suffix not in (".png", ".html")
    }
    again = recipes.search(classes, directory=found.directory, **search_options)
    pd.testing.assert_frame_equal(again.table(), found.table())
    for path, content in before.items():
        assert path.read_bytes() == content, path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 2}, "epochs=1, not 2"),
        ({"trials": 3}, "trials=2, not 3"),
        ({"seed": 1}, "seed=0, not 1"),
        ({"optimizers": ["adam"]}, "default_arm|optimizers="),
        ({"recipe": Recipe()}, "default_arm|recipe="),
    ],
)
def test_other_settings_in_the_same_directory(found, classes, search_options, change, message):
    before = (found.directory / "trainings.jsonl").read_bytes()
    with pytest.raises(InvalidArgument, match=message):
        recipes.search(classes, directory=found.directory, **{**search_options, **change})
    assert (found.directory / "trainings.jsonl").read_bytes() == before


def test_other_data_in_the_same_directory(found, binary, search_options):
    with pytest.raises(InvalidArgument, match="data="):
        recipes.search(binary, directory=found.directory, **search_options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be"),
        ({"trials": 0}, "trials must be"),
        ({"seeds": 0}, "seeds must be"),
        ({"seeds": 1, "confidence": 0.9}, "seeds must be >= 2 where a confidence is asked for"),
        ({"confidence": 1.0}, "confidence must be"),
        ({"confidence": 95}, "confidence must be"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**32 - 1}, "seed must be"),
        ({"optimizers": ["adm"]}, "did you mean 'adam'"),
        ({"optimizers": "adam"}, "optimizers must be a list"),
        ({"regularizers": []}, "regularizers must be a list"),
        ({"recipe": "mlp"}, "recipe must be a recipes.Recipe"),
        ({"recipe": Recipe(model=lambda spec: None)}, "recipe must be a recipe that can be written as JSON"),
        ({"recipe": Recipe(model="cnn")}, "use mlp for other data"),
        ({"data": "digits"}, "data must be what recipes.load"),
    ],
)
def test_what_is_refused_before_anything_is_written(tmp_path, classes, change, message):
    options = {"data": classes, "directory": tmp_path / "search", "verbose": 0, **change}
    with pytest.raises(InvalidArgument, match=message):
        recipes.search(options.pop("data"), **options)
    assert not list(tmp_path.iterdir())


SMALL = """
import sys
import numpy as np
import recipes

random = np.random.default_rng(0)
y = np.repeat(np.arange(3), 50)
x = random.normal(0, 0.7, (150, 4)) + 2.0 * np.eye(3, 4)[y]
data = recipes.Data.from_arrays(100.0 * x.astype("float32"), y, batch_size=16, name="classes",
                                class_names=("red", "green", "blue"))
recipe = recipes.Recipe(model={"name": "mlp", "hidden": (8,)})
recipes.search(data, optimizers=sys.argv[2].split(), regularizers=sys.argv[3].split(), recipe=recipe, epochs=1,
               trials=2, seeds=2, directory=sys.argv[1], verbose=0)
"""


def killed_search(directory, optimizers, regularizers, after):
    """Starts such a search in a process of its own, which is killed after so many trainings; their lines."""
    names = [" ".join(optimizers), " ".join(regularizers)]
    process = subprocess.Popen([sys.executable, "-c", SMALL, str(directory), *names], stderr=subprocess.PIPE, text=True)
    ledger = directory / "trainings.jsonl"
    limit = time.monotonic() + 120
    while not (ledger.is_file() and ledger.read_bytes().count(b"\n") >= after):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    before = ledger.read_bytes()
    whole = before[: before.rindex(b"\n") + 1]
    assert after <= whole.count(b"\n") < 4 * len(optimizers) * len(regularizers)
    assert not (directory / "summary.csv").exists()
    return whole


@pytest.mark.usefixtures("no_pictures")
def test_a_killed_search_of_one_arm_goes_on(found, classes, search_options, tmp_path):
    directory = tmp_path / "search"
    whole = killed_search(directory, ["momentum"], ["none"], after=1)
    options = {**search_options, "optimizers": ["momentum"], "regularizers": ["none"], "directory": directory}
    recipes.search(classes, **options)
    assert (directory / "trainings.jsonl").read_bytes().startswith(whole)
    assert same_records(trainings(directory), trainings(found.directory)[:4])


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_a_killed_search_goes_on_and_gives_the_same(found, classes, search_options, tmp_path):
    directory = tmp_path / "search"
    whole = killed_search(directory, search_options["optimizers"], search_options["regularizers"], after=6)
    ledger = directory / "trainings.jsonl"
    again = recipes.search(classes, directory=directory, **search_options)
    assert ledger.read_bytes().startswith(whole)
    assert same_records(trainings(directory), trainings(found.directory))
    for name in ("trials", "summary"):
        assert without_seconds(directory / f"{name}.csv") == without_seconds(found.directory / f"{name}.csv")
    for name in ("epochs.csv", "main_effects.csv", "verdict.txt"):
        assert (directory / name).read_bytes() == (found.directory / name).read_bytes()
    assert again.best == found.best
    assert again.best_seed == found.best_seed
    outputs = [keras.models.load_model(each / "best" / "model.keras") for each in (directory, found.directory)]
    x = classes.arrays("test")[0]
    assert np.array_equal(*(model.predict(x, verbose=0) for model in outputs))


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_an_interrupted_search_goes_on(found, classes, search_options, tmp_path, monkeypatch):
    from recipes.tuning.running import worker

    run, count = worker.Trainer.running, []

    def interrupted(self, **options):
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        return run(self, **options)

    options = {**search_options, "optimizers": ["momentum"], "regularizers": ["none"], "directory": tmp_path / "search"}
    with monkeypatch.context() as context:
        context.setattr(worker.Trainer, "running", interrupted)
        with pytest.raises(KeyboardInterrupt):
            recipes.search(classes, **options)
    assert len(trainings(tmp_path / "search")) == 2
    recipes.search(classes, **options)
    assert same_records(trainings(tmp_path / "search"), trainings(found.directory)[:4])


@pytest.fixture
def wild_sgd(monkeypatch):
    """The optimizer called "sgd" diverges at its first step, at whatever rate."""
    update_step = SGD.update_step

    def diverges(self, gradient, variable, learning_rate):
        return update_step(self, gradient * math.nan, variable, learning_rate)

    monkeypatch.setattr(SGD, "update_step", diverges)


@pytest.mark.thorough
@pytest.mark.usefixtures("wild_sgd", "no_pictures")
def test_a_diverging_arm_is_counted_and_stops_nothing(classes, tmp_path, search_options):
    options = {**search_options, "optimizers": ["sgd", "adam"], "regularizers": ["none"], "directory": tmp_path / "s"}
    found = recipes.search(classes, **options)
    table = found.table().set_index("arm")
    assert list(table.index) == ["adam+none", "sgd+none"]
    assert table.loc["sgd+none", "diverged"] == 4
    assert table.loc["sgd+none", "verdict"] == "default"
    assert table.loc["adam+none", "diverged"] == 0
    assert math.isnan(table.loc["sgd+none", "test_mean"])
    assert "The default arm (sgd with no regularizer) diverged" in found.verdict[1]
    lost = [record for record in trainings(found.directory) if record["optimizer"] == "sgd"]
    assert all("try a lower learning rate" in record["message"] for record in lost)
    assert (found.directory / "best" / "saved_model").is_dir()


@pytest.mark.thorough
@pytest.mark.usefixtures("wild_sgd")
def test_everything_may_diverge(classes, tmp_path, search_options):
    options = {
        **search_options,
        "trials": 1,
        "optimizers": ["sgd"],
        "regularizers": ["none"],
        "directory": tmp_path / "s",
    }
    found = recipes.search(classes, **options)
    assert found.verdict == ["Every arm diverged: lower the learning rates."]
    assert found.report() == str(found.directory / "report.html")
    notes = tmp_path / "notes.html"
    assert found.report(notes) == str(notes)
    notes.write_text("mine")
    with pytest.raises(InvalidArgument, match=r"path must be a file that does not exist yet"):
        found.report(notes)
    assert notes.read_text() == "mine"
    assert not (found.directory / "best").exists()


def break_adam(monkeypatch):
    """Every training with Adam raises, until ``monkeypatch.undo()``."""
    from recipes.tuning.running import worker

    run = worker.Trainer.running

    def fails(self, **options):
        if self.recipe.optimizer_name == "adam":
            raise ZeroDivisionError("a bug\nin two lines")
        return run(self, **options)

    monkeypatch.setattr(worker.Trainer, "running", fails)


@pytest.mark.usefixtures("no_pictures")
def test_trainings_that_raise_are_recorded_and_stop_nothing(classes, tmp_path, search_options, monkeypatch, capsys):
    break_adam(monkeypatch)
    options = {**search_options, "optimizers": ["momentum", "adam"], "regularizers": ["none"], "verbose": 1}
    found = recipes.search(classes, directory=tmp_path / "search", **options)
    rows = found.results.trials
    lost = rows[rows["optimizer"] == "adam"]
    assert set(lost["status"]) == {"failed"}
    assert set(lost["message"]) == {"ZeroDivisionError: a bug in two lines"}
    assert set(rows.loc[rows["optimizer"] == "momentum", "status"]) == {"finished"}
    table = found.table().set_index("arm")
    assert table.loc["adam+none", "verdict"] == "failed"
    assert table.loc["adam+none", "failed"] == len(lost) == 4
    assert math.isnan(table.loc["adam+none", "test_mean"])
    assert "adam+none/tune/0 failed: ZeroDivisionError: a bug in two lines" in capsys.readouterr().err
    assert found.verdict[-1] == "4 trainings failed, the first with ZeroDivisionError: a bug in two lines."


@pytest.mark.thorough
def test_trainings_that_raise_run_again_once_that_is_asked_for(classes, tmp_path, search_options, monkeypatch):
    break_adam(monkeypatch)
    options = {**search_options, "optimizers": ["momentum", "adam"], "regularizers": ["none"]}
    found = recipes.search(classes, directory=tmp_path / "search", **options)
    rows = found.results.trials
    monkeypatch.undo()  # the bug is mended
    again = recipes.search(classes, directory=tmp_path / "search", **options)
    assert list(again.table()["failed"]) == list(found.table()["failed"])  # a failure stays, unless it is asked for
    (tmp_path / "search" / "best" / "old").touch()
    mended = recipes.search(classes, directory=tmp_path / "search", retry_failed=True, **options)
    whole = recipes.search(classes, directory=tmp_path / "whole", **options)
    pd.testing.assert_frame_equal(mended.table().drop(columns=TIMES), whole.table().drop(columns=TIMES))
    assert not (tmp_path / "search" / "best" / "old").exists()  # the winner is another one, perhaps
    before = rows[rows["optimizer"] == "momentum"]["seconds"]
    after = mended.results.trials
    assert list(after[after["optimizer"] == "momentum"]["seconds"]) == list(before)  # these did not run again
    read = Comparison.load(tmp_path / "search")
    pd.testing.assert_frame_equal(read.table(), mended.table())


@pytest.mark.thorough
def test_where_everything_fails_the_cause_is_the_verdict(classes, tmp_path, search_options, monkeypatch):
    from recipes.tuning.running import worker

    def fails(_self, **_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(worker.Trainer, "running", fails)
    found = recipes.search(classes, directory=tmp_path / "search", **search_options)
    assert found.verdict == ["Every arm failed, the first training with ZeroDivisionError: a bug."]
    assert not (tmp_path / "search" / "best").exists()


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_regression(regression, tmp_path, search_options):
    options = {**search_options, "optimizers": ["adam", "momentum"], "regularizers": ["early_stopping"]}
    found = recipes.search(regression, directory=tmp_path / "search", **options)
    table = found.table()
    assert found.settings["metric"] == "root_mean_squared_error"
    assert list(table["validation_mean"]) == sorted(table["validation_mean"])
    assert table["test_mean"].between(1, 1000).all()
    assert "root mean squared error" in found.verdict[0]
    rows = found.results.trials
    rows = rows[(rows["arm"] == table["arm"].iloc[0]) & (rows["stage"] == "confirm")].set_index("seed")
    assert rows.loc[found.best_seed, "validation_score"] == rows["validation_score"].min()
    facts = json.loads((found.directory / "best" / "export.json").read_text())
    expected = rows.loc[found.best_seed, "test_score"]
    assert facts["test"]["root_mean_squared_error"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_the_default_directory(classes, tmp_path, monkeypatch, search_options):
    monkeypatch.chdir(tmp_path)
    options = {**search_options, "optimizers": ["adam"], "regularizers": ["none"], "trials": 1, "seeds": 1}
    found = recipes.search(classes, **options)
    assert found.directory == Path("searches/classes")
    assert os.listdir(tmp_path) == ["searches"]
    assert list(found.table()["verdict"]) == ["default"]


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_an_optimizer_of_ones_own(classes, tmp_path, search_options, monkeypatch):
    """What a script adds to a catalogue can be compared at once, and is refused where other processes train."""
    monkeypatch.setattr(OPTIMIZERS, "entries", dict(OPTIMIZERS.entries))
    rate = Range("learning_rate", 0.003, 0.3)
    OPTIMIZERS.add(Entry("mine", lambda learning_rate=0.01: SGD(learning_rate), "Mine.", "Me", (rate,)))
    options = {**search_options, "optimizers": ["momentum", "mine"], "regularizers": ["none"]}
    with pytest.raises(InvalidArgument, match=r"optimizer must be one that the package brings.*Received: .*'mine'"):
        recipes.search(classes, directory=tmp_path / "search", memory_limit=8, **options)
    assert not (tmp_path / "search").exists()
    found = recipes.search(classes, directory=tmp_path / "search", **options)
    assert set(found.table()["arm"]) == {"momentum+none", "mine+none"}
    assert (found.results.trials["status"] == "finished").all()
