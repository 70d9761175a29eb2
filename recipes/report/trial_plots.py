"""Plots of all tuning trials together: what mattered, and parallel coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from . import formatting
from .importance import FEWEST, choices_tried, importance
from .results import Results
from .style import INK, MUTED, NARROW, PALETTE, folded, message, new_figure, plain, styled
from .window import window

__all__ = ["importances", "parallel_coordinates"]

Axis = tuple[Callable[[Any], float], list[tuple[float, str]]]
"""Where a value lies, from 0 to 1, and the labels at such places."""


@styled
def importances(results: Results, narrow: bool = False) -> Figure:
    """A bar per choice and hyperparameter: how much of the order of the trials it explains.

    See :func:`recipes.report.importance.importance`; the line is the standard deviation over the thirds.
    """
    found = importance(results)
    figure = new_figure(NARROW if narrow else 8.0, 1.2 + 0.4 * (1 if found is None else len(found)))
    axes = figure.add_subplot()
    if found is None:
        message(axes, f"Too little was tried to tell: it takes {FEWEST} trials with different scores.")
        return figure
    places = range(len(found))
    shares = 100 * found["mean"].to_numpy().clip(0)
    axes.barh(places, shares, xerr=100 * found["sd"], height=0.55, color=PALETTE[0], ecolor=MUTED, gid="importance")
    axes.set_yticks(places, [(folded if narrow else plain)(name.replace("_", " ")) for name in found["name"]])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0)
    explained = f"{100 * max(found['explained'].iloc[0], 0.0):.0f}"
    axes.set_xlabel(f"loss of explained share if it is unknown (%)\nall together explain {explained} %")
    return figure


@styled
def parallel_coordinates(results: Results, narrow: bool = False) -> Figure:
    """A line per tuning trial through its choices, its rate and strengths, to its validation score.

    Brighter lines are better trials; the dark one is the setting that was decided on. Trials without a score are left
    out; those beyond the window of scores end at its edge.
    """
    table = choices_tried(results)
    table = table[np.isfinite(table["score"])]
    names = list(table.columns)
    figure = new_figure(NARROW, 1.0 + 1.05 * len(names)) if narrow else new_figure(max(8.0, 1.9 * len(names)), 4.6)
    if not len(table):
        message(figure.add_subplot(), "No trial has a score.")
        return figure
    figure.set_layout_engine("none")  # the texts lie outside the axes on purpose
    axes = figure.add_axes((0.04, 0.03, 0.92, 0.96) if narrow else (0.04, 0.06, 0.86, 0.74))
    axes.axis("off")
    scales = [_axis(results, name, table) for name in names]
    heights = np.array(
        [[scale(value) for value in table[name]] for name, (scale, _) in zip(names, scales, strict=True)]
    )
    ends = window(table["score"], results.metric.higher_is_better, margin=0.0) or (0.0, 1.0)
    shade, colours = Normalize(*ends), colormaps["viridis" if results.metric.higher_is_better else "viridis_r"]
    order = np.argsort(results.metric.sign * table["score"].to_numpy(), kind="stable")  # the best on top
    chosen = _chosen(results)
    along = np.arange(len(names))
    for place in order:
        score = float(table["score"].iloc[place])
        is_chosen = table.index[place] == chosen
        style: dict[str, Any] = {
            "color": INK if is_chosen else colours(shade(score)),
            "linewidth": 2.4 if is_chosen else 1.1,
        }
        line = (heights[:, place], along) if narrow else (along, heights[:, place])
        axes.plot(*line, alpha=1.0 if is_chosen else 0.55, zorder=3 if is_chosen else 2, gid="trials", **style)
    over = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8}
    for number, (name, (_, labels)) in enumerate(zip(names, scales, strict=True)):
        title = (f"validation {results.metric.label}" if name == "score" else name).replace("_", " ")
        if narrow:
            axes.plot([0, 1], [number, number], color=MUTED, linewidth=0.8, zorder=1)
            axes.text(0.0, number - 0.16, plain(title), fontweight="bold", fontsize=8.5, va="bottom", bbox=over)
            for place, label in labels:
                side = "left" if place < 0.1 else "right" if place > 0.9 else "center"
                axes.text(place, number + 0.08, folded(label), fontsize=7, ha=side, va="top", bbox=over, zorder=4)
        else:
            axes.plot([number, number], [0, 1], color=MUTED, linewidth=0.8, zorder=1)
            axes.text(
                number, 1.06, title.replace(" ", "\n", 1), fontweight="bold", fontsize=9, ha="center", va="bottom"
            )
            for place, label in labels:
                axes.text(number + 0.03, place, folded(label), fontsize=8, va="center", bbox=over, zorder=4)
    if narrow:
        axes.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.5))
    else:
        axes.set(xlim=(-0.05, len(names) - 0.95), ylim=(-0.05, 1.05))
    return figure


def _axis(results: Results, name: str, table: Any) -> Axis:
    """The axis of a column: levels at equal distances, numbers by their logarithms, scores within their window."""
    if name == "score":
        low, high = window(table["score"], results.metric.higher_is_better, margin=0.0) or (0.0, 1.0)
        labels = [(place, formatting.score(low + place * (high - low), results.metric)) for place in (0.0, 0.5, 1.0)]
        return lambda value: float(np.clip((value - low) / (high - low), 0.0, 1.0)), labels
    if name == "learning_rate" or name in results.strengths:
        known = table[name].astype(float)
        known = known[known > 0]
        if not len(known):
            return lambda value: 0.0, [(0.0, "none")]
        low, high = math.log10(known.min()), math.log10(known.max())
        missing = bool((~(table[name].astype(float) > 0)).any())
        floor, width = (0.15 if missing else 0.0), max(high - low, 1e-9)
        labels = [(floor + (1 - floor) * part, formatting.strength(10 ** (low + part * width))) for part in (0, 0.5, 1)]
        return (
            lambda value: floor + (1 - floor) * (math.log10(value) - low) / width if value > 0 else 0.0,
            [(0.0, "none")] * missing + labels,
        )
    levels = results.levels(name)
    places = {level: number / max(len(levels) - 1, 1) for number, level in enumerate(levels)}
    return places.__getitem__, [(place, str(level)) for level, place in places.items()]


def _chosen(results: Results) -> int | None:
    """The position among the tuning trials of the one that was decided on."""
    tuned = results.stage("tune").reset_index(drop=True)
    row = results.row(results.winner) if results.winner is not None else None
    if row is None:
        return None
    own = tuned[(tuned["arm"] == row["arm"]) & np.isclose(tuned["learning_rate"], row["learning_rate"], rtol=1e-4)]
    own = own[own["validation_score"].notna()]
    if not len(own):
        return None
    return int((results.metric.sign * own["validation_score"]).idxmax())
