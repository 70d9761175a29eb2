"""Plots the curves of a convolutional network on 200 digits: without a regularizer, with dropout, with augmentation.

python scripts/pictures/plot_dropout_augmentation.py  # writes docs/dropout_augmentation.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.few_examples import few_examples
from support.picture import write_picture

import recipes
from recipes.report.style import PALETTE, new_figure, styled

EPOCHS, SEEDS = 60, 3
REGULARIZERS = {
    "none": "none",
    "dropout of 0.2": {"name": "dropout", "rate": 0.2},
    "augmentation": "augmentation",
}


@styled
def draw(path: Path) -> None:
    """Writes the picture: bands from the lowest to the highest seed, and their mean."""
    (data,) = few_examples(["digits-200"], None).values()
    figure = new_figure(10.5, 3.9)
    grid = figure.subplots(1, len(REGULARIZERS), sharex=True, sharey=True)
    for axes, (title, regularizer) in zip(grid, REGULARIZERS.items(), strict=True):
        recipe = recipes.Recipe(
            model="cnn", optimizer="adam", regularizer=regularizer, learning_rate=0.001, schedule="constant"
        )
        runs = [recipes.fit(data, recipe, epochs=EPOCHS, seed=seed, verbose=0) for seed in range(SEEDS)]
        for column, label, color in (("loss", "training", PALETTE[0]), ("val_loss", "validation", PALETTE[1])):
            curves = np.array([run.history[column] for run in runs])
            epochs = np.arange(1, EPOCHS + 1)
            axes.plot(epochs, curves.mean(axis=0), color=color, linewidth=2, label=label)
            axes.fill_between(epochs, curves.min(axis=0), curves.max(axis=0), color=color, alpha=0.2, linewidth=0)
        accuracy = np.mean([run.evaluate("test")["accuracy"] for run in runs])
        axes.set_title(f"{title}: {accuracy:.1%} right")
        axes.set(xlabel="epoch", yscale="log", xlim=(1, EPOCHS))
    grid[0].set_ylabel("cross-entropy")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "dropout_augmentation.png", __doc__)
