"""The effect of batch-norm recalibration: test loss and accuracy of the same weights before and after it.

A network of 300 and 100 hidden units with batch normalization is trained on MNIST with batches of 16, by 1cycle and at
a constant rate, with moving averages of about the last 10 batches (momentum 0.9, as in recipes) and of the last 100
(momentum 0.99, as in Keras): on all training images for two epochs, and on 2,000 of them for one, which ends before the
averages of 100 batches have forgotten their initial values. After each training the layers get the exact statistics of
the training images.

    python scripts/measure/measure_batch_norm.py --data-dir DIR  # DIR: where MNIST is prepared for TFDS

Writes ``results/batch_norm.csv``, one row per number of images, schedule and momentum: mean and standard deviation over
the seeds before and after, and of the change within a seed, which is the effect.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import recipes
from callbacks import recalibrate_batch_norm
from recipes.trainer import Trainer

RATES = {"one_cycle": 0.03, "constant": 0.01}
FEW = 2000
METRICS = ("loss", "accuracy")


def model_with(momentum: float):
    """A factory of the network with this momentum in its batch-norm layers."""

    def build(spec: recipes.Spec) -> keras.Model:
        model = recipes.mlp(spec, normalization="batch")
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = momentum
        return model

    return build


def first(data: recipes.Data, count: int) -> recipes.Data:
    """The same data with only the first ``count`` training images, which are in random order."""
    x, y = data.arrays("train")
    (x_validation, y_validation), (x_test, y_test) = data.arrays("validation"), data.arrays("test")
    splits = {"x_validation": x_validation, "y_validation": y_validation, "x_test": x_test, "y_test": y_test}
    return recipes.Data.from_arrays(x[:count], y[:count], batch_size=data.batch_size, name="mnist", **splits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", required=True, help="where MNIST is prepared for TFDS")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args()
    data = recipes.load("mnist", data_dir=options.data_dir, batch_size=options.batch_size)
    rows = []
    for part, epochs in ((data, 2), (first(data, FEW), 1)):
        x = part.arrays("train")[0]
        for schedule, momentum in itertools.product(RATES, (0.9, 0.99)):
            rate = RATES[schedule]
            recipe = recipes.Recipe(
                model=model_with(momentum), regularizer="none", schedule=schedule, learning_rate=rate
            )
            trainer = Trainer(part, recipe)
            scores, seconds = [], []
            for seed in range(options.seeds):
                run = trainer.run(epochs=epochs, seed=seed)
                trained = run.evaluate()
                start = time.perf_counter()
                recalibrate_batch_norm(run.model, x, batch_size=1000)
                seconds.append(time.perf_counter() - start)
                recalibrated = run.evaluate()
                scores.append([evaluation[key] for key in METRICS for evaluation in (trained, recalibrated)])
            values = np.array(scores)
            row = {
                "dataset": "mnist",
                "images": len(x),
                "schedule": schedule,
                "learning_rate": rate,
                "batch_norm_momentum": momentum,
                "batch_size": options.batch_size,
                "epochs": epochs,
                "seeds": options.seeds,
            }
            for number, name in enumerate(METRICS):
                before, after = values[:, 2 * number], values[:, 2 * number + 1]
                for key, column in (("before", before), ("after", after), ("change", after - before)):
                    row |= {f"test_{name}_{key}": column.mean(), f"test_{name}_{key}_sd": column.std(ddof=1)}
            rows.append({**row, "seconds": float(np.median(seconds))})
            print(pd.DataFrame(rows[-1:]).T.to_string(header=False), flush=True)
    print(write_results("batch_norm", rows))


if __name__ == "__main__":
    main()
