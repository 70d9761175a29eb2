"""Half precision beside float32: test accuracy over several seeds, and images a second.

    python scripts/measure/measure_precision.py --data-dir DIR [--share 10] [--epochs 4] [--seeds 3]

Trains a network of three convolutional layers on a part of CIFAR-10, by the same recipe in each precision, turn by turn
so that a busy machine slows both. Speed is that of the fastest epoch after the first, which is traced. Writes
``results/precision.csv``, one row per precision and seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes

PRECISIONS = ("float32", "mixed_bfloat16")


class EpochTimes(keras.callbacks.Callback):
    """The seconds of each epoch's training, without its validation."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = self._last = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._last = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(self._last - self._start)


def main() -> None:
    """Trains in each precision with each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", required=True, help="where CIFAR-10 is prepared for TFDS")
    parser.add_argument("--share", type=int, default=10, help="percent of the training images")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    split, test = f"train[:{options.share}%]", "test[:20%]"
    data = recipes.load("cifar10", split=split, test=test, batch_size=128, data_dir=options.data_dir)
    rows = []
    for seed in range(options.seeds):
        for precision in PRECISIONS:
            model = {"name": "cnn", "filters": (32, 64, 128), "hidden": (64,)}
            recipe = recipes.Recipe(model=model, learning_rate=0.05, regularizer="none", precision=precision)
            times = EpochTimes()
            run = recipes.fit(data, recipe, epochs=options.epochs, seed=seed, callbacks=[times], verbose=0)
            images = data.steps_per_epoch * data.batch_size
            row = {"precision": precision, "seed": seed, "accuracy": run.evaluate()["accuracy"]}
            row |= {"images_per_second": images / min(times.seconds[1:]), "epochs": options.epochs}
            rows.append({**row, "train_images": data.settings["counts"]["train"]})
            print(f"{precision:15} {seed}  accuracy {row['accuracy']:.4f}  {row['images_per_second']:.0f} images/s")
    for precision in PRECISIONS:
        chosen = [row for row in rows if row["precision"] == precision]
        accuracies = [row["accuracy"] for row in chosen]
        speed = np.median([row["images_per_second"] for row in chosen])
        print(f"{precision}: {np.mean(accuracies):.4f} +- {np.std(accuracies, ddof=1):.4f}, {speed:.0f} images/s")
    print(write_results("precision", rows))


if __name__ == "__main__":
    main()
