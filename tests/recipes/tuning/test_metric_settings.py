"""The metrics of a search in its settings."""

import json

import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes import metric_functions
from recipes.metric import Metric
from recipes.metrics import METRICS, metric_from
from recipes.own_metrics import own_metric
from recipes.tuning.metric_settings import check_importable, metric_settings, metrics_in
from recipes.tuning.protocol import Protocol


def test_own_metrics_are_read_back_by_programs_that_do_not_have_them():
    metrics = [metric_from(keras.metrics.FBetaScore(beta=0.5)), METRICS["auc"]]
    settings = json.loads(json.dumps(metric_settings(metrics)))
    assert (settings["metric"], settings["direction"]) == ("fbeta_score", "max")
    assert settings["metrics"][0]["origin"].endswith(":FBetaScore")
    assert settings["metrics"][0]["options"]["beta"] == 0.5
    back = metrics_in(settings)
    assert back == tuple(metrics)
    assert back[0].function is None
    assert metric_settings(back) == settings
    assert Protocol.from_settings({**Protocol().to_settings(), **settings}).metric == tuple(metrics)


def test_names_alone_are_written_as_before():
    assert metric_settings([METRICS["f1"]]) == {"metric": "f1", "direction": "max"}
    assert metrics_in({}) is None
    with pytest.raises(InvalidArgument, match="unknown metric 'f2'"):
        metrics_in({"metric": "f2"})


def test_metrics_that_processes_cannot_import_are_refused():
    check_importable([METRICS["auc"], metric_from(keras.metrics.AUC()), Metric("own", "max", metric_functions.auc)])
    with pytest.raises(InvalidArgument, match="metric must be defined in a module that other processes can import"):
        check_importable([own_metric(lambda y, predicted: 0.0, name="own", direction="max")])
