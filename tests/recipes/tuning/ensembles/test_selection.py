"""Ensemble selection: step by step as in a plain loop, near the optimum of all weights, and in bags."""

import numpy as np
import pytest
from scipy.optimize import minimize

from recipes import InvalidArgument
from recipes.metrics import METRICS
from recipes.tuning.ensembles.selection import Choice, Rating, best_few, forward_selection

RMSE, ACCURACY = METRICS["root_mean_squared_error"], METRICS["accuracy"]


@pytest.fixture
def library():
    """Ten models of 40 numbers, whose errors are correlated: shape (10, 40, 1), and the truth."""
    random = np.random.default_rng(0)
    y = random.normal(size=40)
    errors = random.normal(size=(10, 40)) * np.linspace(0.5, 2, 10)[:, np.newaxis] + 0.5 * random.normal(size=40)
    return (y + errors)[..., np.newaxis], y


def rmse(predicted, y):
    return np.sqrt(np.mean((predicted - y) ** 2))


def plainly(predictions, y, size):
    """The same selection in a loop over lists of members."""
    alone = sorted(range(len(predictions)), key=lambda place: rmse(predictions[place], y))
    starts = [alone[:count] for count in range(1, size + 1)]
    members = min(starts, key=lambda start: rmse(predictions[start].mean(axis=0), y))
    found = [members]
    while len(members) < size:
        longer = [[*members, place] for place in range(len(predictions))]
        members = min(longer, key=lambda members: rmse(predictions[members].mean(axis=0), y))
        found.append(members)
    best = min(found, key=lambda members: rmse(predictions[members].mean(axis=0), y))
    counts = np.bincount(best, minlength=len(predictions))
    return counts // np.gcd.reduce(counts)


@pytest.mark.parametrize("size", [1, 2, 5, 17])
def test_each_model_is_the_best_to_add(library, size):
    predictions, y = library
    found = forward_selection(predictions, Rating(RMSE, "regression", y), size=size, bags=1)
    assert found.tolist() == plainly(predictions[..., 0], y, size).tolist()


def test_many_steps_come_near_the_best_weights_that_there_are(library):
    predictions, y = library

    def error(weights):
        return rmse(np.average(predictions[..., 0], axis=0, weights=weights), y)

    sums = {"type": "eq", "fun": lambda weights: weights.sum() - 1}
    best = minimize(error, np.full(10, 0.1), bounds=[(0, 1)] * 10, constraints=[sums]).fun
    found = error(forward_selection(predictions, Rating(RMSE, "regression", y), size=200, bags=1))
    assert best <= found + 1e-9 < 1.002 * best
    assert error(np.eye(10)[0]) > 1.1 * best  # the best model alone


def test_the_log_loss_decides_between_equals():
    y = np.array([0, 1, 1])
    sure, unsure = np.array([0.1, 0.9, 0.9]), np.array([0.4, 0.6, 0.6])
    predictions = np.array([unsure, sure])[..., np.newaxis]
    assert forward_selection(predictions, Rating(ACCURACY, "binary", y), bags=1).tolist() == [0, 1]
    assert best_few(predictions, Rating(ACCURACY, "binary", y), 1).tolist() == [0, 1]


def test_the_metric_decides_before_it():
    y = np.array([0, 1, 1])
    right, sure = np.array([0.49, 0.51, 0.51]), np.array([0.51, 0.99, 0.99])
    predictions = np.array([sure, right])[..., np.newaxis]
    assert best_few(predictions, Rating(ACCURACY, "binary", y), 1).tolist() == [0, 1]
    assert best_few(predictions, Rating(METRICS["log_loss"], "binary", y), 1).tolist() == [1, 0]


def test_weights_count():
    y = np.array([0, 1])
    predictions = np.array([[0.1, 0.1], [0.9, 0.9]])[..., np.newaxis]
    for weight, best in (([3.0, 1.0], [1, 0]), ([1.0, 3.0], [0, 1])):
        assert best_few(predictions, Rating(ACCURACY, "binary", y, np.array(weight)), 1).tolist() == best


def test_bags_are_halves_of_large_libraries_and_all_of_small_ones():
    random = np.random.default_rng(1)
    y = random.normal(size=30)
    predictions = (y + random.normal(size=(40, 30)))[..., np.newaxis]
    rating = Rating(RMSE, "regression", y)
    one, many = (forward_selection(predictions, rating, bags=bags) for bags in (1, 20))
    assert np.count_nonzero(many) > np.count_nonzero(one)
    assert many.sum() <= 100
    assert many.tolist() == forward_selection(predictions, rating, bags=20).tolist()
    assert many.tolist() != forward_selection(predictions, rating, bags=20, seed=1).tolist()
    few = [forward_selection(predictions[:10], rating, bags=bags) for bags in (1, 20)]
    np.testing.assert_allclose(few[0] / few[0].sum(), few[1] / few[1].sum(), atol=0.01)


def test_predictions_that_are_not_finite_are_left_out(library):
    predictions, y = library
    predictions = np.where(np.arange(10)[:, np.newaxis, np.newaxis] == 0, np.nan, predictions)
    assert forward_selection(predictions, Rating(RMSE, "regression", y))[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"select": "all"}, "select must be one of"),
        ({"size": 0}, "size must be an integer >= 1"),
        ({"bags": 0}, "bags must be an integer >= 1"),
        ({"seed": -1}, "seed must be an integer >= 0"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        Choice(**options)
