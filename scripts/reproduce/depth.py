"""Accuracy on MNIST by depth, for networks of logistic units: none to four hidden layers of 30.

After chapter 5 of Nielsen, *Neural Networks and Deep Learning*: batches of 10, L2, gradient descent at a constant rate
of 0.1, 30 epochs on five sixths of the training images, pixels from 0 to 1, LeCun's initialization; three seeds.

    python scripts/reproduce/depth.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/reproduce_depth.csv``, one row per training, and prints the accuracies beside the source's.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reproduce.tables import SEEDS, error, mnist, print_table, rescaling
from support.results import write_results

import recipes

EPOCHS, BATCH, WIDTH = 30, 10, 30
SOURCE = (88.0, 96.5, 96.9, 96.5, 96.5)
"""The accuracy in percent, by the number of hidden layers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    data = mnist(options.data_dir, batch_size=BATCH, validation=1 / 6)
    rows, found = [], {}
    for depth, source in enumerate(SOURCE):
        recipe: dict[str, Any] = {
            "model": {"name": "mlp", "hidden": (WIDTH,) * depth, "preprocessing": rescaling()},
            **({"activation": "logistic", "initializer": "lecun_normal"} if depth else {}),
            "normalization": "none",
            "regularizer": {"name": "l2", "strength": 1e-4},
            "optimizer": "sgd",
            "learning_rate": 0.1,
            "schedule": "constant",
        }
        accuracies = []
        for seed in SEEDS:
            start = time.perf_counter()
            run = recipes.fit(data, recipes.Recipe(**recipe), epochs=options.epochs, seed=seed, verbose=0)
            accuracies.append(100.0 - error(run))
            taken = {"accuracy": round(accuracies[-1], 2), "seconds": round(time.perf_counter() - start, 1)}
            rows.append({"hidden_layers": depth, "seed": seed, "source": source, **taken, "epochs": options.epochs})
            print(rows[-1], flush=True)
        found[f"{depth} layers", "accuracy"] = accuracies, source
    print_table("Nielsen, chapter 5: accuracy in percent", found)
    print(write_results("reproduce_depth", rows))


if __name__ == "__main__":
    main()
