"""TFDS builders over the datasets that scikit-learn ships as files: they need no network and no download.

Importing this module registers them, so that ``tfds.builder("digits")`` and ``tfds.load("digits")`` work too.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

__all__ = ["EMBEDDED", "FEATURE_NAMES", "BreastCancer", "Diabetes", "Digits", "prepared"]

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
"""The names of the columns of the embedded tables, in order; TFDS has no place for them."""


class _FromScikitLearn(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Shared by the builders here: one split, "train", since none of the publishers divided the data."""

    VERSION = tfds.core.Version("1.0.0")

    def _describe(self, description: str, homepage: str, features: dict[str, Any]) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=description,
            homepage=homepage,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=tuple(features),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples()}


class Digits(_FromScikitLearn):
    """1,797 handwritten digits of 8x8 pixels: uint8 (8, 8, 1) with the original values 0..16, and ten classes."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(8, 8, 1)),
            "label": tfds.features.ClassLabel(names=[str(digit) for digit in range(10)]),
        }
        homepage = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
        return self._describe("Handwritten digits of 8x8 pixels, values 0 to 16.", homepage, features)

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        for key, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield key, {"image": image.reshape(8, 8, 1).astype(np.uint8), "label": int(label)}


class BreastCancer(_FromScikitLearn):
    """569 tumours: 30 measurements, float32 (30,), and the classes malignant (0) and benign (1)."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "features": tfds.features.Tensor(shape=(30,), dtype=np.float32),
            "label": tfds.features.ClassLabel(names=["malignant", "benign"]),
        }
        homepage = "https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic"
        return self._describe("Breast cancer Wisconsin (diagnostic).", homepage, features)

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        from sklearn.datasets import load_breast_cancer

        x, y = load_breast_cancer(return_X_y=True)
        for key, (row, label) in enumerate(zip(x, y, strict=True)):
            yield key, {"features": row.astype(np.float32), "label": int(label)}


class Diabetes(_FromScikitLearn):
    """442 patients: ten raw measurements, float32 (10,), and the progression of the disease after a year, a float."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "features": tfds.features.Tensor(shape=(10,), dtype=np.float32),
            "target": tfds.features.Scalar(dtype=np.float32),
        }
        homepage = "https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html"
        return self._describe("Diabetes progression, raw measurements.", homepage, features)

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        from sklearn.datasets import load_diabetes

        x, y = load_diabetes(return_X_y=True, scaled=False)
        for key, (row, target) in enumerate(zip(x, y, strict=True)):
            yield key, {"features": row.astype(np.float32), "target": np.float32(target)}


EMBEDDED: dict[str, type[tfds.core.GeneratorBasedBuilder]] = {
    builder.name: builder for builder in (Digits, BreastCancer, Diabetes)
}
"""The builders here by TFDS name."""


def prepared(name: str, data_dir: str | os.PathLike[str] | None) -> tfds.core.DatasetBuilder:
    """The builder of an embedded dataset, its files written if they are not there yet.

    They are written quietly into ``data_dir``; if that cannot be written, into the user's cache folder, or else into a
    temporary one. The files appear there in one step, complete, so several processes may do this at once.

    Args:
        name: a key of :data:`EMBEDDED`.
        data_dir: None for TFDS's default.

    Example:
        >>> prepared("digits", "/tmp/example").info.splits["train"].num_examples
        1797
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keras-training-recipes"
    for folder in (data_dir, cache):
        builder = _builder(name, folder)
        try:
            if not _complete(builder):
                _prepare(builder)
        except OSError:  # cannot be written: try the next
            continue
        return _builder(name, folder)
    folder = tempfile.mkdtemp(prefix="keras-training-recipes-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _prepare(_builder(name, folder))
    return _builder(name, folder)


def _builder(name: str, folder: str | os.PathLike[str] | None) -> tfds.core.GeneratorBasedBuilder:
    """A builder that has read what is in the folder now."""
    return EMBEDDED[name]() if folder is None else EMBEDDED[name](data_dir=os.fspath(folder))


def _complete(builder: tfds.core.DatasetBuilder) -> bool:
    return Path(builder.data_dir, "dataset_info.json").exists()


def _prepare(builder: tfds.core.DatasetBuilder) -> None:
    target = Path(builder.data_dir)  # root/name/version
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = tempfile.mkdtemp(dir=target.parents[1], prefix=".preparing-")
    try:
        with _quietly():
            private = type(builder)(data_dir=staging)
            private.download_and_prepare(
                download_dir=os.path.join(staging, "downloads"),
                download_config=tfds.download.DownloadConfig(try_download_gcs=False),
            )
        try:
            os.rename(private.data_dir, target)
        except OSError:
            if not _complete(builder):  # else another process was first, with the same content
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """No progress bars and announcements, and Python's global random stream as it was before."""
    bars = tfds.core.utils.tqdm_utils._active
    state = random.getstate()
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        random.setstate(state)
        tfds.display_progress_bar(bars)
