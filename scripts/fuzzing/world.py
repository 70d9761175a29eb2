"""World: the tiny data, models, trainings and directories that calls are made with, each made at its first use."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

import recipes

__all__ = ["World"]

MODEL = {"name": "mlp", "hidden": (4,)}


class World:
    """What known-good calls are made of.

    Args:
        folder: an empty folder to write to. It gets "file.txt", "folder" and "work", the working directory of calls.
    """

    def __init__(self, folder: Path):
        self.folder = folder.resolve()
        self.work = self.folder / "work"
        self.numbers = itertools.count()
        self.tidy()

    def tidy(self) -> None:
        """Empties the working directory and makes the file and the folder again."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        (self.folder / "folder").mkdir(exist_ok=True)
        (self.folder / "file.txt").write_text("a\nb\n")
        os.chdir(self.work)

    def new(self) -> str:
        """The path of a directory that does not exist."""
        return str(self.work / f"new-{next(self.numbers)}")

    def copy(self, directory: str) -> str:
        """A copy of a directory, which a call may change."""
        return shutil.copytree(directory, self.new())

    # --- data

    @functools.cached_property
    def x(self) -> Any:
        return np.random.default_rng(0).normal(size=(24, 3)).astype("float32")

    @functools.cached_property
    def y(self) -> Any:
        return (self.x.sum(axis=1) > 0).astype("int64")

    @functools.cached_property
    def data(self) -> Any:
        return recipes.Data.from_arrays(self.x, self.y, batch_size=4, name="tiny", class_names=("no", "yes"))

    @functools.cached_property
    def images(self) -> Any:
        x = np.random.default_rng(1).integers(0, 255, (24, 8, 8, 1)).astype("uint8")
        return recipes.Data.from_arrays(x, np.arange(24) % 3, batch_size=4, name="images")

    @functools.cached_property
    def texts(self) -> Any:
        words = np.array(["red wine", "blue sea", "green tree"])[np.arange(24) % 3]
        return recipes.Data.from_arrays(words, np.arange(24) % 3, batch_size=4, name="texts")

    @functools.cached_property
    def record(self) -> Any:
        columns = {"a": self.x[:, 0], "b": np.array(["u", "v"])[np.arange(24) % 2]}
        return recipes.Data.from_arrays(columns, self.y, batch_size=4, name="record")

    @functools.cached_property
    def table(self) -> str:
        """A CSV file with the columns a, b and y."""
        path = self.folder / "table.csv"
        rows = [
            f"{a:.3f},{'uv'[row % 2]},{'no' if label else 'yes'}"
            for row, (a, label) in enumerate(zip(self.x[:, 0], self.y, strict=True))
        ]
        path.write_text("\n".join(["a,b,y", *rows]) + "\n")
        return str(path)

    @functools.cached_property
    def numbers_file(self) -> str:
        """A CSV file of inputs for the exported model."""
        path = self.folder / "numbers.csv"
        np.savetxt(path, self.x, delimiter=",", fmt="%.3f")
        return str(path)

    @functools.cached_property
    def pictures(self) -> str:
        """A folder of images in two folders of classes."""
        folder = self.folder / "pictures"
        for number in range(24):
            path = folder / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            keras.utils.save_img(path, np.full((8, 8, 3), 10 * number, "uint8"), scale=False)
        return str(folder)

    def pipeline(self) -> Any:
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices((self.x, self.y))

    # --- what is trained

    @functools.cached_property
    def recipe(self) -> Any:
        return recipes.Recipe(model=MODEL, learning_rate=0.05, regularizer="none", schedule="constant")

    def model(self, normalization: str = "none") -> Any:
        """A new compiled model for ``data``."""
        recipe = dataclasses.replace(self.recipe, normalization=normalization)
        return recipe.compile(recipe.build_model(self.data.spec), spec=self.data.spec)

    def image_model(self) -> Any:
        """A new compiled model for ``images``."""
        recipe = recipes.Recipe(model={"name": "cnn", "filters": (2,)}, learning_rate=0.05, regularizer="none")
        return recipe.compile(recipe.build_model(self.images.spec), spec=self.images.spec)

    @functools.cached_property
    def run(self) -> Any:
        return recipes.fit(self.data, self.recipe, epochs=1, verbose=0)

    @functools.cached_property
    def numbers_run(self) -> Any:
        """A training for two numeric targets."""
        data = recipes.Data.from_arrays(self.x, self.x[:, :2], batch_size=4, name="numbers")
        return recipes.fit(data, self.recipe, epochs=1, verbose=0)

    @functools.cached_property
    def pretrained(self) -> Any:
        return recipes.pretrain(self.data, recipe=self.recipe, epochs=1, verbose=0)

    @functools.cached_property
    def saved(self) -> str:
        return self.run.save(self.folder / "saved")

    @functools.cached_property
    def exported(self) -> str:
        return recipes.export(self.run, self.folder / "exported")

    @functools.cached_property
    def search(self) -> dict[str, Any]:
        """Options of the smallest search."""
        return {"recipe": self.recipe, "epochs": 1, "trials": 1, "repeats": 2, "tunings": "once", "verbose": 0}

    @functools.cached_property
    def comparison(self) -> Any:
        data = recipes.load(self.table, target="y")
        return recipes.search(
            data, optimizers=["momentum", "sgd"], directory=self.folder / "search", keep_weights=True, **self.search
        )

    @functools.cached_property
    def other_comparison(self) -> Any:
        """With the same settings as ``comparison`` and another optimizer."""
        data = recipes.load(self.table, target="y")
        return recipes.search(data, optimizers=["adam", "sgd"], directory=self.folder / "other", **self.search)

    @functools.cached_property
    def benchmark(self) -> Any:
        directory = self.folder / "bench"
        return recipes.bench([self.data], optimizers=["momentum", "sgd"], directory=directory, **self.search)
