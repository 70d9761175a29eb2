"""Plots: that every kind of comparison can be drawn, and that what is drawn are its numbers."""

from __future__ import annotations

import dataclasses
import math

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from recipes.report import formatting, plots
from recipes.report.window import strip, window


def scatter(figure):
    """The points of the means, as rows of x and y."""
    (found,) = [artist for artist in figure.axes[0].collections if artist.get_gid() == "means"]
    return np.ma.filled(np.ma.asarray(found.get_offsets(), float), math.nan)


def lines(axes, name):
    return [line for line in axes.lines if line.get_gid() == name]


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("name", list(plots.PLOTS))
@pytest.mark.parametrize("narrow", [False, pytest.param(True, marks=pytest.mark.thorough)], ids=["wide", "narrow"])
@pytest.mark.ordinarily("25 arms", "strange names")
def test_draws_everything_and_clips_nothing(any_results, name, narrow):
    before = dict(matplotlib.rcParams)
    figure = plots.PLOTS[name].draw(any_results, narrow=narrow)
    assert dict(matplotlib.rcParams) == before
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    tight = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert tight.x0 >= -0.02
    assert tight.y0 >= -0.02
    assert tight.x1 <= width + 0.02
    assert tight.y1 <= height + 0.02


def test_scores_are_at_their_means(any_results):
    figure = plots.scores(any_results)
    axes, summary, scale = figure.axes[0], any_results.summary, any_results.metric.scale
    np.testing.assert_allclose(scatter(figure)[:, 0], summary["test_mean"].astype(float) * scale)
    known = summary["test_mean"].notna().to_numpy()
    np.testing.assert_array_equal(scatter(figure)[known, 1], np.arange(len(summary))[known])
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the best arm is on top"
    labels = [tick.get_text().replace("\\$", "$") for tick in axes.get_yticklabels()]
    default = any_results.reference
    assert labels == [arm + " (reference)" * (arm == default) for arm in summary["arm"]]
    for place, line in enumerate(lines(axes, "repeats")):
        confirmed = any_results.stage("confirm")
        own = confirmed[confirmed["arm"] == summary["arm"].iloc[place]]["test_score"].astype(float)
        np.testing.assert_allclose(line.get_xdata(), own * scale)
    bars = {line.get_ydata()[0]: line.get_xdata() for line in lines(axes, "sd")}
    assert len(bars) == summary["test_sd"].notna().sum()
    for place, (low, high) in bars.items():
        assert (high - low) / 2 == pytest.approx(summary["test_sd"].iloc[int(place)] * scale)
    base = any_results.row(default)["test_mean"] * scale
    assert [line.get_xdata()[0] for line in lines(axes, "reference")] == ([] if math.isnan(base) else [base])
    assert texts(axes).count("diverged") == summary["test_mean"].isna().sum()


def test_scores_name_their_unit(make):
    assert plots.scores(make()).axes[0].get_xlabel() == "test accuracy (%)   better →"
    assert plots.scores(make(regression=True)).axes[0].get_xlabel() == "test root mean squared error   ← better"


def test_an_arm_far_off_is_written_at_the_edge(make):
    for regression, arrow in ((False, "◀ {}"), (True, "{} ▶")):
        results = make(regression=regression)
        worst = results.summary.iloc[-1]
        axes = plots.scores(results).axes[0]
        assert texts(axes) == [arrow.format(formatting.score(worst["test_mean"], results.metric))]
        low, high = axes.get_xlim()
        best = results.summary["test_mean"].iloc[0] * results.metric.scale
        assert low < best < high


def test_differences_are_at_their_values_with_their_intervals(any_results):
    figure = plots.differences(any_results)
    others = any_results.summary[any_results.summary["arm"] != any_results.reference]
    axes, scale = figure.axes[0], any_results.metric.scale
    if not others["difference"].notna().any():
        assert len(texts(axes)) == 1
        return
    np.testing.assert_allclose(scatter(figure)[:, 0], others["difference"] * scale)
    known = others[others["difference_low"].notna()]
    drawn = np.array([line.get_xdata() for line in lines(axes, "interval")]).reshape(-1, 2)
    np.testing.assert_allclose(drawn, known[["difference_low", "difference_high"]] * scale)
    assert len(axes.get_yticklabels()) == len(others)
    low, high = axes.get_xlim()
    assert low < 0 < high


def test_heat_map_has_a_cell_an_arm(any_results):
    axes = plots.heat_map(any_results).axes[0]
    across, down = any_results.crossed
    columns = [tick.get_text().replace("\\$", "$") for tick in axes.get_xticklabels()]
    lines = [tick.get_text().replace("\\$", "$") for tick in axes.get_yticklabels()]
    values = np.ma.filled(axes.images[0].get_array(), math.nan)
    assert values.shape == (len(lines), len(columns))
    written = {text.get_position(): text for text in axes.texts}
    assert len(written) == len(any_results.summary)
    for row in any_results.rows():
        x, y = columns.index(str(row[across])), lines.index(str(row[down]))
        expected = row["test_mean"] * any_results.metric.scale
        np.testing.assert_allclose(values[y, x], expected)
        known = not math.isnan(expected)
        shown = formatting.score(row["test_mean"], any_results.metric) if known else "diverged"
        assert written[(x, y)].get_text() == shown
    frames = {patch.get_gid() for patch in axes.patches}
    assert frames >= ({"decision", "reference"} if any_results.winner else {"reference"})


