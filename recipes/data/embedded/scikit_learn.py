"""TFDS builders of the datasets that scikit-learn ships as files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from .builder import EmbeddedBuilder

__all__ = ["FEATURE_NAMES", "BreastCancer", "Diabetes", "Digits"]

FEATURE_NAMES: dict[str, tuple[str, ...]] = {
    "breast_cancer": tuple(
        f"{statistic}{quantity}{suffix}"
        for statistic, suffix in (("mean ", ""), ("", " error"), ("worst ", ""))
        for quantity in (
            "radius",
            "texture",
            "perimeter",
            "area",
            "smoothness",
            "compactness",
            "concavity",
            "concave points",
            "symmetry",
            "fractal dimension",
        )
    ),
    "diabetes": ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
}
"""The column names of the embedded tables, in order, for which TFDS has no field."""


class Digits(EmbeddedBuilder):
    """1,797 handwritten digits of 8x8 pixels: uint8 (8, 8, 1) with the original values 0..16, and ten classes."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(8, 8, 1)),
            "label": tfds.features.ClassLabel(names=[str(digit) for digit in range(10)]),
        }
        homepage = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
        return self.describe("Handwritten digits of 8x8 pixels, values 0 to 16.", homepage, features)

    def examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All (number, example) pairs."""
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        for key, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield key, {"image": image.reshape(8, 8, 1).astype(np.uint8), "label": int(label)}


class BreastCancer(EmbeddedBuilder):
    """569 tumours: 30 measurements, float32 (30,), and the classes malignant (0) and benign (1)."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "features": tfds.features.Tensor(shape=(30,), dtype=np.float32),
            "label": tfds.features.ClassLabel(names=["malignant", "benign"]),
        }
        homepage = "https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic"
        return self.describe("Breast cancer Wisconsin (diagnostic).", homepage, features)

    def examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All (number, example) pairs."""
        from sklearn.datasets import load_breast_cancer

        x, y = load_breast_cancer(return_X_y=True)
        for key, (row, label) in enumerate(zip(x, y, strict=True)):
            yield key, {"features": row.astype(np.float32), "label": int(label)}


class Diabetes(EmbeddedBuilder):
    """442 patients: ten raw measurements, float32 (10,), and the progression of the disease after a year, a float."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "features": tfds.features.Tensor(shape=(10,), dtype=np.float32),
            "target": tfds.features.Scalar(dtype=np.float32),
        }
        homepage = "https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html"
        return self.describe("Diabetes progression, raw measurements.", homepage, features)

    def examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """All (number, example) pairs."""
        from sklearn.datasets import load_diabetes

        x, y = load_diabetes(return_X_y=True, scaled=False)
        for key, (row, target) in enumerate(zip(x, y, strict=True)):
            yield key, {"features": row.astype(np.float32), "target": np.float32(target)}
