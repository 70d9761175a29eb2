"""Plots what the units of the last hidden layer get as input over a training, without and with batch normalization.

    python scripts/pictures/plot_covariate_shift.py      # writes docs/covariate_shift.png

As in figure 1 of Ioffe and Szegedy 2015: the 15th, 50th and 85th percentile over the examples of the input of typical
logistic units, here for digits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture

import recipes
from recipes.report.style import PALETTE, new_figure, styled

HIDDEN, EPOCHS, UNITS, EXAMPLES = (100, 100, 100), 20, 4, 500
TITLES = {"none": "Without normalization", "batch": "With batch normalization"}


class Percentiles(keras.callbacks.Callback):
    """Records percentiles over a batch of the inputs of some units of the last hidden layer, before each step."""

    def __init__(self, x: np.ndarray):
        super().__init__()
        self.x, self.rows = x, []

    def on_train_begin(self, logs: object = None) -> None:
        """Finds what the last hidden activation gets."""
        last = [layer for layer in self.model.layers if layer.name.startswith("activation")][-1]
        self.before = keras.Model(self.model.input, last.input)

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        """Before a step."""
        values = np.asarray(self.before(self.x, training=True))[:, :UNITS]
        self.rows.append(np.percentile(values, (15, 50, 85), axis=0))


@styled
def draw(path: Path) -> None:
    """Writes the picture: a row of panels for each network, a panel for each unit."""
    data = recipes.load("digits")
    figure = new_figure(10.5, 5.2)
    grid = figure.subplots(len(TITLES), UNITS, sharex=True, sharey=True)
    for row, (normalization, title) in zip(grid, TITLES.items(), strict=True):
        recipe = recipes.Recipe(
            model={"name": "mlp", "hidden": HIDDEN},
            activation="logistic",
            initializer="glorot_normal",
            normalization=normalization,
            learning_rate=0.03,
            schedule="constant",
            regularizer="none",
        )
        record = Percentiles(data.arrays("train")[0][:EXAMPLES])
        run = recipes.fit(data, recipe, epochs=EPOCHS, seed=0, verbose=0, callbacks=[record], steps_per_execution=1)
        values = np.array(record.rows)
        print(f"{title}: validation accuracy {run.history['val_accuracy'][-1]:.1%}")
        for unit, axes in enumerate(row):
            steps = np.arange(len(values))
            axes.fill_between(steps, values[:, 0, unit], values[:, 2, unit], color=PALETTE[0], alpha=0.25, linewidth=0)
            axes.plot(steps, values[:, 1, unit], color=PALETTE[0], linewidth=1.2)
        row[0].set_title(title)
        row[0].set_ylabel("input of the unit")
    for unit, axes in enumerate(grid[-1], start=1):
        axes.set_xlabel(f"step (unit {unit})")
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "covariate_shift.png", __doc__)
