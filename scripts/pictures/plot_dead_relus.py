"""Plots the share of dead units while a network of ReLUs trains at three rates.

    python scripts/pictures/plot_dead_relus.py           # writes docs/dead_relus.png

A unit is dead if its input is below 0 for every training example: a ReLU then passes no gradient, and mostly stays so.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture

import recipes
from recipes.report.style import INK, PALETTE, new_figure, styled

EPOCHS, HIDDEN = 10, (100, 100, 100)
RATES = (0.001, 0.01, 0.03)


class DeadUnits(keras.callbacks.Callback):
    """Measures the share of the hidden units that are below 0 for every example, before and after each epoch."""

    def __init__(self, x: np.ndarray):
        super().__init__()
        self.x, self.shares = x, []

    def on_train_begin(self, logs: object = None) -> None:
        """Before the first step."""
        hidden = [layer.output for layer in self.model.layers if layer.name.startswith("dense")]
        self.inputs_of_units = keras.Model(self.model.input, hidden)
        self.on_epoch_end()

    def on_epoch_end(self, epoch: int = 0, logs: object = None) -> None:
        """After an epoch."""
        values = self.inputs_of_units.predict(self.x, verbose=0, batch_size=512)
        self.shares.append(100 * np.mean([(layer < 0).all(axis=0) for layer in values]))


@styled
def draw(path: Path) -> None:
    """Writes the picture."""
    data = recipes.load("digits")
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for rate, color in zip(RATES, PALETTE, strict=False):
        recipe = recipes.Recipe(
            model={"name": "mlp", "hidden": HIDDEN},
            activation="relu",
            normalization="none",
            optimizer="adam",
            learning_rate=rate,
            schedule="constant",
            regularizer="none",
        )
        dead = DeadUnits(data.arrays("train")[0])
        recipes.fit(data, recipe, epochs=EPOCHS, seed=0, verbose=0, callbacks=[dead])
        axes.plot(range(EPOCHS + 1), dead.shares, color=color, linewidth=2)
        axes.annotate(
            f"rate {rate:g}", (EPOCHS, dead.shares[-1]), (8, 0), textcoords="offset points", va="center", color=INK
        )
    axes.set(xlabel="epoch", ylabel="dead units (%)", xlim=(0, EPOCHS), ylim=(-1, None))
    axes.set_title("Units that answer no training example, under Adam")
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "dead_relus.png", __doc__)
