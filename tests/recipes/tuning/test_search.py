import json
import math
import os
import shutil
import warnings
from pathlib import Path

import keras
import pandas as pd
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.catalogue import Entry, Range
from recipes.optimizers import OPTIMIZERS, SGD
from recipes.recipe import Recipe
from recipes.serving import export as exporting
from recipes.serving.gate import ExportMismatch
from recipes.tuning.arms import Arm
from recipes.tuning.comparison import Comparison
from recipes.tuning.running.worker import Worker

from .records import TIMES, same_records, trainings

pytestmark = pytest.mark.whole_epochs

FILES = {
    *("settings.json", "trainings.jsonl", "environment.json", "keras_tuner", "verdict.txt", "report.html", "plots"),
    *("trials.csv", "epochs.csv", "summary.csv", "main_effects.csv", "best", "outcomes", "weights"),
}


def test_the_first_trial_is_what_fit_trains(found, classes, search_options):
    """The default setting, at the rate of a range test: by the same training as `recipes.fit`."""
    base = search_options["recipe"]
    first = found.results.trials.iloc[0]
    arm = Arm(first["optimizer"], first["regularizer"])
    assert (first["stage"], first["trial"]) == ("tune", 0)
    run = recipes.fit(classes, arm.recipe(base, {}), epochs=1, seed=int(first["seed"]), verbose=0)
    assert run.range_test is not None
    assert first["learning_rate"] == run.recipe.learning_rate
    assert first["validation_loss"] == pytest.approx(run.history["val_loss"][0], rel=1e-5)
    assert first["validation_score"] == pytest.approx(run.history["val_accuracy"][0], abs=1e-6)


def test_everything_is_written(found):
    assert {each.name for each in found.directory.iterdir()} == FILES
    assert {each.name for each in (found.directory / "best").iterdir()} == {
        *("1", "SERVING.md", "model.keras", "recipe.json", "spec.json", "export.json"),
        *("model_card.md", "model_card.json"),
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


@pytest.mark.usefixtures("no_pictures")
def test_results_stay_where_the_best_recipe_cannot_be_exported(found, classes, search_options, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise ExportMismatch("saved_model differs")

    shutil.copytree(found.directory, tmp_path / "search")
    shutil.rmtree(tmp_path / "search" / "best")
    monkeypatch.setattr(exporting, "export", refuse)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        again = recipes.search(classes, directory=tmp_path / "search", **search_options)
    (warning,) = [warning for warning in caught if warning.category is UserWarning]
    assert str(warning.message).endswith("search/best: saved_model differs")
    assert warning.filename == __file__
    assert again.table()["test_mean"].tolist() == found.table()["test_mean"].tolist()


def test_the_best_recipe_is_exported(found):
    first = found.table().query("chosen != 'no'").iloc[0]
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


def test_what_cannot_be_read_back(tmp_path):
    with pytest.raises(InvalidArgument, match="`recipes search` has written"):
        Comparison.load(tmp_path)


@pytest.mark.thorough
@pytest.mark.usefixtures("no_pictures")
def test_more_repeats_and_names_extend_a_search(found, classes, search_options, tmp_path, monkeypatch):
    """No training runs twice, every record is that of a search which asked for all at once, and the verdict as well."""
    directory = tmp_path / "search"
    shutil.copytree(found.directory, directory)
    before, trained = trainings(directory), []
    train = Worker.run
    monkeypatch.setattr(Worker, "run", lambda self, job: trained.append(job.training.key) or train(self, job))
    more = {**search_options, "repeats": 3, "optimizers": ["momentum", "sgd", "adam"], "margin": 2.0}
    extended = recipes.search(classes, directory=directory, **more)
    assert same_records(trainings(directory)[: len(before)], before)
    assert len(trained) == len(set(trained)) == 4 + 2 * 5  # a seed for each of four arms, and two new arms
    assert not {record["key"] for record in before} & set(trained)
    whole = recipes.search(classes, directory=tmp_path / "whole", **more)
    by_key = [{record["key"]: record for record in trainings(place)} for place in (directory, tmp_path / "whole")]
    assert same_records(sorted(by_key[0].items()), sorted(by_key[1].items()))
    pd.testing.assert_frame_equal(extended.table().drop(columns=TIMES), whole.table().drop(columns=TIMES))
    assert json.loads((directory / "settings.json").read_text()) == json.loads(
        (tmp_path / "whole" / "settings.json").read_text()
    )
    assert Recipe.from_json((directory / "best" / "recipe.json").read_text()) == extended.best
    with pytest.raises(InvalidArgument, match="repeats=3, not 2"):
        recipes.search(classes, directory=directory, **{**more, "repeats": 2})


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
        ({"trials": 1}, "trials=2, not 1"),
        ({"seed": 1}, "seed=0, not 1"),
        ({"repeats": 1}, "repeats=2, not 1"),
        ({"optimizers": ["adam"]}, r'optimizers=\["momentum", "adam"\], not \["adam"\]'),
        ({"activations": ["elu", "relu"]}, "factors="),
        ({"design": "one_at_a_time"}, "design="),
        ({"recipe": Recipe()}, r"recipe\.\w+="),
    ],
)
def test_other_settings_in_the_same_directory(found, classes, search_options, change, message):
    before = (found.directory / "trainings.jsonl").read_bytes()
    with pytest.raises(InvalidArgument, match=message):
        recipes.search(classes, directory=found.directory, **{**search_options, **change})
    assert (found.directory / "trainings.jsonl").read_bytes() == before


def test_other_data_in_the_same_directory(found, binary, search_options):
    with pytest.raises(InvalidArgument, match=r"data\.counts\.test=30, not 32"):
        recipes.search(binary, directory=found.directory, **search_options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be"),
        ({"trials": 0}, "trials must be"),
        ({"repeats": 0}, "repeats must be"),
        ({"seeds": 5}, "seeds must be given by its new name, repeats=5"),
        ({"repeats": 1, "confidence": 0.9}, "repeats must be >= 2 where a confidence is asked for"),
        ({"confidence": 1.0}, "confidence must be"),
        ({"margin": -0.5}, "margin must be a number >= 0"),
        ({"margin": 100}, "margin must be below 100 percentage points for accuracy"),
        ({"confidence": 95}, "confidence must be"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**32 - 1}, "seed must be"),
        ({"optimizers": ["adm"]}, "did you mean 'adam'"),
        ({"optimizers": "adam"}, "optimizers must be a list"),
        ({"regularizers": []}, "regularizers must be a list"),
        ({"recipe": "mlp"}, "recipe must be a recipes.Recipe"),
        ({"recipe": Recipe(model=lambda spec: None)}, "model must be a class or a named function, or registered"),
        ({"recipe": Recipe(model="cnn")}, "use mlp for other data"),
        ({"data": "digits"}, "data must be what recipes.load"),
    ],
)
def test_what_is_refused_before_anything_is_written(tmp_path, classes, change, message):
    options = {"data": classes, "directory": tmp_path / "search", "verbose": 0, **change}
    with pytest.raises(InvalidArgument, match=message):
        recipes.search(options.pop("data"), **options)
    assert not list(tmp_path.iterdir())


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
    options = {**search_options, "optimizers": ["adam"], "regularizers": ["none"], "trials": 1, "repeats": 1}
    found = recipes.search(classes, **options)
    assert found.directory == Path("searches/classes")
    assert os.listdir(tmp_path) == ["searches"]
    assert list(found.table()["verdict"]) == ["reference"]


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
