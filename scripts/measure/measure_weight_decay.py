"""L2 against decoupled weight decay of the same strength, from the same weights, on the same batches, step for step.

Under SGD at a constant rate they are identical: the gradient of strength/2 * sum w^2 is strength * w. Adam divides the
L2 gradient, with the rest of the gradient, by its running root mean square, so the two differ.

    python scripts/measure/measure_weight_decay.py            # on the digits; 300-100 units, 20 epochs, 3 seeds

Writes ``results/weight_decay.csv``, one row per optimizer, strength, seed and number of steps. "apart" is the distance
between the two vectors of kernels, "moved" that between the decayed kernels and those without a regularizer, both
divided by the norm of the latter.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from recipes.trainer import Trainer

RATES = {"sgd": 0.1, "momentum": 0.02, "adam": 0.001}
STRENGTHS = (1e-3, 1e-2, 1e-1)
EPOCHS = (1, 5, 20)


class Kernels(keras.callbacks.Callback):
    """Records all kernels, as one vector, after the epochs of ``EPOCHS``."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.recorded: dict[int, np.ndarray] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch + 1 in EPOCHS:
            kernels = [v.numpy().ravel() for v in self.model.trainable_variables if v.path.endswith("kernel")]
            self.recorded[epoch + 1] = np.concatenate(kernels).astype("float64")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    data = recipes.load("digits")
    rows = []
    for optimizer, rate in RATES.items():
        trainers: dict[str, Trainer] = {}

        def train(
            name: str, strength: float, seed: int, optimizer=optimizer, rate=rate, trainers=trainers
        ) -> tuple[dict[int, np.ndarray], float]:
            key = f"{name} {strength}"
            if key not in trainers:
                choice = "none" if name == "none" else {"name": name, "strength": strength}
                recipe = recipes.Recipe(
                    optimizer=optimizer, schedule="constant", learning_rate=rate, regularizer=choice
                )
                trainers[key] = Trainer(data, recipe)
            kernels = Kernels()
            run = trainers[key].run(epochs=max(EPOCHS), seed=seed, callbacks=[kernels])
            return kernels.recorded, run.evaluate()["accuracy"]

        for seed in range(options.seeds):
            plain, accuracy = train("none", 0.0, seed)
            for strength in STRENGTHS:
                penalized, accuracy_l2 = train("l2", strength, seed)
                decayed, accuracy_decay = train("weight_decay", strength, seed)
                for epoch in EPOCHS:
                    norm = np.linalg.norm(plain[epoch])
                    rows.append(
                        {
                            "optimizer": optimizer,
                            "learning_rate": rate,
                            "strength": strength,
                            "seed": seed,
                            "steps": epoch * data.steps_per_epoch,
                            "apart": np.linalg.norm(penalized[epoch] - decayed[epoch]) / norm,
                            "moved": np.linalg.norm(decayed[epoch] - plain[epoch]) / norm,
                            "norm_none": norm,
                            "norm_l2": np.linalg.norm(penalized[epoch]),
                            "norm_decay": np.linalg.norm(decayed[epoch]),
                            "test_accuracy_none": accuracy if epoch == max(EPOCHS) else np.nan,
                            "test_accuracy_l2": accuracy_l2 if epoch == max(EPOCHS) else np.nan,
                            "test_accuracy_decay": accuracy_decay if epoch == max(EPOCHS) else np.nan,
                        }
                    )
    table = pd.DataFrame(rows).drop(columns=["seed", "learning_rate"])
    means = table.groupby(["optimizer", "strength", "steps"], sort=False).mean()
    with pd.option_context("display.width", 160, "display.float_format", "{:.3g}".format, "display.max_columns", None):
        print(means.to_string())
    print(write_results("weight_decay", rows))


if __name__ == "__main__":
    main()
