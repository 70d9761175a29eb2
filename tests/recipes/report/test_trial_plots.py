"""What mattered among the trials, and parallel coordinates."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from recipes.report.importance import choices_tried, importance
from recipes.report.style import INK
from recipes.report.trial_plots import importances, parallel_coordinates


@pytest.fixture(scope="module")
def planted(make):
    """Trials whose score follows from the rate, less from the regularizer, and from nothing else."""
    results = make(("momentum", "adam", "nadam"), ("none", "dropout"), trials=20, seeds=1)
    trials = results.trials.copy()
    tuned = trials["stage"] == "tune"
    logs = np.log10(trials["learning_rate"].astype(float))
    middle = logs[tuned].groupby(trials["optimizer"]).transform("median")
    trials.loc[tuned, "validation_score"] = 0.9 - 0.05 * (logs - middle) + 0.02 * (trials["regularizer"] == "dropout")
    return dataclasses.replace(results, trials=trials)


def test_what_matters_comes_first_and_what_does_not_has_nothing(planted):
    found = importance(planted).set_index("name")
    assert list(found.index[:2]) == ["learning_rate", "regularizer"]
    assert found.loc["learning_rate", "mean"] > 5 * abs(found.loc["optimizer", "mean"])
    assert abs(found.loc["optimizer", "mean"]) < 0.05
    assert found["explained"].iloc[0] > 0.8


def test_the_bars_are_its_shares(planted):
    axes = importances(planted).axes[0]
    found = importance(planted)
    widths = [bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(widths, 100 * found["mean"].clip(lower=0))
    assert next(label.get_text() for label in axes.get_yticklabels()) == "learning rate"


def test_few_trials_say_nothing(make):
    few = make(("momentum",), ("none", "l2"), trials=3)
    assert importance(few) is None
    assert "20 trials" in importances(few).axes[0].texts[0].get_text()


@pytest.mark.parametrize("narrow", [False, True])
def test_a_line_per_trial_that_ends_at_its_score(planted, narrow):
    figure = parallel_coordinates(planted, narrow=narrow)
    table = choices_tried(planted)
    lines = [line for line in figure.axes[0].lines if line.get_gid() == "trials"]
    assert len(lines) == np.isfinite(table["score"]).sum()
    ends = sorted(float(line.get_data()[0 if narrow else 1][-1]) for line in lines)
    scores = np.sort(table["score"])
    scores = (scores - scores.min()) / (scores.max() - scores.min())
    inside = (np.array(ends) > 0) & (np.array(ends) < 1)
    assert np.corrcoef(np.array(ends)[inside], scores[inside])[0, 1] > 0.999
    dark = [line for line in lines if line.get_linewidth() > 2]
    assert len(dark) <= 1
    assert all(to_rgb(line.get_color()) == to_rgb(INK) for line in dark)
