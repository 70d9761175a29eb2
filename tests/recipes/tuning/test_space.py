import math
import warnings

import keras_tuner
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.tuning.arms import Arm, cross
from recipes.tuning.space import at_edge, declare, settings

ARMS = cross(["momentum", "adam"], ["none", "l2", "dropout", "l2+dropout"])


def fraction(each, value):
    if each.log:
        return math.log(value / each.low) / math.log(each.high / each.low)
    return (value - each.low) / (each.high - each.low)


@pytest.mark.parametrize("trials", [1, 3, 8, 13])
def test_every_setting_is_inside_its_ranges(trials):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for arm in ARMS:
            found = settings(arm, trials, seed=0)
            assert len(found) == trials
            for values in found:
                assert list(values) == [each.name for each in arm.hyperparameters]
                for each in arm.hyperparameters:
                    assert each.low <= values[each.name] <= each.high


def test_all_arms_get_the_same_points():
    points = {}
    for arm in ARMS:
        for number, values in enumerate(settings(arm, 5, seed=3)):
            for position, each in enumerate(arm.hyperparameters):
                at = fraction(each, values[each.name])
                assert at == pytest.approx(points.setdefault((number, position), at), abs=1e-4)


def test_points_spread_over_the_range():
    rates = sorted(fraction(ARMS[0].hyperparameters[0], s["learning_rate"]) for s in settings(ARMS[0], 8, seed=0))
    assert [int(8 * at) for at in rates] == list(range(8))


def test_settings_follow_from_the_seed():
    arm = Arm("adam", "l2+dropout")
    assert settings(arm, 4, seed=0) == settings(arm, 4, seed=0)
    assert settings(arm, 4, seed=0) != settings(arm, 4, seed=1)
    assert settings(arm, 4, seed=0) == settings(arm, 6, seed=0)[:4]


@pytest.mark.parametrize("options", [{"trials": 0, "seed": 0}, {"trials": 1, "seed": -1}])
def test_what_is_refused(options):
    with pytest.raises(InvalidArgument):
        settings(ARMS[0], **options)


def test_the_edges():
    arm = Arm("adam", "none")  # 3e-4 .. 3e-2: a tenth of the way in logarithms is a factor of 10 ** 0.2
    inside = np.array([3e-4 * 10**0.21, 3e-3, 3e-2 / 10**0.21])
    outside = np.array([3e-4, 3e-4 * 10**0.19, 3e-2 / 10**0.19, 3e-2])
    assert not any(at_edge(arm, rate) for rate in inside)
    assert all(at_edge(arm, rate) for rate in outside)


def test_kerastuner_sees_only_what_is_active():
    hp = declare(keras_tuner.HyperParameters(), ARMS)
    assert hp.values["optimizer"] == "momentum"
    assert hp.values["regularizer"] == "none"
    names = {each.name: each for each in hp.space}
    assert set(names) == {
        *("optimizer", "regularizer", "momentum.learning_rate", "adam.learning_rate", "l2.strength", "dropout.rate")
    }
    assert names["optimizer"].values == ["momentum", "adam"]
    assert (names["adam.learning_rate"].min_value, names["adam.learning_rate"].max_value) == (3e-4, 3e-2)
    assert names["adam.learning_rate"].sampling == "log"
    assert names["dropout.rate"].sampling == "linear"
    for regularizer, active in (
        ("none", ()),
        ("l2", ("l2.strength",)),
        ("l2+dropout", ("l2.strength", "dropout.rate")),
    ):
        trial = hp.copy()
        trial.values = {"optimizer": "adam", "regularizer": regularizer}
        seen = {each.name for each in trial.space if trial.is_active(each)}
        assert seen == {"optimizer", "regularizer", "adam.learning_rate", *active}
