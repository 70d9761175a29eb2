"""How long fit trains where the caller does not say."""

import math

import numpy as np
import pytest

import recipes
from recipes import InvalidArgument
from recipes.training_length import usual_epochs


@pytest.mark.parametrize("steps", [1, 3, 10, 11, 35, 299, 300, 301, 1700, 10**6])
def test_the_usual_length_is_3000_updates_within_10_to_300_passes(steps):
    epochs = usual_epochs(steps)
    assert 10 <= epochs <= 300
    if 10 < epochs < 300:
        assert epochs == math.ceil(3000 / steps)


@pytest.mark.whole_epochs
@pytest.mark.thorough
def test_fit_trains_for_the_usual_length(line_of_numbers):
    run = recipes.fit(line_of_numbers, recipes.Recipe(learning_rate=0.01), verbose=0)
    assert run.epochs == usual_epochs(line_of_numbers.steps_per_epoch) > 10
    assert run.evaluate()["root_mean_squared_error"] < 0.1


@pytest.mark.parametrize("epochs", [0, -1, 2.5, "10", True])
def test_another_length_is_refused(line_of_numbers, epochs):
    with pytest.raises(InvalidArgument, match="epochs"):
        recipes.fit(line_of_numbers, epochs=epochs)


@pytest.fixture(scope="module")
def line_of_numbers():
    x = np.random.default_rng(0).normal(size=(900, 1))
    return recipes.Data.from_arrays(x, x[:, 0], x_test=x[:100], y_test=x[:100, 0], duplicates="ignore")
