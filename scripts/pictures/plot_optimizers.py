"""Plots the paths of every optimizer on a long ravine, Beale's function and Rosenbrock's.

    python scripts/pictures/plot_optimizers.py            # writes docs/optimizers.png

The rate of each is the one that ends lowest, of eight over its range in the catalogue widened tenfold on both sides.
Optimizers added to the catalogue appear automatically.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes

from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import finds_its_own_step
from recipes.report.style import INK, MUTED, PALETTE, new_figure, styled

ROOT = Path(__file__).resolve().parents[2]
STEPS = 200
RATES = 8
GROUPS = {
    "gradient and momentum": ("sgd", "momentum", "nesterov", "line_search", "exact_line_search", "delta_bar_delta"),
    "a rate for each weight": ("adagrad", "adadelta", "rmsprop", "rmsprop_nesterov", "adam", "amsgrad"),
    "more of Adam; curvature": ("adamax", "nadam", "radam", "newton", "hessian_free"),
}


@dataclass(frozen=True)
class Landscape:
    """A function of two numbers with a starting point, its minimum, and the plotted window."""

    name: str
    value: Callable[[Any, Any], Any]
    start: tuple[float, float]
    minimum: tuple[float, float]
    window: tuple[float, float, float, float]


LANDSCAPES = (
    Landscape("ravine, x² / 2 + 20 y²", lambda x, y: x**2 / 2 + 20 * y**2, (-4.0, 1.2), (0, 0), (-4.6, 1.5, -1.6, 1.6)),
    Landscape(
        "Beale",
        lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
        (1.0, 1.5),
        (3, 0.5),
        (0.2, 4.2, -1.2, 1.9),
    ),
    Landscape(
        "Rosenbrock", lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, (-1.2, 1.0), (1, 1), (-1.7, 1.5, -0.4, 1.9)
    ),
)


def path(name: str, landscape: Landscape, rate: float) -> np.ndarray:
    """The points of one run, shape (STEPS + 1, 2); shorter if they become infinite or NaN."""
    optimizer = OPTIMIZERS.build(name, learning_rate=rate)
    point = keras.Variable(np.array(landscape.start, "float32"), name="point")
    optimizer.build([point])
    if hasattr(optimizer, "raises_on_nan"):
        optimizer.raises_on_nan = False

    @tf.function(autograph=False)
    def step() -> None:
        if finds_its_own_step(OPTIMIZERS[name]):
            optimizer.minimize(lambda values: landscape.value(values[0][0], values[0][1]), [point])
            return
        with tf.GradientTape() as tape:
            value = landscape.value(point.value[0], point.value[1])
        optimizer.apply([tape.gradient(value, point.value)], [point])

    points = [point.numpy().copy()]
    for _ in range(STEPS):
        step()
        points.append(point.numpy().copy())
        if not np.isfinite(points[-1]).all():
            break
    return np.array(points, np.float64)


def best_path(name: str, landscape: Landscape) -> tuple[np.ndarray, float]:
    """The path with the lowest end over a grid of rates, and its rate."""
    (learning_rate,) = (tunable for tunable in OPTIMIZERS[name].hyperparameters if tunable.name == "learning_rate")
    own_step = finds_its_own_step(OPTIMIZERS[name])
    rates = [1.0] if own_step else np.geomspace(learning_rate.low / 10, learning_rate.high * 10, RATES)
    paths = [(path(name, landscape, float(rate)), float(rate)) for rate in rates]
    ends = [float(landscape.value(*points[-1])) if np.isfinite(points[-1]).all() else np.inf for points, _ in paths]
    return paths[int(np.argmin(ends))]


def panel(axes: Axes, landscape: Landscape, names: tuple[str, ...]) -> None:
    """Contours and the paths of some optimizers."""
    left, right, bottom, top = landscape.window
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    heights = np.log10(landscape.value(x, y) + 1e-3)
    axes.contour(x, y, heights, levels=14, colors=MUTED, linewidths=0.5, alpha=0.5)
    for color, name in zip(PALETTE, names, strict=False):
        points, rate = best_path(name, landscape)
        end = float(landscape.value(*points[-1]))
        label = f"{name} {rate:.2g}: {end:.1g}"
        axes.plot(*points.T, color=color, linewidth=1.3, marker=".", markersize=3, alpha=0.85, label=label)
    axes.plot(*landscape.start, "o", color=INK, markersize=6)
    axes.plot(*landscape.minimum, "*", color=INK, markersize=11)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.grid(False)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2, fontsize=8, title=f"rate: value after {STEPS} steps"
    )


@styled
def draw(target: Path) -> None:
    """Writes the plot."""
    known = [name for names in GROUPS.values() for name in names]
    groups = {**GROUPS, "others": tuple(name for name in OPTIMIZERS if name not in known)}
    groups = {title: names for title, names in groups.items() if names}
    figure = new_figure(15, 5.2 * len(groups))
    grid = figure.subplots(len(groups), len(LANDSCAPES), squeeze=False)
    for row, (title, names) in zip(grid, groups.items(), strict=True):
        for axes, landscape in zip(row, LANDSCAPES, strict=True):
            panel(axes, landscape, names)
            axes.set_title(f"{landscape.name}: {title}")
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--path", type=Path, default=ROOT / "docs" / "optimizers.png")
    target = parser.parse_args().path
    draw(target)
    print(target)


if __name__ == "__main__":
    main()
