"""Plots 1cycle against a constant rate: the rates, and the validation error over the epochs.

python scripts/pictures/plot_one_cycle.py            # writes docs/one_cycle.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture

import callbacks
import recipes
from recipes.report.style import PALETTE, new_figure, styled

EPOCHS, SEEDS, PEAK = 15, 5, 0.1
ARMS = {
    "1cycle": ("one_cycle", PEAK),
    "constant, a quarter of the peak": ("constant", PEAK / 4),
    "constant, the peak": ("constant", PEAK),
}


@styled
def draw(path: Path) -> None:
    """Writes the picture: bands of a standard deviation over the seeds around their mean."""
    data = recipes.load("digits")
    steps = data.steps_per_epoch
    figure = new_figure(9.5, 4.2)
    left, right = figure.subplots(1, 2)
    for (label, (schedule, rate)), color in zip(ARMS.items(), PALETTE, strict=False):
        built = callbacks.OneCycle(rate) if schedule == "one_cycle" else callbacks.ConstantRate(rate)
        left.plot(np.arange(EPOCHS * steps) / steps, built.values(EPOCHS * steps, steps)[0], color=color, linewidth=2)
        recipe = recipes.Recipe(model="mlp", learning_rate=rate, schedule=schedule, regularizer="none")
        runs = [recipes.fit(data, recipe, epochs=EPOCHS, seed=seed, verbose=0) for seed in range(SEEDS)]
        errors = 100 * (1 - np.array([run.history["val_accuracy"] for run in runs]))
        epochs, mean, spread = np.arange(1, EPOCHS + 1), errors.mean(axis=0), errors.std(axis=0)
        right.plot(epochs, mean, color=color, linewidth=2, label=label)
        right.fill_between(epochs, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
    left.set(title="Learning rate", xlabel="epoch", ylim=(0, None))
    right.set(title="Validation error (%)", xlabel="epoch", xlim=(1, EPOCHS), yscale="log", ylim=(1, 100))
    ticks = [1, 2, 5, 10, 20, 50, 100]
    right.set_yticks(ticks, map(str, ticks))
    right.minorticks_off()
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "one_cycle.png", __doc__)
