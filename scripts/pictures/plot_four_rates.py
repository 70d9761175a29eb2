"""Plots the loss over the epochs at four learning rates: too high, high, good and low.

    python scripts/pictures/plot_four_rates.py           # writes docs/four_rates.png

Plain gradient descent with 30 tanh units, on digits under noise; a network without bounds would end in NaN at the
highest rate.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture

import recipes
from recipes.report.style import INK, PALETTE, new_figure, styled

EPOCHS = 30
RATES = {"too high": 10.0, "high": 6.0, "good": 1.0, "low": 0.01}


def losses(rate: float) -> list[float]:
    """The training loss of each epoch."""
    x, y = load_digits(return_X_y=True)
    data = recipes.Data.from_arrays(x + np.random.default_rng(0).normal(0, 6, x.shape), y.astype(str))
    recipe = recipes.Recipe(
        model={"name": "mlp", "hidden": (30,)},
        activation="tanh",
        initializer="auto",
        optimizer="sgd",
        learning_rate=rate,
        schedule="constant",
        regularizer="none",
    )
    return recipes.fit(data, recipe, epochs=EPOCHS, seed=0, verbose=0).history["loss"]


@styled
def draw(path: Path) -> None:
    """Writes the picture."""
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for (name, rate), color in zip(RATES.items(), PALETTE, strict=False):
        curve = losses(rate)
        axes.plot(range(1, EPOCHS + 1), curve, color=color, linewidth=2)
        axes.annotate(
            f"{name}: {rate:g}", (EPOCHS, curve[-1]), (8, 0), textcoords="offset points", va="center", color=INK
        )
    axes.set(xlabel="epoch", ylabel="cross-entropy of the training data", xlim=(1, EPOCHS), ylim=(0, None))
    axes.set_title("Gradient descent on digits at four rates")
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "four_rates.png", __doc__)
