"""Plots of all arms: their scores, their differences from the reference, and a heat map of two factors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from . import formatting
from .results import Results, as_float
from .style import (
    GRID,
    INK,
    MUTED,
    NARROW,
    PALETTE,
    VERDICTS,
    better,
    folded,
    message,
    new_figure,
    plain,
    styled,
)
from .table_columns import verdict_of
from .window import window

__all__ = ["differences", "heat_map", "scores"]


@styled
def scores(results: Results, narrow: bool = False) -> Figure:
    """The test scores of every arm, in the order of the summary with the best on top.

    Hollow dots are single trainings, one per repeat; the full dot is their mean, the thick bar one standard deviation
    to both sides, the thin one the interval of the mean, which may leave the plot with few repeats. The dashed line is
    the mean of the reference.

    Args:
        results: the comparison.
        narrow: for a telephone, as for all plots of a comparison. Default False.

    Example:
        >>> scores(results).savefig("scores.png")   # doctest: +SKIP
    """
    rows, scale = results.rows(), results.metric.scale
    figure = _tall_figure(len(rows), narrow)
    axes = figure.add_subplot()
    confirmed = results.stage("confirm")
    means = [as_float(row["test_mean"]) * scale for row in rows]
    reference = next((mean for row, mean in zip(rows, means, strict=True) if row["arm"] == results.reference), math.nan)
    if math.isfinite(reference):
        axes.axvline(reference, color=INK, linewidth=1, linestyle="--", zorder=1, gid="reference")
    shown: list[float] = list(means)
    for place, (row, mean) in enumerate(zip(rows, means, strict=True)):
        single = confirmed.loc[confirmed["arm"] == row["arm"], "test_score"].astype(float).to_numpy() * scale
        colour = _colour(row)
        style: dict[str, Any] = {"mfc": "white", "mec": colour, "mew": 0.9, "markersize": 4.5}
        axes.plot(single, np.full(len(single), place), "o", zorder=2.5, gid="repeats", **style)
        sd = as_float(row["test_sd"]) * scale
        if math.isfinite(mean) and math.isfinite(sd):
            axes.plot([mean - sd, mean + sd], [place, place], color=colour, linewidth=1.8, gid="sd")
            shown += [mean - sd, mean + sd]
        low, high = as_float(row["test_low"]) * scale, as_float(row["test_high"]) * scale
        if math.isfinite(low) and math.isfinite(high):
            axes.plot([low, high], [place, place], color=colour, linewidth=0.8, alpha=0.7, gid="interval")
    colours = [_colour(row) for row in rows]
    axes.scatter(means, range(len(rows)), s=42, c=colours, edgecolors="white", linewidths=0.8, zorder=3, gid="means")
    texts = [formatting.score(row["test_mean"], results.metric) for row in rows]
    _arm_axis(axes, results, means, texts, window(shown, results.metric.higher_is_better), narrow)
    axes.set_xlabel(f"test {results.metric.label}   {better(results.metric)}")
    _verdict_legend(figure, results)
    return figure


@styled
def differences(results: Results, narrow: bool = False) -> Figure:
    """A forest plot: the difference of each arm's test score from the reference's, with simultaneous intervals.

    An arm differs if its interval excludes zero. It is as good if its interval lies within the shaded margin.
    """
    rows = [row for row in results.rows() if row["arm"] != results.reference]
    figure = _tall_figure(len(rows), narrow)
    axes = figure.add_subplot()
    if not any(math.isfinite(as_float(row["difference"])) for row in rows):
        alone = "Only the reference: nothing to compare it with."
        message(axes, "No difference is known: an arm without a score has none." if rows else alone)
        return figure
    scale = results.metric.scale
    values = [as_float(row["difference"]) * scale for row in rows]
    shown: list[float] = [0.0, *values]
    axes.axvline(0, color=INK, linewidth=1, linestyle="--", zorder=1, gid="reference")
    margin = results.margin * scale
    if math.isfinite(margin):
        axes.axvspan(-margin, margin, color=GRID, zorder=0, linewidth=0, gid="margin")
    for place, row in enumerate(rows):
        low, high = as_float(row["difference_low"]) * scale, as_float(row["difference_high"]) * scale
        if math.isfinite(low) and math.isfinite(high):
            axes.plot([low, high], [place, place], color=_colour(row), linewidth=1.8, gid="interval")
            shown += [low, high]
    colours = [_colour(row) for row in rows]
    axes.scatter(values, range(len(rows)), s=42, c=colours, edgecolors="white", linewidths=0.8, zorder=3, gid="means")
    texts = [formatting.difference(row["difference"], results.metric) for row in rows]
    _arm_axis(axes, results, values, texts, window(shown, results.metric.higher_is_better), narrow, rows=rows)
    unit = results.metric.difference_unit
    unit = f" ({unit})" if unit else ""
    between = "\n" if narrow else " "
    axes.set_xlabel(
        f"test {results.metric.words}: difference from{between}{plain(results.reference)}\n"
        f"{unit}   {better(results.metric)}".replace("\n ", "\n")
    )
    _verdict_legend(figure, results, omit="reference")
    return figure


@styled
def heat_map(results: Results, narrow: bool = False) -> Figure:
    """The mean test score of every pair of an optimizer (column) and a regularizer (row); brighter is better.

    If one of these has a single level, the first two factors with several levels are used instead. A cell with several
    arms shows their mean. The reference has a dashed frame and the decision a solid frame. Cells without an arm are
    empty. The colour scale excludes outliers, so that the other cells can be told apart.
    """
    across, down = results.crossed
    columns, lines = results.levels(across), results.levels(down)
    scale, rows = results.metric.scale, results.rows()
    cells: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in rows:
        cells.setdefault((lines.index(row[down]), columns.index(row[across])), []).append(row)
    grid = np.full((len(lines), len(columns)), np.nan)
    for place, arms in cells.items():
        grid[place] = np.mean([as_float(row["test_mean"]) for row in arms]) * scale
    label, size = (folded, 8.0) if narrow else (plain, 9.0)
    longest = max(len(line) for name in lines for line in label(name).split("\n"))
    if narrow:
        size = min(size, 15 * (NARROW - 0.6 - 0.07 * longest) / len(columns))  # five digits fit into a cell
        figure = new_figure(NARROW, 1.4 + 0.48 * len(lines))
    else:
        figure = new_figure(2.6 + 0.07 * longest + 0.95 * len(columns), 1.7 + 0.48 * len(lines))
    axes = figure.add_subplot()
    axes.grid(False)
    axes.set_facecolor("#f3f4f6")
    ends = window(grid.ravel(), results.metric.higher_is_better, margin=0.0) or (0.0, 1.0)
    image = axes.imshow(
        np.ma.masked_invalid(grid),
        cmap="viridis" if results.metric.higher_is_better else "viridis_r",
        norm=Normalize(*ends),
        aspect="auto",
    )
    for (y, x), arms in cells.items():
        text = formatting.score(grid[y, x] / scale, results.metric)
        known = text != formatting.MISSING
        colour = _contrast(tuple(image.cmap(image.norm(grid[y, x])))) if known else MUTED
        lost = next((row for row in arms if not math.isfinite(as_float(row["test_mean"]))), arms[0])
        axes.text(x, y, text if known else verdict_of(lost), ha="center", va="center", color=colour, fontsize=size)
        names = [row["arm"] for row in arms]
        if results.winner in names:
            axes.add_patch(_frame(x, y, "-", PALETTE[1], "decision"))
        if results.reference in names:
            if results.winner not in names:
                axes.add_patch(_frame(x, y, "-", "black", "ground"))
            axes.add_patch(_frame(x, y, "--", "white", "reference"))
    axes.set_xticks(range(len(columns)), [label(name) for name in columns])
    axes.set_yticks(range(len(lines)), [label(name) for name in lines])
    if max(len(str(name)) for name in columns) > (4 if narrow else 10):
        axes.tick_params(axis="x", labelrotation=30)
        for tick in axes.get_xticklabels():
            tick.set(ha="right", rotation_mode="anchor")
    axes.set(xlabel=across, ylabel=down)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if np.isfinite(grid).any() and not narrow:  # where it is narrow, the numbers alone have to do
        beyond = np.nanmin(grid) < ends[0] if results.metric.higher_is_better else np.nanmax(grid) > ends[1]
        side = "min" if results.metric.higher_is_better else "max"
        bar = figure.colorbar(image, ax=axes, extend=side if beyond else "neither", pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label(f"test {results.metric.label}")
    return figure


def _tall_figure(arms: int, narrow: bool) -> Figure:
    return new_figure(NARROW, 1.6 + 0.4 * max(arms, 2)) if narrow else new_figure(8.0, 1.5 + 0.27 * max(arms, 2))


def _colour(row: dict) -> str:
    return VERDICTS.get(verdict_of(row), MUTED)


def _arm_axis(
    axes: Axes,
    results: Results,
    values: list[float],
    texts: list[str],
    ends: tuple[float, float] | None,
    narrow: bool,
    rows: list[dict] | None = None,
) -> None:
    """Labels the arms, best on top, and writes values beyond the edges, or the verdict without a value, at the edge.

    The names stand left of the axes, or above the values if ``narrow``.
    """
    rows = results.rows() if rows is None else rows
    marks = {results.reference: " (reference)"}
    names = [plain(row["arm"]) + marks.get(row["arm"], "") for row in rows]
    axes.set_yticks(range(len(rows)), [] if narrow else names)
    axes.set_ylim(len(rows) - (0.6 if narrow else 0.4), -0.8 if narrow else -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if ends is None:
        axes.set_xticks([])
    else:
        axes.set_xlim(*ends)
    over: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points", "fontsize": 8.5}
    labels = [axes.annotate(name, (0, place), xytext=(0, 5), **over) for place, name in enumerate(names) if narrow]
    for row, label in zip(rows, labels or axes.get_yticklabels(), strict=True):
        if row["arm"] in (results.reference, results.winner):
            label.set_fontweight("bold")
    for place, (row, value, text) in enumerate(zip(rows, values, texts, strict=True)):
        at, shown = 0.01 if results.metric.higher_is_better else 0.99, ""
        if not math.isfinite(value):
            shown = verdict_of(row)
        elif ends and value < ends[0]:
            at, shown = 0.01, f"◀ {text}"
        elif ends and value > ends[1]:
            at, shown = 0.99, f"{text} ▶"
        if shown:
            where: dict[str, Any] = {
                "ha": "left" if at < 0.5 else "right",
                "va": "center",
                "transform": axes.get_yaxis_transform(),
            }
            ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # an interval may reach into the axes
            axes.text(at, place, shown, color=MUTED, fontsize=8.5, gid="beyond", bbox=ground, **where)


def _verdict_legend(figure: Figure, results: Results, omit: str = "") -> None:
    """A legend of the colours, for the verdicts that occur."""
    verdicts = {verdict_of(row) for row in results.rows()}
    names = [name for name in ("better", "worse", "as good", "open", "reference") if name in verdicts and name != omit]
    if len(names) < 2:
        return
    handles = [
        Line2D([], [], color=VERDICTS.get(name, MUTED), marker="o", markeredgecolor="white", linewidth=1.8, label=name)
        for name in names
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handlelength=1.3, columnspacing=1.2)


def _contrast(colour: tuple[float, ...]) -> str:
    """Black or white, whichever is more legible on ``colour``, by the relative luminance of WCAG 2."""
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.179 else "white"


def _frame(x: int, y: int, line: str, colour: str, name: str) -> Rectangle:
    frame = Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, linewidth=2.2, linestyle=line, edgecolor=colour)
    frame.set_gid(name)
    return frame
