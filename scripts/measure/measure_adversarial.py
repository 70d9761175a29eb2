"""Accuracy on MNIST and on adversarial examples, with and without adversarial training, over several seeds.

The attack is the fast gradient sign method with several sizes of the move; training uses the size of --epsilon.

    python scripts/measure/measure_adversarial.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/adversarial.csv``, one row per training and size of the move.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.trainer import Trainer

SIZES = (0.0, 0.05, 0.1, 0.2)
EPOCHS = {"mlp": 5, "cnn": 3}
SEEDS = {"mlp": 3, "cnn": 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS")
    parser.add_argument("--models", nargs="*", default=list(EPOCHS), choices=list(EPOCHS))
    parser.add_argument("--epsilon", type=float, default=0.1)
    options = parser.parse_args()
    data = recipes.load("mnist", data_dir=options.data_dir)
    rows = []
    for model in options.models:
        rate = None  # found by the first run, without adversarial examples, and kept
        for name, choice in (("none", "none"), ("adversarial", {"name": "adversarial", "epsilon": options.epsilon})):
            trainer = Trainer(data, recipes.Recipe(model=model, regularizer=choice))
            for seed in range(SEEDS[model]):
                run = trainer.run(epochs=EPOCHS[model], seed=seed, learning_rate=rate)
                rate = run.recipe.learning_rate
                for size in SIZES:
                    rows.append(
                        {
                            "model": model,
                            "training": name,
                            "trained_at": options.epsilon if name == "adversarial" else 0.0,
                            "seed": seed,
                            "learning_rate": rate,
                            "epsilon": size,
                            "test_accuracy": recipes.adversarial_accuracy(run.model, data, size),
                        }
                    )
                shown = ", ".join(
                    f"{row['epsilon']:g}: {100 * row['test_accuracy']:.2f}" for row in rows[-len(SIZES) :]
                )
                print(f"{model} {name} seed {seed}: test accuracy (%) at {shown}", flush=True)
                path = write_results("adversarial", rows)
    table = pd.DataFrame(rows)
    table["test_accuracy"] *= 100
    print(table.groupby(["model", "training", "epsilon"], sort=False)["test_accuracy"].agg(["mean", "std"]).round(2))
    print(path)


if __name__ == "__main__":
    main()
