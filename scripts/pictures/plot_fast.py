"""Plots the accuracy on CIFAR-10 over minutes on two cores: the preset "fast", the default setup, a plain ResNet.

python scripts/pictures/plot_fast.py       # reads results/fast.csv and results/embedded.csv, writes docs/fast.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture
from support.results import ROOT

from recipes.report.style import INK, PALETTE, new_figure, styled

NAMES = {"fast": "preset fast", "default": "default setup"}
PLACES = {"fast": ((0, -72), "right"), "default": ((10, -22), "left")}
"""Of the names, in points from the last mark."""

RESNET = "cifar10-resnet-0.2"
"""A training of ``resnet`` with augmentation, ten epochs by the defaults of version 0.1."""


@styled
def draw(path: Path) -> None:
    """Writes the picture: a line per training, with a mark at its test accuracy."""
    trainings = pd.read_csv(ROOT / "results" / "fast.csv")
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for (preset, color), mark in zip(zip(NAMES, PALETTE, strict=False), "os", strict=True):
        own = trainings[trainings.preset == preset]
        for _, rows in own.groupby("seed"):
            axes.plot(rows.minutes, 100 * rows.validation_accuracy, color=color, linewidth=1.6)
        last = own.dropna(subset="test_accuracy")
        axes.plot(last.minutes, 100 * last.test_accuracy, mark, color=color, markeredgecolor=INK, zorder=3)
        axes.annotate(
            f"{NAMES[preset]}: {100 * last.test_accuracy.mean():.1f} % of the test images",
            (last.minutes.max(), 100 * last.test_accuracy.mean()),
            PLACES[preset][0],
            textcoords="offset points",
            ha=PLACES[preset][1],
            color=color,
            weight="bold",
        )
    embedded = pd.read_csv(ROOT / "results" / "embedded.csv").set_index("case").loc[RESNET]
    place, color = (embedded.seconds / 60, 100 * embedded.test), PALETTE[len(NAMES)]
    axes.plot(*place, "D", color=color, markeredgecolor=INK, zorder=3)
    text = f"resnet with augmentation: {place[1]:.1f} %"
    axes.annotate(text, place, (-8, 10), textcoords="offset points", ha="center", color=color, weight="bold")
    axes.set(xlabel="minutes on two cores", ylabel="accuracy (%)", xlim=(0, None))
    axes.set_title("CIFAR-10: validation accuracy while training, and test accuracy")
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "fast.png", __doc__)
