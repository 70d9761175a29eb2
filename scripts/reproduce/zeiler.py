"""Tables 1 and 2 of Zeiler 2012 (arXiv:1212.5701): test errors on MNIST after 6 epochs, by optimizer and its options.

A network of 500 and 300 rectified linear units, pixels from 0 to 1, batches of 100, all 60,000 training images,
constant rates; three seeds. The published test images are looked at once a training, and nothing is chosen on them.

    python scripts/reproduce/zeiler.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS
    python scripts/reproduce/zeiler.py --data-dir DIR --go-on  # after it was killed

Writes ``results/reproduce_zeiler.csv``, one row per training, seed by seed, and prints both tables beside the source's.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reproduce.tables import SEEDS, error, mnist, print_table, rescaling
from reproduce.trainings import Trainings

import recipes

EPOCHS, BATCH = 6, 100

FIRST = {
    "sgd": (2.26, 2.51, 7.02, 17.01, 58.10),
    "momentum": (89.68, 2.03, 2.68, 6.98, 16.98),
    "adagrad": (43.76, 2.82, 1.79, 5.21, 12.59),
}
"""Table 1, by the rates 1, 0.1, ..., 0.0001."""

SECOND = {
    1e-2: (2.59, 2.58, 2.32),
    1e-4: (2.05, 1.99, 2.28),
    1e-6: (1.90, 1.83, 2.05),
    1e-8: (2.29, 2.13, 2.00),
}
"""Table 2: Adadelta by epsilon, and by the rho 0.9, 0.95, 0.99."""


def cells() -> list[tuple[str, str, str, dict[str, Any], float]]:
    """Table, row, column, fields of the recipe and the source's error of each cell."""
    found = []
    for optimizer, errors in FIRST.items():
        for power, source in enumerate(errors):
            rate = 10.0**-power
            found.append(("1", optimizer, f"{rate:g}", {"optimizer": optimizer, "learning_rate": rate}, source))
    for epsilon, errors in SECOND.items():
        for rho, source in zip((0.9, 0.95, 0.99), errors, strict=True):
            optimizer = {"name": "adadelta", "rho": rho, "epsilon": epsilon}
            found.append(
                ("2", f"eps {epsilon:g}", f"rho {rho:g}", {"optimizer": optimizer, "learning_rate": 1.0}, source)
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--go-on", action="store_true", help="train only what is not in the results yet")
    options = parser.parse_args()
    data = mnist(options.data_dir, batch_size=BATCH)
    shared: dict[str, Any] = {
        "model": {"name": "mlp", "hidden": (500, 300), "preprocessing": rescaling()},
        "activation": "relu",
        "initializer": "glorot_uniform",
        "normalization": "none",
        "regularizer": "none",
        "schedule": "constant",
    }
    trainings = Trainings("reproduce_zeiler", ("table", "row", "column", "seed"), go_on=options.go_on)
    for seed in range(options.seeds):
        for table, row, column, fields, source in cells():
            identity = {"table": table, "row": row, "column": column, "seed": seed}
            if trainings.have(identity):
                continue
            start = time.perf_counter()
            run = recipes.fit(data, recipes.Recipe(**shared, **fields), epochs=EPOCHS, seed=seed, verbose=0)
            taken = {"error": round(error(run), 2), "seconds": round(time.perf_counter() - start, 1)}
            trainings.add({**identity, "source": source, **taken, "diverged": run.diverged})
    for table, found in trainings.table().groupby("table"):
        groups = found.groupby(["row", "column"], sort=False)
        errors = {key: (list(group["error"]), group["source"].iloc[0]) for key, group in groups}
        print_table(f"Zeiler 2012, table {table}: test error in percent", errors)
    print(trainings.path)


if __name__ == "__main__":
    main()
