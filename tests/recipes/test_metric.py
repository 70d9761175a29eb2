"""Metrics: which scores are better, and how they are written."""

import keras
import pytest

from callbacks.checks import InvalidArgument
from recipes.losses import loss_for
from recipes.metric import ACCURACY, ROOT_MEAN_SQUARED_ERROR, Metric, metric_of


def test_which_score_is_better():
    assert ACCURACY.higher_is_better
    assert not ROOT_MEAN_SQUARED_ERROR.higher_is_better
    for metric, best in ((ACCURACY, 0.9), (ROOT_MEAN_SQUARED_ERROR, 0.1)):
        assert max((0.1, 0.9), key=lambda score, sign=metric.sign: sign * score) == best


def test_a_share_is_a_percentage_and_says_so():
    assert (ACCURACY.percentage, ACCURACY.scale, ACCURACY.label) == (True, 100.0, "accuracy (%)")
    assert Metric("binary_accuracy").label == "binary accuracy (%)"
    assert ACCURACY.difference_unit == "percentage points"
    assert ACCURACY.resolution(360) == 1 / 360
    assert ACCURACY.resolution(0) == 0.0


def test_an_error_is_in_the_unit_of_the_data():
    error = ROOT_MEAN_SQUARED_ERROR
    assert (error.percentage, error.scale, error.difference_unit) == (False, 1.0, "")
    assert error.label == error.words == "root mean squared error"
    assert error.resolution(360) == 0.0


def test_another_direction_is_refused():
    with pytest.raises(InvalidArgument, match="direction must be one of 'max', 'min'"):
        Metric("accuracy", "up")


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_keras_logs_the_metric_of_every_task(task):
    """The name is that of a metric that models of the task are compiled with."""
    ending = {"multiclass": "softmax", "regression": None}.get(task, "sigmoid")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation=ending)])
    model.compile("sgd", **loss_for(model))
    targets = {"multiclass": [0, 1], "regression": [[1.0, 2.0, 3.0]] * 2}.get(task, [[0, 1, 1]] * 2)
    scores = model.evaluate(keras.ops.ones((2, 2)), keras.ops.array(targets), verbose=0, return_dict=True)
    assert metric_of(task).name in scores
