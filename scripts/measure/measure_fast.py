"""The preset "fast" on CIFAR-10: accuracy over minutes, by names alone.

    python scripts/measure/measure_fast.py --data-dir DIR  # DIR: where CIFAR-10 is prepared for TFDS
    python scripts/measure/measure_fast.py --data-dir DIR --epochs 10 --seeds 3 --go-on
    python scripts/measure/measure_fast.py --data-dir DIR --epochs 20 --widths 64 256 256 --precision mixed_bfloat16

Each training is that of ``recipes train cifar10 --preset fast --epochs N --seed SEED``, which holds out a tenth of the
training images for validation and does not look at the test images before the end; ``--widths`` gives the network other
numbers of filters, ``--validation-only`` leaves the test images alone altogether. Writes ``results/fast.csv``, on a GPU
``results/fast_gpu.csv``, after each training: one row per seed and epoch, with the minutes since the training began,
validation included, the validation accuracy and, in the last epoch's row, the test accuracy. No averaging over copies
of the test images.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any

import keras
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import results_path, write_results

import recipes


class Minutes(keras.callbacks.Callback):
    """The minutes at the end of each epoch since the training began."""

    def __init__(self) -> None:
        super().__init__()
        self.start, self.at_end = time.perf_counter(), []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.at_end.append((time.perf_counter() - self.start) / 60)
        print(
            f"epoch {epoch + 1}: {self.at_end[-1]:.1f} min, validation accuracy {logs['val_accuracy']:.4f}", flush=True
        )


def main() -> None:
    """Trains with each seed that is not in the results yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", required=True, help="where CIFAR-10 is prepared for TFDS")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--widths", type=int, nargs=3, help="filters of the three groups")
    parser.add_argument("--validation-only", action="store_true", help="to choose; no results are written")
    parser.add_argument("--go-on", action="store_true", help="keep the rows that are there, train the other seeds")
    options = parser.parse_args()
    data = recipes.load("cifar10", data_dir=options.data_dir)
    recipe = recipes.preset("fast", precision=None if options.precision == "float32" else options.precision)
    if options.widths:
        recipe = dataclasses.replace(recipe, model={**recipe.model, "widths": tuple(options.widths)})
    widths = "-".join(map(str, recipe.model["widths"]))
    path = results_path("fast")
    kept = pd.read_csv(path).to_dict("records") if options.go_on and path.exists() else []
    done = {(row["seed"], row["epochs"], row["widths"], row["precision"]) for row in kept}
    rows: list[dict[str, Any]] = []
    for seed in range(options.seeds):
        if (seed, options.epochs, widths, options.precision) in done:
            continue
        minutes = Minutes()
        run = recipes.fit(data, recipe, epochs=options.epochs, seed=seed, callbacks=[minutes], verbose=0)
        accuracies = run.history["val_accuracy"]
        for epoch, (at_end, accuracy) in enumerate(zip(minutes.at_end, accuracies, strict=True), start=1):
            row = {
                "preset": "fast",
                "widths": widths,
                "precision": options.precision,
                "seed": seed,
                "epochs": options.epochs,
                "epoch": epoch,
                "minutes": round(at_end, 2),
            }
            rows.append({**row, "validation_accuracy": accuracy, "test_accuracy": None})
        if options.validation_only:
            continue
        rows[-1]["test_accuracy"] = run.evaluate()["accuracy"]
        print(
            f"seed {seed}: test accuracy {rows[-1]['test_accuracy']:.4f} after {rows[-1]['minutes']:.1f} min",
            flush=True,
        )
        write_results("fast", rows, kept)
    if options.validation_only:
        return
    chosen = (options.epochs, widths, options.precision)
    here = [row for row in [*kept, *rows] if (row["epochs"], row["widths"], row["precision"]) == chosen]
    tests = pd.DataFrame(here).test_accuracy.dropna()
    print(f"test accuracy {tests.mean():.4f} +- {tests.std():.4f} over {len(tests)} seeds")


if __name__ == "__main__":
    main()
