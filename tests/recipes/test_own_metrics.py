"""Keras' metrics and functions of one's own as metrics."""

import pickle

import keras
import numpy as np
import pytest
import sklearn.metrics as sk

import recipes
from callbacks.checks import InvalidArgument
from recipes.metric import Metric
from recipes.metrics import METRICS, is_own, listed_metrics, metric_from, score
from recipes.own_metrics import own_metric

RANDOM = np.random.default_rng(3)
Y, YES = (RANDOM.random(300) < 0.3).astype(int), RANDOM.random((300, 1))
LABELS, SHARES = RANDOM.integers(0, 3, 300), RANDOM.dirichlet(np.ones(3), 300)
WEIGHTS = RANDOM.random(300) + 0.2


def profit(y, predicted):
    return float(np.sum(np.where(predicted > 0.5, 3 * y - 1, 0)))


@pytest.fixture
def registered():
    yield
    for name in METRICS.added:
        del METRICS.entries[name]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_metrics_of_keras_are_those_of_scikit_learn(weights):
    yes, first = (YES[:, 0] > 0.5).astype(int), SHARES.argmax(axis=1)
    binary = keras.metrics.F1Score(threshold=0.5), sk.f1_score(Y, yes, sample_weight=weights)
    several = keras.metrics.F1Score(average="weighted"), sk.f1_score(LABELS, first, average="weighted")
    for (metric, expected), y, predicted in (
        (binary, Y, YES),
        ((keras.metrics.Precision, sk.precision_score(Y, yes, sample_weight=weights)), Y, YES),
        ((keras.metrics.BinaryCrossentropy, sk.log_loss(Y, YES[:, 0], sample_weight=weights)), Y, YES),
        *([(several, LABELS, SHARES)] if weights is None else []),
        (
            (keras.metrics.SparseCategoricalAccuracy, sk.accuracy_score(LABELS, first, sample_weight=weights)),
            LABELS,
            SHARES,
        ),
        (
            (keras.metrics.TopKCategoricalAccuracy(2), sk.top_k_accuracy_score(LABELS, SHARES, sample_weight=weights)),
            LABELS,
            SHARES,
        ),
        ((keras.metrics.RootMeanSquaredError, sk.root_mean_squared_error(Y, YES, sample_weight=weights)), Y, YES),
    ):
        assert score(metric_from(metric), y, predicted, weights) == pytest.approx(expected, abs=1e-6)


def test_names_and_directions():
    assert metric_from(keras.metrics.AUC()).name == metric_from(keras.metrics.AUC()).name == "keras_auc"
    assert metric_from(keras.metrics.AUC(name="mine_2")).name == "mine_2"
    assert metric_from(keras.metrics.MeanSquaredError).direction == "min"
    assert [metric.name for metric in listed_metrics(["auc", keras.metrics.F1Score()])] == ["auc", "f1_score"]
    assert listed_metrics("mae,r2") == (METRICS["mean_absolute_error"], METRICS["r2"])
    with pytest.raises(InvalidArgument, match="several of different names, of which the first decides"):
        listed_metrics("auc,auc")


def test_what_is_not_known_is_refused():
    class Own(keras.metrics.Mean):
        pass

    for value, message in (
        (profit, r'registered with its direction: recipes.register\("metric", "profit", ..., direction="max"\)'),
        (Own, "metric must be registered with its direction"),
        (keras.metrics.PrecisionAtRecall, "metric must be an object, with its arguments"),
        (keras.metrics.Accuracy, 'metric must be the name "accuracy"'),
        (3, "unknown metric 3"),
        (Metric("auc", function=profit), "one with another name: 'auc' is a metric already"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            metric_from(value)
    with pytest.raises(InvalidArgument, match="gives one number, such as"):
        score(metric_from(keras.metrics.F1Score()), LABELS, SHARES)
    with pytest.raises(InvalidArgument, match="name must be of at most 100 lower-case letters"):
        own_metric(profit, name="loss", direction="min")


@pytest.mark.usefixtures("registered")
def test_registered_metrics_have_a_name_and_a_direction():
    recipes.register("metric", "profit", profit, direction="max")
    recipes.register("metric", "profit", profit, direction="max")  # a module that is imported again
    recipes.register("metric", "half", keras.metrics.FBetaScore(beta=0.5, threshold=0.5))
    assert metric_from(profit) is METRICS["profit"]
    assert [is_own(METRICS[name]) for name in ("profit", "auc")] == [True, False]
    assert score(METRICS["profit"], Y, YES) == profit(Y, YES[:, 0])
    expected = sk.fbeta_score(Y, YES[:, 0] > 0.5, beta=0.5)
    assert score(pickle.loads(pickle.dumps(METRICS["half"])), Y, YES) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(InvalidArgument, match="a name that no other metric has"):
        recipes.register("metric", "auc", profit, direction="max")
    with pytest.raises(InvalidArgument, match="only metrics have one"):
        recipes.register("optimizer", "lion", keras.optimizers.Lion, direction="max")
