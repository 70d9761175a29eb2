"""Which trial decides at what values an arm is confirmed."""

import math

import pytest

from recipes.metric import ACCURACY, ROOT_MEAN_SQUARED_ERROR, Metric
from recipes.tuning.arms import Arm
from recipes.tuning.judging.best_setting import best_setting
from recipes.tuning.plan import Training
from recipes.tuning.running.runner import Job

NAN = math.nan


def record(score, loss=1.0, rate=0.1):
    job = Job(Training(Arm("adam", "l2"), "tune", 0, 0), {"learning_rate": rate, "l2.strength": score})
    return job.record(validation_score=score, validation_loss=loss)


@pytest.mark.parametrize(("direction", "best"), [("max", 0.3), ("min", 0.1)])
def test_the_best_setting(direction, best):
    assert best_setting([record(0.1), record(0.3), record(0.2)], Metric("score", direction))["l2.strength"] == best


def test_equal_scores_are_told_apart_by_the_loss():
    records = [record(0.3, 1.0, 0.1), record(0.3, 0.5, 0.2), record(0.3, 0.7, 0.3)]
    assert (
        best_setting(records, ACCURACY)["learning_rate"]
        == best_setting(records, ROOT_MEAN_SQUARED_ERROR)["learning_rate"]
        == 0.2
    )


def test_diverged_settings_count_only_if_there_is_nothing_else():
    assert best_setting([record(NAN), record(0.01)], ACCURACY)["l2.strength"] == 0.01
    assert best_setting([record(math.inf), record(5.0)], ROOT_MEAN_SQUARED_ERROR)["l2.strength"] == 5.0
    assert best_setting([record(NAN, NAN, 0.2), record(NAN, NAN, 0.1)], ACCURACY)["learning_rate"] == 0.1
