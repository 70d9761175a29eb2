"""Searches that are ranked by another metric than the task's."""

import importlib
from pathlib import Path

import keras
import numpy as np
import pytest
import sklearn.metrics as sk

import recipes
from callbacks.checks import InvalidArgument
from recipes.metric import ACCURACY, ROOT_MEAN_SQUARED_ERROR
from recipes.metrics import METRICS
from recipes.own_metrics import own_metric
from recipes.tuning.arms import Arm
from recipes.tuning.foresight import rare_in_a_line
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
from recipes.tuning.record import Record
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.worker import Worker
from recipes.tuning.settings import make_settings, plan_in

ARM = Arm("adam", "none")


@pytest.fixture(scope="module")
def rare():
    """240 points of 4 features; one in ten is a yes."""
    random = np.random.default_rng(0)
    y = (np.arange(240) % 10 == 0).astype("int64")
    x = random.normal(size=(240, 4)).astype("float32") + 1.2 * y[:, None].astype("float32")
    return recipes.Data.from_arrays(x, y, batch_size=32, name="rare")


def test_a_training_of_a_search_is_scored_on_whole_splits(rare, tiny):
    protocol = Protocol(epochs=2, metric="pr_auc", prune="asha")
    worker = Worker(Assignment.of(rare, tiny(), protocol))
    record = worker.run(Job(Training(ARM, "confirm", 0, seed=3), {"learning_rate": 0.05}))
    assert record.status == "finished", record.message
    alone = recipes.fit(rare, ARM.recipe(tiny(), {"learning_rate": 0.05}), epochs=2, seed=3, verbose=0)
    for split, found in (("validation", record.validation_score), ("test", record.test_score)):
        x, y = rare.arrays(split)
        expected = sk.average_precision_score(y, alone.model.predict(x, verbose=0)[:, 0])
        assert found == pytest.approx(expected, abs=1e-6)
    assert record.history["val_score"][-1] == record.validation_score
    assert record.history["score"] == []  # batches have no such score
    rivals = [[0.99, 0.99], [0.98, 0.98], [0.97, 0.97]]
    often = Worker(Assignment.of(rare.with_batch_size(2), tiny(), protocol))  # fewer updates tell nothing
    trial = often.run(Job(Training(ARM, "tune", 0, seed=3), {"learning_rate": 1e-5}, rivals))
    assert (trial.status, trial.epochs_run) == ("pruned", 1)


def cost(y, predicted):
    return float(np.mean(np.where(y == 1, 10 * (predicted < 0.2), predicted >= 0.2)))


@pytest.mark.thorough
def test_of_several_metrics_the_first_decides_and_the_others_are_recorded(rare, tiny):
    metrics = [own_metric(cost, direction="min"), "auc", keras.metrics.F1Score(threshold=0.5), "accuracy"]
    worker = Worker(Assignment.of(rare, tiny(), Protocol(epochs=1, metric=metrics)))
    record = worker.run(Job(Training(ARM, "confirm", 0, seed=3), {"learning_rate": 0.05}))
    assert record.status == "finished", record.message
    alone = recipes.fit(rare, ARM.recipe(tiny(), {"learning_rate": 0.05}), epochs=1, seed=3, verbose=0, metrics=metrics)
    x, y = rare.arrays("test")
    predicted = alone.model.predict(x, verbose=0)[:, 0].astype(float)
    assert record.test_score == pytest.approx(cost(y, predicted), abs=1e-6)
    assert alone.history["val_cost"] == record.history["val_score"]
    yes = (predicted > 0.5).astype(int)
    expected = {"auc": sk.roc_auc_score(y, predicted), "f1_score": sk.f1_score(y, yes)}
    expected |= {"accuracy": sk.accuracy_score(y, yes), "base_rate": np.mean(y == 0)}
    assert record.scores == pytest.approx(expected, abs=1e-6)
    assert Record.from_json(record.to_json()).scores == record.scores
    assert record.outcomes.contribution.mean() == pytest.approx(record.test_score, abs=1e-6)


