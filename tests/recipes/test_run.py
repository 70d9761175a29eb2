import csv
import json
import shutil
import warnings

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from callbacks.warning import warn
from recipes import Data, Recipe, Run, fit, mlp
from recipes import saved_run as module
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
        assert set(scores) == {"loss", "accuracy", "base_rate"}
        commonest = np.bincount(classes.arrays("train")[1]).argmax()
        assert scores["base_rate"] == pytest.approx(np.mean(y == commonest))
        assert scores["accuracy"] == pytest.approx(np.mean(answers.argmax(axis=1) == y))
        assert scores["loss"] == pytest.approx(-np.log(answers[np.arange(len(y)), y]).mean(), rel=1e-4)
    assert run.evaluate() == run.evaluate("test")
    assert run.evaluate("train") == run.evaluate("train")
    with pytest.raises(InvalidArgument, match="split must be one of 'train', 'validation', 'test'"):
        run.evaluate("all")


def test_a_smaller_last_batch_of_training_counts(classes):
    data = classes.with_batch_size(36)
    x, y = data.arrays("train")
    assert len(y) % data.batch_size
    run = fit(data, Recipe(model={"name": "mlp", "hidden": (8,)}, learning_rate=0.05), epochs=1, verbose=0)
    scores, answers = run.evaluate("train"), run.model.predict(x, verbose=0)
    assert scores["accuracy"] == pytest.approx(np.mean(answers.argmax(axis=1) == y))
    assert scores["loss"] == pytest.approx(-np.log(answers[np.arange(len(y)), y]).mean(), rel=1e-4)


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
    names = {"model.keras", "recipe.json", "spec.json", "history.csv", "run.json", "examples.npz", "calibration.npz"}
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


def a_function(spec):
    return mlp(spec, hidden=(4,))


@pytest.mark.parametrize("way", ["function", "object"])
def test_the_recipe_of_a_run_with_a_model_of_ones_own_says_so(classes, way, tmp_path):
    choice = {"model": a_function} if way == "function" else {}
    recipe = Recipe(learning_rate=0.05, regularizer="none", **choice)
    run = fit(classes, recipe, epochs=1, verbose=0, model=None if choice else a_function(classes.spec))
    run.save(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["model"] == "own"
    back = Run.load(tmp_path / "run", data=classes)
    assert back.recipe.model == "own"
    assert back.evaluate() == run.evaluate()
    with pytest.raises(InvalidArgument, match="model must be given: the recipe is of a training with a model of your"):
        fit(classes, back.recipe, epochs=1)


@pytest.mark.parametrize("file", ["run.json", "recipe.json", "spec.json", "history.csv", "examples.npz", "model.keras"])
@pytest.mark.parametrize("damage", ["cut", "removed"])
@pytest.mark.ordinarily("cut-run.json", "cut-model.keras", "removed-examples.npz")
def test_a_damaged_run_is_refused_in_one_line(saved_run, file, damage, tmp_path):
    shutil.copytree(saved_run, tmp_path / "run")
    path = tmp_path / "run" / file
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: 60 if file == "history.csv" else 200])
    readers = [Run.load, lambda folder: recipes.export(folder, tmp_path / "out")]
    if path.name == "examples.npz" and damage == "removed":  # version 0.1 had none, and only the export needs them
        del readers[0]
    for read in readers:
        with pytest.raises(InvalidArgument, match=r"^(directory|run) must be ") as caught:
            read(tmp_path / "run")
        assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_other_data_of_the_same_name_are_not_taken_for_those_of_the_training(digits, tmp_path):
    """A run on arrays that have the name of a dataset."""
    x = digits.arrays("train")[0][:200].copy()
    data = Data.from_arrays(x, np.arange(200) % 2, name="digits", class_names=("even", "odd"))
    run = fit(data, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05), epochs=1, verbose=0)
    folder = run.save(tmp_path / "run")
    message = "data must be given: the dataset 'digits' is not that of the training .train, validation, test, classes "
    with pytest.raises(InvalidArgument, match=message):
        Run.load(folder)
    with pytest.raises(InvalidArgument, match=r"data must be the data of the training, but train, .* differ"):
        Run.load(folder, data=digits)
    assert Run.load(folder, data=data).evaluate() == run.evaluate()
    served = recipes.Predictor(recipes.export(folder, tmp_path / "out"))
    assert {answer["class"] for answer in served(x)} <= {"even", "odd"}
    assert json.loads((tmp_path / "out" / "export.json").read_text())["test"] == run.evaluate()


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
    as_before(tmp_path / "run")
    back = Run.load(tmp_path / "run", data_dir=data_dir)
    assert back.recipe == run.recipe
    assert back.data.fingerprint == data.fingerprint
    assert back.data.batch_size == 100
    assert back.evaluate() == run.evaluate()


def as_before(folder, *names):
    """Removes what ``run.json`` did not have in earlier versions."""
    facts = json.loads((folder / "run.json").read_text())
    facts = {name: value for name, value in facts.items() if name not in (*names, "sha256", "checksum")}
    (folder / "run.json").write_text(json.dumps(facts))


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
    as_before(tmp_path / "run", "fingerprints")
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


def test_what_loading_the_data_warns_of_is_not_said_again(saved_run, data_dir, monkeypatch):
    load = module.load_again

    def warn_and_load(*arguments):
        warn("a column is odd")
        return load(*arguments)

    monkeypatch.setattr(module, "load_again", warn_and_load)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recipes.load_run(saved_run, data_dir=data_dir)
