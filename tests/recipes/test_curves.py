"""What the curves of real trainings on the digits say, and that the choices named exist."""

import numpy as np
import pytest

import recipes
from callbacks.curves import FINDINGS
from callbacks.gradients.idle_units import REMEDIES
from recipes import Data, Recipe, fit
from recipes.catalogues import catalogues
from recipes.cli import main


def names(run):
    return [finding.name for finding in run.read_curves()]


def constant(**choices):
    return Recipe(**{"schedule": "constant", "regularizer": "none", "learning_rate": 0.03, **choices})


@pytest.fixture(scope="module")
def hundred(digits):
    x, y = digits.arrays("train")
    (x_validation, y_validation), (x_test, y_test) = digits.arrays("validation"), digits.arrays("test")
    splits = {"x_validation": x_validation, "y_validation": y_validation, "x_test": x_test, "y_test": y_test}
    return Data.from_arrays(x[:100], y[:100], name="hundred", **splits)


def test_every_choice_stands_in_a_catalogue():
    known = {name for catalogue in catalogues().values() for name in catalogue}
    for name, (remedy, choices) in FINDINGS.items():
        assert set(choices) <= known
        assert bool(remedy) == bool(choices) == (name != "converged")
    assert {name for _, choices in REMEDIES.values() for name in choices} <= known


@pytest.mark.thorough
def test_the_default_recipe_is_accused_of_nothing(digits):
    assert names(fit(digits, epochs=10, verbose=0)) == ["converged"]


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(learning_rate=10.0, regularizer="none"),
        pytest.param(constant(learning_rate=3.0), marks=pytest.mark.thorough),
        pytest.param(constant(learning_rate=0.3, optimizer="adam"), marks=pytest.mark.thorough),
    ],
    ids=["one_cycle", "constant", "adam"],
)
@pytest.mark.filterwarnings("ignore:training stopped:RuntimeWarning")
@pytest.mark.thorough
def test_a_rate_a_hundred_times_too_large(digits, recipe):
    for seed in (0, 1):
        assert names(fit(digits, recipe, epochs=10, seed=seed, verbose=0)) == ["step size too large"]


@pytest.mark.thorough
def test_a_single_unit_underfits(digits):
    for seed in (0, 1):
        run = fit(digits, constant(model={"name": "mlp", "hidden": (1,)}), epochs=20, seed=seed, verbose=0)
        (finding,) = run.read_curves()
        assert finding.name == "underfitting"
        assert finding.choices == ("cnn", "nadam")  # the others it has


@pytest.mark.thorough
def test_a_hundred_examples_without_regularization_overfit(hundred):
    for seed in (0, 1):
        run = fit(hundred, constant(), epochs=40, seed=seed, verbose=0)
        (finding,) = run.read_curves()
        assert finding.name == "overfitting"
        smallest = int(np.argmin(run.history["val_loss"])) + 1
        assert abs(finding.epoch - smallest) <= 3
        assert finding.choices == ("early_stopping", "l2", "dropout")


@pytest.mark.parametrize("schedule", ["constant", pytest.param("one_cycle", marks=pytest.mark.thorough)])
def test_too_few_epochs_at_a_low_rate(digits, schedule):
    recipe = constant(schedule=schedule, learning_rate=0.0005)
    run = fit(digits, recipe, epochs=5 if schedule == "constant" else 10, seed=0, verbose=0)
    assert names(run) == ["still improving"]
    assert ("one_cycle" in run.read_curves()[0].choices) == (schedule == "constant")


@pytest.mark.thorough
def test_the_chance_level_of_each_task(classes, binary, regression, monkeypatch):
    seen = []
    monkeypatch.setattr("recipes.run.read_curves", lambda history, *, baseline: seen.append(baseline) or ())
    small = Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.01)
    plain = Recipe(model=lambda spec: recipes.mlp(input_shape=(5,), outputs=1, task="regression"), learning_rate=1e-9)
    for data, recipe in ((classes, small), (binary, small), (regression, small), (regression, plain)):
        assert fit(data, recipe, epochs=1, verbose=0).read_curves() == ()
    assert seen == [np.log(3), np.log(2), 1.0, pytest.approx(np.var(regression.arrays("train")[1]), rel=1e-4)]


def test_the_command_line_says_it_in_a_line(data_dir, capsys):
    options = ["--data-dir", data_dir, "--epochs", "4", "--learning-rate", "0.0005", "--schedule", "constant"]
    with pytest.raises(SystemExit, match="0"):
        main(["train", "digits", *options])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3].startswith("test accuracy ")
    assert lines[-2].startswith("bias: ")
    assert lines[-1].startswith("still improving: the mean validation loss of epochs 3 to 4 was ")
    assert lines[-1].endswith(". Remedy: more epochs, or a higher learning rate (one_cycle, nadam).")


def test_nobody_is_sent_to_images_for_a_table(binary):
    recipe = Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=1e-9, schedule="constant")
    run = fit(binary, recipe, epochs=4, verbose=0)
    run.history = {"loss": [0.65, 0.6, 0.6, 0.6, 0.6], "val_loss": [0.65, 0.6, 0.6, 0.6, 0.6]}
    (finding,) = run.read_curves()
    assert (finding.name, finding.choices) == ("underfitting", ("nadam",))
