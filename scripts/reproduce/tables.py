"""What the reproductions share: data as the sources divide them, and a table of theirs beside ours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

import recipes

__all__ = ["SEEDS", "agrees", "error", "mnist", "print_table", "published", "rescaling", "spread"]

SEEDS = (0, 1, 2)


def published(name: str, data_dir: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All training examples of a dataset and their classes, then the published test examples and theirs."""
    loaded = recipes.load(name, data_dir=data_dir)
    parts = [loaded.arrays(split) for split in ("train", "validation")]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    x_test, y_test = loaded.arrays("test")
    return x, y, x_test, y_test


def mnist(data_dir: str | None, *, batch_size: int, validation: float | None = None) -> recipes.Data:
    """MNIST: the published test images, and all others to train on.

    Args:
        data_dir: where TFDS has it.
        batch_size: examples per batch.
        validation: the share of the training images to validate on. Default None: the published test images take the
            place of the validation split, on which nothing may be chosen then.
    """
    x, y, x_test, y_test = published("mnist", data_dir)
    options: dict[str, Any] = {"x_test": x_test, "y_test": y_test, "batch_size": batch_size, "duplicates": "ignore"}
    if validation is None:
        options |= {"x_validation": x_test, "y_validation": y_test}
    else:
        options["validation"] = validation
    return recipes.Data.from_arrays(x, y, name="mnist", **options)


def error(run: recipes.Run) -> float:
    """The test error in percent."""
    return 100.0 * (1.0 - float(run.evaluate()["accuracy"]))


def spread(ours: Sequence[float]) -> float:
    """The standard deviation over trainings; 0 of one, of which it is unknown."""
    return float(np.std(ours, ddof=1)) if len(ours) > 1 else 0.0


def agrees(ours: Sequence[float], source: float, examples: int = 10_000) -> bool:
    """Whether the source's percentage, of one training, lies within twice the spread of one training of ours.

    The spread is that of the seeds and of so many test examples together.
    """
    mean = float(np.mean(ours))
    of_examples = math.sqrt(max(mean * (100.0 - mean), 1.0) / examples)
    return abs(mean - source) <= 2.0 * math.hypot(spread(ours), of_examples)


def print_table(title: str, cells: Mapping[tuple[str, str], tuple[Sequence[float], float]]) -> None:
    """Prints our mean and standard deviation, and the source's value, of each cell by row and column."""
    print(title)
    for (row, column), (ours, source) in cells.items():
        mark = "agrees" if agrees(ours, source) else "differs"
        found = f"{np.mean(ours):6.2f} ± {spread(ours):4.2f}"
        print(f"  {row:>14} {column:>12}: {found}   source {source:6.2f}   {mark}")
    print(f"  {sum(agrees(*cell) for cell in cells.values())} of {len(cells)} cells agree")


def rescaling() -> keras.layers.Layer:
    """Pixels from 0 to 1, as in the sources."""
    return keras.layers.Rescaling(1 / 255)
