"""Images a second of a convolutional network on CIFAR-10: Keras' plain fit, recipes.fit and PyTorch, in two precisions.

Three convolutions of 64, 128 and 256 filters with batch normalization, ELU and pooling, then the classes; batches of
128, SGD with Nesterov momentum, constant rate. The ways take turns; each number is that of the quickest epoch after the
first, which holds tracing, without validation. Keras' plain fit has no best way that it documents for processors; it is
measured in both precisions, on arrays. PyTorch: ``images_elsewhere.py``, by the interpreter of an environment that has
it.

    python -m venv peers; peers/bin/pip install torch
    python scripts/benchmark/benchmark_cnn.py --peers peers/bin/python --data-dir DIR  # DIR: where TFDS has CIFAR-10

Writes ``results/benchmark_cnn.csv``, one row per training. On a processor without bfloat16 units a round takes half an
hour, most of it in that precision; ``--share 3`` a few minutes.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes

FILTERS, BATCH, RATE, EPOCHS = (64, 128, 256), 128, 0.05, 3

HALF = {"float32": None, "bfloat16": "mixed_bfloat16"}
"""Name of the precision -> what a recipe and Keras call it."""


class EpochTimes(keras.callbacks.Callback):
    """The seconds of each epoch's training, without its validation."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._last = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(self._last - self._start)


def ours(data: recipes.Data, precision: str, seed: int) -> tuple[float, float]:
    """Images a second and test accuracy of recipes.fit."""
    model = {"name": "cnn", "filters": FILTERS, "hidden": ()}
    recipe = recipes.Recipe(
        model,
        optimizer="nesterov",
        normalization="batch",
        regularizer="none",
        schedule="constant",
        learning_rate=RATE,
        precision=HALF[precision],
    )
    times = EpochTimes()
    run = recipes.fit(data, recipe, epochs=EPOCHS, seed=seed, callbacks=[times], verbose=0)
    return data.steps_per_epoch * BATCH / min(times.seconds[1:]), run.evaluate()["accuracy"]


def plain(arrays: dict[str, np.ndarray], precision: str, seed: int) -> tuple[float, float]:
    """Images a second and test accuracy of Keras' fit on arrays."""
    keras.utils.set_random_seed(seed)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(HALF[precision] or "float32")
    try:
        layers: list[Any] = [keras.Input((32, 32, 3))]
        for filters in FILTERS:
            layers += [
                keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
                keras.layers.BatchNormalization(),
                keras.layers.Activation("elu"),
                keras.layers.MaxPooling2D(),
            ]
        layers += [keras.layers.Flatten(), keras.layers.Dense(10)]
        model = keras.Sequential([*layers, keras.layers.Activation("softmax", dtype="float32")])
    finally:
        keras.config.set_dtype_policy(policy)
    model.compile(
        optimizer=keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    steps = len(arrays["x_train"]) // BATCH
    x, y = (arrays[f"{name}_train"][: steps * BATCH] for name in "xy")
    times = EpochTimes()
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, callbacks=[times], verbose=0)
    accuracy = model.evaluate(arrays["x_test"], arrays["y_test"], batch_size=1000, verbose=0)[1]
    return steps * BATCH / min(times.seconds[1:]), accuracy


def elsewhere(python: str, arrays: Path, precision: str, seed: int) -> tuple[float, float]:
    """Images a second and test accuracy of PyTorch, in a process of its own."""
    script = str(Path(__file__).with_name("images_elsewhere.py"))
    options = ["--precision", precision, "--epochs", str(EPOCHS), "--seed", str(seed)]
    command = [python, script, str(arrays), *options, "--filters", *map(str, FILTERS)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    outcome = json.loads(output.splitlines()[-1])
    return outcome["images_per_second"], outcome["accuracy"]


def normalized(data: recipes.Data) -> dict[str, np.ndarray]:
    """Training and test images, normalized, with their labels."""
    arrays = {}
    mean, deviation = np.ravel(data.spec.input_mean), np.sqrt(np.ravel(data.spec.input_variance))
    for split in ("train", "test"):
        x, y = data.arrays(split)
        arrays |= {f"x_{split}": ((x - mean) / deviation).astype(np.float32), f"y_{split}": np.asarray(y, np.int64)}
    return arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where CIFAR-10 is prepared for TFDS")
    parser.add_argument("--share", type=int, default=12, help="percent of the training images; default 12")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="the interpreter of an environment with torch")
    options = parser.parse_args()
    split, test = f"train[:{options.share}%]", "test[:20%]"
    data = recipes.load("cifar10", split=split, test=test, batch_size=BATCH, data_dir=options.data_dir)
    arrays = normalized(data)
    ways: dict[tuple[str, str], Callable[[int], tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for precision in HALF:
            ways["keras fit on arrays", precision] = functools.partial(plain, arrays, precision)
            ways["recipes.fit", precision] = functools.partial(ours, data, precision)
            if options.peers:
                np.savez(path := Path(folder) / "images.npz", **arrays)
                ways["PyTorch loop", precision] = functools.partial(elsewhere, options.peers, path, precision)
        rows = []
        for seed in range(options.rounds):
            for (way, precision), measure in ways.items():
                speed, accuracy = measure(seed)
                row = {"way": way, "precision": precision, "seed": seed, "images_per_second": round(speed, 1)}
                rows.append({**row, "accuracy": round(accuracy, 4), "train_images": len(arrays["x_train"])})
                print(f"{way:20} {precision:9} seed {seed}: {speed:6.0f} images/s, accuracy {accuracy:.4f}", flush=True)
            written = write_results("benchmark_cnn", rows)
    for way, precision in ways:
        speeds = [row["images_per_second"] for row in rows if (row["way"], row["precision"]) == (way, precision)]
        print(
            f"{way:20} {precision:9} median {np.median(speeds):6.0f} images/s ({min(speeds):.0f} to {max(speeds):.0f})"
        )
    print(written)


if __name__ == "__main__":
    main()
