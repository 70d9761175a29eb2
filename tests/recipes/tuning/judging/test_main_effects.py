"""The mean of each level of a factor over the arms that have it, compared seed by seed."""

import math

import numpy as np
import pytest
import scipy.stats

from recipes.tuning.arms import Arm
from recipes.tuning.judging.main_effects import main_effects

DEFAULT = Arm("momentum", "none")
NAN = math.nan


def test_main_effects_worked_by_hand(make_trials):
    trials = make_trials(
        {
            "momentum+none": [0.80, 0.82],
            "adam+none": [0.90, 0.94],
            "momentum+l2": [0.84, 0.86],
            "adam+l2": [0.92, 0.96],
            "sgd+none": [0.5, 0.5],
            "sgd+l2": [NAN, 0.5],
        }
    )
    effects = main_effects(trials, DEFAULT).set_index(["factor", "level"])
    assert list(effects.loc["optimizer"].index) == ["momentum", "adam", "sgd"]
    assert effects.loc[("optimizer", "momentum"), "test_mean"] == pytest.approx(0.83)
    assert effects.loc[("optimizer", "momentum"), "test_sd"] == pytest.approx(np.std([0.82, 0.84], ddof=1))
    assert effects.loc[("optimizer", "adam"), "test_mean"] == pytest.approx(0.93)
    assert effects.loc[("optimizer", "adam"), "difference"] == pytest.approx(0.10)
    expected = scipy.stats.ttest_rel([0.91, 0.95], [0.82, 0.84]).pvalue
    assert effects.loc[("optimizer", "adam"), "p_value"] == pytest.approx(expected, abs=1e-3)
    assert effects.loc[("optimizer", "momentum"), "verdict"] == "reference"
    assert effects.loc[("optimizer", "momentum"), "difference"] == 0.0
    assert math.isnan(effects.loc[("optimizer", "sgd"), "test_mean"])
    assert effects.loc[("optimizer", "sgd"), "verdict"] == "diverged"
    assert effects.loc[("regularizer", "none"), "test_mean"] == pytest.approx(
        (0.80 + 0.90 + 0.5 + 0.82 + 0.94 + 0.5) / 6
    )
    assert math.isnan(effects.loc[("regularizer", "l2"), "test_mean"])
