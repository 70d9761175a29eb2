"""recipes.fit against a plain Keras fit, side by side: MNIST, 784-300-100-10, batch norm, batch 128, Nesterov, 1cycle.

The plain fit has the same layers, ``keras.optimizers.SGD`` with Nesterov momentum, and a callback that assigns the rate
before every batch; it trains on NumPy arrays, and once more on a tf.data pipeline. All validate after each epoch on the
same examples. Each training starts from a new model; tracing is part of the time. They take turns. With ``--peers``
so do a loop in PyTorch and fastai's Learner (``fit_elsewhere.py``), by the interpreter of an environment that has them.

    python -m venv peers; peers/bin/pip install torch fastai
    python scripts/benchmark/benchmark_fit.py --peers peers/bin/python --data-dir DIR  # DIR: where TFDS has MNIST

Writes ``results/benchmark_fit.csv``, one row per training.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from callbacks.schedules.shapes import one_cycle

PEAK = 0.3


class AssignEveryBatch(keras.callbacks.Callback):
    """1cycle as a plain callback."""

    def __init__(self, total_steps: int):
        super().__init__()
        self.rates = one_cycle(np.arange(total_steps), total_steps=total_steps, peak=PEAK)
        self.step = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = float(self.rates[self.step])
        self.step += 1


def plain(data: recipes.Data, epochs: int, seed: int, pipeline: bool) -> tuple[float, float]:
    """Seconds and test accuracy of a plain Keras fit, on arrays or on a tf.data pipeline."""
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    x, y = data.arrays("train")
    steps = len(x) // data.batch_size if pipeline else -(-len(x) // data.batch_size)
    start = time.perf_counter()
    layers = [
        keras.Input((28, 28, 1)),
        keras.layers.Normalization(mean=data.spec.input_mean, variance=data.spec.input_variance),
        keras.layers.Flatten(),
    ]
    for units in (300, 100):
        layers += [
            keras.layers.Dense(units, use_bias=False, kernel_initializer="he_normal"),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.Activation("elu"),
        ]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    common = {
        "epochs": epochs,
        "validation_data": data.arrays("validation"),
        "callbacks": [AssignEveryBatch(steps * epochs)],
        "verbose": 0,
    }
    if pipeline:
        batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=seed)
        batches = batches.batch(data.batch_size, drop_remainder=True).prefetch(2)
        model.fit(batches, shuffle=False, **common)
    else:
        model.fit(x, y, batch_size=data.batch_size, **common)
    seconds = time.perf_counter() - start
    return seconds, model.evaluate(*data.arrays("test"), batch_size=1024, verbose=0)[1]


def ours(data: recipes.Data, epochs: int, seed: int) -> tuple[float, float]:
    """Seconds and test accuracy of recipes.fit."""
    start = time.perf_counter()
    model = {"name": "mlp", "hidden": (300, 100)}
    recipe = recipes.Recipe(model, optimizer="nesterov", normalization="batch", regularizer="none", learning_rate=PEAK)
    run = recipes.fit(data, recipe, epochs=epochs, seed=seed, verbose=0)
    return time.perf_counter() - start, run.evaluate()["accuracy"]


def write_arrays(data: recipes.Data, path: Path) -> Path:
    """The splits for other libraries, with normalized pixels."""
    arrays = {}
    for split in ("train", "validation", "test"):
        x, y = data.arrays(split)
        normalized = (x.reshape(len(x), -1) - np.mean(data.spec.input_mean)) / np.mean(data.spec.input_variance) ** 0.5
        arrays |= {f"x_{split}": normalized.astype(np.float32), f"y_{split}": y.astype(np.int64)}
    np.savez(path, **arrays)
    return path


def elsewhere(python: str, library: str, arrays: Path, epochs: int, seed: int) -> tuple[float, float]:
    """Seconds and test accuracy of another library's training, in a process of its own."""
    script = Path(__file__).with_name("fit_elsewhere.py")
    command = [python, str(script), library, str(arrays), "--epochs", str(epochs), "--seed", str(seed)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    outcome = json.loads(output.splitlines()[-1])
    return outcome["seconds"], outcome["accuracy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", help="the interpreter of an environment with torch and fastai")
    parser.add_argument("--libraries", nargs="+", default=["torch", "fastai"], choices=["torch", "fastai"])
    options = parser.parse_args()
    data = recipes.load("mnist", data_dir=options.data_dir)
    ways = {
        "recipes.fit": lambda seed: ours(data, options.epochs, seed),
        "keras fit on arrays": lambda seed: plain(data, options.epochs, seed, pipeline=False),
        "keras fit on tf.data": lambda seed: plain(data, options.epochs, seed, pipeline=True),
    }
    folder = tempfile.TemporaryDirectory()
    if options.peers:
        arrays = write_arrays(data, Path(folder.name) / "mnist.npz")
        names = {"torch": "PyTorch loop", "fastai": "fastai"}
        for library in options.libraries:
            ways[names[library]] = functools.partial(elsewhere, options.peers, library, arrays, options.epochs)
    ways["recipes.fit"](0)  # excludes what a process does only once (threads, kernels)
    rows = []
    for seed in range(options.rounds):
        for way, measure in ways.items():
            seconds, accuracy = measure(seed)
            rows.append({"way": way, "seed": seed, "epochs": options.epochs, "seconds": seconds, "accuracy": accuracy})
            print(f"{way:22} seed {seed}: {seconds:6.2f} s, test accuracy {accuracy:.4f}", flush=True)
    by_way = {way: np.array([row["seconds"] for row in rows if row["way"] == way]) for way in ways}
    accuracy = {way: np.mean([row["accuracy"] for row in rows if row["way"] == way]) for way in ways}
    for way in list(ways)[1:]:
        ratios = by_way["recipes.fit"] / by_way[way]
        print(
            f"recipes.fit / {way}: median {np.median(ratios):.2f} (from {ratios.min():.2f} to {ratios.max():.2f}), "
            f"mean accuracy {accuracy['recipes.fit']:.4f} against {accuracy[way]:.4f}"
        )
    print(write_results("benchmark_fit", rows))


if __name__ == "__main__":
    main()
