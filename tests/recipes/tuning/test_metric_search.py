"""Searches that are ranked by another metric than the task's."""

import numpy as np
import pytest
import sklearn.metrics as sk

import recipes
from callbacks.checks import InvalidArgument
from recipes.metric import ACCURACY, ROOT_MEAN_SQUARED_ERROR
from recipes.tuning.arms import Arm
from recipes.tuning.plan import Training
from recipes.tuning.protocol import Protocol
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


def test_the_settings_of_a_search_name_its_metric(rare, tiny):
    settings = {name: make_settings(rare, tiny(), [ARM], Protocol(metric=name)) for name in (None, "accuracy", "auc")}
    assert settings[None] == settings["accuracy"]
    assert (settings["auc"]["metric"], settings["auc"]["direction"]) == ("auc", "max")
    plan = plan_in(settings["auc"])
    assert plan.metric.name == plan.protocol.metric == "auc"
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
    assert Protocol(metric="rmse").metric == "root_mean_squared_error"
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
