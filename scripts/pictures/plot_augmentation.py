"""Plots "augmentation": every transformation at its usual strength, and the presets, on CIFAR-10 and MNIST.

    python scripts/pictures/plot_augmentation.py --data-dir DIR  # DIR: where both are prepared for TFDS

Writes ``docs/augmentation.png``. Transformations added to the catalogue appear automatically.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import recipes
from recipes.data.augmentation import TRANSFORMATIONS, augmentation
from recipes.report.style import new_figure, styled

ROOT = Path(__file__).resolve().parents[2]
PICTURES = 6
COLOURS = ("hue", "color_jitter", "fancy_pca")


def rows(data: recipes.Data, names: list[str | None], example: int) -> list[tuple[str, np.ndarray]]:
    """Titles and rows of pictures: the original, then its augmentations with seeds 0, 1, ..."""
    x = data.arrays("train")[0][example : example + 1]
    titled = []
    for name in names:
        augment = augmentation(data, None if name is None else [name])
        augmented = [np.asarray(augment(x, (0, seed)))[0] for seed in range(PICTURES)]
        titled.append((name or f"{data.spec.name}'s preset", np.stack([x[0], *augmented])))
    return titled


@styled
def plot(left: list[tuple[str, np.ndarray]], right: list[tuple[str, np.ndarray]], path: Path) -> None:
    """Writes the plot: two columns of rows."""
    height = max(len(left), len(right))
    figure = new_figure(13, 0.95 * height)
    grid = figure.subplots(height, 2 * (PICTURES + 1), squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for column, titled in enumerate((left, right)):
        for row, (title, pictures) in enumerate(titled):
            for place, picture in enumerate(pictures):
                axes = grid[row, column * (PICTURES + 1) + place]
                grey = picture.shape[-1] == 1
                axes.imshow(picture[..., 0] if grey else picture, cmap="gray" if grey else None, vmin=0, vmax=255)
            grid[row, column * (PICTURES + 1)].set_title(title, fontsize=9)
    figure.savefig(path, dpi=70)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST and CIFAR-10 are prepared for TFDS")
    options = parser.parse_args()
    digits, photos = (recipes.load(name, data_dir=options.data_dir) for name in ("mnist", "cifar10"))
    grey = [name for name in TRANSFORMATIONS if name not in (*COLOURS, "flip")]
    path = ROOT / "docs" / "augmentation.png"
    plot(rows(photos, [*TRANSFORMATIONS, None], 12), rows(digits, [*grey, None], 3), path)
    print(path)


if __name__ == "__main__":
    main()
