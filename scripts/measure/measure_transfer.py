"""The gain of pretraining and transfer with few labels, over several seeds.

"digits 5 to 9": a convolutional network is trained on all MNIST digits from 0 to 4, then on 10 examples each of 5 to 9:
the head alone ("frozen"); the head, then all layers at a tenth of the rate ("unfrozen"); the upper two of five layers
and the head ("lower frozen"); all layers from the transferred weights ("initialized"); or all from new weights
("scratch").

"100 labels": on the embedded digits, an autoencoder, a denoising autoencoder, or a network that tells corrupted images
from good ones is trained on all training images without labels, then on 10 labelled examples of each digit.

Every way has the same number of updates, by Adam under 1cycle, and the best of four learning rates by the validation
accuracy with other seeds. A seed determines the examples, the initial weights and the data order; there are two first
trainings, one for even and one for odd seeds.

    TFDS_DATA_DIR=DIR python scripts/measure/measure_transfer.py

Writes ``results/transfer.csv``, one row per training.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scipy import stats
from support.results import write_results

import recipes
from recipes import pretrain, transfer, unfreeze
from recipes.trainer import Trainer

RATES = (1e-3, 3e-3, 1e-2, 3e-2)
EPOCHS = 40
EXAMPLES = 10
"""Labelled examples per class; the batch size is twice the number of classes."""
TUNING = (1000, 1001)
"""Seeds for choosing the rates, used for nothing else."""
FIRST_EPOCHS = {"supervised": 3, "autoencoder": 50, "denoising": 50, "corrupted": 50}
"""Epochs of the first training."""
NOISE = {"name": "input_noise", "stddev": 1.0}
"""The noise on the normalized inputs of "denoising"."""
FREEZE = {"frozen": True, "unfrozen": True, "lower frozen": 3, "initialized": False}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    seeds = range(options.seeds)
    mnist = recipes.load("mnist", data_dir=os.environ.get("TFDS_DATA_DIR"))
    recipe = recipes.Recipe(model="cnn", regularizer="none", optimizer="adam")
    lower, upper = classes(mnist, range(5)), classes(mnist, range(5, 10))
    rows: list[dict[str, Any]] = []

    def measure(task: str, data: recipes.Data, recipe: recipes.Recipe, kind: str, first: dict, ways: tuple) -> None:
        for way in ways:
            rows.extend(compared(task, data, recipe, kind, first, way, seeds))
        path = write_results("transfer", rows)
        print(summary(pd.DataFrame(rows)).tail(len(ways)).to_string(index=False), path, sep="\n", flush=True)

    measure("digits 5 to 9", upper, recipe, "none", {}, ("scratch",))
    first = {odd: supervised(lower, recipe, odd) for odd in (0, 1)}
    measure("digits 5 to 9", upper, recipe, "supervised", first, ("frozen", "unfrozen", "lower frozen", "initialized"))
    digits, recipe = recipes.load("digits"), dataclasses.replace(recipe, model="mlp")
    measure("100 labels", digits, recipe, "none", {}, ("scratch",))
    for kind in ("autoencoder", "denoising", "corrupted"):
        first = {odd: unsupervised(digits, kind, recipe, odd) for odd in (0, 1)}
        measure("100 labels", digits, recipe, kind, first, ("frozen", "initialized"))


def classes(data: recipes.Data, chosen: range) -> recipes.Data:
    """The examples of some classes, with labels from 0."""
    arrays = {}
    for split, suffix in (("train", ""), ("validation", "_validation"), ("test", "_test")):
        x, y = data.arrays(split)
        selected = np.isin(y, list(chosen))
        arrays[f"x{suffix}"], arrays[f"y{suffix}"] = x[selected], y[selected] - chosen[0]
    return recipes.Data.from_arrays(**arrays, batch_size=128, name=f"mnist {chosen[0]} to {chosen[-1]}")


def few(data: recipes.Data, seed: int) -> recipes.Data:
    """``EXAMPLES`` examples of each class as the training split, drawn by the seed."""
    x, y = data.arrays("train")
    random = np.random.default_rng(seed)
    drawn = np.concatenate(
        [random.choice(np.flatnonzero(y == label), EXAMPLES, replace=False) for label in np.unique(y)]
    )
    part = data.with_train(x[drawn], y[drawn], how=f"{EXAMPLES} of each class, drawn by seed {seed}")
    part.batch_size = 2 * len(np.unique(y))
    return part


def supervised(data: recipes.Data, recipe: recipes.Recipe, seed: int) -> tuple[Any, float]:
    """A Run on the data, and its validation accuracy."""
    run = recipes.fit(data, recipe, epochs=FIRST_EPOCHS["supervised"], seed=seed, verbose=0)
    return run, run.evaluate("validation")["accuracy"]


def unsupervised(data: recipes.Data, kind: str, recipe: recipes.Recipe, seed: int) -> tuple[Any, float]:
    """The pretrained network, and its score on the validation images: a share of variance, or an accuracy."""
    how = "corrupted" if kind == "corrupted" else "autoencoder"
    if kind == "denoising":
        recipe = dataclasses.replace(recipe, regularizer=NOISE)
    pretrained = pretrain(data, how, recipe, epochs=FIRST_EPOCHS[kind], seed=seed, verbose=0)
    return pretrained, pretrained.evaluate()["explained" if how == "autoencoder" else "accuracy"]


def compared(
    task: str,
    data: recipes.Data,
    recipe: recipes.Recipe,
    kind: str,
    first: dict[int, Any],
    way: str,
    seeds: range,
) -> list[dict[str, Any]]:
    """The rows of the seeds for tuning at all rates, and of each seed at the best rate."""

    def row(seed: int, rate: float, split: str) -> dict[str, Any]:
        source, score = first.get(seed % 2, (None, None))
        scores = train(few(data, seed), dataclasses.replace(recipe, learning_rate=rate), source, way, seed, split)
        return {
            "task": task,
            "model": recipe.model,
            "first": kind,
            "first_score": score,
            "way": way,
            "seed": seed,
            "learning_rate": rate,
            "examples": EXAMPLES * data.spec.outputs,
            "epochs": EPOCHS,
            "split": split,
            **scores,
        }

    def mean(rate: float) -> float:
        return float(np.mean([trial["accuracy"] for trial in tuning if trial["learning_rate"] == rate]))

    tuning = [row(seed, rate, "validation") for rate in RATES for seed in TUNING]
    best = max(RATES, key=mean)
    return [*tuning, *(row(seed, best, "test") for seed in seeds)]


def train(data: recipes.Data, recipe: recipes.Recipe, source: Any, way: str, seed: int, split: str) -> dict[str, float]:
    """Accuracy and loss on a split after ``EPOCHS`` passes over the few examples."""
    keras.utils.set_random_seed(seed)  # of the head
    model = None if source is None else transfer(source, data, freeze=FREEZE[way])
    epochs = EPOCHS
    if way == "unfrozen":
        epochs //= 2
        Trainer(data, recipe, model=model).run(epochs=epochs, seed=seed, validate=False, warn=False)
        recipe = unfreeze(model, recipe)
    trainer = Trainer(data, recipe, model=model, seed=seed)
    run = trainer.run(epochs=epochs, seed=seed, validate=False, warn=False)
    return run.evaluate(split)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over the seeds, and the paired difference from scratch with its 95 % interval."""
    summaries = []
    tested = table.query("split == 'test'")
    for (task, model), group in tested.groupby(["task", "model"], sort=False):
        scratch = group.query("way == 'scratch'").set_index("seed")["accuracy"]
        for (kind, way), trainings in group.groupby(["first", "way"], sort=False):
            difference = 100 * (trainings.set_index("seed")["accuracy"] - scratch)
            half = stats.t.ppf(0.975, len(difference) - 1) * difference.std() / len(difference) ** 0.5
            summaries.append(
                {
                    "task": task,
                    "model": model,
                    "first": kind,
                    "first_score": trainings["first_score"].mean(),
                    "way": way,
                    "learning_rate": trainings["learning_rate"].iloc[0],
                    "accuracy": round(100 * trainings["accuracy"].mean(), 2),
                    "sd": round(100 * trainings["accuracy"].std(), 2),
                    "difference": round(difference.mean(), 2),
                    "low": round(difference.mean() - half, 2),
                    "high": round(difference.mean() + half, 2),
                }
            )
    return pd.DataFrame(summaries)


if __name__ == "__main__":
    main()
