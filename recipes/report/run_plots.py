"""Plots of single trainings: learning curves and the learning rates tried."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .results import Results, as_float
from .style import INK, MUTED, NARROW, PALETTE, SYMBOLS, message, new_figure, plain, styled
from .table_columns import NO_SCORE
from .window import window

__all__ = ["learning_curves", "learning_rates"]

_LINES = 6
"""The most arms in the learning curves."""


@styled
def learning_curves(results: Results, narrow: bool = False) -> Figure:
    """Validation score (left) and training loss (right) after each epoch, for the best arms and the reference.

    It shows at most six arms. A line is the mean over the repeats; the band spans their
    lowest and highest values. The loss includes the penalty of the regularizer.
    """
    figure = new_figure(NARROW, 7.4) if narrow else new_figure(10.0, 4.4)
    arms = _arms_to_draw(results)
    confirmed = results.epochs[results.epochs["stage"] == "confirm"]
    left, right = figure.subplots(*((2, 1) if narrow else (1, 2)))
    if not arms:
        right.remove()
        message(left, "No training was confirmed: there are no learning curves.")
        return figure
    scale = results.metric.scale
    for position, arm in enumerate(arms):
        is_reference = arm == results.reference
        colour = INK if is_reference else PALETTE[position % len(PALETTE)]
        line = {"color": colour, "linestyle": "--" if is_reference else "-", "linewidth": 1.8, "label": plain(arm)}
        of_arm = confirmed[confirmed["arm"] == arm]
        for axes, column, factor in ((left, "val_score", scale), (right, "loss", 1.0)):
            by_epoch = (of_arm[column].astype(float) * factor).groupby(of_arm["epoch"])
            middle, low, high = by_epoch.mean(), by_epoch.min(), by_epoch.max()
            single = "o" if len(middle) == 1 else ""
            axes.plot(middle.index, middle.to_numpy(), marker=single, **line)
            axes.fill_between(middle.index, low.to_numpy(), high.to_numpy(), color=colour, alpha=0.12, linewidth=0)
    left.set_ylabel(f"validation {results.metric.label}")
    right.set_ylabel("training loss")
    ends = window(
        np.concatenate([line.get_ydata() for line in left.lines]).astype(float), results.metric.higher_is_better
    )
    if ends:
        left.set_ylim(*ends)
    losses = np.concatenate([line.get_ydata() for line in right.lines]).astype(float)
    losses = losses[np.isfinite(losses)]
    if len(losses) and losses.min() > 0 and losses.max() > 20 * losses.min():
        right.set_yscale("log")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    columns = 3 if max(len(arm) for arm in arms) < 36 and not narrow else 1
    figure.legend(handles=left.get_lines(), loc="outside lower center", ncols=columns)
    return figure


@styled
def learning_rates(results: Results, narrow: bool = False) -> Figure:
    """The validation score of each tuning trial against its learning rate, one panel per optimizer.

    Colour and symbol identify the regularizer. A ring marks the chosen trial, a cross a trial that diverged or failed
    (its height means nothing), a hollow symbol a pruned trial at its last score. Trials far worse than the others are
    small triangles at the edge.
    """
    tuned = results.stage("tune")
    optimizers, regularizers = results.levels("optimizer"), results.levels("regularizer")
    beside = 3 if not narrow else 2 if max(map(len, optimizers)) <= 18 else 1  # titles do not overlap
    columns = min(beside, len(optimizers))
    lines = math.ceil(len(optimizers) / columns)
    figure = new_figure(NARROW if narrow else max(5.5, 3.4 * columns), 1.4 + (2.2 if narrow else 2.6) * lines)
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    scale = results.metric.scale
    tried = tuned.assign(
        rate=tuned["learning_rate"].astype(float),
        shown=tuned["validation_score"].astype(float) * scale,
    )
    tried = tried[tried["rate"] > 0]
    ends = window(tried["shown"], results.metric.higher_is_better) or (0.0, 1.0)
    ends = _with_strip(ends, results.metric.higher_is_better) if tried["shown"].isna().any() else ends
    for panel, optimizer in zip(panels, optimizers, strict=False):
        panel.set_xscale("log")
        if tried["rate"].nunique() == 1:  # a range that matplotlib cannot choose
            panel.set_xlim(tried["rate"].min() / 3, tried["rate"].max() * 3)
        panel.set_ylim(*ends)
        panel.set_title(plain(optimizer))
        for number, regularizer in enumerate(regularizers):
            arm = tried[(tried["optimizer"] == optimizer) & (tried["regularizer"] == regularizer)]
            _draw_trials(panel, arm, ends, results.metric.higher_is_better, number)
            for _, own in arm.groupby("arm", sort=False):  # several where models are compared, say
                _ring(panel, results, own, ends)
    for number, panel in enumerate(panels):
        if number >= len(optimizers):
            panel.remove()
            continue
        if number + columns >= len(optimizers):  # no panel below it
            panel.set_xlabel("learning rate")
            panel.tick_params(labelbottom=True)
        if number % columns == 0:
            panel.set_ylabel(f"validation\n{results.metric.label}")
    if not tried["shown"].notna().any():  # without scores the heights mean nothing
        panels[0].set_yticks([])
    handles = [_symbol(number, plain(name)) for number, name in enumerate(regularizers)]
    handles.append(Line2D([], [], linestyle="", marker="o", mfc="none", mec=INK, markersize=11, label="chosen"))
    if tried["shown"].isna().any():
        words = [name for name in NO_SCORE if name in set(tried.loc[tried["shown"].isna(), "status"])]
        label = " or ".join(words) or "diverged"
        handles.append(Line2D([], [], linestyle="", marker="x", color=MUTED, markersize=6, label=label))
    if (tried["status"] == "pruned").any():
        handles.append(Line2D([], [], linestyle="", marker="o", mfc="none", mec=MUTED, markersize=5, label="pruned"))
    figure.legend(handles=handles, loc="outside lower center", ncols=1 if narrow else min(len(handles), 2 + columns))
    return figure


def _arms_to_draw(results: Results) -> list[str]:
    """The best arms with confirmed epochs, at most six with the reference among them, in the order of the summary."""
    confirmed = results.epochs[results.epochs["stage"] == "confirm"]
    drawable = set(confirmed.loc[confirmed["val_score"].notna() | confirmed["loss"].notna(), "arm"])
    ranked = [row["arm"] for row in results.rows() if row["arm"] in drawable]
    best = [arm for arm in ranked if arm != results.reference][: _LINES - 1]
    if results.reference not in ranked:
        best = ranked[:_LINES]
    return [arm for arm in ranked if arm in best or arm == results.reference]


def _with_strip(ends: tuple[float, float], higher_is_better: bool) -> tuple[float, float]:
    """The ends of an axis with room at the worse end for the trials without a score."""
    strip = 0.12 * (ends[1] - ends[0])
    return (ends[0] - strip, ends[1]) if higher_is_better else (ends[0], ends[1] + strip)


def _symbol(number: int, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="",
        marker=SYMBOLS[number % len(SYMBOLS)],
        color=PALETTE[number % len(PALETTE)],
        markersize=6,
        label=label,
    )


def _draw_trials(
    panel: Axes, arm: pd.DataFrame, ends: tuple[float, float], higher_is_better: bool, number: int
) -> None:
    """The trials of one arm; those beyond the panel or without a score are drawn at its worse edge."""
    colour, symbol = PALETTE[number % len(PALETTE)], SYMBOLS[number % len(SYMBOLS)]
    pruned = arm["status"] == "pruned"
    for rows, filled in ((arm[~pruned], True), (arm[pruned], False)):
        panel.plot(
            rows["rate"].to_numpy(),
            rows["shown"].to_numpy(),
            linestyle="",
            marker=symbol,
            color=colour,
            alpha=0.8,
            markersize=5,
            mfc=colour if filled else "none",
            mew=0 if filled else 1,
            gid="trials" if filled else "pruned",
        )
    edge = _edge(higher_is_better)
    lost = arm[arm["shown"].isna()]
    beyond = arm[(arm["shown"] < ends[0]) | (arm["shown"] > ends[1])]
    for rows, mark, name in ((lost, "x", "diverged"), (beyond, "v" if higher_is_better else "^", "beyond")):
        panel.plot(
            rows["rate"].to_numpy(),
            np.full(len(rows), edge),
            linestyle="",
            marker=mark,
            color=colour,
            markersize=5,
            transform=panel.get_xaxis_transform(),
            gid=name,
        )


def _ring(panel: Axes, results: Results, arm: pd.DataFrame, ends: tuple[float, float]) -> None:
    """A ring around the trial with the learning rate that was chosen for this arm."""
    if not len(arm):
        return
    row = results.row(arm["arm"].iloc[0])
    rate = as_float(row["learning_rate"]) if row else math.nan
    chosen = arm[np.isclose(arm["rate"], rate, rtol=1e-4, atol=0) & arm["shown"].notna()]
    if not len(chosen):
        return
    best = chosen["shown"].idxmax() if results.metric.higher_is_better else chosen["shown"].idxmin()
    nearest = chosen.loc[[best]].iloc[0]
    rate, height = float(nearest["rate"]), float(nearest["shown"])
    style: dict[str, Any] = {
        "linestyle": "",
        "marker": "o",
        "mfc": "none",
        "mec": INK,
        "markersize": 11,
        "gid": "chosen",
    }
    if ends[0] <= height <= ends[1]:
        panel.plot([rate], [height], **style)
    else:
        panel.plot([rate], [_edge(results.metric.higher_is_better)], transform=panel.get_xaxis_transform(), **style)


def _edge(higher_is_better: bool) -> float:
    """Where to mark trials outside a panel: just inside its worse end, as a fraction of its height."""
    return 0.035 if higher_is_better else 0.965