def test_what_random_predictions_break_is_refused_before_any_training(rare):
    for function, message in (
        (sk.f1_score, r"takes y of shape \(38,\) and predictions of shape \(38,\), probabilities.*\(ValueError: "),
        (lambda y, predicted: np.nan, "one that is finite for y of shape"),
        (lambda y, predicted: predicted, "one that gives one number"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            recipes.search(rare, metric=own_metric(function, name="own", direction="max"), verbose=0)
    x, y = rare.arrays("train")
    weighted = recipes.Data.from_arrays(x, y, sample_weight=np.ones(len(y)) + y, name="weighted")
    with pytest.raises(InvalidArgument, match="one that takes sample_weight, since the data have weights"):
        recipes.search(weighted, metric=own_metric(cost, name="cost_of_weighted", direction="min"), verbose=0)


def test_rare_classes_are_said_before_a_search_by_accuracy(rare):
    assert "the base rate, always the most frequent answer, is 89.6 %" in str(rare_in_a_line(rare, Protocol()))
    assert rare_in_a_line(rare, Protocol(metric="accuracy")) is None


@pytest.mark.thorough
def test_a_search_by_an_own_metric_in_processes(rare, tmp_path, monkeypatch):
    (tmp_path / "my_costs.py").write_text(
        "import numpy as np\ndef cost(y, p): return float(np.mean(np.where(y == 1, 10 * (p < 0.2), p >= 0.2)))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = own_metric(importlib.import_module("my_costs").cost, direction="min")
    options = {"optimizers": ["adam", "momentum"], "regularizers": ["none"], "trials": 1, "repeats": 2, "epochs": 1}
    options |= {"metric": [mine, "accuracy", keras.metrics.AUC()], "verbose": 0, "tunings": "once"}
    found = recipes.search(rare, **options, directory=tmp_path / "search", workers=2)
    assert found.verdict == recipes.search(rare, **options, directory=tmp_path / "alone").verdict
    assert recipes.Comparison.load(tmp_path / "search").verdict == found.verdict
    table = found.table()
    assert {"test_accuracy", "test_keras_auc", "test_base_rate"} <= set(table.columns)
    assert "earlier versions" not in " ".join(found.verdict)  # the noise of the test split is known
    page = Path(found.report(tmp_path / "page.html")).read_text()
    assert "test keras auc" in page
    assert ", base rate " in page


def test_the_settings_of_a_search_name_its_metric(rare, tiny):
    settings = {name: make_settings(rare, tiny(), [ARM], Protocol(metric=name)) for name in (None, "accuracy", "auc")}
    assert settings[None] == settings["accuracy"]
    assert (settings["auc"]["metric"], settings["auc"]["direction"]) == ("auc", "max")
    plan = plan_in(settings["auc"])
    assert (plan.metric,) == plan.protocol.metric == (METRICS["auc"],)
    least = make_settings(rare, tiny(), [ARM], Protocol(metric="log_loss"))
    assert plan_in(least).metric.sign == -1.0


def test_a_metric_that_cannot_be_had_is_refused_before_anything_is_written(rare, tiny, tmp_path):
    directory = tmp_path / "search"
    for metric, message in (
        ("rmse", "metric must be one for binary"),
        ("acuracy", "unknown metric 'acuracy': did you mean 'accuracy'"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            recipes.search(rare, recipe=tiny(), metric=metric, directory=directory, verbose=0)
    x = np.random.default_rng(0).normal(size=(60, 2))
    y = np.arange(60) % 2
    with pytest.warns(UserWarning, match="no example of class '0' in split 'test'"):
        odd = recipes.Data.from_arrays(x[:40], y[:40], x_test=x[41::2], y_test=y[41::2], name="odd")
    with pytest.raises(InvalidArgument, match="one that is defined without examples of '0' in split 'test'"):
        recipes.search(odd, recipe=tiny(), metric="auc", directory=directory, verbose=0)
    assert not directory.exists()


def test_the_metric_of_a_protocol(rare, regression):
    assert Protocol(metric="rmse").metric == (ROOT_MEAN_SQUARED_ERROR,)
    assert [metric.name for metric in Protocol(metric="auc,f1").metrics_for(rare.spec)] == ["auc", "f1"]
    assert Protocol(metric="rmse").metric_for(regression.spec).direction == "min"
    assert Protocol().metric_for(regression.spec) == ROOT_MEAN_SQUARED_ERROR
    assert Protocol().metric_for(rare.spec) == ACCURACY
    with pytest.raises(InvalidArgument, match="unknown metric 3"):
        Protocol(metric=3)


def test_several_targets_count_alike_whatever_their_units(tiny):
    """The score of a training is the mean over the targets of error / standard deviation, not that of the largest."""
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 4)).astype("float32")
    y = np.stack([1e6 * x[:, 0], x[:, 1] - x[:, 2]], axis=1) + random.normal(size=(120, 2)) * [1e5, 0.1]
    data = recipes.Data.from_arrays(x, y, batch_size=32, name="targets")
    assert make_settings(data, tiny(), [ARM], Protocol())["metric"] == "standardized_error"
    record = Worker(Assignment.of(data, tiny(), Protocol(epochs=2))).run(
        Job(Training(ARM, "confirm", 0, seed=3), {"learning_rate": 0.05})
    )
    alone = recipes.fit(data, ARM.recipe(tiny(), {"learning_rate": 0.05}), epochs=2, seed=3, verbose=0)
    for split, found in (("validation", record.validation_score), ("test", record.test_score)):
        x, y = data.arrays(split)
        errors = alone.model.predict(x, verbose=0).astype("float64") - y
        assert found == pytest.approx(np.mean(np.sqrt(np.mean(errors**2, axis=0)) / np.std(y, axis=0)), rel=1e-5)
    assert record.history["val_score"][-1] == record.validation_score
