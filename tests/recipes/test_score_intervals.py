import numpy as np
import pytest
import scipy.stats

from recipes import score_intervals as module
from recipes.score_intervals import is_not_above_base_rate, score_intervals, wilson


@pytest.mark.parametrize(("right", "examples"), [(0, 10), (7, 10), (10, 10), (930, 1000)])
def test_wilson_is_scipys(right, examples):
    expected = scipy.stats.binomtest(right, examples).proportion_ci(method="wilson")
    assert wilson(right / examples, examples) == pytest.approx(tuple(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("scores", "low", "expected"),
    [
        ({"accuracy": 0.591, "base_rate": 0.583}, 0.504, True),
        ({"accuracy": 0.8, "base_rate": 0.583}, 0.72, False),
        ({"accuracy": 0.591}, 0.504, False),
        ({"loss": 0.3, "base_rate": 0.583}, None, False),
    ],
)
def test_what_the_most_frequent_answer_may_reach(scores, low, expected):
    intervals = {} if low is None else {"accuracy": (low, 0.9)}
    assert is_not_above_base_rate(scores, intervals) is expected


class Fixed:
    """Data with these targets, predicted by a model of these numbers."""

    def __init__(self, y, weights=None):
        self.y, self.weights = y, weights

    def arrays(self, split):
        return None, self.y

    def sample_weight(self, split):
        return self.weights


def intervals(monkeypatch, y, predicted, scores, weights=None):
    monkeypatch.setattr(module, "predictions", lambda *_: predicted)
    return score_intervals(None, Fixed(y, weights), scores)


def test_an_error_has_the_interval_of_the_bootstrap(monkeypatch):
    random = np.random.default_rng(0)
    y = random.normal(size=400)
    errors = random.standard_t(5, size=400)
    rmse = np.sqrt(np.mean(errors**2))
    low, high = intervals(monkeypatch, y, (y + errors)[:, None], {"root_mean_squared_error": rmse, "loss": 1.0})[
        "root_mean_squared_error"
    ]
    draws = np.sqrt(np.mean(errors[random.integers(0, 400, (4000, 400))] ** 2, axis=1))
    assert (low, high) == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])), rel=0.03)


def test_weights_and_labels_are_counted_by_example(monkeypatch):
    random = np.random.default_rng(0)
    y = random.integers(0, 2, (500, 3))
    predicted = np.where(random.random((500, 3)) < 0.8, y, 1 - y).astype(float)
    right = (predicted == y).mean(axis=1)
    (low, high) = intervals(monkeypatch, y, predicted, {"accuracy": right.mean()})["accuracy"]
    assert (high - low) / 2 == pytest.approx(1.96 * right.std() / 500**0.5, rel=0.01)
    weights = np.arange(500) % 2  # half of the examples do not count
    (low, high) = intervals(monkeypatch, y, predicted, {"accuracy": right[1::2].mean()}, weights)["accuracy"]
    assert (high - low) / 2 == pytest.approx(1.96 * right[1::2].std() / 250**0.5, rel=0.01)
