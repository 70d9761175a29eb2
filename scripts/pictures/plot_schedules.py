"""Plots every schedule of the catalogue over a training of 10 epochs: the learning rate and, if scheduled, momentum.

    python scripts/pictures/plot_schedules.py            # writes docs/schedules.png

Schedules added to the catalogue appear automatically.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from callbacks import ConstantRate, PerformanceDecay, StepSchedule
from recipes.report.style import MUTED, PALETTE, new_figure, styled
from recipes.schedules import SCHEDULES

ROOT = Path(__file__).resolve().parents[2]
EPOCHS, STEPS = 10, 100
PEAK = 0.1
SHOWN = {  # name -> (options, a note beside the title)
    "cosine": ({"warm_up": 0.1}, "warm_up=0.1"),
    "performance": ({"factor": 0.3}, "val_loss stalls"),
}
PLATEAUS = (5, 8)  # the rate drops at the start of these epochs in the example of "performance"
COLUMNS = 5


def values(schedule: StepSchedule) -> tuple[np.ndarray, np.ndarray | None]:
    """Rate and momentum at every step; for performance decay, with a validation loss that stalls twice."""
    rates, momenta = schedule.values(EPOCHS * STEPS, STEPS)
    if isinstance(schedule, PerformanceDecay):
        drops = np.searchsorted(PLATEAUS, np.arange(EPOCHS * STEPS) // STEPS, side="right")
        rates = rates * schedule.factor**drops
    return rates, momenta


def panel(axes: Axes, name: str) -> None:
    """Plots one schedule."""
    options, note = SHOWN.get(name, ({}, ""))
    schedule = SCHEDULES.build(name, peak=PEAK, **options) or ConstantRate(PEAK)
    rates, momenta = values(schedule)
    epochs = np.arange(EPOCHS * STEPS) / STEPS
    axes.plot(epochs, rates, color=PALETTE[0], linewidth=2)
    axes.set_title(name)
    axes.text(1.0, 1.03, note, transform=axes.transAxes, ha="right", color=MUTED, fontsize=9)
    axes.set(xlim=(0, EPOCHS), ylim=(0, 1.08 * PEAK))
    axes.set_xticks(range(0, EPOCHS + 1, 2))
    axes.set_yticks([0, PEAK / 2, PEAK])
    if isinstance(schedule, PerformanceDecay):
        for epoch in PLATEAUS:
            axes.axvline(epoch, color=MUTED, linestyle=":", linewidth=1)
    if momenta is not None:
        right = axes.twinx()
        right.plot(epochs, momenta, color=PALETTE[1], linewidth=2, linestyle="--")
        right.set_ylim(0.8, 1.0)
        right.set_yticks([0.85, 0.95])
        right.grid(False)
        right.tick_params(axis="y", labelcolor=PALETTE[1])
        right.set_ylabel("momentum", color=PALETTE[1])


@styled
def draw(path: Path) -> None:
    """Writes the plot."""
    rows = math.ceil(len(SCHEDULES) / COLUMNS)
    figure = new_figure(15, 2.7 * rows)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)  # type: ignore[union-attr]
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(SCHEDULES):
            axes.remove()
            continue
        panel(axes, list(SCHEDULES)[place])
        if place % COLUMNS == 0:
            axes.set_ylabel("learning rate", color=PALETTE[0])
        else:
            axes.tick_params(axis="y", labelleft=False)
        if place + COLUMNS >= len(SCHEDULES):
            axes.set_xlabel("epoch")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--path", type=Path, default=ROOT / "docs" / "schedules.png")
    path = parser.parse_args().path
    draw(path)
    print(path)


if __name__ == "__main__":
    main()
