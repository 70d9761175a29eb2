"""Bias and variance in words: by hand, against scikit-learn, and after a training."""

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, mean_squared_error

from callbacks.curves import Finding
from recipes.bias_variance import agreed, bias_or_variance, capacity


def found(*errors):
    (finding,) = bias_or_variance(*errors, of="of the answers are wrong", size="5 parameters")
    return finding


@pytest.mark.parametrize(
    ("errors", "name", "part"),
    [
        ((0.02, 0.12, 0.01, 0.9), "variance", "10 points of variance beside 2 of bias; 5 parameters"),
        ((0.20, 0.25, 0.01, 0.9), "bias", "20 points of bias beside 5 points of variance; 5 parameters"),
        ((0.20, 0.21, 0.01, 0.9), "bias", "could tell from none, beside 20 points of bias"),
        ((0.00, 0.40, 0.30, 0.9), "bias", "no variance that so few validation examples could tell from none"),
        ((0.01, 0.04, 0.01, 0.9), "little error", "4% of the answers are wrong in validation, 1% in training, 90% by"),
        ((0.10, 0.52, 0.01, 0.5), "variance", "beside 10 of bias; it does not beat chance"),
    ],
)
def test_the_larger_part_is_named(errors, name, part):
    finding = found(*errors)
    assert finding.name == name
    assert part in finding.sentence
    assert bool(finding.remedy) == bool(finding.choices) == (name != "little error")
    assert ("l2" in finding.choices) == (name == "variance")


def test_errors_that_are_not_finite_say_nothing():
    assert bias_or_variance(np.nan, 0.1, 0.1, 0.9, of="") == ()


@pytest.mark.parametrize(
    ("parameters", "shape", "end"),
    [(2064, (8, 8), "heart"), (2063, (8, 8), "no fewer than examples"), (9999, None, "no fewer than examples")],
)
def test_enough_to_learn_by_heart_is_two_a_label_and_one_an_input(parameters, shape, end):
    assert capacity(parameters, 1000, shape).endswith(end)
    assert capacity(999, 1000, shape).endswith(": fewer than examples")


@pytest.fixture(scope="module")
def run(classes):
    import recipes

    return recipes.fit(classes, recipes.Recipe(model={"name": "mlp", "hidden": (8,)}), epochs=2, verbose=0)


def test_of_classes(run, classes):
    (finding,) = run.read_errors()
    shares = []
    for split in ("validation", "train"):
        x, y = classes.arrays(split)
        shares.append(f"{100 * (1 - accuracy_score(y, run.model.predict(x, verbose=0).argmax(axis=1))):.3g}%")
    assert finding.sentence.startswith(f"{shares[0]} of the answers are wrong in validation, {shares[1]} in training, ")
    chance = 100 * (1 - run.evaluate("validation")["base_rate"])
    assert f", {chance:.3g}% by chance: " in finding.sentence
    parameters = sum(int(np.prod(weight.shape)) for weight in run.model.trainable_weights)
    assert f"; {parameters} trained parameters for {len(y)} training examples" in finding.sentence


def test_a_run_is_read_without_contradictions_and_without_what_its_data_do_not_allow(run, monkeypatch):
    from keras_recipes.recipes import run as run_module

    bias = Finding("bias", 2, "b", "a larger model", ("mlp", "cnn", "nadam"))
    over = Finding("overfitting", 2, "o", "a smaller model", ("early_stopping", "l2"))
    monkeypatch.setattr(run_module, "bias_or_variance", lambda *_, **__: (bias,))
    monkeypatch.setattr(run_module, "read_curves", lambda *_, **__: (over,))
    errors, curves = run.read()
    assert "cnn" not in errors.choices  # the data are a table
    assert "nadam" in errors.choices
    assert (errors.remedy, "smaller" in curves.remedy) == ("a larger model", False)


@pytest.fixture(scope="module")
def dying(classes):
    """A run whose ReLU units are nearly all thrown to where they are 0 for every example."""
    import recipes

    recipe = recipes.Recipe(
        model={"name": "mlp", "hidden": (32,)}, activation="relu", optimizer="sgd", learning_rate=1e-3
    )
    run = recipes.fit(classes, recipe, epochs=1, verbose=0)
    layer = next(layer for layer in run.model.layers if getattr(layer, "units", None) == 32)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias - 1e3 * (np.arange(32) < 24)])
    return dataclasses.replace(run, linear_share=0.5)


def test_dead_units_are_told_where_most_of_the_error_is_bias(dying, run, monkeypatch):
    (finding,) = dying.read_units()
    assert finding.name == "dead units"
    assert ", 75% of the units are 0 for every example" in finding.sentence
    assert "elu" in finding.choices
    assert "he_normal" not in finding.choices  # in use
    assert dataclasses.replace(dying, linear_share=1.0).read_units() == ()
    assert run.read_units() == ()  # units that learn
    from keras_recipes.recipes import run as run_module

    for name, told in (("bias", True), ("variance", False), ("little error", False)):
        monkeypatch.setattr(run_module, "bias_or_variance", lambda *_, name=name, **__: (Finding(name, 1, "", ""),))
        assert (finding in dying.read()) is told


@pytest.mark.thorough
def test_of_numbers(regression, tiny):
    import recipes

    run = recipes.fit(regression, tiny(), epochs=2, verbose=0)
    variance = regression.arrays("train")[1].astype("float64").var()
    shares = []
    for split in ("validation", "train"):
        x, y = regression.arrays(split)
        shares.append(f"{100 * mean_squared_error(y, run.model.predict(x, verbose=0)[:, 0]) / variance:.3g}%")
    (finding,) = run.read_errors()
    start = f"{shares[0]} of the targets' variance is left in validation, {shares[1]} in training, "
    assert finding.sentence.startswith(start)
    y = regression.arrays("validation")[1]
    chance = 100 * mean_squared_error(y, np.full(len(y), regression.arrays("train")[1].mean())) / variance
    assert f", {chance:.3g}% by chance: " in finding.sentence


def test_the_remedies_of_errors_and_curves_do_not_contradict_each_other():
    bias, variance = Finding("bias", 2, "b", "a larger model"), Finding("variance", 2, "v", "more data")
    over = Finding("overfitting", 2, "o", "a smaller model", ("early_stopping", "l2"))
    under = Finding("underfitting", 2, "u", "a larger model", ("mlp",))
    _, found = agreed([bias], [over])
    assert ("smaller" in found.remedy, found.choices) == (False, ("early_stopping",))
    assert found.remedy.startswith("a stop at the lowest validation loss")
    _, found = agreed([bias], [dataclasses.replace(over, choices=("l2",))])
    assert found.remedy.startswith("none, for the weights are those of the lowest")
    _, found = agreed([variance], [under])
    assert ("larger" in found.remedy, found.choices) == (False, ())
    assert agreed([bias], [under]) == (bias, under)
    assert agreed([variance], [over]) == (variance, over)
    assert agreed([], [over]) == (over,)


def test_a_loss_that_is_still_falling_comes_before_a_larger_model():
    bias, falling = Finding("bias", 3, "9 points", "a larger model"), Finding("still improving", 3, "", "more epochs")
    first, second = agreed([bias], [falling])
    assert first.remedy == "more epochs first, for the loss is still falling; then a larger model"
    assert second == falling
    variance = Finding("variance", 3, "9 points", "more data")
    assert agreed([variance], [falling]) == (variance, falling)
