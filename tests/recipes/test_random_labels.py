import numpy as np
import pytest

import recipes
from recipes import InvalidArgument, Recipe


def test_a_network_learns_labels_that_say_nothing(images):
    recipe = Recipe(model={"name": "mlp", "hidden": (64,)}, regularizer="none", learning_rate=0.05)
    run = recipes.random_label_test(images, recipe, examples=40, epochs=60, until=1.0, verbose=0)
    assert run.history["accuracy"][0] < 0.7
    assert run.evaluate("train")["accuracy"] > 0.9
    assert run.evaluate("test")["accuracy"] < 0.7
    assert len(run.history["accuracy"]) <= 60


@pytest.mark.thorough
def test_labels_are_drawn_from_all_classes_and_the_inputs_stay(digits):
    run = recipes.random_label_test(digits, epochs=1, examples=1000, seed=3, verbose=0)
    (x, y), (true_x, true_y) = run.data.arrays("train"), digits.arrays("train")
    np.testing.assert_array_equal(x, true_x[:1000])
    counts = np.bincount(y, minlength=10)
    assert counts.sum() == 1000
    assert counts.min() > 60
    assert np.mean(y == true_y[:1000]) == pytest.approx(0.1, abs=0.03)
    assert run.recipe.regularizer_name == "none"


def test_it_ends_when_the_accuracy_is_there(images, tiny):
    run = recipes.random_label_test(images, tiny(regularizer="none"), until=0.2, epochs=50, verbose=0)
    assert len(run.history["accuracy"]) < 5
    assert run.history["accuracy"][-1] >= 0.2


def test_labels_follow_from_the_seed(images, tiny):
    first, second, other = (
        recipes.random_label_test(images, tiny(), epochs=1, seed=seed, verbose=0) for seed in (1, 1, 2)
    )
    assert first.history == second.history != other.history
    assert first.data.settings["counts"]["train"] == images.settings["counts"]["train"]  # it has fewer than asked


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"examples": 0}, "examples must be an integer >= 1"),
        ({"until": 0.0}, "until must be a number > 0 and <= 1"),
        ({"until": 1.5}, "until must be"),
        ({"epochs": 0}, "epochs must be an integer >= 1"),
        ({"recipe": "adam"}, "recipe must be a recipes.Recipe"),
    ],
)
def test_what_is_refused(images, options, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.random_label_test(images, **options)


def test_a_regression_is_refused(regression):
    with pytest.raises(InvalidArgument, match="data must be one with classes"):
        recipes.random_label_test(regression)
