"""The plots of a bench: functions from a group of candidates to a matplotlib ``Figure``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from .bench_results import Group
from .results import records
from .style import GRID, INK, MUTED, NARROW, PALETTE, VERDICTS, new_figure, plain, styled

__all__ = ["BENCH_PLOTS", "BenchPlot", "behind", "chances", "profiles", "ranks"]

WIDE = 9.5
"""The width of a figure in inches."""

MOST = 8
"""How many profiles are drawn in colour."""


@dataclass(frozen=True)
class BenchPlot:
    """A plot of a group with its title and caption; ``draw`` takes the group, and ``narrow=True`` for a telephone."""

    draw: Callable[..., Figure]
    title: str
    caption: str


def _size(rows: int, narrow: bool, more: float = 1.0) -> tuple[float, float]:
    return NARROW if narrow else WIDE, more + 0.27 * rows


@styled
def ranks(group: Group, narrow: bool = False) -> Figure:
    """The average ranks; a bar from each covers those within the critical difference of it."""
    table = group.table.iloc[::-1]
    figure = new_figure(*_size(len(table), narrow))
    axes = figure.add_subplot()
    best = float(table["rank"].min())
    axes.axvspan(best, best + group.test.difference, color=GRID, zorder=0)
    for place, row in enumerate(records(table)):
        colour = VERDICTS.get(row["verdict"], MUTED)
        own = group.test.ranks[:, group.candidates.index(row["level"])]
        axes.plot(own, np.full(len(own), place), "o", color=colour, markersize=3.5, alpha=0.35, markeredgewidth=0)
        axes.plot(row["rank"], place, "o", color=colour, markersize=7)
        axes.annotate(
            f"{row['rank']:.1f}", (row["rank"], place), (0, 6), textcoords="offset points", fontsize=7, ha="center"
        )
    axes.set_yticks(range(len(table)), [plain(name) for name in table["level"]])
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.set_xlim(0.7, len(table) + 0.3)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("rank (← better)")
    return figure


@styled
def chances(group: Group, narrow: bool = False) -> Figure:
    """The probabilities that a candidate is better than the reference, as good or worse, as a bar of three parts."""
    table = group.table[group.table["verdict"] != "reference"].iloc[::-1]
    figure = new_figure(*_size(len(table), narrow, 1.3))
    axes = figure.add_subplot()
    left = np.zeros(len(table))
    for name, colour in (
        ("better", VERDICTS["better"]),
        ("as_good", VERDICTS["as good"]),
        ("worse", VERDICTS["worse"]),
    ):
        values = table[name].to_numpy()
        axes.barh(range(len(table)), values, left=left, color=colour, height=0.7, label=name.replace("_", " "))
        left = left + values
    axes.axvline(0.95, color=INK, linewidth=0.8, linestyle="--")
    axes.axvline(0.05, color=INK, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(table)), [plain(name) for name in table["level"]])
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.set_xlim(0, 1)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("probability" if narrow else f"probability against {plain(group.reference)}")
    figure.legend(loc="outside upper left", ncols=3)
    return figure


@styled
def profiles(group: Group, narrow: bool = False) -> Figure:
    """The performance profiles of the best candidates in colour, of the others in grey."""
    profile = group.profile
    factors = profile.index.to_numpy()
    end = max(1.05, min(float(factors.max()), 4.0)) * 1.02
    named = [str(name) for name in group.table["level"].head(MOST)]
    if group.reference not in named:
        named[-1] = group.reference
    figure = new_figure(NARROW if narrow else WIDE, 5.2 if narrow else 4.2)
    axes = figure.add_subplot()
    for name in group.candidates:
        if name not in named:
            axes.step(
                np.append(factors, end), np.append(profile[name], profile[name].iloc[-1]), where="post", color=GRID
            )
    for place, name in enumerate(named):
        values = np.append(profile[name], profile[name].iloc[-1])
        colour = INK if name == group.reference else PALETTE[place % len(PALETTE)]
        style = "--" if name == group.reference else "-"
        axes.step(np.append(factors, end), values, style, where="post", color=colour, label=plain(name), linewidth=1.6)
    axes.set_xlim(1, end)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("loss, as a multiple of the best one's")
    axes.set_ylabel("share of the datasets")
    if narrow:
        figure.legend(loc="outside lower left", ncols=1)
    else:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


@styled
def behind(group: Group, narrow: bool = False) -> Figure:
    """By how many margins each candidate is behind the best, dataset by dataset."""
    names = [str(name) for name in group.table["level"]]
    columns = [group.candidates.index(name) for name in names]
    gains = np.where(np.isfinite(group.gains), group.gains, np.nan)[:, columns]
    distances = np.fmax.reduce(gains, axis=1, keepdims=True) - gains
    datasets = [str(name) for name in group.losses.index]
    figure = new_figure(NARROW if narrow else WIDE, 1.6 + 0.3 * len(names))
    axes = figure.add_subplot()
    image = axes.imshow(np.log2(1 + distances.T), cmap="cividis_r", vmin=0, vmax=math.log2(33), aspect="auto")
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.set_xticks(range(len(datasets)), [plain(name) for name in datasets], rotation=60, ha="right")
    axes.grid(visible=False)
    if not narrow:
        for row in range(len(names)):
            for column in range(len(datasets)):
                value = distances[column, row]
                text = "x" if math.isnan(value) else f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if value > 6 else INK)
    bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.05)
    bar.set_ticks([math.log2(1 + tick) for tick in (0, 1, 3, 10, 31)], labels=["0", "1", "3", "10", "30"])
    bar.set_label("margins behind the best")
    return figure


BENCH_PLOTS = {
    "ranks": BenchPlot(
        ranks,
        "Ranks",
        "Small dots are the ranks on single datasets, the large dot is their mean. Means outside the grey band, as "
        "wide as Nemenyi's critical difference, are told apart from the best.",
    ),
    "chances": BenchPlot(
        chances,
        "Better, as good or worse than the reference",
        "The Bayesian signed-rank test: the probability of each answer on a further dataset like these, where "
        "differences within a dataset's margin do not matter. A part that crosses both dashed lines counts.",
    ),
    "profiles": BenchPlot(
        profiles,
        "Performance profiles",
        "The share of the datasets on which the loss (1 - score, or an error) is at most so many times the best one's: "
        "at the left how often it is the best, then how far behind it falls. The reference is dashed; those not named "
        "are grey.",
    ),
    "behind": BenchPlot(
        behind,
        "Dataset by dataset",
        "By how many margins a test score is behind the best on the dataset: below 1 does not matter; x has no score.",
    ),
}
