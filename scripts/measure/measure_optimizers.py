"""Every minibatch optimizer on MNIST: 784-500-300-10, ELU, batches of 100, 6 epochs of 1cycle.

Zeiler's network (arXiv:1212.5701, tables 1 and 2) with the default recipe's activation, initialization and schedule.
Every training has its own range test for the peak rate; nothing is chosen on the test split.

    python scripts/measure/measure_optimizers.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/optimizers.csv``, one row per training.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import finds_its_own_step
from recipes.trainer import Trainer

FULL_BATCH = ("delta_bar_delta",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=3)
    names = [name for name, entry in OPTIMIZERS.items() if not finds_its_own_step(entry) and name not in FULL_BATCH]
    parser.add_argument("--optimizers", nargs="*", default=names, choices=names)
    options = parser.parse_args()
    data = recipes.load("mnist", data_dir=options.data_dir, batch_size=100)
    rows, lines = [], []
    for name in options.optimizers:
        recipe = recipes.Recipe(
            optimizer=name,
            model={"name": "mlp", "hidden": (500, 300)},
            regularizer="none",
            normalization="none",
        )
        trainer, errors, rates = Trainer(data, recipe), [], []
        for seed in range(options.seeds):
            run = trainer.run(epochs=6, seed=seed, warn=False)
            error = 1.0 - run.evaluate()["accuracy"]
            errors.append(100 * error)
            rates.append(run.recipe.learning_rate)
            rows.append(
                {
                    "optimizer": name,
                    "seed": seed,
                    "learning_rate": run.recipe.learning_rate,
                    "test_error": error,
                    "training_loss": run.history["loss"][-1],
                    "diverged": run.diverged,
                }
            )
        lines.append((np.mean(errors), f"{name:16} {np.mean(errors):.2f} +- {np.std(errors, ddof=1):.2f} % test error"))
        print(lines[-1][1], "at rates", ", ".join(f"{rate:.2g}" for rate in rates), flush=True)
        path = write_results("optimizers", rows)
    print("\nbest first:")
    print("\n".join(line for _, line in sorted(lines)))
    print(path)


if __name__ == "__main__":
    main()
