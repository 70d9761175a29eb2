"""What each example contributes to a score: against numerical derivatives, and against the spread of fresh samples."""

import numpy as np
import pytest

from recipes.metric_influences import INFLUENCES
from recipes.metrics import METRICS, as_functions_take, contributions, score

from .test_metrics import CASES, N, example_of, weights_of


def test_every_metric_has_its_influence():
    assert set(INFLUENCES) == set(METRICS)


@pytest.mark.parametrize("weighted", ["unweighted", "weighted"])
@pytest.mark.parametrize(("task", "name"), CASES)
def test_the_influence_is_the_derivative_by_the_weight(task, name, weighted):
    y, p = as_functions_take(*example_of(task))
    w = np.ones(N) if weighted == "unweighted" else weights_of(weighted) + 0.25
    influence = INFLUENCES[name](y, p, w)
    assert influence.shape == (N,)
    assert abs(influence @ w) < 1e-9
    step = 1e-5 * np.eye(N)
    for k in range(0, N, 7):
        numeric = (METRICS[name].function(y, p, w + step[k]) - METRICS[name].function(y, p, w - step[k])) / 2e-5
        assert influence[k] == pytest.approx(numeric, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_the_mean_of_the_contributions_is_the_score(task, name):
    y, p = example_of(task)
    for w in (None, weights_of("weighted")):
        assert contributions(METRICS[name], y, p, w).mean() == pytest.approx(score(METRICS[name], y, p, w), rel=1e-9)
    p[3] = np.nan
    assert np.isnan(contributions(METRICS[name], y, p)).all()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_those_of_accuracy_are_right_or_wrong(task):
    y, p = example_of(task)
    right = (p[:, 0] > 0.5) == y if task == "binary" else p.argmax(axis=1) == y
    assert contributions(METRICS["accuracy"], y, p) == pytest.approx(right.astype(float), abs=1e-12)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_their_spread_is_the_noise_of_a_finite_split(task, name):
    """Against the bootstrap: resampled examples, scored anew."""
    random = np.random.default_rng(1)
    y, p = example_of(task)
    y, p = np.tile(y, (4, *[1] * (y.ndim - 1))), np.tile(p, (4, 1))
    picks = random.integers(0, len(y), (300, len(y)))
    bootstrapped = np.std([score(METRICS[name], y[pick], p[pick]) for pick in picks])
    assert contributions(METRICS[name], y, p).std() / np.sqrt(len(y)) == pytest.approx(bootstrapped, rel=0.15)
