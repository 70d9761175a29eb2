import csv
import json

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Data, Recipe, Run, fit, mlp
from recipes.data.spec import Spec
from tests.recipes.data.builders import prepare


@pytest.fixture(scope="module")
def run(classes):
    recipe = Recipe(model={"name": "mlp", "hidden": (8,)}, learning_rate=0.05)
    return fit(classes, recipe, epochs=2, verbose=0)


def test_evaluate_every_split(run, classes):
    for split in ("train", "validation", "test"):
        x, y = classes.arrays(split)
        scores = run.evaluate(split)
        answers = run.model.predict(x, verbose=0)
        assert set(scores) == {"loss", "accuracy"}
        if split != "train":  # the last, partial batch is left out
            assert scores["accuracy"] == pytest.approx(np.mean(answers.argmax(axis=1) == y))
            assert scores["loss"] == pytest.approx(-np.log(answers[np.arange(len(y)), y]).mean(), rel=1e-4)
    assert run.evaluate() == run.evaluate("test")
    assert run.evaluate("train") == run.evaluate("train")
    with pytest.raises(InvalidArgument, match="split must be one of 'train', 'validation', 'test'"):
        run.evaluate("all")


def test_plot(run):
    figure = run.plot()
    loss, accuracy, rate = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "learning rate"]
    assert [line.get_ydata().tolist() for line in loss.lines[:2]] == [run.history["loss"], run.history["val_loss"]]
    assert accuracy.lines[1].get_ydata().tolist() == run.history["val_accuracy"]
    assert rate.lines[0].get_xdata().tolist() == [1, 2]
    assert loss.lines[2].get_xdata()[0] == run.best_epoch


def test_save_writes_everything(run, tmp_path):
    target = tmp_path / "runs" / "first"
    assert run.save(target) == str(target)
    names = {"model.keras", "recipe.json", "spec.json", "history.csv", "run.json"}
    assert {each.name for each in target.iterdir()} == names
    assert Recipe.from_json((target / "recipe.json").read_text()) == run.recipe
    assert Spec.from_config(json.loads((target / "spec.json").read_text())) == run.data.spec
    with open(target / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for name, curve in run.history.items():
        assert [float(row[name]) for row in rows] == curve
    facts = json.loads((target / "run.json").read_text())
    assert facts["test"] == run.evaluate()
    assert facts["validation"] == run.evaluate("validation")
    assert (facts["epochs"], facts["seed"], facts["best_epoch"]) == (2, 0, run.best_epoch)
    x = run.data.arrays("test")[0]
    model = keras.models.load_model(target / "model.keras")
    assert np.array_equal(model.predict(x, verbose=0), run.model.predict(x, verbose=0))


def test_save_replaces_only_a_run_and_only_when_asked(run, tmp_path):
    target = tmp_path / "run"
    run.save(target)
    before = (target / "run.json").read_bytes()
    with pytest.raises(InvalidArgument, match="overwriting has to be asked for"):
        run.save(target)
    assert (target / "run.json").read_bytes() == before
    (target / "extra").write_text("")
    run.save(target, overwrite=True)
    assert not (target / "extra").exists()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years")
    with pytest.raises(InvalidArgument, match="holds other files"):
        run.save(foreign, overwrite=True)
    assert (foreign / "thesis.txt").read_text() == "years"


@pytest.mark.thorough
def test_a_failing_save_leaves_nothing(classes, tmp_path):
    recipe = Recipe(model=lambda spec: mlp(spec, hidden=(4,)), learning_rate=0.05)
    run = fit(classes, recipe, epochs=1, verbose=0)
    with pytest.raises(InvalidArgument, match="to be written as JSON"):
        run.save(tmp_path / "deep" / "run")
    assert not list(tmp_path.iterdir())


def test_a_saved_run_can_be_loaded(digits_run, saved_run, data_dir):
    back = Run.load(saved_run, data_dir=data_dir)
    assert isinstance(back, Run)
    assert back.recipe == digits_run.recipe
    assert back.history == digits_run.history
    assert (back.epochs, back.seed, back.message) == (1, 0, None)
    assert back.best_epoch == digits_run.best_epoch
    assert back.data.fingerprint == digits_run.data.fingerprint
    assert back.evaluate() == digits_run.evaluate()
    assert back.evaluate("validation") == digits_run.evaluate("validation")
    assert recipes.load_run(saved_run, data_dir=data_dir).history == back.history


def test_a_run_remembers_how_its_data_was_split(data_dir, tmp_path):
    from recipes import load

    data = load("digits", data_dir=data_dir, batch_size=100, validation=0.3, test=0.4, seed=5)
    run = fit(data, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05), epochs=1, verbose=0)
    run.save(tmp_path / "run")
    path = tmp_path / "run" / "recipe.json"
    path.write_text(path.read_text().replace('"regularizer"', '"regularization"'))  # as version 0.1 called the field
    back = Run.load(tmp_path / "run", data_dir=data_dir)
    assert back.recipe == run.recipe
    assert back.data.fingerprint == data.fingerprint
    assert back.data.batch_size == 100
    assert back.evaluate() == run.evaluate()


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """A folder with a dataset whose columns have names of several words, one within another."""
    folder = tmp_path_factory.mktemp("wine")
    prepare("wine_quality/white", folder, {"train": 120})
    return folder


