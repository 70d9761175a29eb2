"""Early stopping together with 1cycle: test scores of the ways to combine them, over several seeds.

1cycle gains most in its last epochs, when the rate falls; stopping before them loses that gain. Compared on the same
data, model, peak rate and number of epochs:

- ``full, last``: the whole cycle, the weights of the last epoch (no early stopping);
- ``full, best``: the whole cycle, the weights of the epoch with the lowest validation loss;
- ``cut, patience N``: stopped after N epochs without a lower validation loss, anywhere in the cycle; best weights;
- ``cut after 70 %, patience 5``: the same, but only in the last 30 % of the cycle;
- ``full, last or best``: the whole cycle, the last epoch unless another was clearly better (as recipes do);
- ``constant, patience N``: no schedule; a constant rate of a quarter of the peak, best weights.

    python scripts/measure/measure_early_stopping.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/early_stopping.csv``, one row per dataset and way.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from callbacks import OneCycle
from recipes.regularization import EarlyStopping
from recipes.trainer import Trainer


def datasets(data_dir: str | None) -> dict[str, tuple[recipes.Data, dict, int]]:
    """Name -> data, options of the recipe, epochs."""
    digits = recipes.load("digits")
    x, y = digits.arrays("train")
    few = recipes.Data.from_arrays(
        x[:300],
        y[:300],
        x_validation=digits.arrays("validation")[0],
        y_validation=digits.arrays("validation")[1],
        x_test=digits.arrays("test")[0],
        y_test=digits.arrays("test")[1],
        name="digits-300",
    )
    by_name = {
        "digits": (digits, {"learning_rate": 0.1}, 20),
        "digits-300": (few, {"learning_rate": 0.1}, 30),
        "breast_cancer": (recipes.load("breast_cancer"), {"learning_rate": 0.03}, 30),
        "diabetes": (recipes.load("diabetes"), {"learning_rate": 0.01}, 30),
    }
    if data_dir is not None:
        mnist = recipes.load("mnist", data_dir=data_dir)
        x, y = mnist.arrays("train")
        (x_validation, y_validation), (x_test, y_test) = mnist.arrays("validation"), mnist.arrays("test")
        by_name["mnist-5000"] = (
            recipes.Data.from_arrays(
                x[:5000],
                y[:5000],
                x_validation=x_validation[:1000],
                y_validation=y_validation[:1000],
                x_test=x_test,
                y_test=y_test,
                name="mnist-5000",
            ),
            {"learning_rate": 0.03},
            20,
        )
    return by_name


def ways(epochs: int, examples: int) -> dict[str, tuple[str, keras.callbacks.Callback | None]]:
    """Name -> schedule and callback, for so many epochs and validation examples."""

    def stop(patience: int, start: int = 0) -> keras.callbacks.Callback:
        return keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=patience, start_from_epoch=start, restore_best_weights=True
        )

    return {
        "full, last": ("one_cycle", None),
        "full, best": ("one_cycle", stop(epochs)),
        "cut, patience 2": ("one_cycle", stop(2)),
        "cut, patience 5": ("one_cycle", stop(5)),
        "cut after 70 %, patience 5": ("one_cycle", stop(5, int(0.7 * epochs))),
        "full, last or best": (
            "one_cycle",
            EarlyStopping().callbacks(epochs=epochs, schedule=OneCycle(0.1), validation_examples=examples)[0],
        ),
        "constant, patience 5": ("constant", stop(5)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where MNIST is prepared for TFDS; without it MNIST is left out")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    rows = []
    for dataset, (data, fields, epochs) in datasets(options.data_dir).items():
        for way, (schedule, callback) in ways(epochs, data.settings["counts"]["validation"]).items():
            rate = fields["learning_rate"] / (4 if schedule == "constant" else 1)
            recipe = recipes.Recipe(regularizer="none", schedule=schedule, learning_rate=rate)
            trainer = Trainer(data, recipe)
            runs = []
            for seed in range(options.seeds):
                run = trainer.run(epochs=epochs, seed=seed, callbacks=[callback] if callback else [])
                runs.append((run.evaluate()[data.spec.metric], run.evaluate()["loss"], len(run.history["loss"])))
            scores, losses, lengths = np.array(runs).T
            rows.append(
                {
                    "dataset": dataset,
                    "way": way,
                    "metric": data.spec.metric,
                    "seeds": options.seeds,
                    "epochs": epochs,
                    "epochs_run": lengths.mean(),
                    "test_mean": scores.mean(),
                    "test_sd": scores.std(ddof=1),
                    "test_loss_mean": losses.mean(),
                    "test_loss_sd": losses.std(ddof=1),
                }
            )
            print(pd.DataFrame(rows[-1:]).to_string(header=len(rows) == 1, index=False), flush=True)
    print(write_results("early_stopping", rows))


if __name__ == "__main__":
    main()