def test_heat_map_text_can_be_read(results):
    axes = plots.heat_map(results).axes[0]
    image = axes.images[0]
    for text in axes.texts:
        x, y = text.get_position()
        red, green, blue, _ = image.cmap(image.norm(image.get_array()[y, x]))
        dark = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
        ink = 0.0 if text.get_color() == "black" else 1.0
        assert (max(dark, ink) + 0.05) / (min(dark, ink) + 0.05) >= 4.5


def test_heat_map_leaves_pairs_without_an_arm_empty(results):
    fewer = dataclasses.replace(results, summary=results.summary.iloc[:7])
    axes = plots.heat_map(fewer).axes[0]
    assert len(axes.texts) == 7
    assert np.ma.count(axes.images[0].get_array()) == 7


def test_learning_curves_are_means_over_seeds(results):
    figure = plots.learning_curves(results)
    left, right = figure.axes
    arms = [line.get_label() for line in left.lines]
    assert arms == [*list(results.summary["arm"].iloc[:5]), results.reference]
    confirmed = results.epochs[results.epochs["stage"] == "confirm"]
    for axes, column, scale in ((left, "val_score", 100), (right, "loss", 1)):
        for arm, line in zip(arms, axes.lines, strict=True):
            mean = confirmed[confirmed["arm"] == arm].groupby("epoch")[column].mean()
            np.testing.assert_array_equal(line.get_xdata(), range(1, 11))
            np.testing.assert_allclose(line.get_ydata(), mean * scale)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == arms


def test_learning_curves_have_at_most_six_lines_with_the_default_among_them(any_results):
    figure = plots.learning_curves(any_results)
    if any_results.winner is None:
        assert texts(figure.axes[0]) == ["No training was confirmed: there are no learning curves."]
        return
    labels = [line.get_label().replace("\\$", "$") for line in figure.axes[0].lines]
    assert len(labels) == min(6, any_results.summary["test_mean"].notna().sum())
    assert labels[0] == any_results.winner
    if not math.isnan(any_results.row(any_results.reference)["test_mean"]):
        assert any_results.reference in labels


def test_learning_rates_show_every_trial_and_the_chosen_one(any_results):
    figure = plots.learning_rates(any_results)
    tuned, scale = any_results.stage("tune"), any_results.metric.scale
    optimizers = any_results.levels("optimizer")
    assert [axes.get_title(loc="left").replace("\\$", "$") for axes in figure.axes] == optimizers
    for axes, optimizer in zip(figure.axes, optimizers, strict=True):
        of_it = tuned[tuned["optimizer"] == optimizer]
        drawn = np.concatenate([np.transpose(line.get_data()) for line in lines(axes, "trials")])
        expected = of_it[["learning_rate", "validation_score"]].to_numpy(float) * [1, scale]
        np.testing.assert_allclose(drawn[np.argsort(drawn[:, 0])], expected[np.argsort(expected[:, 0])])
        assert sum(len(line.get_xdata()) for line in lines(axes, "diverged")) == of_it["diverged"].sum()
        summary = any_results.summary[any_results.summary["optimizer"] == optimizer]
        rings = sorted(line.get_xdata()[0] for line in lines(axes, "chosen"))
        np.testing.assert_allclose(rings, sorted(summary["learning_rate"].dropna()), rtol=1e-4)
        assert axes.get_xscale() == "log"


def test_each_arm_has_its_ring_where_other_factors_are_compared(make):
    """Two arms of one optimizer and one regularizer, as with two models."""
    results = make(("momentum",), ("none", "l2"))
    summary, trials = (table.assign(regularizer="none") for table in (results.summary, results.trials))
    (axes,) = plots.learning_rates(dataclasses.replace(results, summary=summary, trials=trials)).axes
    rings = sorted(line.get_xdata()[0] for line in lines(axes, "chosen"))
    np.testing.assert_allclose(rings, sorted(summary["learning_rate"]), rtol=1e-4)


def test_diverged_trials_lie_at_the_worse_end(make):
    for regression, height in ((False, 0.035), (True, 0.965)):
        axes = plots.learning_rates(make(regression=regression)).axes[0]
        assert {value for line in lines(axes, "diverged") for value in line.get_ydata()} == {height}


def test_a_strip_has_a_dot_at_each_number():
    assert strip([10.0, 11.0, 21.0, 21.0], (10.0, 21.0)) == "••·········●"
    assert strip([9.0, 15.0, 99.0, math.nan], (10.0, 21.0)) == "◂····•·····▸"
    assert strip([math.nan], (10.0, 21.0)) == ""


