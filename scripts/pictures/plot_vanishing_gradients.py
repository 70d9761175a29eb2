"""Plots the gradient of each layer of deep networks at the first step, and what becomes of their losses.

    python scripts/pictures/plot_vanishing_gradients.py  # writes docs/vanishing_gradients.png

Three networks of ten hidden layers of 100 units learn digits with the same optimizer: logistic units with Glorot's
initialization, ELU with He's, and the default, which adds batch normalization. ``callbacks.gradient_report`` measures
the gradients, shown as the root mean square of the weights' partial derivatives, so that layers of all sizes compare.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture

import callbacks
import recipes
from recipes.report.style import PALETTE, SYMBOLS, new_figure, styled

DEPTH, UNITS, EPOCHS, BATCH = 10, 100, 15, 256
NETWORKS = {
    "logistic units, Glorot": {"activation": "logistic", "initializer": "glorot_normal", "normalization": "none"},
    "ELU, He": {"normalization": "none"},
    "the default: ELU, He, batch normalization": {},
}


def trained(options: dict[str, str]) -> tuple[np.ndarray, list[float]]:
    """The gradient of each layer before the first step, shape (DEPTH + 1,), and the training loss of each epoch."""
    keras.utils.set_random_seed(0)
    data = recipes.load("digits")
    recipe = recipes.Recipe(regularizer="none", learning_rate=0.01, schedule="constant")
    model = recipe.compile(recipe.build_model(data.spec, hidden=(UNITS,) * DEPTH, **options))
    report = callbacks.gradient_report(model, tuple(array[:BATCH] for array in data.arrays("train")))
    sizes = {layer.name: layer.count_params() for layer in model.layers}
    norms = dict(zip(report.layers, report.layer_norms, strict=True))
    gradients = [norm / sizes[name] ** 0.5 for name, norm in norms.items() if name.startswith(("dense", "outputs"))]
    run = recipes.fit(data, recipe, model=model, epochs=EPOCHS, seed=0, verbose=0)
    return np.array(gradients), run.history["loss"]


@styled
def draw(path: Path) -> None:
    """Writes the picture."""
    figure = new_figure(9.5, 4.2)
    left, right = figure.subplots(1, 2)
    for (label, options), color, symbol in zip(NETWORKS.items(), PALETTE, SYMBOLS, strict=False):
        gradients, losses = trained(options)
        style = {"color": color, "marker": symbol, "markersize": 5, "linewidth": 1.8}
        left.semilogy(range(1, len(gradients) + 1), gradients, **style, label=label)
        right.plot(range(1, EPOCHS + 1), losses, **style)
    left.set(title="Gradient at the first step", xlabel="layer (1: next to the input)", ylabel="root mean square")
    left.set_xticks(range(1, DEPTH + 2, 2))
    right.set(title="Loss of the training data", xlabel="epoch", ylabel="cross-entropy", ylim=(0, None))
    figure.legend(loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    write_picture(draw, "vanishing_gradients.png", __doc__)
