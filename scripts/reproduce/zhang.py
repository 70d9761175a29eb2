"""Zhang et al. 2017 (arXiv:1611.03530) on CIFAR-10: networks that fit true labels, and random labels and inputs too.

The rows of table 1 for one and three hidden layers of 512 rectified linear units, and how many epochs the smaller one
takes on the data of figure 1: true labels, shuffled pixels, random pixels, Gaussian noise, random labels. All 50,000
images, their middle 28x28 pixels, each of mean 0 and deviation 1; momentum 0.9, a rate of 0.01 times 0.95 an epoch,
until 99.9 % of the training batches' answers are right or 100 epochs have passed. The source does not state the size of
batches, the strength of weight decay and the initialization: 128, 1e-4 and Glorot's here.

    python scripts/reproduce/zhang.py --data-dir DIR  # DIR: where CIFAR-10 is prepared for TFDS
    python scripts/reproduce/zhang.py --data-dir DIR --go-on  # after it was killed

Writes ``results/reproduce_zhang.csv``, one row per training, seed by seed, and ``docs/random_inputs.png``, and prints
the test accuracies beside the source's.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reproduce.tables import SEEDS, print_table, published
from reproduce.trainings import Trainings
from support.results import ROOT

import recipes
from recipes.random_labels import StopAt
from recipes.report.style import PALETTE, new_figure, styled

EPOCHS, BATCH, UNTIL, SIZE, WATCHED = 100, 128, 0.999, 28, 1000
NETWORKS = {"1x512": (512,), "3x512": (512, 512, 512)}
SOURCE = {
    ("1x512", "true labels", "yes"): (99.80, 50.39),
    ("1x512", "true labels", "no"): (100.0, 50.51),
    ("1x512", "random labels", "no"): (99.34, 10.61),
    ("3x512", "true labels", "yes"): (100.0, 53.35),
    ("3x512", "true labels", "no"): (100.0, 52.39),
    ("3x512", "random labels", "no"): (100.0, 10.48),
}
"""Table 1: training and test accuracy in percent by network, data and weight decay."""
OF_FIGURE = ("true labels", "shuffled pixels", "random pixels", "Gaussian noise", "random labels")
"""The data of figure 1."""
OVER_OTHERS = ("shuffled pixels", "Gaussian noise")
"""Those whose curves lie on those of others: dashed."""


def cells() -> list[tuple[str, str, str]]:
    """Network, data and weight decay of each cell of the table and curve of the figure."""
    return list(dict.fromkeys([*SOURCE, *(("1x512", name, "no") for name in OF_FIGURE)]))


def middle(images: np.ndarray) -> np.ndarray:
    """The middle pixels of images of shape (n, height, width, channels)."""
    top, left = ((side - SIZE) // 2 for side in images.shape[1:3])
    return images[:, top : top + SIZE, left : left + SIZE]


def changed(images: np.ndarray, name: str, seed: int) -> np.ndarray:
    """Images, uint8 of shape (n, height, width, channels), as a curve of figure 1 has them.

    Args:
        images: of one split.
        name: "shuffled pixels": one permutation of the places, for all images; "random pixels": another permutation of
            all values for each image; "Gaussian noise": numbers of the mean and deviation of all images, rounded and
            cut to the range of pixels; else as they are.
        seed: of what is random.
    """
    random, (count, height, width, channels) = np.random.default_rng(seed), images.shape
    if name == "shuffled pixels":
        places = random.permutation(height * width)
        return images.reshape(count, -1, channels)[:, places].reshape(images.shape)
    if name == "random pixels":
        return random.permuted(images.reshape(count, -1), axis=1).reshape(images.shape)
    if name == "Gaussian noise":
        mean, deviation = images.mean(), images.std()
        drawn = random.standard_normal(images.shape, dtype="float32") * deviation + mean
        return drawn.round().clip(0, 255).astype("uint8")
    return images


def standardized() -> keras.layers.Layer:
    """Each image with mean 0 and standard deviation 1 over its pixels and channels."""
    layers = [
        keras.layers.Rescaling(1 / 255),
        keras.layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False, epsilon=1e-6),
    ]
    return keras.Sequential(layers, name="standardized")


def recipe_of(network: str, decay: str) -> recipes.Recipe:
    """The recipe of a network, with or without weight decay ("yes" or "no")."""
    return recipes.Recipe(
        model={"name": "mlp", "hidden": NETWORKS[network], "preprocessing": standardized()},
        activation="relu",
        initializer="glorot_uniform",
        normalization="none",
        regularizer={"name": "l2", "strength": 1e-4} if decay == "yes" else "none",
        optimizer="momentum",
        learning_rate=0.01,
        schedule={"name": "step", "every": 1, "factor": 0.95, "unit": "epochs"},
    )


def trained(arrays: tuple[np.ndarray, ...], cell: tuple[str, str, str], seed: int, epochs: int) -> dict[str, Any]:
    """What a training of a cell gives: accuracies in percent, epochs and seconds.

    Args:
        arrays: training images and classes, test images and classes.
        cell: network, data and weight decay.
        seed: of the training, and of what is random in the data.
        epochs: at most.
    """
    network, name, decay = cell
    x, y, x_test, y_test = arrays
    x, x_test = changed(x, name, seed), changed(x_test, name, seed)  # the same permutation of places
    data = recipes.Data.from_arrays(
        x,
        y,
        x_validation=x_test[:WATCHED],
        y_validation=y_test[:WATCHED],
        x_test=x_test,
        y_test=y_test,
        batch_size=BATCH,
        duplicates="ignore",
        name="cifar10",
    )
    recipe, start = recipe_of(network, decay), time.perf_counter()
    if name == "random labels":
        run = recipes.random_label_test(data, recipe, examples=len(y), epochs=epochs, until=UNTIL, seed=seed, verbose=0)
    else:
        run = recipes.fit(data, recipe, epochs=epochs, callbacks=[StopAt(UNTIL)], seed=seed, verbose=0)
    seconds = time.perf_counter() - start
    accuracies = [100.0 * accuracy for accuracy in run.history["accuracy"]]
    return {
        "weights": run.model.count_params(),
        "train_accuracy": round(100.0 * run.evaluate("train")["accuracy"], 2),
        "test_accuracy": round(100.0 * run.evaluate()["accuracy"], 2),
        "epochs": len(accuracies),
        "seconds": round(seconds, 1),
        "curve": " ".join(f"{accuracy:.1f}" for accuracy in accuracies),
    }


@styled
def plot(table: pd.DataFrame, path: Path) -> None:
    """Plots training accuracy against epochs for the data of figure 1: the mean over the seeds, and its range."""
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    of_figure = table[(table["network"] == "1x512") & (table["weight_decay"] == "no")]
    for name, color in zip(OF_FIGURE, PALETTE, strict=False):
        rows = of_figure[of_figure["data"] == name]
        if rows.empty:
            continue
        curves = [pd.Series(list(map(float, curve.split()))) for curve in rows["curve"]]
        wide = pd.concat(curves, axis=1).ffill()
        epochs = wide.index + 1
        style = (0, (2, 2)) if name in OVER_OTHERS else "-"
        axes.plot(epochs, wide.mean(axis=1), color=color, label=name, linewidth=2.5, linestyle=style)
        axes.fill_between(epochs, wide.min(axis=1), wide.max(axis=1), color=color, alpha=0.15, linewidth=0)
    axes.set(xlabel="epoch", ylabel="training accuracy (%)", ylim=(0, 101))
    axes.set_title("CIFAR-10, one hidden layer of 512")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where CIFAR-10 is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="at most")
    parser.add_argument("--go-on", action="store_true", help="train only what is not in the results yet")
    options = parser.parse_args()
    x, y, x_test, y_test = published("cifar10", options.data_dir)
    arrays = (middle(x), y, middle(x_test), y_test)
    trainings = Trainings("reproduce_zhang", ("network", "data", "weight_decay", "seed"), go_on=options.go_on)
    for seed in range(options.seeds):
        for cell in [cell for cell in cells() if cell[0] in options.networks]:
            identity = {**dict(zip(("network", "data", "weight_decay"), cell, strict=True)), "seed": seed}
            if not trainings.have(identity):
                trainings.add({**identity, **trained(arrays, cell, seed, options.epochs)})
    table = trainings.table()
    groups = table.groupby(["network", "data", "weight_decay"], sort=False)
    found = {
        (network, f"{name}, decay {decay}"): (list(group["test_accuracy"]), SOURCE[network, name, decay][1])
        for (network, name, decay), group in groups
        if (network, name, decay) in SOURCE
    }
    print_table("Zhang et al. 2017, table 1: test accuracy in percent", found)
    plot(table, ROOT / "docs" / "random_inputs.png")
    print(trainings.path)


if __name__ == "__main__":
    main()
