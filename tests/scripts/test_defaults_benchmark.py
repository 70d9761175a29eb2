"""The benchmark of the defaults: what is set aside, scores against scikit-learn, peers on awkward columns, verdicts."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import sklearn.metrics

from scripts.measure.measure_defaults import scores, split_of
from scripts.support import peers, ranks, tables


def test_what_is_set_aside_depends_on_the_name_alone_and_stays():
    aside = [name for name in tables.TABLES if tables.is_set_aside(name)]
    assert aside == [name for name in tables.TABLES if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5 == 0]
    assert {"arrests", "hmda", "titanic", "glass", "penguins", "births14", "mnist"} < set(aside)
    assert len(tables.TABLES) - len(aside) >= 40


def test_a_table_of_scikit_learn_has_its_rows_in_another_order():
    x, y = tables.load_table(tables.TABLES["wine"])
    assert x.shape == (178, 13)
    assert sorted(pd.Series(y).value_counts()) == [48, 59, 71]
    again, _ = tables.load_table(tables.TABLES["wine"])
    pd.testing.assert_frame_equal(x, again)


def test_splits_share_no_row_and_keep_the_shares_of_the_classes():
    y = np.repeat(["a", "b"], [80, 20]).astype(object)
    train, test = split_of(tables.TABLES["iris"], y, 0)
    assert sorted([*train, *test]) == list(range(100))
    assert (y[test] == "b").sum() == 4
    assert not np.array_equal(test, split_of(tables.TABLES["iris"], y, 1)[1])


def test_scores_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    y = random.permutation(np.repeat(["x", "y", "z"], 20)).astype(object)
    test = np.arange(0, 60, 3)
    predicted = random.dirichlet([1, 1, 1], len(test))
    found = scores("classification", predicted, y, test)
    assert found["log_loss"] == pytest.approx(sklearn.metrics.log_loss(y[test], predicted, labels=["x", "y", "z"]))
    right = np.array(["x", "y", "z"])[predicted.argmax(axis=1)] == y[test]
    assert found["error"] == pytest.approx(1 - right.mean())
    numbers = random.normal(3, 5, 60)
    expected = sklearn.metrics.root_mean_squared_error(numbers[test], np.ones(len(test))) / numbers.std()
    assert scores("regression", np.ones((len(test), 1)), numbers, test)["rmse"] == pytest.approx(expected)


def test_a_prediction_that_is_nan_is_no_score():
    y = np.array(["x", "y"] * 5, object)
    assert np.isnan(scores("classification", np.full((10, 2), np.nan), y, np.arange(10))["log_loss"])
    assert np.isnan(scores("regression", np.full(10, np.nan), np.arange(10.0), np.arange(10))["rmse"])


@pytest.mark.parametrize("method", ["dummy", "linear", "forest", "boosting", "mlp"])
def test_peers_take_missing_values_words_and_words_not_seen_before(method):
    x = pd.DataFrame({"size": np.arange(60.0), "colour": ["red", "green", None] * 20})
    x.loc[::7, "size"] = np.nan
    y = np.where(np.arange(60) < 30, "small", "large").astype(object)
    new = pd.DataFrame({"size": [np.nan, 50.0], "colour": ["blue", None]})
    options = {"seed": 0, "realmlp_python": None}
    predicted = peers.peer_predictions(method, "table", "classification", x, y, new, **options)
    np.testing.assert_allclose(predicted.sum(axis=1), [1, 1], rtol=1e-5)
    if method != "dummy":
        assert predicted[1, 0] > 0.5  # large
    assert peers.peer_predictions(method, "table", "regression", x, np.arange(60.0), new, **options).shape == (2,)


@pytest.fixture
def rows():
    """Two methods on three datasets, three splits; on the last one of them fails."""
    table = []
    for dataset, ours, peer in (
        ("clear", [0.1, 0.2, 0.3], [0.2, 0.3, 0.41]),
        ("noisy", [0.1, 0.3, 0.2], [0.3, 0.1, 0.21]),
        ("broken", [0.1, np.nan, 0.1], [0.2, 0.2, 0.2]),
    ):
        for method, values in (("ours", ours), ("peer", peer)):
            for split, value in enumerate(values):
                table.append({"dataset": dataset, "split": split, "method": method, "error": value})
    return pd.DataFrame(table).assign(task="classification", kind="table", seconds=1.0, log_loss=0.5, rmse=np.nan)


def test_verdicts_go_by_one_standard_error_of_the_paired_differences(rows):
    told = ranks.verdicts(rows, "ours", "peer", "error")
    assert dict(told) == {"clear": "better", "noisy": "equal", "broken": "failed"}
    assert dict(ranks.verdicts(rows, "peer", "ours", "error"))["clear"] == "worse"


def test_ranks_are_those_of_scipy_and_a_failure_comes_last(rows):
    scores = ranks.means(rows, ["ours", "peer"], "error")
    assert scores.loc["broken", "ours"] == np.inf
    for dataset, line in ranks.ranks(scores).iterrows():
        np.testing.assert_allclose(line, scipy.stats.rankdata(scores.loc[dataset]))
    placed = ranks.ranks_with_intervals(scores)
    assert placed.loc["ours", "low"] <= placed.loc["ours", "rank"] <= placed.loc["ours", "high"]


def test_the_summary_counts_verdicts_and_the_ratio_is_a_geometric_mean(rows):
    line = ranks.summary(rows).set_index(["metric", "method"]).loc[("error", "peer")]
    assert (line["better"], line["equal"], line["worse"], line["failed"]) == (1, 1, 0, 1)
    pair = [(0.2 + 0.01) / (0.91 / 3 + 0.01), (0.2 + 0.01) / (0.61 / 3 + 0.01)]
    assert line["ratio"] == pytest.approx(scipy.stats.gmean(pair), abs=1e-3)
