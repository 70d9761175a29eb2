import math

import numpy as np
import pytest
import scipy.stats

from recipes.metric import Metric
from recipes.report.table_columns import verdict_of
from recipes.tuning.arms import Arm
from recipes.tuning.judging.main_effects import main_effects
from recipes.tuning.judging.samples import Rule
from recipes.tuning.judging.summary import summary

from .judged import DEFAULT, NAN, judge


def row(table, arm):
    return table[table["arm"] == arm].iloc[0]


def test_a_summary_worked_by_hand(make_trials):
    trials = make_trials(
        {"momentum+none": [0.90, 0.92, 0.94], "adam+none": [0.97, 0.98, 0.99]},
        {"momentum+none": [0.8, 0.8, 0.8], "adam+none": [0.7, 0.8, 0.6]},
    )
    table = summary(trials, DEFAULT.name)
    assert list(table["arm"]) == ["momentum+none", "adam+none"]  # by validation, not by test
    default, adam = row(table, "momentum+none"), row(table, "adam+none")
    assert adam["test_mean"] == pytest.approx(0.98)
    assert adam["test_sd"] == pytest.approx(0.01)
    assert default["test_sd"] == pytest.approx(0.02)
    assert adam["validation_mean"] == pytest.approx(0.7)
    assert adam["validation_sd"] == pytest.approx(0.1)
    assert adam["difference"] == pytest.approx(0.06)
    # differences 0.07, 0.06, 0.05, of standard deviation 0.01: t = 0.06 / (0.01 / sqrt(3)) with 2 degrees of freedom
    t = 0.06 / (0.01 / math.sqrt(3))
    assert adam["p_value"] == pytest.approx(2 * scipy.stats.t.sf(t, 2), abs=1e-4)
    width = scipy.stats.t.ppf(0.975, 2) * 0.01 / math.sqrt(3)
    assert adam["difference_low"] == pytest.approx(0.06 - width, rel=1e-3)
    assert adam["difference_high"] == pytest.approx(0.06 + width, rel=1e-3)
    half = scipy.stats.t.ppf(0.975, 2) * 0.02 / math.sqrt(3)
    assert (default["test_low"], default["test_high"]) == pytest.approx((0.92 - half, 0.92 + half))
    assert adam["verdict"] == "better"
    assert (adam["trials"], adam["repeats"], adam["diverged"]) == (2, 3, 0)
    assert adam["seconds"] == pytest.approx(3.0)  # the shortest of the three that confirm
    assert default["verdict"] == "reference"
    assert (default["difference"], default["difference_low"], default["difference_high"]) == (0.0, 0.0, 0.0)
    assert math.isnan(default["p_value"])


@pytest.mark.parametrize(("direction", "words"), [("max", ("better", "worse")), ("min", ("worse", "better"))])
def test_planted_differences_are_found(make_trials, direction, words):
    random = np.random.default_rng(0)
    means = {"momentum+none": 0.9, "adam+none": 0.95, "sgd+none": 0.85, "nadam+none": 0.9}
    trials = make_trials({arm: list(random.normal(mean, 0.003, 3)) for arm, mean in means.items()})
    table = summary(trials, DEFAULT.name, Metric("score", direction))
    assert row(table, "adam+none")["verdict"] == words[0]
    assert row(table, "sgd+none")["verdict"] == words[1]
    assert row(table, "nadam+none")["verdict"] in ("open", "as good")
    order = ["adam+none", "sgd+none"] if direction == "max" else ["sgd+none", "adam+none"]
    assert [table["arm"].iloc[0], table["arm"].iloc[-1]] == order


def test_equal_arms_are_seldom_called_different(make_trials):
    random = np.random.default_rng(1)
    called = 0
    for _ in range(20):
        trials = make_trials(
            {f"{name}+none": list(random.normal(0.9, 0.01, 3)) for name in ("momentum", "adam", "sgd")}
        )
        table = summary(trials, DEFAULT.name)
        called += bool({"better", "worse"} & set(table["verdict"]))
    assert called <= 4  # of 20 families at 5 %: 5 or more have a probability of 0.3 %


