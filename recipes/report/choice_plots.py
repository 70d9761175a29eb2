"""Plots for choosing: score against training time, and the best score of each choice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .results import Results, as_float
from .style import INK, MUTED, NARROW, PALETTE, VERDICTS, better, folded, message, new_figure, plain, styled
from .table_columns import verdict_of
from .window import window

__all__ = ["cheapest", "cost", "isolation"]


@styled
def cost(results: Results, narrow: bool = False) -> Figure:
    """Cost against quality: the seconds of one training of each arm, and its test score.

    The line joins the arms that no other arm beats in both. These and the reference are labelled, with their intervals.

    Example:
        >>> cost(results).savefig("cost.png")   # doctest: +SKIP
    """
    figure = new_figure(NARROW if narrow else 8.0, 4.6)
    axes = figure.add_subplot()
    scale = results.metric.scale
    seconds = results.stage("confirm").groupby("arm")["seconds"].mean().to_dict()
    rows = [row for row in results.rows() if row["arm"] in seconds and math.isfinite(as_float(row["test_mean"]))]
    if not rows:
        message(axes, "No arm has a score.")
        return figure
    times = np.asarray([float(seconds[row["arm"]]) for row in rows])
    values = np.asarray([as_float(row["test_mean"]) * scale for row in rows])
    ends = window(values, results.metric.higher_is_better) or (values.min(), values.max())
    front = cheapest(times, values, results.metric.sign)
    axes.plot(times[front], values[front], color=INK, linewidth=1, linestyle=":", zorder=1, gid="front")
    labelled = {*front, *(k for k, row in enumerate(rows) if row["arm"] == results.reference)}
    for k, (row, time, value) in enumerate(zip(rows, times, values, strict=True)):
        low, high = as_float(row["test_low"]) * scale, as_float(row["test_high"]) * scale
        colour = VERDICTS.get(verdict_of(row), MUTED)
        if k in labelled and math.isfinite(low) and math.isfinite(high):
            axes.plot([time, time], [low, high], color=colour, linewidth=1.2, alpha=0.45, gid="interval")
        axes.scatter([time], [value], s=42, color=colour, edgecolors="white", linewidths=0.8, zorder=3, gid="means")
    for k in sorted(labelled):
        if ends[0] <= values[k] <= ends[1]:
            late = times[k] > times.min() + 0.6 * (times.max() - times.min())
            axes.annotate(
                (folded if narrow else plain)(rows[k]["arm"]) + " (reference)" * (rows[k]["arm"] == results.reference),
                (times[k], values[k]),
                xytext=(-7 if late else 7, 6 if results.metric.higher_is_better else -6),
                textcoords="offset points",
                ha="right" if late else "left",
                va="bottom" if results.metric.higher_is_better else "top",
                fontsize=8.5,
                gid="names",
            )
    axes.set_ylim(*ends)
    axes.margins(x=0.08)
    axes.set(xlabel="seconds of one training", ylabel=f"test {results.metric.label}")
    return figure


def cheapest(times: np.ndarray, values: np.ndarray, sign: float) -> list[int]:
    """The Pareto front: the indices of the points that no other beats in both time and value, ordered by time.

    Args:
        times: seconds, shape (n,); less is better.
        values: scores, shape (n,).
        sign: 1.0 if larger values are better, -1.0 if smaller ones are.

    Example:
        >>> cheapest(np.asarray([3.0, 1.0, 2.0]), np.asarray([0.9, 0.7, 0.6]), 1.0)
        [1, 0]
    """
    front: list[int] = []
    for k in sorted(range(len(times)), key=lambda k: (times[k], -sign * values[k])):
        if not front or sign * values[k] > sign * values[front[-1]]:
            front.append(k)
    return front


@styled
def isolation(results: Results, narrow: bool = False) -> Figure:
    """The best score of each choice, whatever it was paired with: one panel per factor.

    A small dot is an arm with the choice, the large dot the best of them by validation score, which decides.

    Source: the isolation plots of Google's Deep Learning Tuning Playbook.
    """
    factors = [name for name in dict.fromkeys(results.main_effects["factor"]) if len(results.levels(name)) > 1]
    scale, sign = results.metric.scale, results.metric.sign
    scored = [row for row in results.rows() if math.isfinite(as_float(row["validation_mean"]))]
    counts = [len(results.levels(name)) for name in factors]
    figure = new_figure(NARROW if narrow else 8.0, 1.3 + 0.3 * sum(counts) + 0.5 * len(factors))
    if not factors or not scored:
        message(figure.add_subplot(), "One choice for everything: nothing to set apart." if scored else "No scores.")
        return figure
    panels = figure.subplots(len(factors), 1, sharex=True, squeeze=False, height_ratios=[n + 0.8 for n in counts])[:, 0]
    ends = window([as_float(row["validation_mean"]) * scale for row in scored], results.metric.higher_is_better)
    for panel, factor in zip(panels, factors, strict=True):
        by_level = {level: [row for row in scored if row[factor] == level] for level in results.levels(factor)}
        best = {
            level: max(rows, key=lambda row: sign * as_float(row["validation_mean"])) if rows else None
            for level, rows in by_level.items()
        }
        order = sorted(best, key=lambda level: _place(best[level], sign))
        for place, level in enumerate(order):
            values = [as_float(row["validation_mean"]) * scale for row in by_level[level]]
            panel.plot(values, [place] * len(values), "o", color=MUTED, alpha=0.5, markersize=3.5, mew=0, gid="arms")
            top = best[level]
            if top is None:
                panel.text(0.01, place, "no score", color=MUTED, fontsize=8.5, transform=panel.get_yaxis_transform())
                continue
            value = as_float(top["validation_mean"]) * scale
            panel.plot([value], [place], "o", color=PALETTE[0], markersize=7, mec="white", gid="best")
        panel.set_yticks(range(len(order)), [(folded if narrow else plain)(level) for level in order])
        panel.set_ylim(len(order) - 0.5, -0.5)
        panel.tick_params(axis="y", length=0)
        panel.set_title(factor)
        if ends:
            panel.set_xlim(*ends)
    _label(panels[-1], results)
    return figure


def _place(best: dict[str, Any] | None, sign: float) -> float:
    """The sort key of a level: best first, levels without a score last."""
    return math.inf if best is None else -sign * as_float(best["validation_mean"])


def _label(axes: Axes, results: Results) -> None:
    axes.set_xlabel(f"validation {results.metric.label}   {better(results.metric)}")
