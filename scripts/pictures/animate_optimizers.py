"""Animates six optimizers on a ravine, Beale's function and a saddle.

    python scripts/pictures/animate_optimizers.py        # writes docs/optimizers.gif

The rate of each is the one of six at which the values are lowest on average over 200 steps. The first two surfaces are
those of ``plot_optimizers.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from plot_optimizers import LANDSCAPES, Landscape, path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.picture import write_picture

from recipes.optimizers import OPTIMIZERS
from recipes.report.style import INK, MUTED, PALETTE, new_figure, styled

NAMES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
SADDLE = Landscape(
    "saddle, x² - y² + y⁴ / 4", lambda x, y: x**2 - y**2 + y**4 / 4, (-1.5, 0.001), (0, 2**0.5), (-1.9, 1.9, -0.6, 1.9)
)
SURFACES = (*LANDSCAPES[:2], SADDLE)
RATES = 6
FRAMES = (*range(20), *range(20, 60, 2), *range(60, 201, 5))
"""The steps that are shown."""
MILLISECONDS, LAST, COLOURS = 80, 1500, 64


def quick_path(name: str, landscape: Landscape) -> np.ndarray:
    """The path with the lowest mean value over a grid of rates, shape (201, 2)."""
    (learning_rate,) = (tunable for tunable in OPTIMIZERS[name].hyperparameters if tunable.name == "learning_rate")
    rates = np.geomspace(learning_rate.low / 3, learning_rate.high * 3, RATES)
    paths = [path(name, landscape, float(rate)) for rate in rates]
    with np.errstate(all="ignore"):
        means = [float(np.mean(landscape.value(*points.T))) for points in paths]
    return paths[int(np.argmin(np.where(np.isfinite(means), means, np.inf)))]


def surface(axes: Axes, landscape: Landscape) -> None:
    """Contours, start and minimum."""
    left, right, bottom, top = landscape.window
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    values = landscape.value(x, y)
    axes.contour(x, y, np.log10(values - values.min() + 1e-2), levels=12, colors=MUTED, linewidths=0.5, alpha=0.5)
    axes.plot(*landscape.start, "o", color=INK, markersize=5)
    axes.plot(*landscape.minimum, "*", color=INK, markersize=10)
    axes.set(xlim=(left, right), ylim=(bottom, top), title=landscape.name, xticks=[], yticks=[])
    axes.grid(False)


@styled
def draw(target: Path) -> None:
    """Writes the animation."""
    figure = new_figure(9.6, 3.7)
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(80)
    paths, lines, heads = [], [], []
    for axes, landscape in zip(figure.subplots(1, len(SURFACES)), SURFACES, strict=True):
        surface(axes, landscape)
        for name, color in zip(NAMES, PALETTE, strict=False):
            paths.append(quick_path(name, landscape))
            lines += axes.plot([], [], color=color, linewidth=1.5, label=name)
            heads += axes.plot([], [], "o", color=color, markersize=6)
    figure.legend(handles=lines[: len(NAMES)], loc="outside lower center", ncols=len(NAMES), fontsize=10)
    counter = figure.text(0.995, 0.02, "", ha="right", color=MUTED)
    pictures = []
    for step in FRAMES:
        for points, line, head in zip(paths, lines, heads, strict=True):
            line.set_data(*points[: step + 1].T)
            head.set_data(*points[: step + 1][-1:].T)
        counter.set_text(f"step {step}")
        canvas.draw()
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    colours = pictures[len(pictures) // 2].quantize(COLOURS, dither=Image.Dither.NONE)
    first, *others = (picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures)
    durations = [MILLISECONDS] * len(others) + [LAST]
    first.save(target, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)


if __name__ == "__main__":
    write_picture(draw, "optimizers.gif", __doc__)