def test_window_leaves_out_failures_and_nothing_else():
    good = [0.95, 0.96, 0.97, 0.98, 0.99]
    assert window(good, True, margin=0) == (0.95, 0.99)
    assert window([*good, 0.1], True, margin=0) == (0.95, 0.99)
    assert window([*good, 0.1], False, margin=0) == (0.1, 0.99)
    assert window([*good, 5.0], False, margin=0) == (0.95, 0.99)
    assert window([0.1, 0.9], True, margin=0) == (0.1, 0.9)
    assert window([math.nan], True) is None
    low, high = window([0.5], True)
    assert low < 0.5 < high


@pytest.mark.thorough
def test_save_plots_writes_every_plot(results, tmp_path):
    paths = plots.save_plots(results, tmp_path / "plots", dpi=40)
    assert [path.name for path in paths] == [f"{name}.png" for name in plots.PLOTS]
    assert sorted(paths) == sorted((tmp_path / "plots").iterdir()), "and leaves nothing else behind"
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")


def test_cost_shows_every_arm_at_its_time_and_score(results):
    figure = plots.cost(results)
    found = np.concatenate([each.get_offsets() for each in figure.axes[0].collections if each.get_gid() == "means"])
    seconds = results.stage("confirm").groupby("arm")["seconds"].mean()
    known = results.summary[results.summary["test_mean"].notna()]
    np.testing.assert_allclose(found[:, 0], [seconds[arm] for arm in known["arm"]])
    np.testing.assert_allclose(found[:, 1], known["test_mean"].astype(float) * results.metric.scale)


@pytest.mark.parametrize("regression", [False, True])
def test_the_front_has_those_that_no_other_beats(make, regression):
    results = make(regression=regression)
    seconds = results.stage("confirm").groupby("arm")["seconds"].mean()
    sign = 1 if results.metric.higher_is_better else -1
    points = [(seconds[row["arm"]], sign * row["test_mean"]) for row in results.rows()]
    expected = sorted(
        point
        for point in points
        if not any(other[0] <= point[0] and other[1] >= point[1] and other != point for other in points)
    )
    (front,) = lines(plots.cost(results).axes[0], "front")
    np.testing.assert_allclose(front.get_xdata(), [time for time, _ in expected])


def test_isolation_shows_the_best_of_each_choice(any_results):
    figure, scale = plots.isolation(any_results), any_results.metric.scale
    if not figure.axes[0].get_title(loc="left"):
        return  # one level of each factor: a message in its place
    better = max if any_results.metric.higher_is_better else min
    for axes in figure.axes:
        factor = axes.get_title(loc="left")
        names = [tick.get_text() for tick in axes.get_yticklabels()]
        found = {names[int(line.get_ydata()[0])]: line.get_xdata()[0] for line in lines(axes, "best")}
        scored = any_results.summary[any_results.summary["validation_mean"].notna()]
        expected = {
            level.replace("$", "\\$"): better(group["validation_mean"]) * scale
            for level, group in scored.groupby(factor)
        }
        assert found == pytest.approx(expected)
        order = [found[name] for name in names if name in found]
        assert order == sorted(order, reverse=any_results.metric.higher_is_better)


def test_scores_have_their_interval(results):
    table = results.summary.assign(
        test_low=results.summary["test_mean"] - 0.01, test_high=results.summary["test_mean"] + 0.02
    )
    figure = plots.scores(dataclasses.replace(results, summary=table))
    known = table[table["test_mean"].notna()]
    found = [line.get_xdata() for line in lines(figure.axes[0], "interval")]
    scale = results.metric.scale
    np.testing.assert_allclose(found, known[["test_low", "test_high"]].astype(float) * scale)


def test_each_arm_without_a_score_has_its_own_word(make):
    """One failed and one diverged: neither takes the word of the other."""
    results = make(("momentum", "adam"), ("none", "l2"), all_diverged=("adam+none", "adam+l2"))
    summary = results.summary.assign(failed=0)
    summary.loc[summary["arm"] == "adam+none", ["verdict", "failed"]] = ["failed", 1]
    results = dataclasses.replace(results, summary=summary)
    for draw in (plots.scores, plots.heat_map):
        words = [text for text in texts(draw(results).axes[0]) if text in ("failed", "diverged")]
        assert sorted(words) == ["diverged", "failed"]


def test_a_cell_of_several_arms_has_the_word_of_the_one_without_a_score(make):
    """The first arm of the cell has a score, the second has none."""
    results = make(("momentum", "adam"), ("none", "l2"), all_diverged=("adam+l2",))
    regularizer = results.summary["regularizer"].where(results.summary["optimizer"] != "adam", "none")
    summary = results.summary.assign(regularizer=regularizer)
    assert list(summary.loc[summary["optimizer"] == "adam", "arm"]) == ["adam+none", "adam+l2"]
    words = texts(plots.heat_map(dataclasses.replace(results, summary=summary)).axes[0])
    assert "diverged" in words
