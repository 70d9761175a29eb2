"""Plots the losses of a training that goes on too long, and the epoch that early stopping keeps.

python scripts/pictures/plot_early_stopping.py       # writes docs/early_stopping.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture

import recipes
from recipes.report.style import INK, MUTED, PALETTE, new_figure, styled

EXAMPLES, EPOCHS = 400, 60


def curves() -> tuple[np.ndarray, np.ndarray]:
    """The loss of the training and of the validation data after each epoch."""
    x, y = load_digits(return_X_y=True)
    noisy = x + np.random.default_rng(0).normal(0, 6, x.shape)  # so that there is something to learn by heart
    data = recipes.Data.from_arrays(noisy[:EXAMPLES], y[:EXAMPLES].astype(str), validation=0.3, test=0.3)
    recipe = recipes.Recipe(model="mlp", optimizer="adam", learning_rate=0.001, schedule="constant", regularizer="none")
    history = recipes.fit(data, recipe, epochs=EPOCHS, seed=0, verbose=0).history
    return np.array(history["loss"]), np.array(history["val_loss"])


@styled
def draw(path: Path) -> None:
    """Writes the picture."""
    training, validation = curves()
    best = int(np.argmin(validation))
    epochs = np.arange(1, EPOCHS + 1)
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for values, name, color in ((validation, "validation", PALETTE[1]), (training, "training", PALETTE[0])):
        axes.plot(epochs, values, color=color, linewidth=2)
        axes.annotate(
            name, (EPOCHS, values[-1]), (8, 0), textcoords="offset points", va="center", color=color, weight="bold"
        )
    axes.axvline(epochs[best], color=MUTED, linestyle="--", linewidth=1.2)
    axes.plot(epochs[best], validation[best], "o", color=INK, markersize=7, zorder=3)
    axes.annotate(
        f"kept: epoch {epochs[best]}",
        (epochs[best], 0.97),
        (6, 0),
        xycoords=("data", "axes fraction"),
        color=INK,
        textcoords="offset points",
        va="top",
    )
    axes.set(xlabel="epoch", ylabel="cross-entropy", xlim=(1, EPOCHS), ylim=(0, None))
    axes.set_title("After the best epoch the network learns its examples by heart")
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "early_stopping.png", __doc__)