@pytest.mark.thorough
def test_a_run_of_columns_with_any_names_can_be_loaded(wine, tmp_path):
    data = recipes.load("wine_quality/white", data_dir=wine).folds(3)[1]
    run = fit(data, Recipe(model={"name": "tabular", "hidden": (4,)}, learning_rate=0.05), epochs=1, verbose=0)
    back = Run.load(run.save(tmp_path / "run"), data_dir=wine)
    assert back.data.spec == data.spec
    assert back.data.spec.names.inner["features.citric acid"] == "features.citric_acid"
    assert back.evaluate() == pytest.approx(run.evaluate(), rel=1e-5)


def test_a_run_of_before_can_be_loaded(wine, tmp_path):
    """Its model and spec.json have names without spaces, and nothing else."""
    now = recipes.load("wine_quality/white", data_dir=wine)
    config = now.spec.to_config()
    for feature in config["features"]:
        feature["name"] = feature["name"].replace(" ", "_")
        del feature["input"]
    before = now.with_names(Spec.from_config(config))
    run = fit(before, Recipe(model={"name": "tabular", "hidden": (4,)}, learning_rate=0.05), epochs=1, verbose=0)
    assert set(run.model.input) == {feature["name"] for feature in config["features"]}
    folder = run.save(tmp_path / "run")
    (tmp_path / "run" / "spec.json").write_text(json.dumps(config))
    back = Run.load(folder, data_dir=wine)
    assert [feature.name for feature in back.data.spec.features] == [feature.name for feature in now.spec.features]
    assert back.evaluate() == pytest.approx(run.evaluate(), rel=1e-5)
    assert back.data.fingerprint == now.fingerprint


def test_what_cannot_be_loaded(run, tmp_path):
    with pytest.raises(InvalidArgument, match=r"directory must be one that Run\.save"):
        Run.load(tmp_path)
    run.save(tmp_path / "arrays")
    with pytest.raises(InvalidArgument, match="'classes'"):
        Run.load(tmp_path / "arrays")


def test_a_diverged_run_says_so_when_saved(classes, tmp_path):
    recipe = Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=1e30, optimizer="sgd")
    with pytest.warns(RuntimeWarning, match="training stopped"):
        run = fit(classes, recipe, epochs=2, verbose=0)
    run.save(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["message"] == run.message
    assert run.plot().axes


def test_regression_is_plotted_by_its_error(regression):
    run = fit(regression, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05), epochs=1, verbose=0)
    assert [axes.get_ylabel() for axes in run.plot().axes][1] == "root mean squared error"


def test_data_of_other_arrays_is_another_run(classes):
    x, y = classes.arrays("train")
    assert Data.from_arrays(x[::-1].copy(), y[::-1].copy()).fingerprint != classes.fingerprint
