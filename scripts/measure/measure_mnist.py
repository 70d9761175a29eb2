"""MNIST in five epochs by names alone: the accuracy of a small ResNet-9 on moved images.

    python scripts/measure/measure_mnist.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS
    python scripts/measure/measure_mnist.py --data-dir DIR --seeds 3 --go-on

Each training is that of

    recipes train mnist --preset fast --epochs 5 --seed SEED \\
        --model "resnet9(stem='whitening', widths=[32, 64, 128], convolutions=[2, 2, 2])" \\
        --regularizer "augmentation(transformations=['pad_and_crop'])+label_smoothing(epsilon=0.1)+weight_decay"

the preset with half the filters and without flips, which digits do not bear. It holds out a tenth of the training
images for validation and does not look at the test images before the end. Writes ``results/mnist.csv``, on a GPU
``results/mnist_gpu.csv``, after each training: one row per seed and epoch, with the minutes since the training began,
validation included, the validation accuracy and, in the last epoch's row, the test accuracy. ``--validation-only``, to
choose among settings, leaves the test images alone and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.clock import Minutes
from support.results import results_path, write_results

import recipes

MODEL = "resnet9(stem='whitening', widths=[32, 64, 128], convolutions=[2, 2, 2])"
REGULARIZER = "augmentation(transformations=['pad_and_crop'])+label_smoothing(epsilon=0.1)+weight_decay"


def main() -> None:
    """Trains with each seed that is not in the results yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", required=True, help="where MNIST is prepared for TFDS")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--validation-only", action="store_true", help="to choose; no results are written")
    parser.add_argument("--go-on", action="store_true", help="keep the rows that are there, train the other seeds")
    options = parser.parse_args()
    data = recipes.load("mnist", data_dir=options.data_dir)
    recipe = recipes.preset("fast", model=MODEL, regularizer=REGULARIZER)
    path = results_path("mnist")
    kept = pd.read_csv(path).to_dict("records") if options.go_on and path.exists() else []
    done = {row["seed"] for row in kept if row["epochs"] == options.epochs}
    rows: list[dict[str, Any]] = []
    for seed in set(range(options.seeds)) - done:
        minutes = Minutes()
        run = recipes.fit(data, recipe, epochs=options.epochs, seed=seed, callbacks=[minutes], verbose=0)
        rows += minutes.rows({"epochs": options.epochs, "seed": seed}, run)
        if options.validation_only:
            continue
        rows[-1]["test_accuracy"] = run.evaluate()["accuracy"]
        print(f"seed {seed}: test accuracy {rows[-1]['test_accuracy']:.4f} after {rows[-1]['minutes']:.1f} min")
        write_results("mnist", rows, kept)
    if not options.validation_only:
        tests = pd.DataFrame([*kept, *rows]).dropna(subset="test_accuracy").test_accuracy
        print(f"test accuracy {tests.mean():.4f} +- {tests.std():.4f} over {len(tests)} seeds")


if __name__ == "__main__":
    main()
