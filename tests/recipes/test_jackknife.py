"""The noise of metrics of which only the function is known."""

import numpy as np
import pytest
import sklearn.metrics as sk

from recipes.metrics import METRICS, contributions
from recipes.own_metrics import own_metric


@pytest.mark.ordinarily("unweighted-pr_auc", "weighted-pr_auc")
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", ["auc", "pr_auc"])
def test_the_noise_is_that_of_the_known_influences(name, weighted):
    random = np.random.default_rng(1)
    y = (random.random(500) < 0.3).astype(int)
    predicted = 1 / (1 + np.exp(-random.normal(size=(500, 1)) - 2 * y[:, None]))
    weights = random.random(500) + 0.2 if weighted else None
    function = {"auc": sk.roc_auc_score, "pr_auc": sk.average_precision_score}[name]
    known = contributions(METRICS[name], y, predicted, weights)
    found = contributions(own_metric(function, name="own", direction="max"), y, predicted, weights)
    assert found.mean() == pytest.approx(known.mean(), abs=1e-12)
    assert found.std() == pytest.approx(known.std(), rel=0.2)


def test_a_metric_without_a_value_without_some_examples_has_no_noise():
    only = own_metric(lambda y, predicted: 1.0 if y.any() else np.nan, name="own", direction="max")
    assert np.isnan(contributions(only, np.array([0, 0, 0, 1]), np.zeros((4, 1)))).all()
