"""The report of a bench: its tables agree with each other and with pandas, its page is whole, its words are honest."""

from __future__ import annotations

import dataclasses
import html
import math

import numpy as np
import pandas as pd
import pytest

from recipes.judging.signed_rank import Chances
from recipes.report.bench_page import render_bench_page
from recipes.report.bench_results import ARMS, BenchResults, word_of
from recipes.report.bench_tables import rank_tables
from recipes.report.bench_verdict import bench_verdict

from .conftest import make_results

OPTIMIZERS, REGULARIZERS = ("momentum", "adam"), ("none", "l2", "dropout")


def judged(results):
    bench = BenchResults(results, {"command": "recipes bench ..."})
    return dataclasses.replace(bench, verdict=bench_verdict(bench))


@pytest.fixture(scope="module")
def bench():
    """The same arms on seven datasets, every third one a regression."""
    options = {"seeds": 2, "trials": 1, "epochs": 1}
    return judged(
        {
            f"data {k}": make_results(OPTIMIZERS, REGULARIZERS, regression=k % 3 == 2, seed=k, **options)
            for k in range(7)
        }
    )


@pytest.fixture(scope="module")
def with_a_loss(bench):
    """The same, but for an arm that has diverged everywhere."""
    lost = {}
    for label, results in bench.datasets.items():
        scores = results.summary["test_mean"].where(results.summary["arm"] != "adam+l2")
        lost[label] = dataclasses.replace(results, summary=results.summary.assign(test_mean=scores))
    return judged(lost)


def test_ranks_are_those_of_pandas(bench):
    scores = bench.scores
    signed = scores["test_mean"] * np.where(scores["direction"] == "max", -1, 1)
    ranks = signed.groupby(scores["dataset"]).rank(na_option="bottom").groupby(scores["arm"]).mean()
    table = bench.groups[ARMS].table.set_index("level")
    pd.testing.assert_series_equal(table["rank"].sort_index(), ranks.sort_index(), check_names=False)
    assert list(bench.groups) == ["optimizer", "regularizer", ARMS]
    assert (bench.groups["optimizer"].table["level"].isin(OPTIMIZERS)).all()


def test_a_difference_is_counted_in_margins(bench):
    group = bench.groups["optimizer"]
    place, outcome = next(
        (k, results) for k, results in enumerate(bench.datasets.values()) if results.summary["test_mean"].notna().all()
    )
    effects = outcome.main_effects.set_index(["factor", "level"])["test_mean"]
    gap = outcome.metric.sign * (effects["optimizer", "momentum"] - effects["optimizer", "adam"])
    gains = dict(zip(group.candidates, group.gains[place], strict=True))
    assert gains["momentum"] - gains["adam"] == pytest.approx(gap / outcome.margin)


def test_an_arm_without_a_score_is_the_worst(with_a_loss):
    group = with_a_loss.groups[ARMS]
    row = group.table[group.table["level"] == "adam+l2"].iloc[0]
    assert row["without_score"] == 7
    assert math.isinf(row["most_behind"])
    assert row["rank"] == group.table["rank"].max()
    assert any("Without a score, which counts as the worst:" in sentence for sentence in with_a_loss.verdict)


def test_company_in_which_no_level_has_a_score_tells_nothing_of_the_factor(bench):
    lost = {}
    for label, results in bench.datasets.items():
        scores = results.summary["test_mean"].where(results.summary["optimizer"] != "adam")
        lost[label] = dataclasses.replace(results, summary=results.summary.assign(test_mean=scores))
    groups = judged(lost).groups
    first = next(iter(bench.datasets.values())).summary.set_index("arm")["test_mean"]
    losses = groups["regularizer"].losses.iloc[0]
    assert losses["l2"] == pytest.approx(1 - first["momentum+l2"])
    assert groups["optimizer"].losses["adam"].isna().all()


def test_a_word_takes_95_percent_and_five_datasets():
    assert word_of(Chances(0.96, 0.04, 0.0), 5) == "better"
    assert word_of(Chances(0.96, 0.04, 0.0), 4) == "open"
    assert word_of(Chances(0.0, 0.06, 0.94), 50) == "open"


@pytest.mark.parametrize(
    ("datasets", "sentence"),
    [
        (1, "One dataset: ranks over datasets need several"),
        (3, "3 datasets cannot tell 2 optimizers apart by ranks, whatever they are: that takes 4 or more."),
        (3, "With fewer than 5 datasets nothing is called better, worse or as good."),
        (7, "The datasets were chosen, not drawn"),
    ],
)
def test_few_datasets_are_said(bench, datasets, sentence):
    few = {label: bench.datasets[label] for label in list(bench.datasets)[:datasets]}
    assert sentence in " ".join(judged(few).verdict)


def test_what_is_left_out_is_said(bench):
    missing = dataclasses.replace(bench, missing={"mnist": "3 of 8 trainings", "a": "not begun", "b": "not begun"})
    assert bench_verdict(missing)[0].startswith("Unfinished, and left out: mnist: 3 of 8 trainings; a, b: not begun.")


def test_the_page_has_every_number_and_sentence(bench, monkeypatch):
    monkeypatch.setattr("recipes.report.bench_page.BENCH_PLOTS", {})
    page = html.unescape(render_bench_page(bench)).replace("<wbr>", "")
    for text in (*bench.verdict, *bench.arms, *bench.datasets, "recipes bench ...", "Friedman"):
        assert text in page
    assert all(f"{rank:.2f}" in page for rank in bench.groups[ARMS].table["rank"])
    assert rank_tables(bench, limit=3, width=100)[-1].row_count == 3


@pytest.mark.thorough
def test_plots_are_drawn_for_a_page_and_a_telephone(bench, with_a_loss):
    for results in (bench, with_a_loss):
        assert render_bench_page(results).count("<picture") == 4 * len(results.groups)
