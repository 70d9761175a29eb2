"""Scores of a model on a whole split."""

import keras
import numpy as np
import pytest
import sklearn.metrics as sk

import recipes
from callbacks.checks import InvalidArgument
from recipes.metric import Metric
from recipes.metrics import METRICS
from recipes.scoring import EpochScores, check_scorable, predictions


@pytest.fixture(scope="module")
def run(binary):
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05, regularizer="none")
    return recipes.fit(binary, recipe, epochs=1, verbose=0)


def _answers(run, split):
    x, y = run.data.arrays(split)
    return y, run.model.predict(x, verbose=0)[:, 0]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_predictions_are_those_of_every_example_in_order(run, split):
    y, p = _answers(run, split)
    assert predictions(run.model, run.data, split)[:, 0] == pytest.approx(p, abs=1e-6)
    assert len(p) == len(y) == run.data.settings["counts"][split]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_run_evaluates_metrics_by_name(run, split):
    y, p = _answers(run, split)
    scores = run.evaluate(split, metrics=["auc", "pr_auc", "balanced_accuracy", "log_loss"])
    assert list(scores)[-4:] == ["auc", "pr_auc", "balanced_accuracy", "log_loss"]
    assert scores["auc"] == pytest.approx(sk.roc_auc_score(y, p), abs=1e-6)
    assert scores["pr_auc"] == pytest.approx(sk.average_precision_score(y, p), abs=1e-6)
    assert scores["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(y, p > 0.5), abs=1e-6)
    assert scores["log_loss"] == pytest.approx(sk.log_loss(y, p), abs=1e-6)
    assert {name: scores[name] for name in ("loss", "accuracy", "base_rate")} == run.evaluate(split)


def test_a_metric_of_ones_own(run):
    share = Metric("share", function=lambda y, predicted, weights: float(np.mean(predicted > 0.5)))
    assert run.evaluate(metrics=[share])["share"] == np.mean(_answers(run, "test")[1] > 0.5)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("auc", "metrics must be a list of names of metrics. Received: metrics='auc'"),
        (["rmse"], "metric must be one for binary: accuracy, .* Received: metric='root_mean_squared_error'"),
        (["area"], "unknown metric 'area'"),
    ],
)
def test_what_is_no_metric_is_refused(run, metrics, message):
    with pytest.raises(InvalidArgument, match=message):
        run.evaluate(metrics=metrics)


def test_a_metric_without_a_value_on_a_split_is_refused(run):
    x, y = run.data.arrays("train")
    ones = run.data.with_train(x[y == 1], y[y == 1], how="the ones")
    with pytest.raises(InvalidArgument, match="without examples of 'no' in split 'train'"):
        check_scorable(ones, [METRICS["auc"]], "test", "train")
    check_scorable(ones, [METRICS["auc"]], "test")


def test_each_epoch_is_scored(binary, run):
    model = keras.models.clone_model(run.model)
    recipes.Recipe(learning_rate=0.05).compile(model)
    scores = EpochScores(binary, METRICS["auc"])
    options = {"validation_data": binary.validation, "shuffle": False, "verbose": 0}
    history = model.fit(binary.train, epochs=2, callbacks=[scores], **options)
    x, y = binary.arrays("validation")
    expected = sk.roc_auc_score(y, model.predict(x, verbose=0)[:, 0])
    assert history.history["val_auc"][-1] == pytest.approx(expected, abs=1e-6)
    assert len(history.history["val_auc"]) == 2