def test_the_confidence_is_that_of_all_intervals(make_trials):
    """A difference that lies between two levels is noise at the stricter one."""
    trials = make_trials({"adam+none": [0.90, 0.92, 0.91], "sgd+none": [0.915, 0.93, 0.93]})
    strict, loose = (summary(trials, "adam+none", rule=Rule(1 - each)).set_index("arm") for each in (0.99, 0.8))
    p = strict.loc["sgd+none", "p_value"]
    assert 0.01 < p < 0.2
    assert p == loose.loc["sgd+none", "p_value"]
    assert (strict.loc["sgd+none", "verdict"], loose.loc["sgd+none", "verdict"]) == ("open", "better")
    for table, confidence in ((strict, 0.99), (loose, 0.8)):
        row = table.loc["sgd+none"]
        expected = scipy.stats.t.interval(confidence, 2, row["test_mean"], row["test_sd"] / math.sqrt(3))
        assert (row["test_low"], row["test_high"]) == pytest.approx(expected)
    effects = [main_effects(trials, Arm("adam", "none"), rule=Rule(1 - each)) for each in (0.99, 0.8)]
    assert [each.set_index("level").loc["sgd", "verdict"] for each in effects] == ["open", "better"]


def test_a_diverged_arm_stands_last_and_is_counted(make_trials):
    scores = {"sgd+none": [NAN, 0.99], "momentum+none": [0.9, 0.91], "adam+none": [0.8, 0.82]}
    table = summary(make_trials(scores), DEFAULT.name)
    assert list(table["arm"]) == ["momentum+none", "adam+none", "sgd+none"]
    lost = row(table, "sgd+none")
    assert (lost["verdict"], lost["diverged"]) == ("diverged", 1)
    assert all(math.isnan(lost[name]) for name in ("test_mean", "test_sd", "difference", "p_value"))
    assert math.isfinite(row(table, "adam+none")["p_value"])


def test_a_default_without_a_score_does_not_void_the_comparison(make_trials):
    """The best of the others takes its place."""
    scores = {"momentum+none": [NAN, 0.9], "adam+none": [0.90, 0.91], "sgd+none": [0.70, 0.712]}
    table, sentences = judge(make_trials(scores))
    words = {arm: row(table, arm)["verdict"] for arm in scores}
    assert words == {"momentum+none": "diverged", "adam+none": "reference", "sgd+none": "worse"}
    assert sentences[0].startswith(
        "The default arm, momentum with no regularizer, diverged: the arms are compared with the best of the others. "
        "The reference, adam with"
    )


def test_one_seed_gives_no_spread(make_trials):
    table, sentences = judge(make_trials({"momentum+none": [0.9], "adam+none": [0.95]}))
    assert table["test_sd"].isna().all()
    assert list(table["verdict"]) == ["open", "reference"]
    assert sentences[1:3] == [
        "Of 1 other arm: open: adam with no regularizer.",
        "A single repeat shows no noise, so nothing can be told: `recipes search digits --repeats 3`.",
    ]


def test_verdict_where_everything_diverged(make_trials):
    _, sentences = judge(make_trials({"momentum+none": [NAN, NAN], "adam+none": [NAN, NAN]}))
    assert sentences == ["Every arm diverged: lower the learning rates."]


def test_what_failed_is_not_said_to_have_diverged(make_trials):
    for lost in ("adam+none", "momentum+none"):
        scores = {arm: [0.9, NAN if arm == lost else 0.91] for arm in ("momentum+none", "adam+none")}
        trials = make_trials(scores).assign(diverged=False)
        trials["status"] = np.where(trials["test_score"].isna() & (trials["stage"] == "confirm"), "failed", "finished")
        table, sentences = judge(trials)
        words = {arm: verdict_of(row(table, arm).to_dict()) for arm in scores}
        assert words[lost] == "failed"
        effects = main_effects(trials, DEFAULT)
        level = effects[(effects["factor"] == "optimizer") & (effects["level"] == lost.split("+")[0])].iloc[0]
        assert level["verdict"] == ("reference" if lost == DEFAULT.name else "failed")
        assert "diverged" not in " ".join(sentences)
    assert "The default arm, momentum with no regularizer, failed" in " ".join(sentences)


def test_what_a_wrong_rate_costs_is_not_known_of_pruned_trials(make_trials):
    trials = make_trials({"momentum+none": [0.9, 0.9], "adam+none": [0.9, 0.9]}).assign(status="finished")
    assert summary(trials, DEFAULT.name)["sensitivity"].notna().all()
    first = (trials["arm"] == "adam+none") & (trials["stage"] == "tune") & (trials["trial"] == 0)
    trials.loc[first, "status"] = "pruned"
    table = summary(trials, DEFAULT.name)
    assert math.isnan(row(table, "adam+none")["sensitivity"])
    assert math.isfinite(row(table, "momentum+none")["sensitivity"])
